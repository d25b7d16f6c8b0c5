//! A text as a picture that a phone's camera reads.

use std::fmt::Write as _;

use maud::{Markup, html};
use qrcode::{Color, QrCode};

/// Light modules around the code, without which cameras do not find it.
const QUIET_ZONE: usize = 4;

/// The picture, or nothing when the text is too long for one. `name` is what is heard in its place.
pub fn qr(text: &str, name: &str) -> Markup {
    let Ok(code) = QrCode::new(text) else {
        return html! {};
    };
    let size = code.width() + 2 * QUIET_ZONE;
    html! {
        svg viewBox={ "0 0 " (size) " " (size) } role="img" aria-label=(name) shape-rendering="crispEdges" {
            path d=(path(&code));
        }
    }
}

/// A bar for each run of dark modules.
fn path(code: &QrCode) -> String {
    let colors = code.to_colors();
    let mut path = String::new();
    for (y, row) in colors.chunks(code.width().max(1)).enumerate() {
        let mut x = 0;
        for run in row.chunk_by(|a, b| a == b) {
            if run.first() == Some(&Color::Dark) {
                let length = run.len();
                let (left, top) = (x + QUIET_ZONE, y + QUIET_ZONE);
                // Writing to a string cannot fail.
                let _ = write!(path, "M{left} {top}h{length}v1h-{length}z");
            }
            x += run.len();
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let code = QrCode::new("SsExample").unwrap();
        let dark = code
            .to_colors()
            .iter()
            .filter(|it| **it == Color::Dark)
            .count();
        let drawn: usize = path(&code)
            .split('h')
            .skip(1)
            .step_by(2)
            .map(|rest| rest.split('v').next().unwrap().parse::<usize>().unwrap())
            .sum();
        assert_eq!(drawn, dark);
    }

    #[test]
    fn the_picture_has_a_name_and_a_margin() {
        let html = qr("Sc\"x", "Ticket address").into_string();
        assert!(html.contains("aria-label=\"Ticket address\"") && html.contains("M4 4h7"));
        assert!(!html.contains("style="));
        assert!(qr(&"x".repeat(10_000), "").into_string().is_empty());
    }
}
