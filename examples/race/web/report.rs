//! What was found, for people and as JSON.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Setting;
use super::load::Load;

/// A page beside its limit.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Page {
    rps: f64,
    limit_rps: f64,
    ratio: f64,
    p50_ms: f64,
    p99_ms: f64,
    bytes: usize,
}

/// `/stats` while many sign in.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Burst {
    p99_ms_before: f64,
    p99_ms_during: f64,
}

/// Megabytes of resident memory.
#[derive(Debug, Clone, Copy, Serialize)]
struct Memory {
    idle: f64,
    load: f64,
}

type Pages = BTreeMap<&'static str, Page>;

#[derive(Debug, Clone, Serialize)]
pub struct Run {
    database: String,
    users: u32,
    sessions: u32,
    tickets: u32,
    other_tickets: u32,
    pages: Pages,
    rss_mb: Memory,
    sign_in_burst: Burst,
}

/// The last line of `--json`: the first pool, and the others.
#[derive(Debug, Serialize)]
pub struct Summary {
    pages: Pages,
    rss_mb: Memory,
    sign_in_burst: Burst,
    runs: Vec<Run>,
}

impl Page {
    pub fn of(ours: &Load, limit: &Load, bytes: usize) -> Self {
        Self {
            rps: ours.per_second.round(),
            limit_rps: limit.per_second.round(),
            ratio: hundredths(ours.per_second / limit.per_second),
            p50_ms: hundredths(ours.p50_ms),
            p99_ms: hundredths(ours.p99_ms),
            bytes,
        }
    }
}

impl Burst {
    pub fn of(before: &Load, during: &Load) -> Self {
        Self {
            p99_ms_before: hundredths(before.p99_ms),
            p99_ms_during: hundredths(during.p99_ms),
        }
    }
}

impl fmt::Display for Burst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "/stats p99 {} ms, {} ms while 50 people sign in",
            self.p99_ms_before, self.p99_ms_during
        )
    }
}

impl Run {
    pub fn of(
        setting: Setting,
        pages: Vec<(&'static str, Page)>,
        (idle, load): (f64, f64),
        sign_in_burst: Burst,
    ) -> Self {
        Self {
            database: setting.database.to_string(),
            users: setting.users,
            sessions: setting.sessions,
            tickets: setting.tickets,
            other_tickets: setting.other_tickets,
            pages: pages.into_iter().collect(),
            rss_mb: Memory {
                idle: hundredths(idle),
                load: hundredths(load),
            },
            sign_in_burst,
        }
    }
}

impl Summary {
    pub fn of(first: Run, runs: Vec<Run>) -> Self {
        Self {
            pages: first.pages,
            rss_mb: first.rss_mb,
            sign_in_burst: first.sign_in_burst,
            runs,
        }
    }
}

pub fn tell(path: &str, page: &Page) {
    println!(
        "{path:26} {:8.0} of {:8.0} requests/s ({:.2})   p50 {:6.2} ms   p99 {:6.2} ms   {:7} bytes",
        page.rps, page.limit_rps, page.ratio, page.p50_ms, page.p99_ms, page.bytes
    );
}

fn hundredths(number: f64) -> f64 {
    (number * 100.0).round() / 100.0
}
