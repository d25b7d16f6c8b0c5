//! The first line of a state file: what it is, of which network and pool, and the checksum of what follows.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::Path;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::Kind;
use crate::decred::hash::blake256;
use crate::decred::params::Network;
use crate::domain::PoolId;

/// What this program writes.
const FORMAT: u32 = 2;
/// And what it reads beside: tickets at length, checksums by BLAKE-256.
const FORMER: u32 = 1;

/// Of the first line of a whole file, which is filled up with spaces.
pub(super) const LINE_BYTES: usize = 320;
/// A file whose first line is longer is none of ours.
const LONGEST_LINE: u64 = 4096;

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Line {
    format: u32,
    kind: Kind,
    pub(super) network: Network,
    pub(super) pool_id: Option<PoolId>,
    /// Of the content.
    pub(super) bytes: usize,
    /// SHA-256 hex of the content.
    pub(super) checksum: String,
    /// The checksum of what this was added to: of the record before, or of the whole file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) added_to: Option<String>,
}

/// Why a file is passed over.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("it is not a state file of this program")]
    Shape,
    #[error("it is of format {0}, this program reads {FORMAT}")]
    Format(u32),
    #[error("it is of {0}")]
    Network(Network),
    #[error("it is cut off or was changed: its checksum is wrong")]
    Checksum,
    #[error("its content: {0}")]
    Content(#[from] serde_json::Error),
}

impl Line {
    pub(super) fn new(
        kind: Kind,
        network: Network,
        pool_id: Option<PoolId>,
        bytes: usize,
        checksum: String,
    ) -> Self {
        Self {
            format: FORMAT,
            kind,
            network,
            pool_id,
            bytes,
            checksum,
            added_to: None,
        }
    }

    /// As it is written, with its end.
    pub(super) fn written(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// The same in exactly as many bytes as were left free for it.
    pub(super) fn padded(&self) -> serde_json::Result<Vec<u8>> {
        let mut line = serde_json::to_vec(self)?;
        line.resize(LINE_BYTES - 1, b' ');
        line.push(b'\n');
        Ok(line)
    }

    /// Whether it is what is looked for.
    pub(super) fn expect(&self, kind: Kind, network: Network) -> Result<(), Unreadable> {
        if self.format != FORMAT && self.format != FORMER {
            Err(Unreadable::Format(self.format))
        } else if self.kind != kind {
            Err(Unreadable::Shape)
        } else if self.network != network {
            Err(Unreadable::Network(self.network))
        } else {
            Ok(())
        }
    }

    fn is_sum_of(&self, content: &[u8]) -> bool {
        let sum = match self.format {
            FORMER => hex::encode(blake256(content)),
            _ => sum(content),
        };
        content.len() == self.bytes && sum == self.checksum
    }

    /// What follows it says, if it is what was written.
    pub(super) fn read<T: DeserializeOwned>(&self, content: &[u8]) -> Result<T, Unreadable> {
        if !self.is_sum_of(content) {
            return Err(Unreadable::Checksum);
        }
        Ok(serde_json::from_slice(content)?)
    }
}

/// The content of a whole file. Its text is in memory meanwhile: what reads JSON byte by byte from a stream takes
/// twice as long, and a voter that starts does not vote yet.
pub(super) fn read_file<T: DeserializeOwned>(
    path: &Path,
    kind: Kind,
    network: Network,
) -> Result<(Line, T), Unreadable> {
    let mut file = BufReader::new(File::open(path)?);
    let mut first = Vec::with_capacity(LINE_BYTES);
    (&mut file)
        .take(LONGEST_LINE)
        .read_until(b'\n', &mut first)?;
    let (line, _) = split(&first).ok_or(Unreadable::Shape)?;
    line.expect(kind, network)?;
    let mut content = Vec::new();
    // What is longer than it says is not read to its end: its checksum is wrong anyway.
    let longest = u64::try_from(line.bytes).unwrap_or(u64::MAX);
    file.take(longest.saturating_add(1))
        .read_to_end(&mut content)?;
    let content = line.read(&content)?;
    Ok((line, content))
}

pub(super) fn sum(content: &[u8]) -> String {
    hex::encode(Sha256::digest(content))
}

/// What a file with this content begins with, the line's end included.
pub fn first_line(
    kind: Kind,
    network: Network,
    pool_id: Option<PoolId>,
    content: &[u8],
) -> serde_json::Result<Vec<u8>> {
    Line::new(kind, network, pool_id, content.len(), sum(content)).written()
}

/// The content of a whole file that was read, if it is what it should be.
pub fn open<T: DeserializeOwned>(
    file: &[u8],
    kind: Kind,
    network: Network,
) -> Result<(Option<PoolId>, T), Unreadable> {
    let (line, content) = split(file).ok_or(Unreadable::Shape)?;
    line.expect(kind, network)?;
    Ok((line.pool_id, line.read(content)?))
}

/// The first line, and what follows it.
pub(super) fn split(file: &[u8]) -> Option<(Line, &[u8])> {
    let end = file.iter().position(|byte| *byte == b'\n')?;
    let (line, rest) = file.split_at_checked(end)?;
    Some((
        serde_json::from_slice(line).ok()?,
        rest.strip_prefix(b"\n")?,
    ))
}

/// Sums up what it passes on.
#[derive(Debug)]
pub(super) struct Summed<W> {
    to: W,
    bytes: usize,
    sum: Sha256,
}

impl<W: Write> Summed<W> {
    pub(super) fn new(to: W) -> Self {
        Self {
            to,
            bytes: 0,
            sum: Sha256::new(),
        }
    }

    /// Bytes and checksum of all.
    pub(super) fn finish(mut self) -> io::Result<(usize, String)> {
        self.to.flush()?;
        Ok((self.bytes, hex::encode(self.sum.finalize())))
    }
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.to.write(bytes)?;
        self.sum.update(bytes.get(..written).unwrap_or_default());
        self.bytes = self.bytes.saturating_add(written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}
