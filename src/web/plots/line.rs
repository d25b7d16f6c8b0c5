//! A value over time.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::scale::Scale;
use super::{HEIGHT, WIDTH, part};

/// A line with what is below it, by time; `points` are times and values, the oldest first.
pub fn line(points: &[(i64, f64)], scale: &Scale) -> Markup {
    let places = places(points, scale);
    let Some((first, last)) = places.first().zip(places.last()) else {
        return html! {};
    };
    let path = path(&places);
    html! {
        path.area d={ (path) "V" (HEIGHT) "H" (first.0) "Z" } {}
        @if first.0 < last.0 {
            path.line d=(path) {}
        } @else {
            // A line that has no length yet.
            path.line d={ "M0 " (first.1) "H" (WIDTH) } {}
        }
    }
}

fn places(points: &[(i64, f64)], scale: &Scale) -> Vec<(u32, u32)> {
    let Some(((from, _), (to, _))) = points.first().zip(points.last()) else {
        return Vec::new();
    };
    let span = seconds(*from, *to);
    let there = points.iter().filter(|(_, value)| value.is_finite());
    let place = |(at, value): &(i64, f64)| {
        // One point alone is the present: at the right.
        let share = if span > 0.0 {
            seconds(*from, *at) / span
        } else {
            1.0
        };
        (part(WIDTH, share), scale.y(*value))
    };
    there.map(place).collect()
}

#[expect(clippy::cast_precision_loss, reason = "a picture's seconds")]
fn seconds(from: i64, to: i64) -> f64 {
    to.saturating_sub(from) as f64
}

/// Straight from point to point; those between two others of one height are left out.
fn path(places: &[(u32, u32)]) -> String {
    let mut path = String::new();
    for (index, (x, y)) in places.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| places.get(before));
        let after = places.get(index.saturating_add(1));
        let level = |other: Option<&(u32, u32)>| other.is_some_and(|(_, height)| height == y);
        if level(before) && level(after) {
            continue;
        }
        let sign = if index == 0 { 'M' } else { 'L' };
        // Writing to a string does not fail.
        let _ = write!(path, "{sign}{x} {y}");
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(points: &[(i64, f64)]) -> String {
        let scale = Scale::around(points.iter().map(|(_, value)| *value));
        line(points, &scale).into_string()
    }

    #[test]
    fn a_line_goes_from_edge_to_edge_with_its_area_below() {
        let svg = drawn(&[(0, 0.0), (50, 30.0), (100, 15.0)]);
        assert!(svg.contains("d=\"M0 300L500 0L1000 150\""), "{svg}");
        assert!(svg.contains("d=\"M0 300L500 0L1000 150V300H0Z\""), "{svg}");
    }

    #[test]
    fn nothing_one_point_and_a_flat_line_are_drawn_for_what_they_are() {
        assert_eq!(drawn(&[]), "");
        assert!(drawn(&[(7, 5.0)]).contains("class=\"line\" d=\"M0 150H1000\""));
        let flat: Vec<_> = (0..1000).map(|at| (at, 200.0)).collect();
        let svg = drawn(&flat);
        assert_eq!(svg.matches('L').count(), 2, "{svg}");
        assert!(svg.len() < 200);
    }

    #[test]
    fn whatever_the_values_the_line_stays_inside_and_short() {
        let wild = [0.0, 1e300, -1e300, f64::NAN, f64::INFINITY, 1e-300];
        let wild = wild.into_iter().cycle();
        let points: Vec<_> = (0..120).zip(wild).collect();
        let scale = Scale::around(points.iter().map(|(_, value)| *value));
        for (x, y) in places(&points, &scale) {
            assert!(x <= WIDTH && y <= HEIGHT);
        }
        assert!(drawn(&points).len() < 4_000);
        drawn(&[(i64::MIN, 1.0), (0, 2.0), (i64::MAX, 3.0)]);
    }
}
