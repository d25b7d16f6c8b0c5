//! The store, one suite on SQLite and MariaDB.

mod accounts;
mod alerts;
mod backup;
mod bed;
mod enrolment;
mod leases;
mod limits;
mod links;
mod low_fee;
mod mails;
mod marks;
mod migrate;
mod news;
mod operations;
mod preferences;
mod samples;
mod schema;
mod second_factors;
mod sessions;
mod tickets;
mod trouble;
mod users;
pub mod walk;
