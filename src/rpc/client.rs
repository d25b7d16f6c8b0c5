//! The web's side of the internal RPC.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::mpsc;
use url::Url;

use super::wire::{
    AddTickets, AddedTickets, Agendas, Empty, EnrolmentProof, EnrolmentRequest, ErrorBody, Event,
    ImportOutcome, ImportRequest, LowFee, LowFeeLists, MAX_BODY_BYTES, PATH, PreferencesAccepted,
    PreferencesPush, ScriptRegistry, StakeInfo, Status, TicketsPage, TicketsSince, code,
};
use super::{Error, Voter, auth, events, method};
use crate::config::VoterPeer;
use crate::shutdown::Tasks;
use crate::tls;

const CONNECT_LIMIT: Duration = Duration::from_secs(3);
const KEEP_ALIVE: Duration = Duration::from_secs(10);
const IDLE_LIMIT: Duration = Duration::from_mins(1);

type Http = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;

/// A voter over HTTPS. Keeps its connections; every call has a deadline (`method::deadline`). Clones
/// are one client.
#[derive(Clone)]
pub struct VoterClient {
    name: String,
    url: Url,
    authorization: HeaderValue,
    /// Behind the certificate that it trusts.
    http: Arc<RwLock<(String, Http)>>,
    tasks: Tasks,
}

impl fmt::Debug for VoterClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VoterClient({})", self.name)
    }
}

impl VoterClient {
    /// Connects to nothing yet. `tasks` carries the event streams.
    ///
    /// # Errors
    /// When the pinned certificate is none, or the token fits into no header.
    pub fn new(peer: &VoterPeer, tasks: &Tasks) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Unavailable {
            voter: peer.name.clone(),
            reason,
        };
        let authorization = auth::header(&peer.token)
            .ok_or_else(|| unusable("its token has characters that no header carries".into()))?;
        let http = http(peer).map_err(unusable)?;
        Ok(Self {
            name: peer.name.clone(),
            url: peer.url.clone(),
            authorization,
            http: Arc::new(RwLock::new((peer.cert_pem.clone(), http))),
            tasks: tasks.clone(),
        })
    }

    /// Trusts the certificate of `peer` from the next connection on. False: it does already.
    ///
    /// # Errors
    /// When the certificate is none; the former one stays.
    pub fn replace_pin(&self, peer: &VoterPeer) -> Result<bool, Error> {
        if self.http.read().unwrap_or_else(PoisonError::into_inner).0 == peer.cert_pem {
            return Ok(false);
        }
        let http = http(peer).map_err(|reason| self.unavailable(reason))?;
        *self.http.write().unwrap_or_else(PoisonError::into_inner) = (peer.cert_pem.clone(), http);
        Ok(true)
    }

    /// `HOST:PORT`, as in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    async fn call<A: DeserializeOwned>(
        &self,
        method: &str,
        request: &impl Serialize,
    ) -> Result<A, Error> {
        let body = serde_json::to_vec(request)
            .map_err(|error| self.unavailable(format!("the request cannot be written: {error}")))?;
        let request = self.request(Method::POST, method, body)?;
        let exchange = async {
            let response = self.send(request).await?;
            let status = response.status();
            Ok((status, self.read(response).await?))
        };
        let (status, body) = self.in_time(method, exchange).await?;
        if status != StatusCode::OK {
            return Err(self.refusal(status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| self.garbled(error.to_string()))
    }

    fn request(
        &self,
        verb: Method,
        method: &str,
        body: Vec<u8>,
    ) -> Result<Request<Full<Bytes>>, Error> {
        let path = PATH.trim_start_matches('/');
        Request::builder()
            .method(verb)
            .uri(format!("{}{path}{method}", self.url))
            .header(AUTHORIZATION, self.authorization.clone())
            .header(CONTENT_TYPE, "application/json")
            .body(Full::new(body.into()))
            .map_err(|error| self.unavailable(error.to_string()))
    }

    async fn in_time<T>(
        &self,
        method: &str,
        exchange: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let limit = method::deadline(method);
        tokio::time::timeout(limit, exchange)
            .await
            .unwrap_or_else(|_| {
                Err(self.unavailable(format!(
                    "no answer to {method} within {} s",
                    limit.as_secs()
                )))
            })
    }

    async fn send(&self, request: Request<Full<Bytes>>) -> Result<Response<Incoming>, Error> {
        let sending = {
            let http = self.http.read().unwrap_or_else(PoisonError::into_inner);
            http.1.request(request)
        };
        sending.await.map_err(|error| {
            if is_wrong_certificate(&error) {
                Error::WrongCertificate {
                    voter: self.name.clone(),
                }
            } else {
                self.unavailable(innermost(&error))
            }
        })
    }

    async fn read(&self, response: Response<Incoming>) -> Result<Bytes, Error> {
        match Limited::new(response.into_body(), MAX_BODY_BYTES)
            .collect()
            .await
        {
            Ok(body) => Ok(body.to_bytes()),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                Err(self.garbled(format!("more than {MAX_BODY_BYTES} bytes")))
            }
            Err(error) => Err(self.unavailable(innermost(error.as_ref()))),
        }
    }

    fn refusal(&self, status: StatusCode, body: &[u8]) -> Error {
        if status == StatusCode::UNAUTHORIZED {
            return Error::Unauthorized {
                voter: self.name.clone(),
            };
        }
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(refusal) if refusal.code == code::UNAVAILABLE => self.unavailable(refusal.message),
            Ok(ErrorBody { code, message }) => Error::Refused { code, message },
            Err(_) => self.garbled(format!("status {status} without a reason")),
        }
    }

    fn unavailable(&self, reason: String) -> Error {
        Error::Unavailable {
            voter: self.name.clone(),
            reason,
        }
    }

    fn garbled(&self, reason: String) -> Error {
        Error::Garbled {
            voter: self.name.clone(),
            reason,
        }
    }
}

