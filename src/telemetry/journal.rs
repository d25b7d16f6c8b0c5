//! Lines for systemd's journal, which takes the priority from the beginning of each.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd as _;
use std::os::unix::fs::MetadataExt as _;

use tracing::{Level, Metadata};
use tracing_subscriber::fmt::MakeWriter;

/// Whether standard error is what `JOURNAL_STREAM` names (`DEVICE:INODE`, systemd.exec(5)): whoever starts us may have
/// led it elsewhere.
pub fn is_at_stderr(stream: Option<&str>) -> bool {
    let Some(stream) = stream else {
        return false;
    };
    let named = io::stderr()
        .as_fd()
        .try_clone_to_owned()
        .and_then(|descriptor| File::from(descriptor).metadata());
    named.is_ok_and(|data| stream == format!("{}:{}", data.dev(), data.ino()))
}

/// What writes to `M`, with priorities.
#[derive(Debug, Clone)]
pub struct Prioritised<M>(pub M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Prioritised<M> {
    type Writer = Lines<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Lines {
            priority: priority(Level::INFO),
            out: self.0.make_writer(),
        }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Lines {
            priority: priority(*metadata.level()),
            out: self.0.make_writer_for(metadata),
        }
    }
}

/// As syslog(3) numbers them.
fn priority(level: Level) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO => 6,
        _ => 7,
    }
}

/// Whole lines of one priority.
#[derive(Debug)]
pub struct Lines<W> {
    priority: u8,
    out: W,
}

impl<W> Lines<W> {
    pub fn of_errors(out: W) -> Self {
        Self {
            priority: priority(Level::ERROR),
            out,
        }
    }
}

impl<W: Write> Write for Lines<W> {
    /// In one piece: others write to the same place.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut text = Vec::with_capacity(bytes.len().saturating_add(4));
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            write!(text, "<{}>", self.priority)?;
            text.extend_from_slice(line);
        }
        self.out.write_all(&text)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}
