//! The internal RPC over real TLS on loopback: both sides of the contract, and what an intruder gets.

use std::net::SocketAddr;
use std::sync::Arc;

use dcrstakepool::config::{Sources, WebConfig};
use dcrstakepool::decred::params::Network;
use dcrstakepool::decred::{Height, TicketHash};
use dcrstakepool::domain::{KeyIndex, PoolId, UserId};
use dcrstakepool::rpc::client::VoterClient;
use dcrstakepool::rpc::wire::{
    AddTickets, Empty, EnrolmentRequest, Event, ImportRequest, ImportedScript, LowFee,
    LowFeeTicket, PreferencesPush, ScriptImport, ScriptOutcome, TicketOutcome, TicketsSince, code,
};
use dcrstakepool::rpc::{Error, Voter as _, method};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::tls;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use uuid::Uuid;

use crate::harness::fake_voter::{FakeVoter, RunningVoter, TOKEN, refused};

/// Simnet keys of the vectors: the voting account, and a user's public-key address.
fn vectors() -> (String, String) {
    let text = include_str!("../data/vectors/hd_children.json");
    let json: serde_json::Value = serde_json::from_str(text).unwrap();
    let simnet = &json["networks"][2];
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    (
        text(&simnet["account_public"]),
        text(&simnet["children"][1]["pubkeyaddr"]),
    )
}

async fn voter() -> (RunningVoter, VoterClient) {
    let running = RunningVoter::start(FakeVoter::new(Network::Simnet, &vectors().0)).await;
    let client = VoterClient::new(&running.peer(), &Tasks::new()).unwrap();
    (running, client)
}

#[tokio::test]
async fn every_method_makes_the_round_trip() {
    let (running, client) = voter().await;
    let (_, user) = vectors();
    let status = client.status(Empty {}).await.unwrap();
    assert_eq!(status.best.unwrap().height, Height(200));
    let request = EnrolmentRequest {
        user_id: UserId(4),
        key_index: KeyIndex(0),
        user_pubkey_address: user,
    };
    let proof = client.verify_enrolment(request).await.unwrap();
    assert_eq!(proof.height, Height(200));
    let pool_id = PoolId(Uuid::new_v4());
    let import = ImportRequest {
        pool_id,
        scripts: vec![ScriptImport {
            user_id: UserId(4),
            key_index: KeyIndex(0),
            redeem_script: proof.redeem_script,
            height_registered: proof.height,
        }],
    };
    for outcome in [ScriptOutcome::Imported, ScriptOutcome::Already] {
        let answer = client.import_scripts(import.clone()).await.unwrap();
        let user_id = UserId(4);
        assert_eq!(answer.scripts, [ImportedScript { user_id, outcome }]);
    }
    assert_eq!(client.script_registry(Empty {}).await.unwrap().count, 1);
    let push = PreferencesPush {
        pool_id,
        full: true,
        preferences: vec![],
        accept: false,
    };
    client.set_preferences(push).await.unwrap();
    assert_eq!(
        client.status(Empty {}).await.unwrap().pool_id,
        Some(pool_id)
    );
    let page = TicketsSince {
        instance: None,
        sequence: 0,
        limit: 10,
    };
    assert!(!client.tickets_since(page).await.unwrap().more);
    ask_about_tickets(&client).await;
    assert_eq!(client.stake_info(Empty {}).await.unwrap().pool_size, 64);
    client.agendas(Empty {}).await.unwrap();
    for method in method::ALL {
        assert!(running.fake.calls_of(method) > 0, "{method}");
    }
}

async fn ask_about_tickets(client: &VoterClient) {
    let hash = TicketHash::of(b"a ticket");
    let hashes = vec![hash];
    let added = client.add_tickets(AddTickets { hashes }).await.unwrap();
    assert_eq!(added.tickets[0].outcome, TicketOutcome::NotFound);
    let tickets = vec![LowFeeTicket {
        ticket_hash: hash,
        ticket_address: "Sc".into(),
    }];
    let low_fee = LowFee {
        tickets: tickets.clone(),
    };
    let lists = client.set_low_fee(low_fee).await.unwrap();
    assert_eq!((lists.accepted, lists.ignored), (tickets, vec![]));
}

