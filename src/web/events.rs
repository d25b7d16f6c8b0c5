//! `/events`: new blocks and the pool's public numbers, told to whoever listens, as server-sent events.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::unfold;
use hyper::body::Bytes;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::time::sleep;

use super::api::{Object, stats_object};
use super::body::Body;
use super::error::Error;
use super::request::Request;
use super::response::{self, Response};
use crate::decred::Height;
use crate::pool::{Pool, Stats};

/// Listeners at a time: each holds a connection. More are told to come back.
pub const MAX_LISTENERS: usize = 512;
/// Silence after which a word is said, so that neither proxies nor readers take it for the end.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// When a browser whose connection broke comes back.
const COME_BACK: &str = "retry: 10000\n\n";

pub fn get(request: &Request) -> Result<Response, Error> {
    let places = request.app.listeners.clone();
    let place = places
        .try_acquire_owned()
        .map_err(|_| Error::too_many_listeners())?;
    let pool = request.app.pool.clone();
    let listener = Listener {
        numbers: pool.watch_stats(),
        pool,
        told: None,
        begun: false,
        _place: place,
    };
    let events = unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok(Bytes::from(event)), listener))
    });
    let mut response = response::streamed("text/event-stream", Body::parts(events));
    // Else nginx keeps events until it has a page of them.
    response::set(&mut response, X_ACCEL_BUFFERING, "no");
    Ok(response)
}

const X_ACCEL_BUFFERING: http::HeaderName = http::HeaderName::from_static("x-accel-buffering");

struct Listener {
    pool: Arc<Pool>,
    numbers: watch::Receiver<Option<Arc<Stats>>>,
    told: Option<Arc<Stats>>,
    begun: bool,
    _place: OwnedSemaphorePermit,
}

impl Listener {
    /// What is to be said next; `None` at the end.
    async fn next(&mut self) -> Option<String> {
        if !self.begun {
            self.begun = true;
            return Some(COME_BACK.to_owned() + &self.news());
        }
        let mut silence = pin!(sleep(HEARTBEAT));
        loop {
            tokio::select! {
                () = self.pool.stopping() => return None,
                changed = self.numbers.changed() => changed.ok()?,
                () = silence.as_mut() => return Some(": still here\n\n".to_owned()),
            }
            let news = self.news();
            if !news.is_empty() {
                return Some(news);
            }
        }
    }

    /// What this listener was not told yet.
    fn news(&mut self) -> String {
        let now = self.numbers.borrow_and_update().clone();
        let Some(now) = now else {
            return String::new();
        };
        let text = events(self.told.as_deref(), &now, self.pool.settings());
        self.told = Some(now);
        text
    }
}

/// The numbers when they differ, and the block when it is another.
fn events(told: Option<&Stats>, now: &Stats, settings: &crate::pool::Settings) -> String {
    let mut events = String::new();
    if told.is_none_or(|told| differ(told, now)) {
        events += &event("numbers", &stats_object(now, settings));
    }
    if told.is_none_or(|told| told.height != now.height) {
        let Height(height) = now.height;
        events += &event("block", &Object::new().count("height", height));
    }
    events
}

/// Whether anything but their age does.
fn differ(told: &Stats, now: &Stats) -> bool {
    let told = Stats {
        refreshed_at: now.refreshed_at,
        ..told.clone()
    };
    told != *now
}

fn event(name: &str, data: &Object) -> String {
    format!("event: {name}\ndata: {}\n\n", data.to_json())
}
