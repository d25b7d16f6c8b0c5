//! `GET /metrics`, plain HTTP, and nothing else. For the operator's own network: whoever may connect
//! may read. One request a connection, a few connections at a time, each with a deadline: a scraper that
//! hangs costs nobody anything.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use http::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};

use super::family::Role;
use super::page::{Scraped, page};
use crate::accept;
use crate::shutdown::Tasks;

const MAX_CONNECTIONS: usize = 16;
/// For the head of the request.
const HEADER_LIMIT: Duration = Duration::from_secs(5);
/// For a whole connection, the answer included.
const CONNECTION_LIMIT: Duration = Duration::from_secs(15);
/// For what the role says of itself; without it the page has what was recorded.
const SCRAPE_LIMIT: Duration = Duration::from_secs(5);
const HEAD_BYTES: usize = 16 * 1024;

pub type Collecting = Pin<Box<dyn Future<Output = Scraped> + Send>>;
/// Gives the gauges of a role.
pub type Collect = dyn Fn() -> Collecting + Send + Sync;

/// Opens the socket; the error names the address.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let text = format!("cannot listen on {address} for metrics: {error}");
        io::Error::new(error.kind(), text)
    })
}

/// Serves until `tasks` are told to stop; returns at once.
pub fn serve(listener: TcpListener, role: Role, collect: Arc<Collect>, tasks: &Tasks) {
    if let Ok(address) = listener.local_addr() {
        tracing::info!(listen = %address, "metrics are served");
    }
    let server = Server {
        role,
        collect,
        tasks: tasks.clone(),
    };
    let serve = move |stream| server.clone().connected(stream);
    let accepting = accept::run(
        listener,
        MAX_CONNECTIONS,
        "metrics connection",
        tasks.clone(),
        serve,
    );
    tasks.spawn("metrics", accepting);
}

#[derive(Clone)]
struct Server {
    role: Role,
    collect: Arc<Collect>,
    tasks: Tasks,
}

impl Server {
    async fn connected(self, stream: TcpStream) {
        let answering = self.clone();
        let service = service_fn(move |request| {
            let server = answering.clone();
            async move { Ok::<_, Infallible>(server.answer(&request).await) }
        });
        let connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_LIMIT)
            .max_buf_size(HEAD_BYTES)
            .keep_alive(false)
            .serve_connection(TokioIo::new(stream), service);
        tokio::select! {
            () = self.tasks.stopping() => {}
            _ = tokio::time::timeout(CONNECTION_LIMIT, connection) => {}
        }
    }

    async fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.uri().path() != "/metrics" {
            return respond(StatusCode::NOT_FOUND, "only /metrics is here\n".into());
        }
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut response = respond(StatusCode::METHOD_NOT_ALLOWED, "GET only\n".into());
            response
                .headers_mut()
                .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            return response;
        }
        let samples = tokio::time::timeout(SCRAPE_LIMIT, (self.collect)()).await;
        let text = page(self.role, &samples.unwrap_or_default());
        let mut response = respond(StatusCode::OK, text);
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(CONTENT_TYPE, kind);
        response
    }
}

fn respond(status: StatusCode, text: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    async fn said(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn neither_a_silent_client_nor_a_role_that_hangs_holds_up_a_scrape() {
        let tasks = Tasks::new();
        let listener = bind(([127, 0, 0, 1], 0).into()).await.unwrap();
        let address = listener.local_addr().unwrap();
        let hanging = || -> Collecting { Box::pin(std::future::pending()) };
        serve(listener, Role::Voter, Arc::new(hanging), &tasks);
        let silent = TcpStream::connect(address).await.unwrap();
        let page = said(address, "GET /metrics HTTP/1.1\r\nHost: m\r\n\r\n").await;
        assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
        assert!(page.contains("dcrstakepool_votes_total"), "{page}");
        let wrong = said(address, "GET / HTTP/1.1\r\nHost: m\r\n\r\n").await;
        assert!(wrong.starts_with("HTTP/1.1 404 "), "{wrong}");
        assert!(tasks.stop_and_wait(Duration::from_mins(1)).await);
        drop(silent);
    }
}
