//! The real server on a free port with scripted voters.

mod config_cli;
mod config_faults;
mod node_faults;
mod rpc;
