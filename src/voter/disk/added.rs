//! What was added to a whole file: records one after another, each a first line and its content.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Kind;
use super::line::{Line, Unreadable, split, sum};
use crate::decred::params::Network;
use crate::domain::PoolId;

/// One record, which belongs behind what has the checksum `last`, and its own checksum.
pub(super) fn record(
    kind: Kind,
    network: Network,
    pool_id: Option<PoolId>,
    last: &str,
    content: &impl Serialize,
) -> serde_json::Result<(Vec<u8>, String)> {
    let content = serde_json::to_vec(content)?;
    let mut line = Line::new(kind, network, pool_id, content.len(), sum(&content));
    line.added_to = Some(last.to_owned());
    let mut record = line.written()?;
    record.extend_from_slice(&content);
    Ok((record, line.checksum))
}

/// Whether the first record was added to the file with this checksum.
pub(super) fn belongs_to(file: &[u8], whole: &str) -> bool {
    split(file).is_some_and(|(line, _)| line.added_to.as_deref() == Some(whole))
}

/// The records up to the first that is not whole or does not follow on the one before, and what is wrong with
/// that one. The last one may be cut off: its writer was killed before anybody relied on it.
pub(super) fn read<T: DeserializeOwned>(
    mut file: &[u8],
    kind: Kind,
    whole: &Line,
) -> (Vec<T>, Option<Unreadable>) {
    let mut records = Vec::new();
    let mut last = whole.checksum.clone();
    while let Some((line, rest)) = split(file) {
        let Some((content, next)) = rest.split_at_checked(line.bytes) else {
            return (records, None);
        };
        match one(&line, content, kind, whole, &last) {
            Ok(record) => records.push(record),
            Err(error) => return (records, Some(error)),
        }
        last = line.checksum;
        file = next;
    }
    let is_cut_off = !file.contains(&b'\n');
    (records, (!is_cut_off).then_some(Unreadable::Shape))
}

fn one<T: DeserializeOwned>(
    line: &Line,
    content: &[u8],
    kind: Kind,
    whole: &Line,
    last: &String,
) -> Result<T, Unreadable> {
    line.expect(kind, whole.network)?;
    // Once, each record said everything about the chain and named the whole file.
    let follows = [last, &whole.checksum]
        .map(Some)
        .contains(&line.added_to.as_ref());
    if !follows || line.pool_id != whole.pool_id {
        return Err(Unreadable::Shape);
    }
    line.read(content)
}
