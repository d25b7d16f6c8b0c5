//! Counts side by side.

use maud::{Markup, html};

use super::scale::Scale;
use super::{HEIGHT, WIDTH};

/// What stands out must be seen, however small it is beside the rest.
const LEAST_SEEN: u32 = 14;

/// One bar: what is good, and on it what is bad.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub good: f64,
    pub bad: f64,
    /// Shown when a pointer rests on it.
    pub words: String,
}

/// Bars that share the width evenly.
pub fn bars(bars: &[Bar], scale: &Scale) -> Markup {
    let count = u32::try_from(bars.len()).unwrap_or(u32::MAX).max(1);
    let edge = |index: u32| {
        let x = u64::from(WIDTH).saturating_mul(index.into()) / u64::from(count);
        u32::try_from(x).unwrap_or(WIDTH)
    };
    // A few bars are not as wide as the page.
    let gap = (WIDTH / count / 5).max(1);
    html! {
        @for (index, bar) in (0..count).zip(bars) {
            @let x = edge(index).saturating_add(gap / 2);
            @let width = edge(index.saturating_add(1)).saturating_sub(edge(index)).saturating_sub(gap).max(1);
            @let (good, bad) = lengths(bar, scale);
            @if good > 0 {
                rect.good x=(x) y=(HEIGHT.saturating_sub(good)) width=(width) height=(good) {
                    title { (bar.words) }
                }
            }
            @if bad > 0 {
                rect.bad x=(x) y=(HEIGHT.saturating_sub(good).saturating_sub(bad)) width=(width)
                    height=(bad) { title { (bar.words) } }
            }
        }
    }
}

fn lengths(bar: &Bar, scale: &Scale) -> (u32, u32) {
    let seen = |value: f64, least: u32| {
        let some = value.is_finite() && value > 0.0;
        if some {
            scale.length(value).max(least)
        } else {
            0
        }
    };
    let bad = seen(bar.bad, LEAST_SEEN);
    (seen(bar.good, 2).min(HEIGHT.saturating_sub(bad)), bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(good: f64, bad: f64) -> Bar {
        Bar {
            good,
            bad,
            words: "<day>".into(),
        }
    }

    #[test]
    fn every_bar_has_its_words_and_as_much_length_as_its_count() {
        let all = [bar(4.0, 0.0), bar(0.0, 0.0), bar(2.0, 1.0)];
        let scale = Scale::counts([4.0]);
        let svg = bars(&all, &scale).into_string();
        assert_eq!(
            svg.matches("<title>&lt;day&gt;</title>").count(),
            3,
            "one a part"
        );
        assert_eq!(svg.matches("rect class=\"good\"").count(), 2);
        assert_eq!(svg.matches("rect class=\"bad\"").count(), 1);
        assert!(
            svg.contains("y=\"0\"") && svg.contains("height=\"300\""),
            "{svg}"
        );
        assert!(
            svg.contains("y=\"75\"") && svg.contains("height=\"75\""),
            "{svg}"
        );
    }

    #[test]
    fn one_missed_among_thousands_is_seen() {
        let scale = Scale::counts([5_001.0]);
        assert_eq!(lengths(&bar(5_000.0, 1.0), &scale).1, LEAST_SEEN);
        let scale = Scale::counts([4.0]);
        let (good, bad) = lengths(&bar(4.0, 0.001), &scale);
        assert_eq!(good + bad, HEIGHT, "nothing is drawn outside");
    }

    #[test]
    fn none_or_thousands_do_no_harm() {
        let scale = Scale::counts([1.0]);
        assert_eq!(bars(&[], &scale).into_string(), "");
        let many = vec![bar(f64::NAN, f64::INFINITY); 2_000];
        let svg = bars(&many, &scale).into_string();
        assert!(!svg.contains("rect"), "what is no number is no bar");
        bars(&vec![bar(1e300, -1e300); 2_000], &scale);
    }
}
