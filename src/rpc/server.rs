//! The voter's side of the internal RPC: HTTPS (HTTP/2 or 1.1, chosen by ALPN), one token, JSON.
//!
//! Nobody without the token costs more than a connection for half a minute: handshake, headers and
//! bodies have deadlines, and a connection that shows no token in time is closed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hyper::rt::{Read, Write};
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::Voter;
use super::service::{Api, CallService};
use crate::accept;
use crate::metrics::catalogue;
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Web needs a handful.
const MAX_CONNECTIONS: usize = 128;
const HANDSHAKE_LIMIT: Duration = Duration::from_secs(10);
/// For the headers of a request, and until a connection has shown the token.
const HEADER_LIMIT: Duration = Duration::from_secs(30);
/// For calls in flight after a stop was asked for.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(20);
const MAX_HEADER_BYTES: u32 = 16 * 1024;

/// Protocols that `tls` must offer.
pub const ALPN: [&str; 2] = ["h2", "http/1.1"];

/// Serves `voter` until `tasks` are told to stop; calls in flight are finished. Returns at once, the
/// work is in `tasks`. Each new connection is shown the certificate that `tls` has then.
pub fn serve(
    listener: TcpListener,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    token: Secret,
    voter: Arc<dyn Voter>,
    tasks: &Tasks,
) {
    let server = Server {
        tls,
        api: Arc::new(Api::new(token, voter, tasks.clone())),
        tasks: tasks.clone(),
    };
    let serve = move |stream| server.clone().connected(stream);
    let accepting = accept::run(
        listener,
        MAX_CONNECTIONS,
        "rpc connection",
        tasks.clone(),
        serve,
    );
    tasks.spawn("rpc accept", accepting);
}

#[derive(Clone)]
struct Server {
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    api: Arc<Api>,
    tasks: Tasks,
}

impl Server {
    async fn connected(self, stream: TcpStream) {
        let tls = TlsAcceptor::from(self.tls.borrow().clone());
        let service = CallService::new(self.api);
        // Answers are small and waited for.
        let _ = stream.set_nodelay(true);
        let handshake = tokio::time::timeout(HANDSHAKE_LIMIT, tls.accept(stream));
        let handshake = tokio::select! {
            () = self.tasks.stopping() => return,
            handshake = handshake => handshake,
        };
        let Ok(Ok(stream)) = handshake else {
            catalogue::RPC_REFUSALS.increment(["no_handshake"]);
            tracing::debug!("rpc: no TLS handshake");
            return;
        };
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        let authorized = service.authorized();
        let stream = TokioIo::new(stream);
        if is_http2 {
            drive(over_http2(stream, service), authorized, &self.tasks).await;
        } else {
            drive(over_http1(stream, service), authorized, &self.tasks).await;
        }
    }
}

fn over_http1<I>(stream: I, service: CallService) -> http1::Connection<I, CallService>
where
    I: Read + Write + Unpin,
{
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_LIMIT)
        .max_buf_size(usize::try_from(MAX_HEADER_BYTES).unwrap_or(usize::MAX))
        .serve_connection(stream, service)
}

fn over_http2<I>(
    stream: I,
    service: CallService,
) -> http2::Connection<I, CallService, TokioExecutor>
where
    I: Read + Write + Unpin,
{
    http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .max_concurrent_streams(64)
        .max_header_list_size(MAX_HEADER_BYTES)
        .serve_connection(stream, service)
}

/// Runs a connection to its end, the role's end, or until it is clear that it will not show the token.
async fn drive<C>(connection: C, authorized: Arc<AtomicBool>, tasks: &Tasks)
where
    C: GracefulConnection,
{
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = no_token(&authorized) => return,
        () = tasks.stopping() => connection.as_mut().graceful_shutdown(),
    }
    if tokio::time::timeout(DRAIN_LIMIT, connection).await.is_err() {
        tracing::debug!("rpc: a connection did not end in time");
    }
}

/// Resolves when the time for showing the token is over and it was not shown.
async fn no_token(authorized: &AtomicBool) {
    tokio::time::sleep(HEADER_LIMIT).await;
    if authorized.load(Ordering::Relaxed) {
        std::future::pending::<()>().await;
    }
}
