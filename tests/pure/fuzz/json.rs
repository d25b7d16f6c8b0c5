//! Frames of dcrd and dcrwallet: envelope, notifications, the result of each call.

use dcrstakepool::node::Notification;
use dcrstakepool::node::reading::{self, Reading};
use serde_json::Value;

use super::{Target, corpus};

pub struct Frames {
    /// Daemon, method and params of the call that each of the corpus answers.
    calls: Vec<(String, String, Value)>,
    corpus: Vec<Vec<u8>>,
}

impl Frames {
    pub fn new() -> Self {
        let frames = corpus::frames().into_iter();
        let (calls, corpus) = frames
            .map(|(daemon, method, params, frame)| ((daemon, method, params), frame))
            .unzip();
        Self { calls, corpus }
    }
}

impl Target for Frames {
    fn name(&self) -> &'static str {
        "json"
    }

    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn run(&self, seed: usize, input: &[u8]) -> bool {
        // A websocket takes no text that is not UTF-8.
        let Ok(text) = std::str::from_utf8(input) else {
            return false;
        };
        let (daemon, method, params) = &self.calls[seed];
        match reading::frame(daemon, method, params, text) {
            Reading::Garbage(reason) => {
                assert!(!reason.is_empty());
                false
            }
            Reading::Answer(Err(_)) => false,
            Reading::Notification(Notification::WinningTickets(winners)) => {
                assert!(winners.tickets.len() < text.len() / 64 + 1);
                true
            }
            _ => true,
        }
    }
}
