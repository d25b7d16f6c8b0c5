//! The kinds of metrics, and how each is written in Prometheus' text format.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Whose page shows a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Voter,
    Web,
}

/// What a metric is called and means.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// With its unit at the end.
    pub name: &'static str,
    pub help: &'static str,
    pub roles: &'static [Role],
}

/// What the page needs of a metric, whatever its kind.
pub trait Metric: Sync {
    fn about(&self) -> &About;
    /// `counter`, `gauge` or `histogram`.
    fn kind(&self) -> &'static str;
    fn labels(&self) -> &'static [&'static str];
    /// Writes the lines of what was recorded; a `Gauge` has none.
    fn write(&self, page: &mut String);
}

/// Values of labels are words of the program itself: nothing from outside ever makes a new series.
type Words<const L: usize> = [&'static str; L];

/// Only goes up.
#[derive(Debug)]
pub struct Counter<const L: usize> {
    about: About,
    labels: &'static Words<L>,
    /// Shown as 0 before they are first counted.
    known: &'static [Words<L>],
    values: Mutex<BTreeMap<Words<L>, u64>>,
}

impl<const L: usize> Counter<L> {
    pub const fn new(about: About, labels: &'static Words<L>, known: &'static [Words<L>]) -> Self {
        Self {
            about,
            labels,
            known,
            values: Mutex::new(BTreeMap::new()),
        }
    }

    pub fn add(&self, words: Words<L>, count: u64) {
        let mut values = lock(&self.values);
        let value = values.entry(words).or_default();
        *value = value.saturating_add(count);
    }

    pub fn increment(&self, words: Words<L>) {
        self.add(words, 1);
    }

    pub fn value(&self, words: Words<L>) -> u64 {
        lock(&self.values).get(&words).copied().unwrap_or_default()
    }
}

impl<const L: usize> Metric for Counter<L> {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> &'static str {
        "counter"
    }

    fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    fn write(&self, page: &mut String) {
        let mut values = lock(&self.values).clone();
        for words in self.known {
            values.entry(*words).or_default();
        }
        for (words, value) in values {
            let labels = Labels::of(self.labels, &words);
            line(page, self.about.name, "", &labels, &value);
        }
    }
}

/// How long something took, in buckets.
#[derive(Debug)]
pub struct Histogram<const L: usize> {
    about: About,
    labels: &'static Words<L>,
    /// Shown as 0 before they are first recorded.
    known: &'static [Words<L>],
    /// Upper bounds of the buckets in microseconds, ascending; at most `BUCKETS`.
    bounds: &'static [u64],
    values: Mutex<BTreeMap<Words<L>, Times>>,
}

/// Most bounds that a histogram may have.
pub const BUCKETS: usize = 16;

#[derive(Debug, Clone, Copy, Default)]
struct Times {
    /// Per bucket, not added up.
    buckets: [u64; BUCKETS],
    count: u64,
    sum_us: u64,
}

impl<const L: usize> Histogram<L> {
    pub const fn new(
        about: About,
        labels: &'static Words<L>,
        known: &'static [Words<L>],
        bounds: &'static [u64],
    ) -> Self {
        Self {
            about,
            labels,
            known,
            bounds,
            values: Mutex::new(BTreeMap::new()),
        }
    }

    pub fn record(&self, words: Words<L>, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.record_micros(words, micros);
    }

    pub fn record_micros(&self, words: Words<L>, micros: u64) {
        let bucket = self.bounds.partition_point(|bound| *bound < micros);
        let mut values = lock(&self.values);
        let times = values.entry(words).or_default();
        if let Some(count) = times.buckets.get_mut(bucket) {
            *count = count.saturating_add(1);
        }
        times.count = times.count.saturating_add(1);
        times.sum_us = times.sum_us.saturating_add(micros);
    }

    /// How often it was recorded.
    pub fn count(&self, words: Words<L>) -> u64 {
        lock(&self.values)
            .get(&words)
            .map_or(0, |times| times.count)
    }
}

