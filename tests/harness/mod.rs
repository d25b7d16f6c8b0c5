//! What tests start and drive: real processes, fakes on the real wire, and a chain. Everything runs in
//! a folder of its own on free loopback ports, and ends with the value that owns it.

pub mod balancer;
pub mod browser;
pub mod configs;
pub mod daemon_rpc;
pub mod dcrd;
pub mod distance;
pub mod fake_daemon;
pub mod fake_voter;
pub mod folder;
pub mod galera;
pub mod http;
pub mod interrupts;
pub mod ledger;
pub mod mariadb;
pub mod mining;
pub mod pair;
pub mod pool;
pub mod port;
pub mod process;
pub mod program;
pub mod proxy;
pub mod secrets;
pub mod simnet;
pub mod smtp;
pub mod user;
pub mod voter_rpc;
pub mod wait;
pub mod wallet;
pub mod world;
