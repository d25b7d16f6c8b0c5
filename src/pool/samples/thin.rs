//! Which rows stand for which others as they grow old: pure.

use std::collections::BTreeMap;

use super::median;
use crate::db::{Sample, VoteLatency};
use crate::decred::Height;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Every block has its row for so long …
const WHOLE: i64 = 2 * DAY;
/// … then every hour, and at last every day.
const HOURLY: i64 = 60 * DAY;

/// A row that stands for others too from now on.
#[derive(Debug, PartialEq, Eq)]
pub struct Merged {
    pub kept: Sample,
    /// Those others.
    pub dropped: Vec<Height>,
}

/// Up to this time rows may be thinned, when the newest is of `newest`.
pub fn whole_until(newest: i64) -> i64 {
    newest.saturating_sub(WHOLE)
}

/// One row for each hour, or day, that is over and old enough; the newest row is of `newest`.
pub fn thin(samples: Vec<Sample>, newest: i64) -> Vec<Merged> {
    let mut spans: BTreeMap<i64, Vec<Sample>> = BTreeMap::new();
    for sample in samples {
        if let Some(start) = span(sample.block_time, newest) {
            spans.entry(start).or_default().push(sample);
        }
    }
    let spans = spans.into_values().filter(|span| span.len() > 1);
    spans.filter_map(|span| merge(&span)).collect()
}

/// The start of the hour or day whose one row this one belongs to, if it is old enough. No hour begins
/// within a day that has a row of its own, so starts tell spans apart.
fn span(time: i64, newest: i64) -> Option<i64> {
    let within = |length: i64, age: i64| {
        let start = time.saturating_sub(time.rem_euclid(length));
        let over = start.saturating_add(length) <= newest.saturating_sub(age);
        over.then_some(start)
    };
    within(DAY, HOURLY).or_else(|| within(HOUR, WHOLE))
}

/// How things stood at the end, and the votes of all.
fn merge(span: &[Sample]) -> Option<Merged> {
    let last = span.iter().max_by_key(|sample| sample.height)?;
    let votes = span.iter().map(|sample| sample.votes);
    let others = span.iter().filter(|other| other.height != last.height);
    Some(Merged {
        kept: Sample {
            votes: votes.fold(0, u64::saturating_add),
            latency: latency(span),
            ..last.clone()
        },
        dropped: others.map(|other| other.height).collect(),
    })
}

fn latency(span: &[Sample]) -> Option<VoteLatency> {
    let measured = span.iter().filter_map(|it| Some((it.latency?, it.votes)));
    let medians = measured.clone().map(|(it, votes)| (it.median_us, votes));
    Some(VoteLatency {
        median_us: median(medians.collect())?,
        slowest_us: measured.map(|(it, _)| it.slowest_us).max()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::samples::tests::sample;

    /// A midnight.
    const NEWEST: i64 = 19_700 * DAY;

    fn heights(merged: &[Merged]) -> Vec<(u32, usize)> {
        let height = |it: &Merged| (it.kept.height.0, it.dropped.len());
        merged.iter().map(height).collect()
    }

    /// A block every five minutes for so many days, the last one at `NEWEST`.
    fn chain(days: i64) -> Vec<Sample> {
        let blocks = u32::try_from(days * DAY / 300).unwrap();
        let block = |height: u32| sample(height, NEWEST - i64::from(blocks - height) * 300);
        (0..=blocks).map(block).collect()
    }

    #[test]
    fn two_days_stay_whole() {
        assert!(thin(chain(2), NEWEST).is_empty());
        // The hour that ends two days ago is over and old; it is merged.
        let merged = thin(chain(3), NEWEST);
        assert_eq!(merged.len(), 24);
        assert!(merged.iter().all(|it| it.dropped.len() == 11));
        assert_eq!(heights(&merged).first(), Some(&(11, 11)));
    }

    #[test]
    fn sixty_days_have_hours_and_the_rest_days() {
        let merged = thin(chain(62), NEWEST);
        assert_eq!(merged.len(), 2 + 58 * 24);
        assert_eq!(heights(&merged)[..3], [(287, 287), (575, 287), (587, 11)]);
    }

    #[test]
    fn what_was_thinned_stays_as_it_is_until_its_day_is_old() {
        let mut samples = chain(62);
        for round in [0, 1] {
            let merged = thin(samples.clone(), NEWEST);
            assert_eq!(merged.is_empty(), round == 1);
            for Merged { kept, dropped } in merged {
                samples.retain(|it| it.height != kept.height && !dropped.contains(&it.height));
                samples.push(kept);
            }
        }
        assert_eq!(samples.len(), 2 + 58 * 24 + 2 * 288 + 1);
        let later = thin(samples.clone(), NEWEST + DAY);
        let days: Vec<_> = later.iter().filter(|it| it.dropped.len() == 23).collect();
        assert_eq!(days.len(), 1, "another day is older than sixty");
        // Votes are neither lost nor counted twice.
        let votes: u64 = samples.iter().map(|it| it.votes).sum();
        assert_eq!(votes, chain(62).iter().map(|it| it.votes).sum::<u64>());
    }

    #[test]
    fn a_row_has_the_votes_and_the_slowest_of_all_and_stands_at_the_last_block() {
        let latency = |median_us, slowest_us| {
            Some(VoteLatency {
                median_us,
                slowest_us,
            })
        };
        let old = NEWEST - 3 * DAY;
        let mut samples = vec![sample(3, old), sample(1, old + 5), sample(2, old + 9)];
        samples[0].votes = 1;
        samples[0].latency = latency(10, 70);
        samples[0].live = 77;
        samples[1].votes = 3;
        samples[1].latency = latency(30, 40);
        samples[2].votes = 0;
        let merged = thin(samples, NEWEST);
        assert_eq!(heights(&merged), [(3, 2)]);
        let kept = &merged[0].kept;
        assert_eq!((kept.votes, kept.live), (4, 77));
        assert_eq!(kept.latency, latency(30, 70));
    }

    #[test]
    fn times_at_the_ends_of_numbers_do_no_harm() {
        let samples = vec![sample(1, i64::MIN), sample(2, i64::MAX), sample(3, -1)];
        thin(samples.clone(), i64::MAX);
        thin(samples, i64::MIN);
    }
}