impl<const L: usize> Metric for Histogram<L> {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> &'static str {
        "histogram"
    }

    fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    fn write(&self, page: &mut String) {
        let mut values = lock(&self.values).clone();
        for words in self.known {
            values.entry(*words).or_default();
        }
        for (words, times) in values {
            let labels = Labels::of(self.labels, &words);
            let mut below = 0_u64;
            for (bound, count) in self.bounds.iter().zip(times.buckets) {
                below = below.saturating_add(count);
                let labels = labels.and("le", &Seconds(*bound).to_string());
                line(page, self.about.name, "_bucket", &labels, &below);
            }
            let all = labels.and("le", "+Inf");
            line(page, self.about.name, "_bucket", &all, &times.count);
            line(
                page,
                self.about.name,
                "_sum",
                &labels,
                &Seconds(times.sum_us),
            );
            line(page, self.about.name, "_count", &labels, &times.count);
        }
    }
}

/// Goes up and down: a declaration, whose values a role gives at each scrape.
#[derive(Debug)]
pub struct Gauge<const L: usize> {
    about: About,
    labels: &'static Words<L>,
}

/// A value of a gauge at a scrape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    pub(super) name: &'static str,
    pub(super) line: String,
}

impl Gauge<0> {
    pub fn is(&self, value: impl Into<i64>) -> Sample {
        self.of([], value)
    }

    /// A count; what is beyond `i64` does not happen.
    pub fn counts(&self, value: u64) -> Sample {
        self.is(i64::try_from(value).unwrap_or(i64::MAX))
    }
}

impl<const L: usize> Gauge<L> {
    pub const fn new(about: About, labels: &'static Words<L>) -> Self {
        Self { about, labels }
    }

    /// The value for one set of labels, in the order in which they were declared. Here alone words from outside
    /// may be labels: they come and go with what they name.
    pub fn of(&self, words: [&str; L], value: impl Into<i64>) -> Sample {
        let mut text = String::new();
        let labels = Labels::of(self.labels, &words);
        line(&mut text, self.about.name, "", &labels, &value.into());
        Sample {
            name: self.about.name,
            line: text,
        }
    }
}

impl<const L: usize> Metric for Gauge<L> {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> &'static str {
        "gauge"
    }

    fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    fn write(&self, _: &mut String) {}
}

/// When something happened last, in unix seconds; 0: not yet.
#[derive(Debug)]
pub struct Stamp {
    about: About,
    at: AtomicI64,
}

impl Stamp {
    pub const fn new(about: About) -> Self {
        Self {
            about,
            at: AtomicI64::new(0),
        }
    }

    pub fn set(&self, unix_seconds: i64) {
        self.at.store(unix_seconds, Ordering::Relaxed);
    }
}

impl Metric for Stamp {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> &'static str {
        "gauge"
    }

    fn labels(&self) -> &'static [&'static str] {
        &[]
    }

    fn write(&self, page: &mut String) {
        let at = self.at.load(Ordering::Relaxed);
        line(page, self.about.name, "", &Labels::default(), &at);
    }
}

/// Goes up and down, and is kept by the process: what no status tells. Absent until it is known.
#[derive(Debug)]
pub struct Level<const L: usize> {
    about: About,
    labels: &'static Words<L>,
    values: Mutex<BTreeMap<Words<L>, i64>>,
}

impl<const L: usize> Level<L> {
    pub const fn new(about: About, labels: &'static Words<L>) -> Self {
        Self {
            about,
            labels,
            values: Mutex::new(BTreeMap::new()),
        }
    }

    /// `None`: it is not known any more.
    pub fn set(&self, words: Words<L>, value: Option<i64>) {
        let mut values = lock(&self.values);
        match value {
            Some(value) => values.insert(words, value),
            None => values.remove(&words),
        };
    }
}

impl<const L: usize> Metric for Level<L> {
    fn about(&self) -> &About {
        &self.about
    }

    fn kind(&self) -> &'static str {
        "gauge"
    }

    fn labels(&self) -> &'static [&'static str] {
        self.labels
    }

    fn write(&self, page: &mut String) {
        for (words, value) in lock(&self.values).iter() {
            let labels = Labels::of(self.labels, words);
            line(page, self.about.name, "", &labels, value);
        }
    }
}

