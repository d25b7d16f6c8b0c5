//! The voter: one loop owns one `State` and is never blocked; all that is slow runs in tracked tasks
//! that report back as events. Owns tickets, scripts and preferences of one voting node, and the votes.
//! Never touches pages or mails. Invariant: every notified block is voted on, once per ticket and block,
//! from what is known right then.

pub mod add;
pub mod alarms;
mod balance;
pub mod blocks;
pub mod cast;
pub mod certificates;
pub mod chain;
pub mod churn;
pub mod database;
pub mod disk;
pub mod engine;
pub mod evaluate;
pub mod event;
pub mod fees;
pub mod find;
pub mod fitness;
pub mod follow;
pub mod gauges;
mod growth;
pub mod health;
pub mod heights;
pub mod index;
pub mod inspect;
pub mod life;
pub mod links;
pub mod load;
pub mod low_fee;
pub mod mempool;
pub mod past;
pub mod policy;
pub mod preferences;
mod reports;
mod requests;
pub mod rounds;
pub mod saver;
pub mod scripts;
pub mod service;
pub mod signer;
pub mod snapshot;
pub mod start;
pub mod state;
pub mod survey;
pub mod sync;
pub mod thread;
pub mod verify;

#[cfg(test)]
mod testing;
