//! The stream of events as server-sent events: one JSON object per `data:` line, a comment now and
//! then so that both sides see a dead connection.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::stream;
use http::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Body as HttpBody, Bytes, Frame};
use tokio::sync::mpsc;

use super::service::Body;
use super::wire::Event;
use crate::shutdown::Tasks;

/// How often the server says something.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// How long the client waits for anything.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// Events wait here for a slow reader of the client; then the connection does.
pub(super) const QUEUE: usize = 256;
/// No event is that long.
const MAX_LINE_BYTES: usize = 1024 * 1024;

/// Sends events until the voter ends the stream or the role stops.
pub(super) fn response(events: mpsc::Receiver<Event>, tasks: Tasks) -> Response<Body> {
    let frames = stream::unfold((events, tasks), |(mut events, tasks)| async move {
        let text = tokio::select! {
            () = tasks.stopping() => return None,
            event = events.recv() => data_line(&event?),
            () = tokio::time::sleep(HEARTBEAT) => ":\n\n".to_owned(),
        };
        let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(text)));
        Some((frame, (events, tasks)))
    });
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn data_line(event: &Event) -> String {
    match serde_json::to_string(event) {
        Ok(json) => format!("data: {json}\n\n"),
        Err(_) => ":\n\n".to_owned(),
    }
}

/// Reads events from a response until it ends, falls silent or turns into something else.
pub(super) async fn receive<B>(mut body: B, events: mpsc::Sender<Event>)
where
    B: HttpBody<Data = Bytes> + Unpin,
{
    let mut lines = Lines::default();
    loop {
        let frame = tokio::select! {
            () = events.closed() => return,
            frame = tokio::time::timeout(SILENCE_LIMIT, body.frame()) => frame,
        };
        let Ok(Some(Ok(frame))) = frame else { return };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let Some(received) = lines.push(&data) else {
            return;
        };
        for event in received {
            if events.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// Bytes that arrive in pieces, cut into lines.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Lines {
    /// The events that are complete now. A kind of event that a newer voter knows and we do not is
    /// passed over; `None` for a line that has no end.
    fn push(&mut self, data: &[u8]) -> Option<Vec<Event>> {
        let mut events = Vec::new();
        for byte in data {
            if *byte == b'\n' {
                let line = std::mem::take(&mut self.0);
                let json = line.strip_prefix(b"data: ");
                events.extend(json.and_then(|json| serde_json::from_slice(json).ok()));
            } else if self.0.len() < MAX_LINE_BYTES {
                self.0.push(*byte);
            } else {
                return None;
            }
        }
        Some(events)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_survive_being_cut_anywhere() {
        let event = Event::Tickets { sequence: 7 };
        let text = format!(":\n\n{}", data_line(&event)).repeat(2);
        let mut lines = Lines::default();
        let received: Vec<_> = text
            .as_bytes()
            .chunks(3)
            .flat_map(|piece| lines.push(piece).unwrap())
            .collect();
        assert_eq!(received, [event.clone(), event]);
        assert_eq!(lines.push(b"data: {\"type\":\"news\"}\n"), Some(vec![]));
        assert_eq!(lines.push(&vec![b'x'; MAX_LINE_BYTES + 1]), None);
    }
}
