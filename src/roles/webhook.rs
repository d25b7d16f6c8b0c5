//! The webhook of `[alerts]`, over HTTP.

use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use http::header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Request, Response};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::crypto::aws_lc_rs;
use url::Url;

use crate::config::AlertsConfig;
use crate::pool::{Hook, HookWord};
use crate::rpc::bearer;
use crate::secret::Secret;

const DEADLINE: Duration = Duration::from_secs(10);

/// Told by POST of JSON; what it answers is not read, but its status.
pub struct Webhook {
    /// May hold a key.
    url: Secret,
    authorization: Option<HeaderValue>,
    client: Route,
}

enum Route {
    Plain(Client<HttpConnector, Full<Bytes>>),
    /// By the machine's own root certificates.
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

impl std::fmt::Debug for Webhook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Webhook(<redacted>)")
    }
}

impl Webhook {
    /// `None`: none is configured. Connects to nothing yet.
    pub fn of(config: &AlertsConfig) -> anyhow::Result<Option<Self>> {
        let Some(url) = &config.webhook else {
            return Ok(None);
        };
        let token = config.webhook_token.as_ref();
        let authorization = token
            .map(|token| bearer(token).context("alerts.webhook_token fits into no header"))
            .transpose()?;
        let client = if url.expose().starts_with("https:") {
            let connector = HttpsConnectorBuilder::new()
                .with_provider_and_native_roots(aws_lc_rs::default_provider())
                .context("alerts.webhook: this machine's root certificates")?
                .https_only()
                .enable_http1()
                .build();
            Route::Tls(Client::builder(TokioExecutor::new()).build(connector))
        } else {
            Route::Plain(Client::builder(TokioExecutor::new()).build(HttpConnector::new()))
        };
        Ok(Some(Self {
            // Normal form: letters of the scheme in lower case, a path.
            url: Secret::new(Url::parse(url.expose()).context("alerts.webhook")?),
            authorization,
            client,
        }))
    }

    async fn post(&self, body: Vec<u8>) -> Result<Response<Incoming>, String> {
        let mut request = Request::post(self.url.expose())
            .header(CONTENT_TYPE, "application/json")
            .header(
                USER_AGENT,
                concat!("dcrstakepool/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let request = request
            .body(Full::new(body.into()))
            .map_err(|error| error.to_string())?;
        let sent = match &self.client {
            Route::Plain(client) => client.request(request).await,
            Route::Tls(client) => client.request(request).await,
        };
        // hyper's own text says only "client error"; the causes say what happened, without the address.
        sent.map_err(|error| format!("{:#}", anyhow::Error::new(error)))
    }
}

#[async_trait]
impl Hook for Webhook {
    async fn tell(&self, word: &HookWord) -> Result<(), String> {
        let body = serde_json::to_vec(word).map_err(|error| error.to_string())?;
        let response = tokio::time::timeout(DEADLINE, self.post(body))
            .await
            .map_err(|_| format!("no answer within {} s", DEADLINE.as_secs()))??;
        let status = response.status();
        if status.is_success() {
            return Ok(());
        }
        Err(format!("it answered {status}"))
    }
}
