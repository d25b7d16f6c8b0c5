//! A scripted dcrd or dcrwallet: a real TLS websocket server on a loopback port that answers what a
//! test tells it, misbehaves on request, and remembers what it was asked.
//!
//! Without a script each method is answered as recorded from the current daemons
//! (`tests/data/current`), or with −32601.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dcrstakepool::node;
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::tls;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async};

const USER: &str = "user";
pub const PASSWORD: &str = "the-password-of-scripted-daemons";
/// How long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the fake does with a call.
#[derive(Debug, Clone)]
pub enum Reply {
    Result(Value),
    /// Code and message.
    Refusal(i64, String),
    /// No answer, ever.
    Silence,
    /// The test answers, later: see `FakeDaemon::held`.
    Hold,
    /// This text instead of an answer.
    Text(String),
    /// These bytes instead of a websocket frame.
    Bytes(Vec<u8>),
    /// The connection ends.
    Drop,
}

type Script = Arc<dyn Fn(&Value) -> Reply + Send + Sync>;

/// A call that waits for the test's answer.
#[derive(Debug, Clone)]
pub struct Held {
    pub method: String,
    pub params: Value,
    id: Value,
    connection: mpsc::UnboundedSender<Order>,
}

impl Held {
    pub fn answer(&self, result: &Value) {
        let text = json!({"jsonrpc": "1.0", "result": result, "error": null, "id": self.id});
        let _ = self.connection.send(Order::Text(text.to_string()));
    }
}

/// What a connection is told to do.
#[derive(Debug)]
enum Order {
    Text(String),
    Bytes(Vec<u8>),
    /// Neither reads nor writes from now on, but stays open.
    Freeze,
    Drop,
}

#[derive(Default)]
struct State {
    scripts: HashMap<String, Script>,
    recorded: HashMap<String, Value>,
    calls: Vec<(String, Value)>,
    held: Vec<Held>,
    connections: Vec<mpsc::UnboundedSender<Order>>,
    /// Answered to websocket handshakes instead of accepting them.
    handshake_status: Option<u16>,
    /// TCP connections are closed at once.
    closed: bool,
}

/// The fake; it ends when it is dropped.
pub struct FakeDaemon {
    name: &'static str,
    address: SocketAddr,
    cert_pem: String,
    state: Arc<Mutex<State>>,
    /// Counts everything that happens, so that tests can wait for it.
    events: watch::Sender<u64>,
    tasks: Tasks,
}

impl Drop for FakeDaemon {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl FakeDaemon {
    pub async fn dcrd() -> Self {
        let fake = Self::start("dcrd", &["d_", "dws_"]).await;
        fake.answer("getcurrentnet", json!(0x1214_1c16));
        fake
    }

    pub async fn dcrwallet() -> Self {
        let fake = Self::start("dcrwallet", &["w_"]).await;
        fake.answer("getcurrentnet", json!(0x1214_1c16));
        fake.answer("rescanwallet", Value::Null);
        fake
    }

    async fn start(name: &'static str, prefixes: &[&str]) -> Self {
        let pair = tls::self_signed(&["localhost".to_owned()]).unwrap();
        let server = tls::server_config(&pair.cert_pem, &pair.key_pem, &[]).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let fake = Self {
            name,
            address: listener.local_addr().unwrap(),
            cert_pem: pair.cert_pem,
            state: Arc::default(),
            events: watch::channel(0).0,
            tasks: Tasks::new(),
        };
        fake.state.lock().unwrap().recorded = recorded(prefixes);
        let listening = Listening {
            listener,
            acceptor: TlsAcceptor::from(server),
            state: fake.state.clone(),
            events: fake.events.clone(),
            tasks: fake.tasks.clone(),
        };
        fake.tasks.spawn("fake daemon", listening.run());
        fake
    }

