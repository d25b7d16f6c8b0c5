//! `/events`: what listeners hear, how many there may be, how they end.

use dcrstakepool::rpc::wire::Event;
use dcrstakepool::web::events::MAX_LISTENERS;
use http::StatusCode;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::site::Site;

struct Listener {
    stream: TcpStream,
    heard: String,
}

impl Listener {
    async fn of(site: &Site) -> Self {
        let mut stream = TcpStream::connect(site.address).await.unwrap();
        let request = b"GET /events HTTP/1.1\r\nhost: pool.example.com\r\n\r\n";
        stream.write_all(request).await.unwrap();
        Self {
            stream,
            heard: String::new(),
        }
    }

    /// Reads on until `text` was heard.
    async fn hears(&mut self, text: &str) {
        let mut part = [0; 4096];
        while !self.heard.contains(text) {
            let read = self.stream.read(&mut part);
            let read = tokio::time::timeout(std::time::Duration::from_mins(1), read).await;
            let length = read.expect("in time").unwrap();
            assert!(length > 0, "no {text:?} in {}", self.heard);
            self.heard += std::str::from_utf8(&part[..length]).unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_hear_of_new_blocks_and_of_the_end() {
    let mut site = Site::start().await;
    let mut listener = Listener::of(&site).await;
    listener
        .hears("event: block\ndata: {\"height\":200}\n\n")
        .await;
    let heard = listener.heard.to_lowercase();
    for text in [
        "http/1.1 200 ok",
        "content-type: text/event-stream",
        "x-accel-buffering: no",
        "cache-control: no-store",
        "retry: 10000\n\n",
        "event: numbers\ndata: {\"allmempooltix\":3,",
    ] {
        assert!(heard.contains(text), "no {text:?} in {heard}");
    }
    for voter in &site.voters {
        voter.fake.set_height(201);
        voter.fake.emit(&Event::Tickets { sequence: 0 });
    }
    listener
        .hears("event: block\ndata: {\"height\":201}\n\n")
        .await;
    assert!(listener.heard.contains("\"BlockHeight\":201"));
    // The order to stop ends it, whole.
    assert!(site.stop().await.success());
    listener.hears("\r\n0\r\n\r\n").await;
    assert!(
        !site.log().contains("cut off by the stop"),
        "{}",
        site.log()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_stops_answers_whom_it_heard_and_takes_nobody_in() {
    let mut site = Site::start().await;
    let mut late = Listener::of(&site).await;
    late.hears("event: block\n").await;
    let mut stream = TcpStream::connect(site.address).await.unwrap();
    let head = "POST /signin HTTP/1.1\r\nhost: pool.example.com\r\nexpect: 100-continue\r\n\
                content-length: 5\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut go_on = [0; 25];
    stream.read_exact(&mut go_on).await.unwrap();
    assert_eq!(&go_on, b"HTTP/1.1 100 Continue\r\n\r\n");
    site.signal("-TERM");
    while TcpStream::connect(site.address).await.is_ok() {
        assert!(!site.log().contains("cut off by the stop"), "too late");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    stream.write_all(b"email").await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    assert!(site.ended().await.success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn listeners_are_bounded_and_take_no_place_from_readers() {
    let site = Site::start().await;
    let mut listeners = Vec::new();
    for _ in 0..MAX_LISTENERS {
        let mut listener = Listener::of(&site).await;
        listener.hears("retry:").await;
        listeners.push(listener);
    }
    let mut browser = site.browser();
    let refused = browser.get("/events").await;
    assert_eq!(refused.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(!refused.header("retry-after").is_empty());
    assert_eq!(browser.get("/stats").await.status, StatusCode::OK);
    // A place is free again when its listener leaves.
    listeners.pop();
    let mut next = Listener::of(&site).await;
    for _ in 0..500 {
        next.hears(" ").await;
        if next.heard.starts_with("HTTP/1.1 200") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        next = Listener::of(&site).await;
    }
    next.hears("retry:").await;
}