#[tokio::test]
async fn events_arrive_and_end_with_the_voter() {
    let (running, client) = voter().await;
    let mut events = client.events().await.unwrap();
    for sequence in 0..3 {
        running.fake.emit(&Event::Tickets { sequence });
        assert_eq!(events.recv().await, Some(Event::Tickets { sequence }));
    }
    running.stop().await;
    assert_eq!(events.recv().await, None);
}

#[tokio::test]
async fn a_voters_word_keeps_its_code_and_its_troubles_make_it_unavailable() {
    let (running, client) = voter().await;
    for code in [
        code::DISAGREES,
        code::WRONG_POOL,
        code::STALE,
        code::SHRINKING,
    ] {
        running
            .fake
            .fail_next(method::STATUS, refused(code, "because"));
        assert_eq!(client.status(Empty {}).await, Err(refused(code, "because")));
    }
    for error in [
        refused(code::UNAVAILABLE, "dcrd is away"),
        Error::Garbled {
            voter: "dcrd".into(),
            reason: "dcrd is away".into(),
        },
    ] {
        running.fake.fail_next(method::STATUS, error);
        let error = client.status(Empty {}).await.unwrap_err();
        assert!(
            matches!(&error, Error::Unavailable { voter, reason }
                if *voter == running.address.to_string() && reason.contains("dcrd is away")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_voter_that_is_away_is_unavailable_until_it_is_back() {
    let (mut running, client) = voter().await;
    client.status(Empty {}).await.unwrap();
    running.stop().await;
    let error = client.status(Empty {}).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable { .. }), "{error}");
    assert!(client.events().await.is_err());
    running.start_again().await;
    client.status(Empty {}).await.unwrap();
}

#[tokio::test]
async fn a_stop_lets_a_call_in_flight_finish() {
    let (running, client) = voter().await;
    running.fake.hang(method::AGENDAS);
    let stop = async {
        while running.fake.calls_of(method::AGENDAS) == 0 {
            tokio::task::yield_now().await;
        }
        let recover = async { running.fake.recover(method::AGENDAS) };
        tokio::join!(running.stop(), recover);
    };
    let (call, ()) = tokio::join!(client.agendas(Empty {}), stop);
    call.unwrap();
}

#[tokio::test]
async fn the_wrong_token_and_the_wrong_certificate_are_told_apart() {
    let (running, _) = voter().await;
    let mut peer = running.peer();
    peer.token = Secret::new("0".repeat(40));
    let client = VoterClient::new(&peer, &Tasks::new()).unwrap();
    let error = client.status(Empty {}).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    let error = client.events().await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");

    let mut peer = running.peer();
    let other = tls::self_signed(&["127.0.0.1".to_owned()]).unwrap();
    peer.cert_pem = other.cert_pem;
    let client = VoterClient::new(&peer, &Tasks::new()).unwrap();
    let error = client.status(Empty {}).await.unwrap_err();
    assert!(matches!(error, Error::WrongCertificate { .. }), "{error}");
    assert_eq!(running.fake.calls_of(method::STATUS), 0);
    assert!(!format!("{client:?}").contains(TOKEN));
}

async fn raw(running: &RunningVoter, request: impl AsRef<[u8]>) -> String {
    say(running.address, &running.pair.cert_pem, request).await
}

/// Sends bytes as they are over TLS and HTTP/1.1, and reads until the server closes.
pub async fn say(address: SocketAddr, cert_pem: &str, request: impl AsRef<[u8]>) -> String {
    let config = tls::client_config(cert_pem, &["http/1.1"]).unwrap();
    let tcp = TcpStream::connect(address).await.unwrap();
    let name = "127.0.0.1".try_into().unwrap();
    let mut stream = TlsConnector::from(config).connect(name, tcp).await.unwrap();
    // The server may answer, and close, before it has read everything.
    let _ = stream.write_all(request.as_ref()).await;
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

pub fn request(line: &str, token: &str, body: &str) -> String {
    format!(
        "{line} HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

/// A field of another version.
const STALE_BODY: &str =
    "{\"version\":2,\"user_id\":1,\"key_index\":1,\"user_pubkey_address\":\"x\"}";

/// Request line, token, body; status and code of the refusal.
const OUTSIDE_THE_CONTRACT: [(&str, &str, &str, &str, &str); 12] = [
    (
        "POST /rpc/v1/status",
        "wrong",
        "{}",
        "401",
        code::UNAUTHORIZED,
    ),
    (
        "POST /rpc/v1/no_such",
        "wrong",
        "{}",
        "401",
        code::UNAUTHORIZED,
    ),
    ("GET /rpc/v1/status", TOKEN, "", "405", code::BAD_REQUEST),
    ("POST /rpc/v1/events", TOKEN, "", "405", code::BAD_REQUEST),
    (
        "POST /rpc/v1/no_such",
        TOKEN,
        "{}",
        "404",
        code::BAD_REQUEST,
    ),
    ("POST /rpc/v2/status", TOKEN, "{}", "404", code::BAD_REQUEST),
    ("POST /", TOKEN, "{}", "404", code::BAD_REQUEST),
    ("POST /rpc/v1/status", TOKEN, "", "400", code::BAD_REQUEST),
    (
        "POST /rpc/v1/status",
        TOKEN,
        "{\"new\":1}",
        "400",
        code::BAD_REQUEST,
    ),
    (
        "POST /rpc/v1/status",
        TOKEN,
        "{} {}",
        "400",
        code::BAD_REQUEST,
    ),
    (
        "POST /rpc/v1/status",
        TOKEN,
        "\u{1f600}",
        "400",
        code::BAD_REQUEST,
    ),
    (
        "POST /rpc/v1/verify_enrolment",
        TOKEN,
        STALE_BODY,
        "400",
        code::BAD_REQUEST,
    ),
];

#[tokio::test]
async fn what_is_not_in_the_contract_is_refused_with_a_reason() {
    let (running, _) = voter().await;
    for (line, token, body, status, code) in OUTSIDE_THE_CONTRACT {
        let answer = raw(&running, request(line, token, body)).await;
        let status = format!("HTTP/1.1 {status} ");
        assert!(answer.starts_with(&status), "{line} {body}: {answer}");
        let json = answer.split("\r\n\r\n").nth(1).unwrap();
        let json: serde_json::Value = serde_json::from_str(json).expect(json);
        assert_eq!(json["code"], code, "{line} {body}");
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    let deep = "[".repeat(100_000);
    let answer = raw(&running, request("POST /rpc/v1/status", TOKEN, &deep)).await;
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert_eq!(running.fake.with(|state| state.calls.len()), 0);
}

#[tokio::test]
async fn health_needs_no_token_and_says_nothing_else() {
    let (running, _) = voter().await;
    let answer = raw(
        &running,
        "GET /healthz HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n",
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert!(answer.ends_with("\r\n\r\nok\n"), "{answer}");
    let without = "POST /rpc/v1/status HTTP/1.1\r\nHost: v\r\nConnection: close\r\n\r\n";
    let answer = raw(&running, without).await;
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
    assert!(answer.to_lowercase().contains("www-authenticate: bearer"));
}

#[tokio::test]
async fn a_huge_body_is_refused_and_the_voter_lives_on() {
    let (running, client) = voter().await;
    let announced = format!(
        "POST /rpc/v1/status HTTP/1.1\r\nHost: v\r\nAuthorization: Bearer {TOKEN}\r\n\
         Connection: close\r\nContent-Length: {}\r\n\r\n{{",
        64 * 1024 * 1024
    );
    let answer = raw(&running, announced).await;
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
    client.status(Empty {}).await.unwrap();
}

#[tokio::test]
async fn noise_instead_of_tls_or_http_harms_nobody() {
    let (running, client) = voter().await;
    let mut tcp = TcpStream::connect(running.address).await.unwrap();
    let _ = tcp.write_all(b"GET / HTTP/1.1\r\n\r\n").await;
    let mut answer = Vec::new();
    let _ = tcp.read_to_end(&mut answer).await;
    let answer = raw(&running, b"\x00\xff\x00\xff\r\n\r\n").await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 400"),
        "{answer}"
    );
    let long = format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000));
    let answer = raw(&running, long).await;
    assert!(
        answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
        "{answer}"
    );
    client.status(Empty {}).await.unwrap();
}

/// A connection that never finishes its request does not keep others waiting, nor the stop.
#[tokio::test]
async fn a_silent_client_holds_up_nobody() {
    let (running, client) = voter().await;
    let silent = TcpStream::connect(running.address).await.unwrap();
    client.status(Empty {}).await.unwrap();
    running.stop().await;
    drop(silent);
}

#[tokio::test]
async fn a_garbled_answer_is_named_so() {
    let answers = [
        ("200 OK", "{\"almost\":"),
        ("200 OK", "{}"),
        ("502 Bad Gateway", "<html>"),
    ];
    for (status, body) in answers {
        let (server, peer) = one_answer(status, body).await;
        let client = VoterClient::new(&peer, &Tasks::new()).unwrap();
        let (answer, ()) = tokio::join!(client.status(Empty {}), server);
        assert!(
            matches!(answer, Err(Error::Garbled { .. })),
            "{status} {body}: {answer:?}"
        );
    }
}

/// A server that gives one connection one answer, whatever it is asked.
async fn one_answer(
    status: &'static str,
    body: &'static str,
) -> (impl Future<Output = ()>, dcrstakepool::config::VoterPeer) {
    let pair = tls::self_signed(&["127.0.0.1".to_owned()]).unwrap();
    let config = tls::server_config(&pair.cert_pem, &pair.key_pem, &["http/1.1"]).unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let peer = dcrstakepool::config::VoterPeer {
        name: address.to_string(),
        url: format!("https://{address}").parse().unwrap(),
        cert: "voter.cert".into(),
        cert_pem: pair.cert_pem,
        token: Secret::new(TOKEN),
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::clone(&config));
    let server = async move {
        let (tcp, _) = listener.accept().await.unwrap();
        let mut stream = acceptor.accept(tcp).await.unwrap();
        let mut buffer = [0; 4096];
        let _ = stream.read(&mut buffer).await;
        let length = body.len();
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
        stream.write_all(answer.as_bytes()).await.unwrap();
        let _ = stream.shutdown().await;
    };
    (server, peer)
}

/// From a configuration file to an answer; and the fake does as it is told.
#[tokio::test]
async fn a_configured_voter_answers() {
    let (running, _) = voter().await;
    let (voting, user) = vectors();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dcrstakepool.toml");
    let toml = format!(
        "network = \"simnet\"\n[pool]\nfee_percent = 5\nvoting_wallet_extpub = \"{voting}\"\n\
         cold_wallet_extpub = \"{voting}\"\n[web]\nbase_url = \"http://h\"\n\
         api_secret = \"{TOKEN}\"\n{}",
        running.section(folder.path())
    );
    std::fs::write(&file, toml).unwrap();
    let sources = Sources {
        file: Some(file),
        ..Sources::default()
    };
    let config = WebConfig::load(&sources).unwrap();
    let peer = &config.voters[0];
    let client = VoterClient::new(peer, &Tasks::new()).unwrap();
    running.fake.set_config(config.digests(peer));
    running.fake.set_height(7);
    let status = client.status(Empty {}).await.unwrap();
    assert_eq!(status.config, config.digests(peer));
    assert_eq!(status.best.unwrap().height, Height(7));

    running.fake.disagree();
    let request = EnrolmentRequest {
        user_id: UserId(4),
        key_index: KeyIndex(0),
        user_pubkey_address: user,
    };
    let error = client.verify_enrolment(request).await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused { code, .. } if code == "disagrees"),
        "{error}"
    );
}
