//! Configuration in two types: what was written (`raw`, everything optional, merged from defaults,
//! file and environment) and what is meant (`WebConfig`, `VoterConfig`, …: checked, complete).
//! Resolving reports every problem at once, binds nothing and never ends the process; the environment
//! is an argument.

pub mod alerts;
mod check;
pub mod database;
pub mod digest;
pub mod document;
pub mod former;
mod layers;
pub mod log;
pub mod mail;
pub mod node;
pub mod peer;
pub mod pool;
pub mod problem;
mod raw;
mod reader;
pub mod roles;
pub mod sources;
#[cfg(test)]
mod tests;
pub mod voter;
pub mod web;

pub use alerts::AlertsConfig;
pub use database::DatabaseConfig;
pub use log::{LogConfig, LogFormat};
pub use mail::{MailConfig, MailTls};
pub use node::NodeConfig;
pub use peer::VoterPeer;
pub use pool::{FeeStep, PoolConfig};
pub use problem::{Invalid, Problem};
pub use roles::{MigrateConfig, VoterConfig, WebConfig};
pub use sources::Sources;
pub use voter::VoterSection;
pub use web::{BaseUrl, LimitsConfig, ListenAddress, WebSection};
