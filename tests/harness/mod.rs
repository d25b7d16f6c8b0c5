//! What tests start and drive: real processes, fakes on the real wire, and a chain. Everything runs in
//! a folder of its own on free loopback ports, and ends with the value that owns it.

pub mod fake_daemon;
pub mod fake_voter;
