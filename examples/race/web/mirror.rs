//! The limit: a bare hyper server, set as ours is, that sends one answer to everybody.

use std::convert::Infallible;

use http::{HeaderMap, HeaderName, HeaderValue};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::harness::http::Response;

pub struct Mirror {
    port: u16,
    // Its tasks end with it.
    _runtime: Runtime,
}

impl Mirror {
    pub fn of(answer: &Response) -> Self {
        let runtime = Runtime::new().expect("threads");
        let listener = runtime
            .block_on(TcpListener::bind("127.0.0.1:0"))
            .expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        runtime.spawn(serve(listener, headers(answer), answer.body.clone().into()));
        Self {
            port,
            _runtime: runtime,
        }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

/// Those that hyper does not make itself.
fn headers(answer: &Response) -> HeaderMap {
    let own = ["content-length", "date", "connection", "transfer-encoding"];
    let others = answer
        .headers
        .iter()
        .filter(|(name, _)| !own.contains(&name.as_str()));
    let pair = |(name, value): &(String, String)| -> Option<(HeaderName, HeaderValue)> {
        Some((name.parse().ok()?, value.parse().ok()?))
    };
    others.filter_map(pair).collect()
}

async fn serve(listener: TcpListener, headers: HeaderMap, body: Bytes) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let (headers, body) = (headers.clone(), body.clone());
        #[expect(clippy::disallowed_methods, reason = "it ends with the runtime")]
        tokio::spawn(async move {
            let answer = service_fn(move |_| {
                let mut response = http::Response::new(Full::new(body.clone()));
                *response.headers_mut() = headers.clone();
                async move { Ok::<_, Infallible>(response) }
            });
            let _ = http1::Builder::new()
                .serve_connection(TokioIo::new(stream), answer)
                .await;
        });
    }
}
