//! The real server on a free port with scripted voters.

mod api;
mod browser;
mod buy;
mod check;
mod config_cli;
mod config_faults;
mod database_away;
mod enrolment;
mod http;
mod low_fee;
mod metrics;
mod node_faults;
mod rpc;
mod site;
mod start_faults;
mod start_voter;
mod start_web;
mod status;
mod stories;
pub mod voter_bed;
mod voter_calls;
mod voter_chain;
mod voter_healing;
mod voter_history;
mod voter_start_faults;
mod voter_votes;
mod voter_wallet;
