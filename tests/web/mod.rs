//! The real server on a free port with scripted voters.

mod node_faults;
mod rpc;
