//! Stretches of time, one lane below the other.

use std::fmt::Write as _;

use maud::{Markup, html};

use super::WIDTH;

/// A lane's height in the drawing's units, and the bar in it.
const LANE: u32 = 24;
const BAR: u32 = 14;

/// A bar from one place to another, in thousandths of the width.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub from: u32,
    pub to: u32,
    /// A class of the style sheet.
    pub kind: &'static str,
}

/// The lanes with their pieces, a line across them at `mark`, and how high the drawing is.
pub fn lanes(lanes: &[Vec<Piece>], mark: u32) -> (Markup, u32) {
    let count = u32::try_from(lanes.len()).unwrap_or(u32::MAX);
    let height = LANE.saturating_mul(count);
    let mut kinds: Vec<&'static str> = lanes.iter().flatten().map(|piece| piece.kind).collect();
    kinds.sort_unstable();
    kinds.dedup();
    let drawing = html! {
        @for kind in kinds { path class=(kind) d=(boxes(lanes, kind)) {} }
        @if count > 0 { path.mark d={ "M" (mark.min(WIDTH)) " 0V" (height) } {} }
    };
    (drawing, height)
}

/// All pieces of one kind as one path.
fn boxes(lanes: &[Vec<Piece>], kind: &str) -> String {
    let mut path = String::new();
    let mut top = (LANE - BAR) / 2;
    for lane in lanes {
        for piece in lane.iter().filter(|piece| piece.kind == kind) {
            let (from, to) = (piece.from.min(WIDTH), piece.to.min(WIDTH));
            if from < to {
                // Writing to a string does not fail.
                let _ = write!(path, "M{from} {top}H{to}v{BAR}H{from}z");
            }
        }
        top = top.saturating_add(LANE);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_stand_below_each_other_and_pieces_stay_inside() {
        let piece = |from, to, kind| Piece { from, to, kind };
        let both = [
            vec![piece(0, 100, "a"), piece(100, 100, "b")],
            vec![piece(900, 5_000, "a"), piece(9, 3, "b")],
        ];
        let (drawing, height) = lanes(&both, 250);
        let svg = drawing.into_string();
        assert_eq!(height, 2 * LANE);
        assert!(
            svg.contains("class=\"a\" d=\"M0 5H100v14H0zM900 29H1000v14H900z\""),
            "{svg}"
        );
        assert!(svg.contains("class=\"b\" d=\"\"") && svg.contains("d=\"M250 0V48\""));
        assert_eq!(lanes(&[], 7).0.into_string(), "");
    }
}
