//! Files of `data_dir`: each a line that says what it is, then the content; written beside, synced and
//! renamed, the last generations kept. What cannot be read is passed over, never a crash.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::decred::hash::blake256;
use crate::decred::params::Network;
use crate::domain::PoolId;

/// What this program writes and reads.
const FORMAT: u32 = 1;

/// Files of one kind that are kept: the newest and those before it.
const GENERATIONS: u32 = 3;

/// The parts of the state, each in a file of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Scripts,
    Preferences,
    Tickets,
}

impl Kind {
    pub const ALL: [Kind; 3] = [Kind::Scripts, Kind::Preferences, Kind::Tickets];

    /// Of its file, and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Scripts => "scripts",
            Kind::Preferences => "preferences",
            Kind::Tickets => "tickets",
        }
    }
}

/// The first line of a file.
#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    kind: Kind,
    network: Network,
    pool_id: Option<PoolId>,
    /// Bytes of the content.
    bytes: usize,
    /// BLAKE-256 hex of the content.
    checksum: String,
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

/// The folder, held by one process at a time.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    network: Network,
    /// `None` for who only looks.
    _lock: Option<File>,
}

/// What was found, and what had to be passed over on the way.
#[derive(Debug)]
pub struct Loaded<T> {
    pub content: Option<(Option<PoolId>, T)>,
    pub warnings: Vec<String>,
}

impl Disk {
    /// Makes the folder if it is missing and locks it against a second voter.
    pub fn open(dir: &Path, network: Network) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let lock = File::create(dir.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            fs::TryLockError::WouldBlock => {
                io::Error::new(io::ErrorKind::WouldBlock, "another voter uses this folder")
            }
            fs::TryLockError::Error(error) => error,
        })?;
        Ok(Self {
            dir: dir.to_owned(),
            network,
            _lock: Some(lock),
        })
    }

    /// To read beside the voter that holds the folder: each file is replaced whole.
    pub fn look(dir: &Path, network: Network) -> Self {
        Self {
            dir: dir.to_owned(),
            network,
            _lock: None,
        }
    }

    fn path(&self, kind: Kind, generation: u32) -> PathBuf {
        let name = kind.name();
        self.dir.join(match generation {
            0 => format!("{name}.state"),
            older => format!("{name}.state.{older}"),
        })
    }

    /// Puts `content` in place of the newest file, whole or not at all. Blocking.
    pub fn save(
        &self,
        kind: Kind,
        pool_id: Option<PoolId>,
        content: &impl Serialize,
    ) -> io::Result<()> {
        let content = serde_json::to_vec(content)?;
        let line = first_line(kind, self.network, pool_id, &content)?;
        let temporary = self.dir.join(format!("{}.state.new", kind.name()));
        let mut file = File::create(&temporary)?;
        file.write_all(&line)?;
        file.write_all(&content)?;
        file.sync_all()?;
        for generation in (1..GENERATIONS).rev() {
            // An older generation that cannot be kept (someone's folder is in its place) is no reason not
            // to write the newest.
            let newer = self.path(kind, generation - 1);
            match fs::rename(newer, self.path(kind, generation)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(part = kind.name(), generation, %error, "an older state is not kept");
                }
                _ => {}
            }
        }
        fs::rename(&temporary, self.path(kind, 0))?;
        File::open(&self.dir)?.sync_all()
    }

    /// The newest readable generation. Blocking.
    pub fn load<T: DeserializeOwned>(&self, kind: Kind) -> Loaded<T> {
        let mut warnings = Vec::new();
        for generation in 0..GENERATIONS {
            let path = self.path(kind, generation);
            let read = fs::read(&path).map_err(Unreadable::from);
            match read.and_then(|file| open(&file, kind, self.network)) {
                Ok(content) => {
                    return Loaded {
                        content: Some(content),
                        warnings,
                    };
                }
                Err(Unreadable::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => warnings.push(format!("{} is not used: {error}", path.display())),
            }
        }
        Loaded {
            content: None,
            warnings,
        }
    }
}

/// What a file with this content begins with, the line's end included.
pub fn first_line(
    kind: Kind,
    network: Network,
    pool_id: Option<PoolId>,
    content: &[u8],
) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(&Header {
        format: FORMAT,
        kind,
        network,
        pool_id,
        bytes: content.len(),
        checksum: hex::encode(blake256(content)),
    })?;
    line.push(b'\n');
    Ok(line)
}

