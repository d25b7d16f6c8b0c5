//! Other machines' clocks against this one's: sessions, links, codes of second factors and limits of several
//! machines fit together only while their clocks do.

/// By so many seconds clocks may differ.
pub const TOLERANCE: i64 = 5;

/// By how many seconds a clock is ahead, that was read between `before` and `after` by our own.
pub fn ahead(theirs: i64, before: i64, after: i64) -> i64 {
    let half = after.saturating_sub(before).max(0) / 2;
    theirs.saturating_sub(before.saturating_add(half))
}

/// That it is wrong, in words; `None`: it is right enough.
pub fn wrong(whose: &str, ahead: i64) -> Option<String> {
    if ahead.saturating_abs() <= TOLERANCE {
        return None;
    }
    let seconds = ahead.unsigned_abs();
    let side = if ahead > 0 { "ahead of" } else { "behind" };
    Some(format!(
        "the clock of {whose} is {seconds} s {side} this machine's"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_middle_of_the_call() {
        assert_eq!(ahead(100, 100, 100), 0);
        assert_eq!(ahead(103, 100, 106), 0);
        assert_eq!(ahead(90, 100, 100), -10);
        // Ours was set back meanwhile.
        assert_eq!(ahead(100, 100, 50), 0);
        assert_eq!(ahead(i64::MIN, 1, i64::MAX), i64::MIN);
    }

    #[test]
    fn some_seconds_are_right_enough() {
        assert_eq!(wrong("v1", 5), None);
        assert_eq!(wrong("v1", -5), None);
        let text = wrong("v1", 6).unwrap();
        assert_eq!(text, "the clock of v1 is 6 s ahead of this machine's");
        let text = wrong("v1", i64::MIN).unwrap();
        assert!(text.contains(" s behind this"), "{text}");
    }
}