/// Connections that trust the peer's certificate alone; none is made yet.
fn http(peer: &VoterPeer) -> Result<Http, String> {
    // The connector sets ALPN itself.
    let config = tls::client_config(&peer.cert_pem, &[])
        .map_err(|error| format!("{}: {error}", peer.cert.display()))?;
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    let connector = HttpsConnectorBuilder::new()
        .with_tls_config((*config).clone())
        .https_only()
        .enable_all_versions()
        .wrap_connector(connector);
    // The executor runs the connections, which end with the client or the peer: no work of ours.
    Ok(Client::builder(TokioExecutor::new())
        .timer(TokioTimer::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE_LIMIT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .http2_keep_alive_timeout(CONNECT_LIMIT)
        .http2_keep_alive_while_idle(true)
        .build(connector))
}

fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| (*error).source())
}

fn is_wrong_certificate(error: &(dyn StdError + 'static)) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<io::Error>())
        .flat_map(nested)
        .any(tls::is_wrong_certificate)
}

/// An I/O error and those it wraps: `source` skips them.
fn nested(error: &io::Error) -> impl Iterator<Item = &io::Error> {
    std::iter::successors(Some(error), |error| error.get_ref()?.downcast_ref())
}

/// The outer errors only say "client error" and "connect".
fn innermost(error: &(dyn StdError + 'static)) -> String {
    causes(error)
        .last()
        .map_or_else(|| "no reason given".to_owned(), ToString::to_string)
}

#[async_trait]
impl Voter for VoterClient {
    async fn status(&self, request: Empty) -> Result<Status, Error> {
        self.call(method::STATUS, &request).await
    }

    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        self.call(method::VERIFY_ENROLMENT, &request).await
    }

    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error> {
        self.call(method::IMPORT_SCRIPTS, &request).await
    }

    async fn set_preferences(
        &self,
        request: PreferencesPush,
    ) -> Result<PreferencesAccepted, Error> {
        self.call(method::SET_PREFERENCES, &request).await
    }

    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error> {
        self.call(method::TICKETS_SINCE, &request).await
    }

    async fn add_tickets(&self, request: AddTickets) -> Result<AddedTickets, Error> {
        self.call(method::ADD_TICKETS, &request).await
    }

    async fn set_low_fee(&self, request: LowFee) -> Result<LowFeeLists, Error> {
        self.call(method::SET_LOW_FEE, &request).await
    }

    async fn stake_info(&self, request: Empty) -> Result<StakeInfo, Error> {
        self.call(method::STAKE_INFO, &request).await
    }

    async fn agendas(&self, request: Empty) -> Result<Agendas, Error> {
        self.call(method::AGENDAS, &request).await
    }

    async fn script_registry(&self, request: Empty) -> Result<ScriptRegistry, Error> {
        self.call(method::SCRIPT_REGISTRY, &request).await
    }

    async fn events(&self) -> Result<mpsc::Receiver<Event>, Error> {
        let request = self.request(Method::GET, method::EVENTS, Vec::new())?;
        let response = self.in_time(method::EVENTS, self.send(request)).await?;
        let status = response.status();
        if status != StatusCode::OK {
            let body = self.in_time(method::EVENTS, self.read(response)).await?;
            return Err(self.refusal(status, &body));
        }
        let (sender, receiver) = mpsc::channel(events::QUEUE);
        let tasks = self.tasks.clone();
        self.tasks.spawn("voter events", async move {
            tokio::select! {
                () = tasks.stopping() => {}
                () = events::receive(response.into_body(), sender) => {}
            }
        });
        Ok(receiver)
    }
}
