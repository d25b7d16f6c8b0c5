//! Gauges that both roles have, from the messages that both know.

use std::collections::BTreeMap;

use super::wire::{Alarm, TicketCounts};
use crate::metrics::{Sample, catalogue};

/// How many alarms are on, and each of them.
pub fn alarms(alarms: &[Alarm]) -> Vec<Sample> {
    let mut ids: BTreeMap<&str, i64> = BTreeMap::new();
    for alarm in alarms {
        let count = ids.entry(&alarm.id).or_default();
        *count = count.saturating_add(1);
    }
    let all = ids
        .values()
        .fold(0_i64, |sum, count| sum.saturating_add(*count));
    let each = ids
        .into_iter()
        .map(|(id, count)| catalogue::ALARM.of([id], count));
    std::iter::once(catalogue::ALARMS.is(all))
        .chain(each)
        .collect()
}

/// The pool's own tickets by status.
pub fn tickets(counts: &TicketCounts) -> Vec<Sample> {
    let counts = [
        ("mempool", counts.mempool),
        ("immature", counts.immature),
        ("live", counts.live),
        ("voted", counts.voted),
        ("missed", counts.missed),
        ("expired", counts.expired),
        ("revoked", counts.revoked),
        ("low_fee", counts.low_fee),
    ];
    counts
        .into_iter()
        .map(|(status, count)| {
            catalogue::TICKETS.of([status], i64::try_from(count).unwrap_or(i64::MAX))
        })
        .collect()
}
