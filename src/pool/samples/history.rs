//! The past as pictures need it: few points, days, and how soon votes were there. Pure.

use super::median;
use crate::db::Sample;
use crate::decred::{Atoms, Height};

const DAY: i64 = 86_400;
/// How far back pictures look.
const WINDOW: i64 = 90 * DAY;
/// Points of a line at most.
const POINTS: i64 = 120;
/// Days with bars of their own.
const DAYS: i64 = 30;

/// Upper ends of the classes of latency, microseconds; three a decade. Slower votes are in one more.
const LATENCY_ENDS_US: [u64; 11] = [
    2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
    5_000_000,
];
pub const LATENCY_CLASSES: usize = LATENCY_ENDS_US.len() + 1;

/// The last ninety days at most.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Up to which block.
    pub height: Height,
    /// Oldest first.
    pub points: Vec<Point>,
    /// Days (UTC), oldest first: the last thirty at most. The first and the last may not be whole.
    pub days: Vec<Day>,
    pub latency: Option<Latencies>,
    /// Tickets that missed their vote within the last day.
    pub missed_lately: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Unix seconds.
    pub at: i64,
    pub ticket_price: Atoms,
    /// Live tickets of the whole network, and the pool's own among them.
    pub pool_size: u64,
    pub live: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// Its midnight, unix seconds.
    pub start: i64,
    pub voted: u64,
    pub missed: u64,
}

/// How soon votes were with the network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Latencies {
    /// Votes that took up to 2 ms, 5 ms, 10 ms and so on; the last class has all slower ones.
    pub classes: [u64; LATENCY_CLASSES],
    pub votes: u64,
    pub median_us: u64,
    pub slowest_us: u64,
}

impl History {
    /// Of samples in any order; `None` without any.
    pub fn of(mut samples: Vec<Sample>) -> Option<History> {
        samples.sort_by_key(|sample| sample.height);
        // A block's time stamp may be before that of its parent.
        let mut latest = i64::MIN;
        for sample in &mut samples {
            latest = latest.max(sample.block_time);
            sample.block_time = latest;
        }
        samples.retain(|sample| latest.saturating_sub(sample.block_time) <= WINDOW);
        Some(History {
            height: samples.last()?.height,
            points: points(&samples),
            days: days(&samples),
            latency: latencies(&samples),
            missed_lately: missed_lately(&samples),
        })
    }
}

/// The last sample of each of `POINTS` equal parts of the time.
fn points(samples: &[Sample]) -> Vec<Point> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Vec::new();
    };
    let part = |sample: &Sample| {
        let length = last.block_time.saturating_sub(first.block_time).max(1);
        let since = sample.block_time.saturating_sub(first.block_time);
        since.saturating_mul(POINTS - 1) / length
    };
    let mut points: Vec<(i64, Point)> = Vec::new();
    for sample in samples {
        let point = Point {
            at: sample.block_time,
            ticket_price: sample.ticket_price,
            pool_size: sample.pool_size,
            live: sample.live,
        };
        match points.last_mut().filter(|(of, _)| *of == part(sample)) {
            Some((_, last)) => *last = point,
            None => points.push((part(sample), point)),
        }
    }
    points.into_iter().map(|(_, point)| point).collect()
}

/// What was added each day to the counts of all time. Where rows are far apart it is spread evenly.
fn days(samples: &[Sample]) -> Vec<Day> {
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else {
        return Vec::new();
    };
    let midnight = |time: i64| time.saturating_sub(time.rem_euclid(DAY));
    let today = midnight(last.block_time);
    let start = midnight(first.block_time).max(today.saturating_sub((DAYS - 1) * DAY));
    let mut days = Vec::new();
    let mut before = (at(samples, start, voted), at(samples, start, missed));
    for start in (0..DAYS).map(|day| start.saturating_add(day * DAY)) {
        if start > today {
            break;
        }
        let end = start.saturating_add(DAY);
        let after = (at(samples, end, voted), at(samples, end, missed));
        days.push(Day {
            start,
            // A reorganisation takes votes back.
            voted: after.0.saturating_sub(before.0),
            missed: after.1.saturating_sub(before.1),
        });
        before = (after.0.max(before.0), after.1.max(before.1));
    }
    days
}

