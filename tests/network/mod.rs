//! Stories on real daemons: from sign-up to counted vote.

mod by_hand;
pub mod claims;
mod current;
mod legacy;
mod low_fee;
mod recipes;
