//! What clients were told, counted.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug)]
pub struct Tally(Mutex<Counts>);

#[derive(Debug, Clone)]
pub struct Counts {
    pub accepted: BTreeMap<&'static str, usize>,
    /// 503 pages, and the API's word for the same.
    pub refused: usize,
    /// Mails that did not come soon.
    pub sent_again: usize,
    /// Connections that ended without an answer.
    pub cut: usize,
    /// Answers that nobody should get.
    pub wrong: Vec<String>,
    /// Between two changes that were accepted, whoever made them.
    pub longest_gap: Duration,
    last: Instant,
}

impl Tally {
    pub fn new() -> Self {
        Self(Mutex::new(Counts {
            accepted: BTreeMap::new(),
            refused: 0,
            sent_again: 0,
            cut: 0,
            wrong: Vec::new(),
            longest_gap: Duration::ZERO,
            last: Instant::now(),
        }))
    }

    pub fn now(&self) -> Counts {
        self.counts().clone()
    }

    pub fn accepted(&self, what: &'static str) {
        let mut counts = self.counts();
        *counts.accepted.entry(what).or_default() += 1;
        counts.longest_gap = counts.longest_gap.max(counts.last.elapsed());
        counts.last = Instant::now();
    }

    pub fn refused(&self) {
        self.counts().refused += 1;
    }

    pub fn sent_again(&self) {
        self.counts().sent_again += 1;
    }

    pub fn cut(&self) {
        self.counts().cut += 1;
    }

    pub fn wrong(&self, answer: String) {
        self.counts().wrong.push(answer);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counts {
    pub fn all_accepted(&self) -> usize {
        self.accepted.values().sum()
    }

    pub fn requests(&self) -> usize {
        self.all_accepted() + self.refused + self.cut + self.wrong.len()
    }
}
