//! Plain HTTP/1.1, a connection per request: what a proxy would say to web.

use std::fmt::Write as _;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use rustls::{ClientConnection, StreamOwned};

use dcrstakepool::tls;

use super::secrets;

const PATIENCE: Duration = Duration::from_mins(1);

#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.body))
    }
}

/// Sends a request to a loopback port; `form` makes it a form-encoded POST.
pub fn request(
    port: u16,
    path: &str,
    headers: &[(&str, &str)],
    form: Option<&[(&str, &str)]>,
) -> std::io::Result<Response> {
    let body = form.map(encode).unwrap_or_default();
    let method = if form.is_some() { "POST" } else { "GET" };
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n");
    for (name, value) in form.unwrap_or_default() {
        secrets::keep_field(name, value);
    }
    for (name, value) in headers {
        if *name == "Authorization" {
            secrets::keep_authorization(value);
        }
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if form.is_some() {
        text.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
        let _ = write!(text, "Content-Length: {}\r\n", body.len());
    }
    text.push_str("Connection: close\r\n\r\n");
    text.push_str(&body);
    let stream = connect(port, PATIENCE)?;
    exchange(stream, &text)
}

/// A GET over TLS, trusting the certificate in this file: how an operator looks at a voter.
pub fn get_secure(port: u16, cert: &Path, path: &str) -> std::io::Result<Response> {
    let text =
        format!("GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n");
    exchange(secure(port, cert, PATIENCE)?, &text)
}

/// A call as web makes it, which must be answered within `limit`.
pub fn post_secure(
    port: u16,
    cert: &Path,
    path: &str,
    token: &str,
    body: &str,
    limit: Duration,
) -> std::io::Result<Response> {
    let text = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost:{port}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    exchange(secure(port, cert, limit)?, &text)
}

fn secure(
    port: u16,
    cert: &Path,
    limit: Duration,
) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let pem = std::fs::read_to_string(cert)?;
    let config = tls::client_config(&pem, &["http/1.1"]).map_err(std::io::Error::other)?;
    let name = "localhost".try_into().expect("a host name");
    let session = ClientConnection::new(config, name).map_err(std::io::Error::other)?;
    Ok(StreamOwned::new(session, connect(port, limit)?))
}

fn connect(port: u16, limit: Duration) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(limit))?;
    Ok(stream)
}

fn exchange(mut stream: impl Read + Write, text: &str) -> std::io::Result<Response> {
    stream.write_all(text.as_bytes())?;
    stream.flush()?;
    let mut answer = Vec::new();
    match stream.read_to_end(&mut answer) {
        // A TLS peer that just closes is fine: the length of the answer is known.
        Err(error) if error.kind() != ErrorKind::UnexpectedEof => return Err(error),
        _ => {}
    }
    parse(&answer).ok_or_else(|| {
        std::io::Error::other(format!("not HTTP: {}", String::from_utf8_lossy(&answer)))
    })
}

fn encode(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

fn parse(answer: &[u8]) -> Option<Response> {
    let split = answer.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&answer[..split]).ok()?;
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let chunked = headers
        .iter()
        .any(|(name, value)| name == "transfer-encoding" && value == "chunked");
    let raw = &answer[split + 4..];
    let body = if chunked { dechunk(raw)? } else { raw.to_vec() };
    Some(Response {
        status,
        headers,
        body: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn dechunk(mut raw: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = raw.windows(2).position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&raw[..end]).ok()?;
        let size = usize::from_str_radix(size.split(';').next()?, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(raw.get(end + 2..end + 2 + size)?);
        raw = raw.get(end + 2 + size + 2..)?;
    }
}
