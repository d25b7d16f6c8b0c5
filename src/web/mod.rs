//! The site and the API: HTTP in, HTML and JSON out. It owns sockets, cookies, forms and pages; it
//! never names the database or a voter's socket: whatever happens, happens in `pool`.

pub mod server;
pub mod settings;

pub use server::{Listeners, serve};
pub use settings::{Listen, Settings};
