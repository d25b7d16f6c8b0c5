//! Pictures, drawn on the server: pure functions from numbers to SVG. What is drawn stretches with the page, so
//! words stand beside it as HTML, in the page's own size. Colours come from the style sheet, light or dark; nothing
//! needs a script. Who cannot see a picture gets what it shows as a sentence, and its numbers as a table.

mod bars;
mod chart;
mod dates;
mod lanes;
mod line;
mod scale;

pub use bars::{Bar, bars};
pub use chart::{Chart, Table};
pub use dates::{axis, day, month};
pub use lanes::{Piece, lanes};
pub use line::line;
pub use scale::Scale;

/// The size of a drawing in its own units, whatever it is on the page.
const WIDTH: u32 = 1000;
const HEIGHT: u32 = 300;

/// A count as a number to draw.
#[expect(
    clippy::cast_precision_loss,
    reason = "a picture shows three digits at most"
)]
pub fn number(count: u64) -> f64 {
    count as f64
}

/// A share of a length; what is no number, or outside, is at the nearer end.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and the length"
)]
fn part(length: u32, share: f64) -> u32 {
    (f64::from(length) * share.clamp(0.0, 1.0)).round() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_within() {
        assert_eq!(part(1000, 0.25), 250);
        assert_eq!(part(1000, -1.0), 0);
        assert_eq!(part(1000, 7.0), 1000);
        assert_eq!(part(1000, f64::NAN), 0);
        assert_eq!(part(1000, f64::INFINITY), 1000);
    }
}