    /// How to connect to it, rightly.
    pub fn config(&self) -> node::Config {
        node::Config {
            name: self.name,
            host: self.address.to_string(),
            user: USER.to_owned(),
            password: Secret::new(PASSWORD),
            cert_pem: self.cert_pem.clone(),
        }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Every call of `method` gets this result.
    pub fn answer(&self, method: &str, result: Value) {
        self.script(method, move |_| Reply::Result(result.clone()));
    }

    pub fn refuse(&self, method: &str, code: i64, message: &str) {
        let message = message.to_owned();
        self.script(method, move |_| Reply::Refusal(code, message.clone()));
    }

    /// Every call of `method` is answered by `script`, which is given the params.
    pub fn script(&self, method: &str, script: impl Fn(&Value) -> Reply + Send + Sync + 'static) {
        let mut state = self.state.lock().unwrap();
        state.scripts.insert(method.to_owned(), Arc::new(script));
    }

    /// Sends a notification to all connections.
    pub fn notify(&self, method: &str, params: &Value) {
        let text = json!({"jsonrpc": "1.0", "method": method, "params": params, "id": null});
        self.send_text(&text.to_string());
    }

    /// Sends any text as a websocket message to all connections.
    pub fn send_text(&self, text: &str) {
        self.order(|| Order::Text(text.to_owned()));
    }

    /// Sends bytes below the websocket to all connections: frames of the test's own making.
    pub fn send_bytes(&self, bytes: &[u8]) {
        self.order(|| Order::Bytes(bytes.to_vec()));
    }

    /// All connections stay open and dead.
    pub fn freeze(&self) {
        self.order(|| Order::Freeze);
    }

    /// All connections end; new ones are taken.
    pub fn drop_connections(&self) {
        self.order(|| Order::Drop);
    }

    /// From now on (or no longer) new connections are closed at once.
    pub fn close(&self, closed: bool) {
        self.state.lock().unwrap().closed = closed;
    }

    /// Websocket handshakes get this HTTP status; `None`: they are accepted.
    pub fn handshake_status(&self, status: Option<u16>) {
        self.state.lock().unwrap().handshake_status = status;
    }

    /// All calls so far, in order of arrival: method and params.
    pub fn calls(&self) -> Vec<(String, Value)> {
        self.state.lock().unwrap().calls.clone()
    }

    /// Params of the calls of `method` so far.
    pub fn calls_of(&self, method: &str) -> Vec<Value> {
        let calls = self.calls().into_iter();
        calls
            .filter(|(called, _)| called == method)
            .map(|(_, params)| params)
            .collect()
    }

    /// Waits until `method` was called `count` times.
    pub async fn wait_for_calls(&self, method: &str, count: usize) -> Vec<Value> {
        self.wait(|| {
            let calls = self.calls_of(method);
            (calls.len() >= count).then_some(calls)
        })
        .await
    }

    /// Waits until `count` calls are held (`Reply::Hold`), and hands them over.
    pub async fn held(&self, count: usize) -> Vec<Held> {
        self.wait(|| {
            let mut state = self.state.lock().unwrap();
            (state.held.len() >= count).then(|| std::mem::take(&mut state.held))
        })
        .await
    }

    fn order(&self, order: impl Fn() -> Order) {
        let mut state = self.state.lock().unwrap();
        state
            .connections
            .retain(|connection| connection.send(order()).is_ok());
    }

    async fn wait<T>(&self, mut condition: impl FnMut() -> Option<T>) -> T {
        let mut events = self.events.subscribe();
        let waiting = async {
            loop {
                if let Some(value) = condition() {
                    return value;
                }
                events.changed().await.unwrap();
            }
        };
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.unwrap_or_else(|_| panic!("the {} was not asked what was expected", self.name))
    }
}

/// The recorded result of each method: the file named after it alone.
fn recorded(prefixes: &[&str]) -> HashMap<String, Value> {
    let mut results = HashMap::new();
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/current");
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        let Some(method) = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)) else {
            continue;
        };
        let sample: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
        let response = &sample["response"];
        if sample["request"]["method"] == method && response["error"].is_null() {
            results.insert(method.to_owned(), response["result"].clone());
        }
    }
    results
}

struct Listening {
    listener: TcpListener,
    acceptor: TlsAcceptor,
    state: Arc<Mutex<State>>,
    events: watch::Sender<u64>,
    tasks: Tasks,
}

