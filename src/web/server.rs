//! Listens, accepts and bounds: connections, headers, silence.

use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::{FileTypeExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use super::client_ip::Peer;
use super::service;
use super::settings::{Listen, Settings};
use super::stream::WriteDeadline;
use super::{App, Brand};
use crate::pool::Pool;
use crate::shutdown::Tasks;

/// Connections at a time; more wait in the system's queue.
const MAX_CONNECTIONS: usize = 4096;
/// How long a request's head may take, and how long a connection may be idle.
const HEADER_DEADLINE: Duration = Duration::from_secs(15);
/// How long a client may refuse to take what it asked for.
const WRITE_DEADLINE: Duration = Duration::from_secs(20);
/// How long requests in flight may go on after the order to stop.
const STOP_LIMIT: Duration = Duration::from_secs(8);
/// Largest head of a request.
const HEAD_BYTES: usize = 32 * 1024;
/// Pause after a failed accept, which is usually a lack of descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Sockets that are open: bound before anything is served, so that a taken port is an error at start.
#[derive(Debug, Default)]
pub struct Listeners(Vec<Listener>);

#[derive(Debug)]
enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener, PathBuf),
}

impl Listeners {
    /// Opens all of them. The error names the address.
    pub async fn bind(listen: &[Listen]) -> io::Result<Self> {
        let mut listeners = Vec::new();
        for address in listen {
            listeners.push(match address {
                Listen::Tcp(address) => Listener::Tcp(
                    TcpListener::bind(address)
                        .await
                        .map_err(|error| named(&error, &address.to_string()))?,
                ),
                Listen::Unix(path) => Listener::Unix(
                    bind_unix(path)
                        .await
                        .map_err(|error| named(&error, &format!("unix:{}", path.display())))?,
                    path.clone(),
                ),
            });
        }
        Ok(Self(listeners))
    }

    /// The TCP addresses, with the ports that the system chose for port 0.
    pub fn addresses(&self) -> Vec<SocketAddr> {
        self.0
            .iter()
            .filter_map(|listener| match listener {
                Listener::Tcp(listener) => listener.local_addr().ok(),
                Listener::Unix(..) => None,
            })
            .collect()
    }
}

fn named(error: &io::Error, address: &str) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

/// A socket file that a dead process left behind is replaced, a live one is not.
async fn bind_unix(path: &Path) -> io::Result<UnixListener> {
    let left_behind =
        std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.file_type().is_socket());
    if left_behind && UnixStream::connect(path).await.is_err() {
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    // The proxy's group is let in; whoever gets in is believed about the client's address.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))?;
    Ok(listener)
}

/// Answers requests in tasks of `tasks` until these are told to stop; returns at once with what can be
/// changed meanwhile.
pub fn serve(
    listeners: Listeners,
    settings: Settings,
    brand: Brand,
    pool: Arc<Pool>,
    tasks: &Tasks,
) -> Arc<App> {
    let app = Arc::new(App::new(settings, brand, pool));
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    for listener in listeners.0 {
        let acceptor = Acceptor {
            app: app.clone(),
            places: places.clone(),
            tasks: tasks.clone(),
            connections: JoinSet::new(),
        };
        tasks.spawn("http", acceptor.run(listener));
    }
    app
}

struct Acceptor {
    app: Arc<App>,
    places: Arc<Semaphore>,
    tasks: Tasks,
    connections: JoinSet<()>,
}

enum Accepted {
    Tcp(TcpStream, Peer),
    Unix(UnixStream),
}

impl Acceptor {
    async fn run(mut self, listener: Listener) {
        loop {
            tokio::select! {
                biased;
                () = self.tasks.stopping() => break,
                Some(_) = self.connections.join_next() => {}
                (accepted, place) = next(&listener, &self.places) => match accepted {
                    Ok(accepted) => self.start(accepted, place),
                    Err(error) => {
                        tracing::warn!("cannot accept a connection: {error}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        }
        // Closed before the wait, so that a proxy goes elsewhere at once.
        match listener {
            Listener::Tcp(listener) => drop(listener),
            Listener::Unix(listener, path) => {
                drop(listener);
                let _ = std::fs::remove_file(path);
            }
        }
        let all = async { while self.connections.join_next().await.is_some() {} };
        if tokio::time::timeout(STOP_LIMIT, all).await.is_err() {
            tracing::warn!("requests were cut off by the stop");
        }
    }

    fn start(&mut self, accepted: Accepted, place: Option<OwnedSemaphorePermit>) {
        let (app, tasks) = (self.app.clone(), self.tasks.clone());
        match accepted {
            Accepted::Tcp(stream, peer) => {
                // An answer is one write: waiting for more to send only delays it.
                let _ = stream.set_nodelay(true);
                self.connections
                    .spawn(connection(app, tasks, stream, peer, place));
            }
            Accepted::Unix(stream) => {
                self.connections
                    .spawn(connection(app, tasks, stream, Peer::Unix, place));
            }
        }
    }
}

async fn next(
    listener: &Listener,
    places: &Arc<Semaphore>,
) -> (io::Result<Accepted>, Option<OwnedSemaphorePermit>) {
    let place = places.clone().acquire_owned().await.ok();
    let accepted = match listener {
        Listener::Tcp(listener) => listener
            .accept()
            .await
            .map(|(stream, peer)| Accepted::Tcp(stream, Peer::Tcp(peer.ip()))),
        Listener::Unix(listener, _) => listener
            .accept()
            .await
            .map(|(stream, _)| Accepted::Unix(stream)),
    };
    (accepted, place)
}

async fn connection<S>(
    app: Arc<App>,
    tasks: Tasks,
    stream: S,
    peer: Peer,
    place: Option<OwnedSemaphorePermit>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(WriteDeadline::new(stream, WRITE_DEADLINE));
    let service = service_fn(move |request| service::answer(app.clone(), peer, request));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_DEADLINE)
        .max_buf_size(HEAD_BYTES)
        .serve_connection(io, service);
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = tasks.stopping() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!("connection ended: {error}");
    }
    drop(place);
}
