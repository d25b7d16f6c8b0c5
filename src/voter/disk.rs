//! Files of `data_dir`: each a line that says what it is, then the content; written beside, synced and
//! renamed, the last generations kept. Behind the newest lies a second file, to which changes are added, so
//! that a change costs what it is and not what there is. What cannot be read is passed over, never a crash.

mod added;
mod line;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use line::{Unreadable, first_line, open};

use crate::decred::params::Network;
use crate::domain::PoolId;
use line::{LINE_BYTES, Line, Summed};

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

/// The folder, held by one process at a time.
#[derive(Debug)]
pub struct Disk {
    dir: PathBuf,
    network: Network,
    /// Where changes of a part go: there is a whole file of it that this process wrote, and nothing
    /// after it failed.
    ends: Mutex<BTreeMap<Kind, End>>,
    /// `None` for who only looks.
    _lock: Option<File>,
}

/// The end of what is on disk of a part.
#[derive(Debug)]
struct End {
    /// Checksum of what was written last, the whole file or a record: the next record belongs behind it.
    last: String,
    /// What was added to the whole file, once something was.
    added: Option<File>,
}

/// What was found, and what had to be passed over on the way.
#[derive(Debug)]
pub struct Loaded<T> {
    pub content: Option<(Option<PoolId>, T)>,
    /// What was added to it, in this order.
    pub added: Vec<T>,
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
            _lock: Some(lock),
            ..Self::look(dir, network)
        })
    }

    /// To read beside the voter that holds the folder: each file is replaced whole.
    pub fn look(dir: &Path, network: Network) -> Self {
        Self {
            dir: dir.to_owned(),
            network,
            ends: Mutex::default(),
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

    /// Of what was added to the whole file.
    fn path_added(&self, kind: Kind, generation: u32) -> PathBuf {
        let mut path = self.path(kind, generation).into_os_string();
        path.push(".added");
        path.into()
    }

    fn ends(&self) -> MutexGuard<'_, BTreeMap<Kind, End>> {
        self.ends.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts `content` in place of the newest file, whole or not at all. Blocking.
    pub fn save(
        &self,
        kind: Kind,
        pool_id: Option<PoolId>,
        content: &impl Serialize,
    ) -> io::Result<()> {
        self.ends().remove(&kind);
        let temporary = self.dir.join(format!("{}.state.new", kind.name()));
        let last = self.write(&temporary, kind, pool_id, content)?;
        for generation in (1..GENERATIONS).rev() {
            let newer = generation - 1;
            // Each is told by its checksum which whole file it belongs to, wherever a crash leaves it.
            keep(
                &self.path_added(kind, newer),
                &self.path_added(kind, generation),
            );
            keep(&self.path(kind, newer), &self.path(kind, generation));
        }
        fs::rename(&temporary, self.path(kind, 0))?;
        File::open(&self.dir)?.sync_all()?;
        let end = End { last, added: None };
        self.ends().insert(kind, end);
        Ok(())
    }

    /// Writes a whole file part by part, without having it all in memory, and gives its checksum.
    fn write(
        &self,
        path: &Path,
        kind: Kind,
        pool_id: Option<PoolId>,
        content: &impl Serialize,
    ) -> io::Result<String> {
        let mut file = File::create(path)?;
        // The first line is known when the rest is written.
        file.write_all(&[b' '; LINE_BYTES])?;
        let mut summed = Summed::new(BufWriter::with_capacity(1 << 16, &file));
        serde_json::to_writer(&mut summed, content)?;
        let (bytes, checksum) = summed.finish()?;
        let line = Line::new(kind, self.network, pool_id, bytes, checksum);
        file.seek(SeekFrom::Start(0))?;
        file.write_all(&line.padded()?)?;
        file.sync_all()?;
        Ok(line.checksum)
    }

    /// Adds changes behind the whole file that this process wrote last. After a failure nothing can be added
    /// until the whole was saved: later changes may rest on those that are missing. Blocking.
    pub fn add(
        &self,
        kind: Kind,
        pool_id: Option<PoolId>,
        content: &impl Serialize,
    ) -> io::Result<()> {
        let end = self.ends().remove(&kind);
        let mut end = end.ok_or_else(|| io::Error::other("there is nothing to add this to"))?;
        let (record, checksum) = added::record(kind, self.network, pool_id, &end.last, content)?;
        let mut file = if let Some(file) = end.added.take() {
            file
        } else {
            let file = File::create(self.path_added(kind, 0))?;
            File::open(&self.dir)?.sync_all()?;
            file
        };
        file.write_all(&record)?;
        file.sync_data()?;
        end.added = Some(file);
        end.last = checksum;
        self.ends().insert(kind, end);
        Ok(())
    }

    /// The newest readable generation. Blocking.
    pub fn load<T: DeserializeOwned>(&self, kind: Kind) -> Loaded<T> {
        let mut warnings = Vec::new();
        for generation in 0..GENERATIONS {
            let path = self.path(kind, generation);
            match line::read_file(&path, kind, self.network) {
                Ok((line, content)) => {
                    return Loaded {
                        added: self.load_added(kind, generation, &line, &mut warnings),
                        content: Some((line.pool_id, content)),
                        warnings,
                    };
                }
                Err(Unreadable::Io(error)) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => warnings.push(format!("{} is not used: {error}", path.display())),
            }
        }
        Loaded {
            content: None,
            added: Vec::new(),
            warnings,
        }
    }

    /// What was added to the file with this first line. It may lie beside another generation's, if the
    /// voter was killed while it renamed them.
    fn load_added<T: DeserializeOwned>(
        &self,
        kind: Kind,
        generation: u32,
        whole: &Line,
        warnings: &mut Vec<String>,
    ) -> Vec<T> {
        for place in 0..GENERATIONS {
            let path = self.path_added(kind, place);
            let Ok(file) = fs::read(&path) else { continue };
            if !added::belongs_to(&file, &whole.checksum) {
                // One whose writer was killed before its first line was whole holds nothing.
                if place == generation && file.contains(&b'\n') {
                    warnings.push(format!("{} is not used: it was changed", path.display()));
                }
                continue;
            }
            let (records, damage) = added::read(&file, kind, whole);
            warnings.extend(damage.map(|error| format!("{}: {error}", path.display())));
            return records;
        }
        Vec::new()
    }
}

/// An older generation that cannot be kept (someone's folder is in its place) is no reason not to write the
/// newest.
fn keep(newer: &Path, older: &Path) {
    match fs::rename(newer, older) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(path = %older.display(), %error, "an older state is not kept");
        }
        _ => {}
    }
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
    fn what_was_added_is_read_behind_the_whole() {
        let (_folder, disk) = folder();
        assert!(disk.add(Kind::Scripts, None, &[1]).is_err(), "to what?");
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        disk.add(Kind::Scripts, None, &[2]).unwrap();
        disk.add(Kind::Scripts, None, &[3, 4]).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.content, Some((None, vec![1])));
        assert_eq!(loaded.added, [vec![2], vec![3, 4]]);
        assert!(loaded.warnings.is_empty());

        disk.save(Kind::Scripts, None, &[5]).unwrap();
        assert!(
            load(&disk).added.is_empty(),
            "it belongs to the file before"
        );
        fs::remove_file(newest(&disk)).unwrap();
        assert_eq!(load(&disk).added.len(), 2, "and is kept with that");
    }

    #[test]
    fn what_was_half_added_is_left_out_and_what_was_changed_is_told() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        disk.add(Kind::Scripts, None, &[2]).unwrap();
        disk.add(Kind::Scripts, None, &[3]).unwrap();
        let path = disk.path_added(Kind::Scripts, 0);
        let whole = fs::read(&path).unwrap();
        for length in (whole.len() / 2)..whole.len() {
            fs::write(&path, &whole[..length]).unwrap();
            let loaded = load(&disk);
            assert_eq!(loaded.added, [vec![2]], "{length} bytes");
            assert!(loaded.warnings.is_empty(), "a killed voter is no damage");
        }
        // In the content of the first record, at its line's end, and in the line.
        for place in [2, 4, 40].map(|back| whole.len() / 2 - back) {
            let mut changed = whole.clone();
            changed[place] ^= 1;
            fs::write(&path, &changed).unwrap();
            let loaded = load(&disk);
            assert!(loaded.added.is_empty(), "byte {place}");
            assert_eq!(loaded.warnings.len(), 1, "byte {place}");
        }
    }

    /// Three records behind a whole file: where they lie, and what each is.
    fn three_added(disk: &Disk) -> (PathBuf, Vec<Vec<u8>>) {
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        let path = disk.path_added(Kind::Scripts, 0);
        let mut records = Vec::new();
        let mut length = 0;
        for value in 2..=4 {
            disk.add(Kind::Scripts, None, &[value]).unwrap();
            let file = fs::read(&path).unwrap();
            records.push(file[length..].to_vec());
            length = file.len();
        }
        (path, records)
    }

    #[test]
    fn nothing_is_read_behind_a_record_that_was_lost() {
        let (_folder, disk) = folder();
        let (path, records) = three_added(&disk);
        let [first, second, third] = records.as_slice() else {
            panic!("{} records", records.len());
        };
        let kept: [(&[&[u8]], usize); 4] = [
            (&[first, third], 1),
            (&[second, third], 0),
            (&[first, third, second], 1),
            (&[first, second, second, third], 2),
        ];
        for (kept, count) in kept {
            fs::write(&path, kept.concat()).unwrap();
            let loaded = load(&disk);
            let expected = [vec![2], vec![3], vec![4]];
            assert_eq!(loaded.added, expected[..count]);
            assert_eq!(loaded.content, Some((None, vec![1])));
            assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
        }
    }

    #[test]
    fn records_that_all_name_the_whole_file_are_read() {
        let (_folder, disk) = folder();
        let (path, records) = three_added(&disk);
        let named = |record: &[u8]| line::split(record).unwrap().0.added_to.unwrap();
        let whole = named(&records[0]);
        let former = records.iter().map(|record| {
            let text = String::from_utf8(record.clone()).unwrap();
            text.replace(&named(record), &whole)
        });
        fs::write(&path, former.collect::<String>()).unwrap();
        let loaded = load(&disk);
        assert_eq!(loaded.added, [vec![2], vec![3], vec![4]]);
        assert!(loaded.warnings.is_empty());
    }

    #[test]
    fn after_a_failure_nothing_is_added_until_the_whole_is_saved() {
        let (_folder, disk) = folder();
        disk.save(Kind::Scripts, None, &[1]).unwrap();
        let path = disk.path_added(Kind::Scripts, 0);
        fs::create_dir(&path).unwrap();
        assert!(disk.add(Kind::Scripts, None, &[2]).is_err());
        fs::remove_dir(&path).unwrap();
        assert!(disk.add(Kind::Scripts, None, &[3]).is_err(), "2 is missing");
        disk.save(Kind::Scripts, None, &[1, 2, 3]).unwrap();
        disk.add(Kind::Scripts, None, &[4]).unwrap();
        assert_eq!(load(&disk).added, [vec![4]]);
    }

    #[test]
    fn files_of_the_format_before_are_read() {
        let (_folder, disk) = folder();
        let content = b"[7,8]";
        let checksum = hex::encode(crate::decred::hash::blake256(content));
        let line = format!(
            "{{\"format\":1,\"kind\":\"scripts\",\"network\":\"simnet\",\"pool_id\":null,\"bytes\":5,\
             \"checksum\":\"{checksum}\"}}\n"
        );
        fs::write(newest(&disk), [line.as_bytes(), content].concat()).unwrap();
        assert_eq!(load(&disk).content, Some((None, vec![7, 8])));
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
            ("\"format\":2", "\"format\":9"),
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