impl Listening {
    async fn run(self) {
        loop {
            let stream = tokio::select! {
                () = self.tasks.stopping() => return,
                accepted = self.listener.accept() => accepted.unwrap().0,
            };
            if self.state.lock().unwrap().closed {
                continue;
            }
            // As Go's servers do: an answer does not wait for the one before to be acknowledged.
            stream.set_nodelay(true).unwrap();
            let connection = Connection {
                state: self.state.clone(),
                events: self.events.clone(),
            };
            let serving = connection.serve(stream, self.acceptor.clone());
            let tasks = self.tasks.clone();
            self.tasks.spawn("fake connection", async move {
                tokio::select! {
                    () = tasks.stopping() => {}
                    () = serving => {}
                }
            });
        }
    }
}

struct Connection {
    state: Arc<Mutex<State>>,
    events: watch::Sender<u64>,
}

impl Connection {
    async fn serve(self, stream: TcpStream, acceptor: TlsAcceptor) {
        let Ok(stream) = acceptor.accept(stream).await else {
            return;
        };
        let status = self.state.lock().unwrap().handshake_status;
        #[expect(
            clippy::result_large_err,
            reason = "the callback's type is tungstenite's"
        )]
        let handshake = |request: &Request, response: Response| match status {
            Some(status) => Err(refused(status)),
            None if authorized(request) => Ok(response),
            None => Err(refused(401)),
        };
        if let Ok(socket) = accept_hdr_async(stream, handshake).await {
            self.talk(socket).await;
        }
    }

    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(&self, mut socket: WebSocketStream<S>) {
        let (own, mut orders) = mpsc::unbounded_channel();
        self.state.lock().unwrap().connections.push(own.clone());
        loop {
            let order = tokio::select! {
                order = orders.recv() => order,
                message = socket.next() => match message {
                    Some(Ok(Message::Text(text))) => self.take_call(&text, &own),
                    Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                    Some(Ok(_)) => None,
                },
            };
            let done = match order {
                None => true,
                Some(Order::Text(text)) => socket.send(Message::text(text)).await.is_ok(),
                Some(Order::Bytes(bytes)) => {
                    let stream = socket.get_mut();
                    stream.write_all(&bytes).await.is_ok() && stream.flush().await.is_ok()
                }
                Some(Order::Freeze) => std::future::pending().await,
                Some(Order::Drop) => false,
            };
            if !done {
                return;
            }
        }
    }

    fn take_call(&self, text: &str, own: &mpsc::UnboundedSender<Order>) -> Option<Order> {
        let call: Value = serde_json::from_str(text).unwrap();
        let method = call["method"].as_str().unwrap().to_owned();
        let (params, id) = (call["params"].clone(), call["id"].clone());
        let reply = self.reply(&method, &params);
        let mut state = self.state.lock().unwrap();
        if matches!(reply, Reply::Hold) {
            state.held.push(Held {
                method: method.clone(),
                params: params.clone(),
                id: id.clone(),
                connection: own.clone(),
            });
        }
        state.calls.push((method, params));
        drop(state);
        self.events.send_modify(|events| *events += 1);
        let answer = |result: Value, error: Value| {
            let answer = json!({"jsonrpc": "1.0", "result": result, "error": error, "id": id});
            Some(Order::Text(answer.to_string()))
        };
        match reply {
            Reply::Result(result) => answer(result, Value::Null),
            Reply::Refusal(code, message) => {
                answer(Value::Null, json!({"code": code, "message": message}))
            }
            Reply::Silence | Reply::Hold => None,
            Reply::Text(text) => Some(Order::Text(text)),
            Reply::Bytes(bytes) => Some(Order::Bytes(bytes)),
            Reply::Drop => Some(Order::Drop),
        }
    }

    fn reply(&self, method: &str, params: &Value) -> Reply {
        let (script, recorded) = {
            let state = self.state.lock().unwrap();
            let script = state.scripts.get(method).cloned();
            (script, state.recorded.get(method).cloned())
        };
        match (script, recorded) {
            (Some(script), _) => script(params),
            (None, Some(result)) => Reply::Result(result),
            (None, None) => Reply::Refusal(-32601, "Method not found".to_owned()),
        }
    }
}

fn authorized(request: &Request) -> bool {
    use base64::Engine as _;
    let credentials =
        base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    let expected = format!("Basic {credentials}");
    request
        .headers()
        .get("authorization")
        .is_some_and(|header| header.as_bytes() == expected.as_bytes())
}

fn refused(status: u16) -> ErrorResponse {
    let mut response = ErrorResponse::new(None);
    *response.status_mut() = status.try_into().unwrap();
    response
}
