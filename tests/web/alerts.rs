//! People are told of alarms.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use super::site::{Site, Wish, wait_for};
use crate::harness::secrets;
use crate::harness::smtp::{Manners, Security, SmtpServer};

const TOKEN: &str = "the-token-of-the-chat-room";

/// Takes each request, and answers 204, or 404 at `/nowhere`. Ends with the set.
pub async fn chat_room(tasks: &mut JoinSet<()>) -> (u16, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let said: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&said);
    tasks.spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = String::new();
            let mut chunk = [0; 4096];
            // JSON is the last that comes, if anything does.
            let whole = |it: &str| it.ends_with('}') || it.starts_with("GET");
            while !whole(&request) {
                let read = stream.read(&mut chunk).await.unwrap_or_default();
                if read == 0 {
                    break;
                }
                request += &String::from_utf8_lossy(&chunk[..read]);
            }
            let status = if request.starts_with("POST /nowhere") {
                "404 Not Found"
            } else {
                "204 No Content"
            };
            let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.ok();
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(request);
        }
    });
    (port, said)
}

#[tokio::test]
async fn a_voter_that_goes_is_told_by_mail_and_webhook() {
    let mails = SmtpServer::start(Security::Plain, Manners::default()).await;
    let mut tasks = JoinSet::new();
    let (port, said) = chat_room(&mut tasks).await;
    secrets::keep("webhook token", TOKEN);
    secrets::keep("webhook address", "services/T0AB3/the-key-in-its-path");
    let mut site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 1\n",
        mail: format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"pool@example.com\"\n\
             [alerts]\nmail = [\"Operator <ops@example.com>\"]\nafter_seconds = 0\n\
             webhook = \"http://127.0.0.1:{port}/services/T0AB3/the-key-in-its-path\"\n\
             webhook_token = \"{TOKEN}\"\n",
            mails.port
        ),
        ..Wish::default()
    })
    .await;
    site.voters[1].stop().await;
    let mail = wait_for(|| {
        let taken = mails.taken();
        let mut told = taken
            .iter()
            .filter(|it| it.text.contains("alarm begun: voter_away"));
        told.next().cloned()
    })
    .await;
    assert_eq!(mail.to, "ops@example.com");
    let told = wait_for(|| {
        let said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.iter().find(|it| it.contains("voter_away")).cloned()
    })
    .await;
    let (head, body) = told.split_once("\r\n\r\n").expect("a body");
    assert!(
        head.starts_with("POST /services/T0AB3/the-key-in-its-path HTTP/1.1\r\n"),
        "{head}"
    );
    let authorization = format!("authorization: Bearer {TOKEN}");
    assert!(head.contains(&authorization), "{head}");
    let word: serde_json::Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(word["event"], "begun");
    assert_eq!(word["alarm"], "voter_away");
    assert!(!word["hint"].as_str().unwrap_or_default().is_empty());
    assert!(
        word["text"]
            .as_str()
            .unwrap_or_default()
            .contains("alarm begun")
    );
    assert!(site.stop().await.success());
}
