//! From a configuration to an open websocket, or to an error that says which step failed.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::AUTHORIZATION;
use http::{HeaderValue, StatusCode};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::ProtocolError;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, client_async_with_config, tungstenite};
use zeroize::Zeroizing;

use super::error::{Error, Unavailable, tidy};
use super::metered::{Meter, Metered};
use super::{Config, Peer};
use crate::tls;

/// The largest message we take: tens of thousands of tickets, or a block as verbose JSON, fit with room.
const MAX_MESSAGE_BYTES: usize = 64 * 1024 * 1024;

pub(super) type Socket = WebSocketStream<TlsStream<Metered<TcpStream>>>;

/// The TLS side of a configuration.
pub(super) fn pin(config: &Config) -> Result<Arc<ClientConfig>, Error> {
    tls::client_config(&config.cert_pem, &[]).map_err(|error| Error::BadPin {
        peer: config.peer(),
        reason: error.to_string(),
    })
}

/// Connects, checks the certificate, authenticates; `limit` is for all of it.
pub(super) async fn dial(
    config: &Config,
    pin: Arc<ClientConfig>,
    limit: Duration,
) -> Result<(Socket, Meter), Error> {
    timeout(limit, open(config, pin))
        .await
        .unwrap_or_else(|_| Err(unavailable(config, Unavailable::TimedOut(limit))))
}

async fn open(config: &Config, pin: Arc<ClientConfig>) -> Result<(Socket, Meter), Error> {
    let tcp = TcpStream::connect(&config.host)
        .await
        .map_err(|error| connect_error(config, &error))?;
    // A vote is one small write that must leave at once.
    tcp.set_nodelay(true)
        .map_err(|error| connect_error(config, &error))?;
    let meter = Meter::default();
    let stream = TlsConnector::from(pin)
        .connect(server_name(&config.host), Metered::new(tcp, meter.clone()))
        .await
        .map_err(|error| tls_error(config, &error))?;
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MAX_MESSAGE_BYTES))
        .max_frame_size(Some(MAX_MESSAGE_BYTES));
    let (socket, _) = client_async_with_config(request(config)?, stream, Some(limits))
        .await
        .map_err(|error| handshake_error(config, error))?;
    Ok((socket, meter))
}

fn request(config: &Config) -> Result<Request, Error> {
    let unusable = |reason: String| Error::WrongDaemon {
        peer: config.peer(),
        expected: "usable address",
        reason,
    };
    let mut request = format!("wss://{}/ws", config.host)
        .into_client_request()
        .map_err(|error| unusable(error.to_string()))?;
    let credentials = Zeroizing::new(format!("{}:{}", config.user, config.password.expose()));
    let header = Zeroizing::new(format!("Basic {}", STANDARD.encode(credentials.as_bytes())));
    let mut header =
        HeaderValue::from_str(&header).map_err(|_| unusable("credentials".to_owned()))?;
    header.set_sensitive(true);
    request.headers_mut().insert(AUTHORIZATION, header);
    Ok(request)
}

/// What TLS calls the server. The pin decides about trust, so a name that is none does not matter.
fn server_name(host: &str) -> ServerName<'static> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.trim_start_matches('[').trim_end_matches(']');
    ServerName::try_from(name.to_owned())
        .unwrap_or_else(|_| ServerName::IpAddress(std::net::Ipv4Addr::LOCALHOST.into()))
}

fn unavailable(config: &Config, reason: Unavailable) -> Error {
    Error::Unavailable {
        peer: config.peer(),
        reason,
    }
}

fn connect_error(config: &Config, error: &io::Error) -> Error {
    unavailable(config, Unavailable::Connect(tidy(&error.to_string())))
}

fn tls_error(config: &Config, error: &io::Error) -> Error {
    let peer = config.peer();
    if tls::is_wrong_certificate(error) {
        Error::WrongCertificate { peer }
    } else if tls::rustls_error(error).is_some() {
        Error::Tls {
            peer,
            reason: tidy(&error.to_string()),
        }
    } else {
        connect_error(config, error)
    }
}

fn handshake_error(config: &Config, error: tungstenite::Error) -> Error {
    let peer: Peer = config.peer();
    match error {
        tungstenite::Error::Http(response) => match response.status() {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Error::Unauthorized { peer },
            status if status.is_server_error() => unavailable(
                config,
                Unavailable::Connect(format!("answers {status}, too busy or starting")),
            ),
            status => not_websocket(config, &format!("HTTP status {status}")),
        },
        tungstenite::Error::Io(error) => match tls::rustls_error(&error) {
            Some(_) => tls_error(config, &error),
            None => connect_error(config, &error),
        },
        tungstenite::Error::Protocol(ProtocolError::HandshakeIncomplete) => unavailable(
            config,
            Unavailable::Connect("closed during the websocket handshake".to_owned()),
        ),
        error => not_websocket(config, &error.to_string()),
    }
}

fn not_websocket(config: &Config, reason: &str) -> Error {
    Error::WrongDaemon {
        peer: config.peer(),
        expected: config.name,
        reason: format!("no websocket: {}", tidy(reason)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_for_tls_come_from_every_form_of_host() {
        for (host, expected) in [
            ("127.0.0.1:9109", "127.0.0.1"),
            ("[::1]:9109", "::1"),
            ("node.example:9109", "node.example"),
            ("under_score:9109", "under_score"),
            ("!:9109", "127.0.0.1"),
        ] {
            assert_eq!(server_name(host).to_str(), expected, "{host}");
        }
    }
}