/// A reorganisation takes some back.
fn missed_lately(samples: &[Sample]) -> u64 {
    let Some(last) = samples.last() else {
        return 0;
    };
    let day_ago = last.block_time.saturating_sub(DAY);
    let before = samples.iter().rev().find(|it| it.block_time <= day_ago);
    let before = before.or(samples.first()).map_or(0, missed);
    last.missed.saturating_sub(before)
}

fn voted(sample: &Sample) -> u64 {
    sample.voted
}

fn missed(sample: &Sample) -> u64 {
    sample.missed
}

/// A count at a time, on the straight line between the samples around it.
fn at(samples: &[Sample], time: i64, count: fn(&Sample) -> u64) -> u64 {
    let next = samples.partition_point(|sample| sample.block_time < time);
    let after = samples.get(next);
    let before = next.checked_sub(1).and_then(|before| samples.get(before));
    match (before, after) {
        (Some(before), Some(after)) => {
            let span = i128::from(after.block_time) - i128::from(before.block_time);
            let since = i128::from(time) - i128::from(before.block_time);
            let (low, high) = (i128::from(count(before)), i128::from(count(after)));
            let added = (high - low).saturating_mul(since) / span.max(1);
            u64::try_from(low.saturating_add(added)).unwrap_or(0)
        }
        (Some(only), None) | (None, Some(only)) => count(only),
        (None, None) => 0,
    }
}

