//! A mail server on a free loopback port that keeps what it takes. It speaks as much SMTP as a client
//! needs: plain, STARTTLS or TLS, with a login or without.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dcrstakepool::tls::{self, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use super::secrets;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    Plain,
    StartTls,
    Tls,
}

/// What it does to its clients.
#[derive(Debug, Clone, Default)]
pub struct Manners {
    /// Name and password that it asks for.
    pub login: Option<(String, String)>,
    /// Takes connections, and never says a word.
    pub silent: bool,
    /// Takes mails, and never parts with its clients.
    pub clings: bool,
    /// Does not take mails to this address, for good.
    pub refuses: Option<String>,
}

/// A mail that was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub from: String,
    pub to: String,
    /// Header and body as they came.
    pub text: String,
    pub encrypted: bool,
    pub signed_in: bool,
}

impl Taken {
    /// What it says: lines of quoted-printable text are joined, and its equals signs written out.
    pub fn said(&self) -> String {
        self.text.replace("=\r\n", "").replace("=3D", "=")
    }

    /// The token of its link to `path`.
    pub fn token(&self, path: &str) -> Option<String> {
        let text = self.said();
        let (_, rest) = text.split_once(&format!("{path}?t="))?;
        Some(rest.chars().take(32).collect())
    }
}

#[derive(Debug)]
struct Shared {
    security: Security,
    pair: KeyPair,
    acceptor: Acceptor,
    manners: Mutex<Manners>,
    taken: Mutex<Vec<Taken>>,
}

struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

/// Ends with this value.
#[derive(Debug)]
pub struct SmtpServer {
    pub port: u16,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

impl SmtpServer {
    pub async fn start(security: Security, manners: Manners) -> Self {
        let pair = tls::self_signed(&["127.0.0.1".to_owned()]).expect("a certificate");
        let config = tls::server_config(&pair.cert_pem, &pair.key_pem, &[]).expect("TLS");
        let shared = Arc::new(Shared {
            security,
            pair,
            acceptor: Acceptor(TlsAcceptor::from(config)),
            manners: Mutex::new(manners),
            taken: Mutex::default(),
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listener = TcpListener::bind(address).await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let mut tasks = JoinSet::new();
        tasks.spawn(serve(listener, Arc::clone(&shared)));
        Self {
            port,
            shared,
            _tasks: tasks,
        }
    }

    /// PEM of the authority that its certificate comes from: itself.
    pub fn authority(&self) -> &str {
        &self.shared.pair.cert_pem
    }

    pub fn behave(&self, manners: Manners) {
        *self.shared.manners.lock().expect("manners") = manners;
    }

    /// All mails so far.
    pub fn taken(&self) -> MutexGuard<'_, Vec<Taken>> {
        self.shared.taken.lock().expect("mails")
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut clients = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        // A client that goes away in the middle is no fault.
        clients.spawn(async move { drop(talk(stream, &shared).await) });
    }
}

async fn talk(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let acceptor = &shared.acceptor.0;
    let mut talk = Talk {
        shared,
        encrypted: shared.security == Security::Tls,
        signed_in: false,
    };
    if talk.encrypted {
        let stream = acceptor.accept(stream).await?;
        talk.converse(stream, true).await?;
    } else if let Some(stream) = talk.converse(stream, true).await? {
        talk.encrypted = true;
        let stream = acceptor.accept(stream).await?;
        talk.converse(stream, false).await?;
    }
    Ok(())
}

struct Talk<'a> {
    shared: &'a Shared,
    encrypted: bool,
    signed_in: bool,
}

impl Talk<'_> {
    /// Gives the stream back when the client asks for encryption.
    async fn converse<S>(&mut self, stream: S, greet: bool) -> std::io::Result<Option<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let manners = self.shared.manners.lock().expect("manners").clone();
        if manners.silent {
            std::future::pending::<()>().await;
        }
        let mut stream = BufReader::new(stream);
        if greet {
            say(&mut stream, "220 mail.test ready").await?;
        }
        let (mut from, mut to) = (String::new(), String::new());
        while let Some(line) = hear(&mut stream).await? {
            let word = line.split(' ').next().unwrap_or_default();
            let answer = match word.to_ascii_uppercase().as_str() {
                "EHLO" => self.extensions(manners.login.is_some()),
                "STARTTLS" => {
                    say(&mut stream, "220 go on").await?;
                    return Ok(Some(stream.into_inner()));
                }
                "AUTH" => self.sign_in(&line, manners.login.as_ref()),
                "MAIL" if manners.login.is_some() && !self.signed_in => "530 sign in".into(),
                "MAIL" => {
                    from = address(&line);
                    "250 so it is from there".into()
                }
                "RCPT" if manners.refuses.as_ref() == Some(&address(&line)) => {
                    "550 no such user".into()
                }
                "RCPT" => {
                    to = address(&line);
                    "250 known".into()
                }
                "DATA" => {
                    say(&mut stream, "354 tell me").await?;
                    let text = hear_text(&mut stream).await?;
                    let taken = Taken {
                        from: from.clone(),
                        to: to.clone(),
                        text,
                        encrypted: self.encrypted,
                        signed_in: self.signed_in,
                    };
                    if let Some(token) = taken.token("") {
                        secrets::keep("the token of a mailed link", &token);
                    }
                    self.shared.taken.lock().expect("mails").push(taken);
                    "250 taken".into()
                }
                "QUIT" if manners.clings => std::future::pending().await,
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return Ok(None);
                }
                _ => "500 what?".into(),
            };
            say(&mut stream, &answer).await?;
        }
        Ok(None)
    }

    fn extensions(&self, login: bool) -> String {
        let mut answer = "250-mail.test\r\n".to_owned();
        if self.shared.security == Security::StartTls && !self.encrypted {
            answer += "250-STARTTLS\r\n";
        }
        if login {
            answer += "250-AUTH PLAIN\r\n";
        }
        answer + "250 8BITMIME"
    }

    fn sign_in(&mut self, line: &str, login: Option<&(String, String)>) -> String {
        let given = line.rsplit(' ').next().unwrap_or_default();
        secrets::keep_seen("a login at the mail server", given);
        let given = BASE64_STANDARD.decode(given).unwrap_or_default();
        let wanted = login.map(|(name, password)| format!("\0{name}\0{password}"));
        self.signed_in = wanted.is_some_and(|wanted| wanted.as_bytes() == given);
        let answer = if self.signed_in {
            "235 welcome"
        } else {
            "535 wrong"
        };
        answer.to_owned()
    }
}

async fn say<S>(stream: &mut BufReader<S>, line: &str) -> std::io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let stream = stream.get_mut();
    stream.write_all(format!("{line}\r\n").as_bytes()).await?;
    stream.flush().await
}

async fn hear<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<Option<String>> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await?;
    Ok((read > 0).then(|| line.trim_end().to_owned()))
}

/// Up to the line that is a dot; doubled dots are one.
async fn hear_text<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> std::io::Result<String> {
    let mut text = String::new();
    while let Some(line) = hear(stream).await? {
        if line == "." {
            break;
        }
        text += line.strip_prefix('.').unwrap_or(&line);
        text += "\r\n";
    }
    Ok(text)
}

/// What is between the angle brackets.
fn address(line: &str) -> String {
    let (_, rest) = line.split_once('<').unwrap_or_default();
    rest.split('>').next().unwrap_or_default().to_owned()
}
