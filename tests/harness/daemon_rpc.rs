//! The test driver's own, blocking view of a daemon: one websocket, one call at a time.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::{ClientConnection, StreamOwned};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

use dcrstakepool::tls;

use super::secrets;

/// A `generate` may take its time on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

pub const USER: &str = "simnet";
pub const PASSWORD: &str = "simnet-password";

type Socket = WebSocket<StreamOwned<ClientConnection, TcpStream>>;

#[derive(Debug, thiserror::Error)]
pub enum CallError {
    #[error("{message} ({code})")]
    Refused { code: i64, message: String },
    #[error("no answer: {0}")]
    Transport(String),
}

#[derive(Debug)]
pub struct DaemonRpc {
    name: String,
    port: u16,
    cert: PathBuf,
    socket: Mutex<Option<Socket>>,
}

impl DaemonRpc {
    pub fn new(name: &str, port: u16, cert: &Path) -> Self {
        Self {
            name: name.to_owned(),
            port,
            cert: cert.to_owned(),
            socket: Mutex::new(None),
        }
    }

    /// Calls, connecting first where needed.
    pub fn call(&self, method: &str, params: &Value) -> Result<Value, CallError> {
        self.call_within(PATIENCE, method, params)
    }

    /// The same; a daemon that does not answer in time is hung up on, which ends what it did for the call.
    pub fn call_within(
        &self,
        limit: Duration,
        method: &str,
        params: &Value,
    ) -> Result<Value, CallError> {
        let mut guard = self.socket.lock().unwrap_or_else(|poisoned| {
            let mut guard = poisoned.into_inner();
            *guard = None;
            guard
        });
        let mut socket = match guard.take() {
            Some(socket) => socket,
            None => self.connect()?,
        };
        let limited = socket.get_ref().sock.set_read_timeout(Some(limit));
        limited.map_err(|error| CallError::Transport(error.to_string()))?;
        let answer = exchange(&mut socket, method, params)?;
        *guard = Some(socket);
        read_answer(&answer)
    }

    /// Sends all calls of `method` in one go and then reads the answers, in the order of the calls.
    pub fn call_all(&self, method: &str, params: &[Value]) -> Result<Vec<Value>, CallError> {
        let mut guard = self.socket.lock().expect("nobody panics with the socket");
        let mut socket = match guard.take() {
            Some(socket) => socket,
            None => self.connect()?,
        };
        let transport = |error: tungstenite::Error| CallError::Transport(error.to_string());
        for (id, params) in (0_u64..).zip(params) {
            let call = json!({"jsonrpc": "1.0", "id": id, "method": method, "params": params});
            socket
                .write(Message::text(call.to_string()))
                .map_err(transport)?;
        }
        socket.flush().map_err(transport)?;
        let mut answers = vec![Value::Null; params.len()];
        let mut missing = params.len();
        while missing > 0 {
            let Message::Text(text) = socket.read().map_err(transport)? else {
                continue;
            };
            let answer: Value = serde_json::from_str(&text)
                .map_err(|error| CallError::Transport(error.to_string()))?;
            let place = answer["id"]
                .as_u64()
                .and_then(|id| answers.get_mut(usize::try_from(id).ok()?));
            if let Some(place) = place {
                *place = answer;
                missing -= 1;
            }
        }
        *guard = Some(socket);
        answers.iter().map(read_answer).collect()
    }

    /// Calls what must work.
    pub fn get<T: DeserializeOwned>(&self, method: &str, params: &Value) -> T {
        let answer = self
            .call(method, params)
            .unwrap_or_else(|error| panic!("{}: {method} {params}: {error}", self.name));
        serde_json::from_value(answer.clone())
            .unwrap_or_else(|error| panic!("{}: {method} answers {answer}: {error}", self.name))
    }

    fn connect(&self) -> Result<Socket, CallError> {
        let transport = |error: &dyn std::fmt::Display| CallError::Transport(error.to_string());
        let pem = std::fs::read_to_string(&self.cert).map_err(|e| transport(&e))?;
        let config = tls::client_config(&pem, &[]).map_err(|e| transport(&e))?;
        let name = "localhost".try_into().expect("a host name");
        let session = ClientConnection::new(config, name).map_err(|e| transport(&e))?;
        let tcp = TcpStream::connect(("127.0.0.1", self.port)).map_err(|e| transport(&e))?;
        tcp.set_nodelay(true).map_err(|e| transport(&e))?;
        tcp.set_read_timeout(Some(PATIENCE))
            .map_err(|e| transport(&e))?;
        let mut request = format!("wss://localhost:{}/ws", self.port)
            .into_client_request()
            .map_err(|e| transport(&e))?;
        let credentials = STANDARD.encode(format!("{USER}:{PASSWORD}"));
        secrets::keep("a daemon's password", PASSWORD);
        secrets::keep("a daemon's login", &credentials);
        let authorization = format!("Basic {credentials}").parse().expect("a header");
        request.headers_mut().insert("Authorization", authorization);
        let (socket, _) = tungstenite::client(request, StreamOwned::new(session, tcp))
            .map_err(|e| transport(&e))?;
        Ok(socket)
    }
}

fn exchange(socket: &mut Socket, method: &str, params: &Value) -> Result<Value, CallError> {
    let request = json!({"jsonrpc": "1.0", "id": 1, "method": method, "params": params});
    socket
        .send(Message::text(request.to_string()))
        .map_err(|error| CallError::Transport(error.to_string()))?;
    loop {
        let message = socket
            .read()
            .map_err(|error| CallError::Transport(error.to_string()))?;
        if let Message::Text(text) = message {
            let answer: Value = serde_json::from_str(&text)
                .map_err(|error| CallError::Transport(error.to_string()))?;
            if answer.get("id").is_some_and(|id| !id.is_null()) {
                return Ok(answer);
            }
        }
    }
}

fn read_answer(answer: &Value) -> Result<Value, CallError> {
    match answer.get("error") {
        None | Some(Value::Null) => Ok(answer.get("result").cloned().unwrap_or_default()),
        Some(error) => Err(CallError::Refused {
            code: error["code"].as_i64().unwrap_or_default(),
            message: error["message"].as_str().unwrap_or_default().to_owned(),
        }),
    }
}