fn latencies(samples: &[Sample]) -> Option<Latencies> {
    let measured = samples
        .iter()
        .filter_map(|it| Some((it.latency?, it.votes)));
    let mut classes = [0_u64; LATENCY_CLASSES];
    for (latency, votes) in measured.clone() {
        let class = LATENCY_ENDS_US.partition_point(|end| *end < latency.median_us);
        if let Some(count) = classes.get_mut(class) {
            *count = count.saturating_add(votes);
        }
    }
    let medians = measured.clone().map(|(it, votes)| (it.median_us, votes));
    Some(Latencies {
        votes: classes.iter().fold(0, |sum, it| sum.saturating_add(*it)),
        classes,
        median_us: median(medians.collect())?,
        slowest_us: measured.map(|(it, _)| it.slowest_us).max()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::VoteLatency;
    use crate::pool::samples::tests::sample;

    /// A midnight.
    const MIDNIGHT: i64 = 19_700 * DAY;

    fn series(rows: &[(i64, u64, u64)]) -> Vec<Sample> {
        let row = |(index, (at, voted, missed)): (usize, &(i64, u64, u64))| Sample {
            voted: *voted,
            missed: *missed,
            ..sample(u32::try_from(index).unwrap(), *at)
        };
        rows.iter().enumerate().map(row).collect()
    }

    #[test]
    fn nothing_makes_no_history_and_one_block_makes_a_point() {
        assert_eq!(History::of(Vec::new()), None);
        let history = History::of(vec![sample(9, MIDNIGHT + 60)]).unwrap();
        assert_eq!((history.height, history.points.len()), (Height(9), 1));
        assert_eq!(
            history.days,
            [Day {
                start: MIDNIGHT,
                voted: 0,
                missed: 0
            }]
        );
        assert_eq!(history.latency, None);
    }

    #[test]
    fn long_series_have_few_points_from_end_to_end() {
        let blocks = 40_000;
        let samples = (0..=blocks).map(|n| sample(n, MIDNIGHT + i64::from(n) * 300));
        let history = History::of(samples.rev().collect()).unwrap();
        assert_eq!(history.points.len(), 120);
        let (first, last) = (&history.points[0], &history.points[119]);
        assert_eq!(last.at, MIDNIGHT + i64::from(blocks) * 300);
        let covered = last.at - first.at;
        assert!(covered <= WINDOW && covered > WINDOW - 2 * DAY, "{covered}");
        assert_eq!(history.days.len(), 30);
        assert!(history.days[..29].iter().all(|day| day.voted == 288));
    }

    #[test]
    fn a_day_has_what_came_between_its_midnights() {
        let rows = [
            (MIDNIGHT - 600, 10, 0),
            (MIDNIGHT + 100, 17, 0),
            (MIDNIGHT + DAY - 100, 30, 1),
            (MIDNIGHT + DAY + 100, 34, 1),
        ];
        let history = History::of(series(&rows)).unwrap();
        let days: Vec<_> = history
            .days
            .iter()
            .map(|it| (it.voted, it.missed))
            .collect();
        assert_eq!(days, [(6, 0), (16, 1), (2, 0)]);
        let all: u64 = history.days.iter().map(|day| day.voted).sum();
        assert_eq!(all, 24, "none is lost or counted twice");
    }

    #[test]
    fn days_without_rows_share_what_came_meanwhile_and_what_was_taken_back_counts_once() {
        let rows = [(MIDNIGHT, 100, 0), (MIDNIGHT + 4 * DAY, 140, 0)];
        let spread = History::of(series(&rows)).unwrap().days;
        let voted: Vec<_> = spread.iter().map(|day| day.voted).collect();
        assert_eq!(voted, [10, 10, 10, 10, 0]);
        let rows = [
            (MIDNIGHT, 10, 0),
            (MIDNIGHT + DAY, 15, 0),
            (MIDNIGHT + 2 * DAY, 14, 0),
            (MIDNIGHT + 3 * DAY, 16, 0),
        ];
        let days = History::of(series(&rows)).unwrap().days;
        let voted: Vec<_> = days.iter().map(|day| day.voted).collect();
        assert_eq!(voted, [5, 0, 1, 0]);
    }

    #[test]
    fn what_was_missed_within_a_day_is_counted() {
        let lately = |rows: &[(i64, u64, u64)]| History::of(series(rows)).unwrap().missed_lately;
        let start = MIDNIGHT;
        assert_eq!(lately(&[(start, 0, 7)]), 0, "old ones of a first start");
        assert_eq!(lately(&[(start, 0, 7), (start + 300, 0, 9)]), 2);
        let rows = [
            (start, 0, 7),
            (start + 300, 0, 9),
            (start + 300 + DAY, 0, 9),
        ];
        assert_eq!(lately(&rows), 0, "a day ago");
        let rows = [
            (start, 0, 7),
            (start + 300, 0, 9),
            (start + 299 + DAY, 0, 9),
        ];
        assert_eq!(lately(&rows), 2);
        assert_eq!(
            lately(&[(start, 0, 7), (start + 300, 0, 6)]),
            0,
            "taken back"
        );
    }

    #[test]
    fn latencies_are_counted_by_votes() {
        let at = |height, votes, median_us, slowest_us| Sample {
            votes,
            latency: Some(VoteLatency {
                median_us,
                slowest_us,
            }),
            ..sample(height, MIDNIGHT)
        };
        let rows = vec![
            at(1, 1, 1_500, 1_600),
            at(2, 3, 2_000, 9_000_000),
            at(3, 2, 2_001, 2_001),
            at(4, 1, 60_000_000, 1),
            sample(5, MIDNIGHT),
        ];
        let latency = History::of(rows).unwrap().latency.unwrap();
        assert_eq!(latency.classes[..2], [4, 2]);
        assert_eq!(latency.classes[LATENCY_CLASSES - 1], 1);
        assert_eq!((latency.votes, latency.median_us), (7, 2_000));
        assert_eq!(latency.slowest_us, 9_000_000);
    }

    #[test]
    fn values_at_the_ends_of_numbers_do_no_harm() {
        let rows = [
            (i64::MIN, u64::MAX, 0),
            (0, 0, u64::MAX),
            (i64::MAX, u64::MAX, 7),
        ];
        assert!(History::of(series(&rows)).is_some());
    }
}