/// Microseconds, written as seconds.
struct Seconds(u64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, micros) = (self.0 / 1_000_000, self.0 % 1_000_000);
        if micros == 0 {
            return write!(f, "{whole}");
        }
        let decimals = format!("{micros:06}");
        write!(f, "{whole}.{}", decimals.trim_end_matches('0'))
    }
}

/// Labels with their values, without the braces.
#[derive(Debug, Clone, Default)]
struct Labels(String);

impl Labels {
    fn of(names: &[&str], words: &[&str]) -> Self {
        names
            .iter()
            .zip(words)
            .fold(Self::default(), |labels, (name, word)| {
                labels.and(name, word)
            })
    }

    #[must_use]
    fn and(&self, name: &str, word: &str) -> Self {
        let mut text = self.0.clone();
        if !text.is_empty() {
            text.push(',');
        }
        let _ = write!(text, "{name}=\"{}\"", escaped(word));
        Self(text)
    }
}

fn escaped(word: &str) -> String {
    word.replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

fn line(page: &mut String, name: &str, suffix: &str, labels: &Labels, value: &dyn fmt::Display) {
    let labels = &labels.0;
    let _ = if labels.is_empty() {
        writeln!(page, "{name}{suffix} {value}")
    } else {
        writeln!(page, "{name}{suffix}{{{labels}}} {value}")
    };
}

/// No code panics while it holds one of these locks.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABOUT: About = About {
        name: "test_total",
        help: "",
        roles: &[Role::Web],
    };

    fn text(metric: &dyn Metric) -> String {
        let mut page = String::new();
        metric.write(&mut page);
        page
    }

    #[test]
    fn a_counter_shows_what_it_may_count_before_it_did() {
        let counter = Counter::new(ABOUT, &["kind"], &[["good"], ["bad"]]);
        counter.increment(["bad"]);
        counter.add(["other"], 2);
        let expected = "test_total{kind=\"bad\"} 1\ntest_total{kind=\"good\"} 0\n\
                        test_total{kind=\"other\"} 2\n";
        assert_eq!(text(&counter), expected);
        assert_eq!(counter.value(["bad"]), 1);
    }

    #[test]
    fn a_histogram_adds_its_buckets_up() {
        let histogram = Histogram::new(ABOUT, &["step"], &[], &[1_000, 20_000]);
        for micros in [1_000, 1_001, 999, 5_000_000] {
            histogram.record(["sent"], Duration::from_micros(micros));
        }
        let expected = "test_total_bucket{step=\"sent\",le=\"0.001\"} 2\n\
                        test_total_bucket{step=\"sent\",le=\"0.02\"} 3\n\
                        test_total_bucket{step=\"sent\",le=\"+Inf\"} 4\n\
                        test_total_sum{step=\"sent\"} 5.003\n\
                        test_total_count{step=\"sent\"} 4\n";
        assert_eq!(text(&histogram), expected);
    }

    #[test]
    fn a_gauge_is_what_it_is_told_and_labels_cannot_break_out() {
        let gauge = Gauge::new(ABOUT, &["voter"]);
        let sample = gauge.of(["a\"b\\c\nd"], -3);
        assert_eq!(sample.line, "test_total{voter=\"a\\\"b\\\\c\\nd\"} -3\n");
        let plain = Gauge::new(ABOUT, &[]).is(true);
        assert_eq!(plain.line, "test_total 1\n");
    }

    #[test]
    fn a_level_is_absent_while_it_is_not_known() {
        let level = Level::new(ABOUT, &["kind"]);
        assert_eq!(text(&level), "");
        level.set(["a"], Some(3));
        level.set(["b"], Some(-1));
        level.set(["a"], Some(4));
        assert_eq!(
            text(&level),
            "test_total{kind=\"a\"} 4\ntest_total{kind=\"b\"} -1\n"
        );
        level.set(["a"], None);
        assert_eq!(text(&level), "test_total{kind=\"b\"} -1\n");
    }

    #[test]
    fn seconds_have_no_zeros_at_their_end() {
        let text = |micros| Seconds(micros).to_string();
        assert_eq!(text(0), "0");
        assert_eq!(text(250), "0.00025");
        assert_eq!(text(2_500_000), "2.5");
        assert_eq!(text(10_000_000), "10");
    }
}
