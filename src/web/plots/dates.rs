//! Times along an axis, in UTC.

use time::OffsetDateTime;

const DAY: i64 = 86_400;

fn moment(unix_seconds: i64) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(unix_seconds).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// `3 Sep`.
pub fn day(unix_seconds: i64) -> String {
    let moment = moment(unix_seconds);
    format!("{} {}", moment.day(), short(moment))
}

/// `Sep 2026`.
pub fn month(unix_seconds: i64) -> String {
    let moment = moment(unix_seconds);
    format!("{} {}", short(moment), moment.year())
}

fn short(moment: OffsetDateTime) -> String {
    let name = moment.month().to_string();
    name.get(..3).unwrap_or_default().to_owned()
}

/// `count` times with even distances from one to another; within two days they are times of day.
pub fn axis(from: i64, to: i64, count: u32) -> Vec<String> {
    let span = to.saturating_sub(from);
    let word = |at: i64| {
        let moment = moment(at);
        if span < 2 * DAY {
            format!("{:02}:{:02}", moment.hour(), moment.minute())
        } else {
            day(at)
        }
    };
    let last = i64::from(count.max(2)) - 1;
    let at = |index: i64| from.saturating_add(span.saturating_mul(index) / last);
    if span <= 0 {
        return vec![word(from)];
    }
    (0..=last).map(|index| word(at(index))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        assert_eq!(day(1_790_000_000), "21 Sep");
        assert_eq!(month(1_790_000_000), "Sep 2026");
        assert_eq!(axis(0, 90 * DAY, 4), ["1 Jan", "31 Jan", "2 Mar", "1 Apr"]);
        assert_eq!(axis(0, DAY, 3), ["00:00", "12:00", "00:00"]);
        assert_eq!(axis(60, 60, 4), ["00:01"]);
        assert_eq!(axis(9, 3, 4).len(), 1);
        assert_eq!(axis(i64::MIN, i64::MAX, 3).len(), 3);
    }
}
