//! One request of the internal RPC: token, route, limits, answer.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Bytes, Incoming};
use tokio::sync::oneshot;

use super::dispatch::{Refusal, dispatch};
use super::wire::{MAX_BODY_BYTES, PATH, code};
use super::{Voter, auth, events, method};
use crate::metrics::catalogue;
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// For the whole body of a request.
const BODY_LIMIT: Duration = Duration::from_secs(30);

pub(super) type Body = http_body_util::combinators::UnsyncBoxBody<Bytes, Infallible>;

/// What all connections share.
pub(super) struct Api {
    token: Secret,
    voter: Arc<dyn Voter>,
    tasks: Tasks,
}

impl Api {
    pub fn new(token: Secret, voter: Arc<dyn Voter>, tasks: Tasks) -> Self {
        Self {
            token,
            voter,
            tasks,
        }
    }

    async fn respond(
        &self,
        request: Request<Incoming>,
        authorized: &AtomicBool,
    ) -> Result<Response<Body>, Refusal> {
        let path = request.uri().path();
        if path == "/healthz" {
            return Ok(respond(StatusCode::OK, "text/plain", "ok\n"));
        }
        if let Some(reason) = auth::denial(request.headers(), &self.token) {
            return Err(Refusal::unauthorized(reason));
        }
        authorized.store(true, Ordering::Relaxed);
        let name = path.strip_prefix(PATH).ok_or_else(|| {
            let message = format!("this voter speaks {PATH}METHOD only");
            Refusal::new(StatusCode::NOT_FOUND, code::BAD_REQUEST, message)
        })?;
        count(name);
        if name == method::EVENTS {
            expect_method(&request, &Method::GET)?;
            let stream = self.voter.events().await?;
            return Ok(events::response(stream, self.tasks.clone()));
        }
        let name = name.to_owned();
        if method::ALL.contains(&name.as_str()) {
            expect_method(&request, &Method::POST)?;
        }
        let body = read_body(request.into_body()).await?;
        let answer = self.call(name, body).await?;
        Ok(respond(StatusCode::OK, "application/json", answer))
    }

    /// Runs a call to its end even when the caller leaves: half a change would be worse than an answer
    /// that nobody reads.
    async fn call(&self, name: String, body: Bytes) -> Result<Vec<u8>, Refusal> {
        let (sender, receiver) = oneshot::channel();
        let voter = self.voter.clone();
        self.tasks.spawn("rpc call", async move {
            let _ = sender.send(dispatch(voter.as_ref(), &name, &body).await);
        });
        receiver.await.unwrap_or_else(|_| {
            Err(Refusal::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                code::UNAVAILABLE,
                "the call did not end well",
            ))
        })
    }
}

/// A name of ours only: a stranger's words are no labels.
fn count(name: &str) {
    let all = method::ALL.into_iter().chain([method::EVENTS]);
    if let Some(method) = all.into_iter().find(|method| *method == name) {
        catalogue::RPC_REQUESTS.increment([method]);
    }
}

fn expect_method<B>(request: &Request<B>, expected: &Method) -> Result<(), Refusal> {
    if request.method() == expected {
        return Ok(());
    }
    Err(Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        code::BAD_REQUEST,
        format!("to be called by {expected}"),
    ))
}

async fn read_body(body: Incoming) -> Result<Bytes, Refusal> {
    let too_large = || {
        let message = format!("the request is larger than {MAX_BODY_BYTES} bytes");
        Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, code::BAD_REQUEST, message)
    };
    // What announces itself as too large is not waited for.
    if usize::try_from(body.size_hint().lower()).is_ok_and(|size| size > MAX_BODY_BYTES) {
        return Err(too_large());
    }
    let whole = Limited::new(body, MAX_BODY_BYTES).collect();
    match tokio::time::timeout(BODY_LIMIT, whole).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => Err(too_large()),
        Ok(Err(error)) => Err(Refusal::bad_request(format!(
            "the request ends early: {error}"
        ))),
        Err(_) => Err(Refusal::new(
            StatusCode::REQUEST_TIMEOUT,
            code::BAD_REQUEST,
            "the request took too long to arrive",
        )),
    }
}

fn respond(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed_unsync());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn refuse(refusal: &Refusal) -> Response<Body> {
    let body = serde_json::to_vec(&refusal.body).unwrap_or_default();
    let mut response = respond(refusal.status, "application/json", body);
    let header = match refusal.status {
        StatusCode::UNAUTHORIZED => Some((WWW_AUTHENTICATE, "Bearer")),
        StatusCode::METHOD_NOT_ALLOWED if refusal.body.message.ends_with("GET") => {
            Some((ALLOW, "GET"))
        }
        StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "POST")),
        _ => None,
    };
    if let Some((name, value)) = header {
        response
            .headers_mut()
            .insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The service of one connection.
#[derive(Clone)]
pub(super) struct CallService {
    api: Arc<Api>,
    authorized: Arc<AtomicBool>,
}

impl CallService {
    pub fn new(api: Arc<Api>) -> Self {
        Self {
            api,
            authorized: Arc::default(),
        }
    }

    /// Set when the connection has shown the token.
    pub fn authorized(&self) -> Arc<AtomicBool> {
        self.authorized.clone()
    }
}

impl hyper::service::Service<Request<Incoming>> for CallService {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let service = self.clone();
        Box::pin(async move {
            let outcome = service.api.respond(request, &service.authorized).await;
            Ok(outcome.unwrap_or_else(|refusal| {
                catalogue::RPC_REFUSALS.increment([refusal.reason]);
                refuse(&refusal)
            }))
        })
    }
}
