//! A Decred stake pool. ARCHITECTURE.md is the map; the layers point one way:
//! `decred` ← `domain` ← `node`, `db`, `rpc` ← `pool`, `voter` ← `web` ← `roles` ← `main`.

pub mod accept;
pub mod alone;
pub mod buy;
pub mod cli;
pub mod clock;
pub mod config;
pub mod db;
pub mod decred;
pub mod domain;
pub mod heap;
pub mod mail;
pub mod metrics;
pub mod new_file;
pub mod node;
pub mod pool;
pub mod roles;
pub mod rpc;
pub mod secret;
pub mod shutdown;
pub mod signals;
pub mod telemetry;
pub mod tls;
pub mod voter;
pub mod web;
