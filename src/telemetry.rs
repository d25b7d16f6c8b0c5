//! The log: format, filter, and what no filter may show.
//!
//! Crates that this program uses print frames, headers and statements (keys, tokens, passwords) below
//! the level info. They are clamped here: whatever the filter says, of anything but our own code only
//! info, warnings and errors are shown.
//!
//! Where systemd has connected standard error with its journal, each line begins with its priority (sd-daemon(3)):
//! `journalctl -p warning` shows what it should.

mod journal;

use std::fmt;
use std::io::Write as _;

use tracing::level_filters::LevelFilter;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, FilterFn, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt as _};
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Registry, fmt as format};

use crate::config::log::parse_filter;
use crate::config::{LogConfig, LogFormat, Sources};
use journal::Prioritised;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("log filter {filter:?} cannot be used: {reason}")]
    Filter { filter: String, reason: String },
    #[error("logging is set up already")]
    AlreadyStarted,
    #[error("logging has ended")]
    Ended,
}

/// Keeps the filter changeable while the role runs.
#[derive(Clone)]
pub struct Telemetry {
    filter: reload::Handle<EnvFilter, Registry>,
}

impl fmt::Debug for Telemetry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Telemetry")
    }
}

/// Starts logging to standard error; `RUST_LOG` wins over the configured filter. Called once, by a
/// role.
///
/// # Errors
/// When a subscriber is there already, or the filter is none.
pub fn start(log: &LogConfig, sources: &Sources) -> Result<Telemetry, Error> {
    let filter = parse(sources.rust_log().unwrap_or(&log.filter))?;
    let (filter, handle) = reload::Layer::new(filter);
    let lines = if journal::is_at_stderr(sources.journal_stream()) {
        lines(log.format, Prioritised(std::io::stderr))
    } else {
        lines(log.format, std::io::stderr)
    };
    tracing_subscriber::registry()
        .with(lines.with_filter(filter.and(clamp())))
        .try_init()
        .map_err(|_| Error::AlreadyStarted)?;
    Ok(Telemetry { filter: handle })
}

/// Writes why the process ends to standard error, also when logging did not start: bare for people, an error in the
/// journal.
pub fn say_last(text: &str) {
    let stream = std::env::var("JOURNAL_STREAM").ok();
    let line = format!("{text}\n");
    let stderr = std::io::stderr();
    // Nobody is left who could be told of a failure.
    let _ = if journal::is_at_stderr(stream.as_deref()) {
        journal::Lines::of_errors(stderr).write_all(line.as_bytes())
    } else {
        (&stderr).write_all(line.as_bytes())
    };
}

impl Telemetry {
    /// Puts another filter in place, as SIGHUP asks.
    ///
    /// # Errors
    /// When it is none; the old one stays.
    pub fn set_filter(&self, filter: &str) -> Result<(), Error> {
        let filter = parse(filter)?;
        self.filter.reload(filter).map_err(|_| Error::Ended)
    }
}

fn parse(filter: &str) -> Result<EnvFilter, Error> {
    parse_filter(filter).map_err(|reason| Error::Filter {
        filter: filter.to_owned(),
        reason,
    })
}

/// Our own code at any level, all other code at info at most.
fn clamp() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata| {
        let target = metadata.target();
        let own = target
            .strip_prefix(env!("CARGO_CRATE_NAME"))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        own || *metadata.level() <= LevelFilter::INFO
    })
}

type Lines<S> = Box<dyn Layer<S> + Send + Sync>;

fn lines<S, W>(format: LogFormat, writer: W) -> Lines<S>
where
    S: Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a> + Send + Sync,
    W: for<'a> format::MakeWriter<'a> + Send + Sync + 'static,
{
    match format {
        LogFormat::Json => format::layer().json().with_writer(writer).boxed(),
        LogFormat::Text => {
            use std::io::IsTerminal as _;
            format::layer()
                .with_ansi(std::io::stderr().is_terminal())
                .with_writer(writer)
                .boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_line_for_the_journal_begins_with_its_priority() {
        let captured = Captured::default();
        let sink = captured.clone();
        let layer = lines(LogFormat::Text, Prioritised(move || sink.clone()));
        let subscriber = tracing_subscriber::registry().with(layer);
        tracing::subscriber::with_default(subscriber, || {
            tracing::error!("first\nsecond");
            tracing::warn!("third");
            tracing::info!("fourth");
            tracing::debug!("fifth");
        });
        let bytes = captured.0.lock().unwrap().clone();
        let log = String::from_utf8(bytes).unwrap();
        let starts: Vec<_> = log.lines().map(|line| &line[..3]).collect();
        assert_eq!(starts, ["<3>", "<3>", "<4>", "<6>", "<7>"], "{log}");
        assert!(log.contains("<3>second\n"), "{log}");
    }

    fn logged(filter: &str, act: impl FnOnce()) -> String {
        let captured = Captured::default();
        let sink = captured.clone();
        let (filter, _handle) = reload::Layer::new(parse(filter).unwrap());
        let layer = lines(LogFormat::Text, move || sink.clone());
        let subscriber =
            tracing_subscriber::registry().with(layer.with_filter(filter.and(clamp())));
        tracing::subscriber::with_default(subscriber, act);
        let bytes = captured.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn no_filter_shows_what_other_crates_say_below_info() {
        let log = logged("trace,tungstenite=trace", || {
            tracing::trace!(target: "tungstenite::protocol", "frame with hunter2");
            tracing::debug!(target: "hyper::proto", "header hunter2");
            tracing::debug!(target: "dcrstakepool_like", "hunter2");
            tracing::info!(target: "rustls", "harmless");
            tracing::trace!("own");
        });
        assert!(!log.contains("hunter2"), "{log}");
        assert!(log.contains("harmless") && log.contains("own"), "{log}");
    }

    #[test]
    fn the_filter_decides_about_our_own_code() {
        let log = logged("warn", || {
            tracing::info!("quiet");
            tracing::warn!("loud");
        });
        assert!(!log.contains("quiet") && log.contains("loud"), "{log}");
        assert!(parse("info,dcrstakepool=loud=x").is_err());
    }
}
