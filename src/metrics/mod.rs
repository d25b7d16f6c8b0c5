//! Numbers for Prometheus: what both roles count and time, and the page on which they are read.
//!
//! Every metric is declared once, in `catalogue`, with its name, its meaning and its labels; `docs/metrics.md`
//! is compared with it by a test. Counters and histograms are filled where things happen; gauges are
//! not kept at all: they are made from a role's own status at each scrape, so that they never tell
//! anything else than `/status` does (but for the few levels, which no status has). Recording waits for nobody and allocates (almost) nothing.

pub mod catalogue;
mod family;
mod page;
pub mod server;

pub use family::{About, Counter, Gauge, Histogram, Level, Metric, Role, Sample, Stamp};
pub use page::{Scraped, page, table};
