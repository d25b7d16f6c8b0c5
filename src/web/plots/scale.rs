//! Which values an axis shows: round ones, a few.

use super::{HEIGHT, part};
use crate::web::pages::components::grouped;

/// Steps that an axis aims at.
const STEPS: f64 = 3.0;
/// Numbers beyond it are not drawn to scale.
const LARGEST: f64 = 1e18;

/// An axis from one round value to another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    low: f64,
    step: f64,
    steps: u32,
}

impl Scale {
    /// Around all values, close to them.
    pub fn around(values: impl IntoIterator<Item = f64>) -> Scale {
        let (low, high) = range(values);
        if high.abs().max(low.abs()) < 1e-9 {
            // Of nothing at all there is nothing to be close to.
            return Scale::of(0.0, 1.0, 0.0);
        }
        // A flat line runs in the middle.
        let room = if high > low {
            0.0
        } else {
            (high.abs() * 0.05).max(1e-9)
        };
        Scale::of(low - room, high + room, 0.0)
    }

    /// From zero, for counts: no step is less than 1.
    pub fn counts(values: impl IntoIterator<Item = f64>) -> Scale {
        Scale::of(0.0, range(values).1.max(1.0), 1.0)
    }

    /// From zero, for amounts.
    pub fn amounts(values: impl IntoIterator<Item = f64>) -> Scale {
        Scale::of(0.0, range(values).1.max(1e-8), 0.0)
    }

    fn of(low: f64, high: f64, least_step: f64) -> Scale {
        let step = round_up((high - low) / STEPS).max(least_step);
        let first = (low / step).floor();
        let last = (high / step).ceil();
        Scale {
            low: first * step,
            step,
            // Few by the choice of the step.
            steps: part(10, (last - first) / 10.0).max(1),
        }
    }

    /// How high a value is, from the top as drawings count.
    pub(super) fn y(&self, value: f64) -> u32 {
        let span = self.step * f64::from(self.steps);
        HEIGHT.saturating_sub(part(HEIGHT, (value - self.low) / span))
    }

    /// How long a bar from zero is.
    pub(super) fn length(&self, value: f64) -> u32 {
        HEIGHT.saturating_sub(self.y(value))
    }

    /// Where lines run across, from the top.
    pub(super) fn lines(&self) -> Vec<u32> {
        let line = |index| HEIGHT.saturating_mul(index) / self.steps;
        (0..=self.steps).map(line).collect()
    }

    /// The words at those lines.
    pub fn words(&self, unit: &str) -> Vec<String> {
        let value = |index| f64::from(index).mul_add(self.step, self.low);
        let words = (0..=self.steps).rev().map(value);
        words
            .map(|value| format!("{}{unit}", word(value, self.step)))
            .collect()
    }
}

/// The smallest and the largest; zeros when there are none.
fn range(values: impl IntoIterator<Item = f64>) -> (f64, f64) {
    let values = values.into_iter().filter(|value| value.is_finite());
    let values = values.map(|value| value.clamp(-LARGEST, LARGEST));
    let range = values.fold(None, |range: Option<(f64, f64)>, value| {
        let (low, high) = range.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    });
    range.unwrap_or_default()
}

/// The next of 1, 2, 5, 10, 20, …, also below 1.
fn round_up(step: f64) -> f64 {
    let decade = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0]
        .into_iter()
        .map(|digit| digit * decade)
        .find(|round| *round >= step * (1.0 - 1e-9))
        .unwrap_or(10.0 * decade)
}

/// A value with as many decimals as its axis needs.
fn word(value: f64, step: f64) -> String {
    let decimals = (-(step * 1.000_001).log10().floor()).clamp(0.0, 8.0);
    let decimals = usize::try_from(part(8, decimals / 8.0)).unwrap_or(0);
    let text = format!("{value:.decimals$}");
    let (sign, text) = match text.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", text.as_str()),
    };
    let (whole, rest) = text.split_once('.').unwrap_or((text, ""));
    let dot = if rest.is_empty() { "" } else { "." };
    let whole = whole
        .parse::<u64>()
        .map_or_else(|_| whole.to_owned(), grouped);
    format!("{sign}{whole}{dot}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_few_and_round_values() {
        let words = |values: &[f64]| Scale::around(values.iter().copied()).words("");
        assert_eq!(words(&[190.2, 231.7]), ["240", "220", "200", "180"]);
        assert_eq!(words(&[40_100.0, 41_900.0]), ["42,000", "41,000", "40,000"]);
        assert_eq!(words(&[2.41, 2.44]), ["2.44", "2.43", "2.42", "2.41"]);
        assert_eq!(words(&[-3.0, 3.0]), ["4", "2", "0", "-2", "-4"]);
        assert_eq!(words(&[0.0, 0.0]), ["1.0", "0.5", "0.0"]);
    }

    #[test]
    fn a_flat_line_runs_inside() {
        for value in [200.0, 1e-9, 1e17, -5.0] {
            let scale = Scale::around([value]);
            assert!((1..HEIGHT).contains(&scale.y(value)), "{value} {scale:?}");
        }
    }

    #[test]
    fn counts_are_whole_and_begin_at_nothing() {
        let words = |value| Scale::counts([value]).words("");
        assert_eq!(words(0.0), ["1", "0"]);
        assert_eq!(words(1.0), ["1", "0"]);
        assert_eq!(words(3.0), ["3", "2", "1", "0"]);
        assert_eq!(words(47.0), ["60", "40", "20", "0"]);
        let amounts = Scale::amounts([0.31]);
        assert_eq!(amounts.words(" DCR"), ["0.4 DCR", "0.2 DCR", "0.0 DCR"]);
        assert_eq!((amounts.length(0.0), amounts.length(0.4)), (0, HEIGHT));
    }

    #[test]
    fn whatever_the_values_an_axis_has_at_most_six_lines() {
        let values = [
            0.0,
            1e-12,
            0.1,
            0.3,
            7.0,
            99.9,
            100.1,
            1e9,
            1e300,
            -1e300,
            f64::NAN,
            f64::INFINITY,
        ];
        for a in values {
            for b in values {
                for scale in [
                    Scale::around([a, b]),
                    Scale::counts([a, b]),
                    Scale::amounts([a, b]),
                ] {
                    let lines = scale.lines();
                    assert!((2..=6).contains(&lines.len()), "{a} {b} {scale:?}");
                    assert_eq!(lines.len(), scale.words("").len());
                    assert!(scale.y(a) <= HEIGHT && scale.length(b) <= HEIGHT);
                }
            }
        }
    }
}