/// The content of a whole file that was read, if it is what it should be.
pub fn open<T: DeserializeOwned>(
    file: &[u8],
    kind: Kind,
    network: Network,
) -> Result<(Option<PoolId>, T), Unreadable> {
    let end = file.iter().position(|byte| *byte == b'\n');
    let (header, rest) = file.split_at(end.ok_or(Unreadable::Shape)?);
    let content = rest.strip_prefix(b"\n").ok_or(Unreadable::Shape)?;
    let header: Header = serde_json::from_slice(header).map_err(|_| Unreadable::Shape)?;
    if header.format != FORMAT {
        return Err(Unreadable::Format(header.format));
    }
    if header.kind != kind {
        return Err(Unreadable::Shape);
    }
    if header.network != network {
        return Err(Unreadable::Network(header.network));
    }
    if content.len() != header.bytes || hex::encode(blake256(content)) != header.checksum {
        return Err(Unreadable::Checksum);
    }
    Ok((header.pool_id, serde_json::from_slice(content)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder() -> (tempfile::TempDir, Disk) {
        let folder = tempfile::tempdir().unwrap();
        let disk = Disk::open(&folder.path().join("data"), Network::Simnet).unwrap();
        (folder, disk)
    }

    fn newest(disk: &Disk) -> PathBuf {
        disk.path(Kind::Scripts, 0)
    }

    fn load(disk: &Disk) -> Loaded<Vec<u32>> {
        disk.load(Kind::Scripts)
    }

    #[test]
    fn what_is_saved_is_read_back() {
        let (_folder, disk) = folder();
        assert!(load(&disk).content.is_none());
        let pool = Some(PoolId(uuid::Uuid::from_u128(7)));
        disk.save(Kind::Scripts, pool, &[1, 2, 3]).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.content, Some((pool, vec![1, 2, 3])));
        assert!(loaded.warnings.is_empty());
    }

    #[test]
    fn a_corrupt_file_gives_way_to_the_one_before() {
        let (_folder, disk) = folder();
        for value in 1..=4 {
            disk.save(Kind::Scripts, None, &[value]).unwrap();
        }
        let mut bytes = fs::read(newest(&disk)).unwrap();
        let last = bytes.len() - 2;
        bytes[last] ^= 1;
        fs::write(newest(&disk), &bytes).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.content, Some((None, vec![3])));
        assert!(loaded.warnings[0].contains("checksum"));

        bytes.truncate(10);
        fs::write(newest(&disk), &bytes).unwrap();
        fs::write(disk.path(Kind::Scripts, 1), b"").unwrap();
        assert_eq!(load(&disk).content, Some((None, vec![2])));

        fs::remove_file(disk.path(Kind::Scripts, 2)).unwrap();
        let loaded = load(&disk);
        assert!(loaded.content.is_none());
        assert_eq!(loaded.warnings.len(), 2);
    }

    #[test]
    fn files_of_another_network_format_or_kind_are_passed_over() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        let text = fs::read_to_string(newest(&disk)).unwrap();
        for (from, to) in [
            ("\"format\":1", "\"format\":2"),
            ("simnet", "mainnet"),
            ("\"kind\":\"scripts\"", "\"kind\":\"tickets\""),
        ] {
            assert!(text.contains(from));
            fs::write(newest(&disk), text.replace(from, to)).unwrap();
            assert!(load(&disk).content.is_none(), "{to}");
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_is_noticed() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[7, 8, 9]).unwrap();
        let whole = fs::read(newest(&disk)).unwrap();
        for at in 0..whole.len() {
            for bit in 0..8 {
                let mut bytes = whole.clone();
                bytes[at] ^= 1 << bit;
                fs::write(newest(&disk), &bytes).unwrap();
                let loaded = load(&disk);
                // Hex and the names of fields are read leniently where the meaning is the same.
                let same = loaded.content == Some((None, vec![7, 8, 9]));
                assert!(loaded.content.is_none() || same, "byte {at}, bit {bit}");
                assert_eq!(loaded.warnings.len(), usize::from(!same));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_or_is_no_file_gives_way_and_is_written_anew() {
        let (_folder, disk) = folder();
        for value in 1..=2 {
            disk.save(Kind::Scripts, None, &[value]).unwrap();
        }
        fs::remove_file(newest(&disk)).unwrap();
        fs::create_dir(newest(&disk)).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.content, Some((None, vec![1])));
        assert_eq!(loaded.warnings.len(), 1);
        for value in 3..=6 {
            disk.save(Kind::Scripts, None, &[value]).unwrap();
            assert_eq!(load(&disk).content, Some((None, vec![value])));
        }
    }

    #[test]
    fn a_file_that_may_not_be_read_gives_way() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        // A loop of links: nobody can read it, root neither.
        fs::rename(newest(&disk), disk.path(Kind::Scripts, 1)).unwrap();
        std::os::unix::fs::symlink("scripts.state", newest(&disk)).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.content, Some((None, vec![1])));
        assert_eq!(loaded.warnings.len(), 1);
    }

    #[test]
    fn a_crash_between_the_renames_loses_nothing() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        fs::rename(newest(&disk), disk.path(Kind::Scripts, 1)).unwrap();
        assert_eq!(load(&disk).content, Some((None, vec![1])));
    }

    #[test]
    fn a_second_voter_is_kept_out() {
        let (folder, _disk) = folder();
        assert!(Disk::open(&folder.path().join("data"), Network::Simnet).is_err());
    }
}
