//! Small drawings beside words, 24 units wide, drawn in the colour of the text. The words say all: for
//! those who hear the page the drawings are not there.

use maud::{Markup, html};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    Ticket,
    Key,
    Ballot,
    Chart,
    Gear,
    Leave,
    Check,
    Cross,
    Download,
}

impl Icon {
    fn path(self) -> &'static str {
        match self {
            Icon::Ticket => {
                "M3 8a1 1 0 0 1 1-1h16a1 1 0 0 1 1 1v2a2 2 0 0 0 0 4v2a1 1 0 0 1-1 1H4a1 1 0 0 1-1-1v-2a2 2 0 0 0 0-4zM14 7v10"
            }
            Icon::Key => "M11 12a4 4 0 1 1-8 0 4 4 0 0 1 8 0zM11 12h10M17 12v4M21 12v3",
            Icon::Ballot => {
                "M5 4h14v16H5zM8 9l1.500 1.500L12 8M15 9h1M8 15l1.500 1.500L12 14M15 15h1"
            }
            Icon::Chart => "M4 4v16h16M8 16v-4M12 16V8M16 16v-6",
            Icon::Gear => {
                "M4 7h9M17 7h3M4 17h3M11 17h9M17 7a2 2 0 1 1-4 0 2 2 0 0 1 4 0zM11 17a2 2 0 1 1-4 0 2 2 0 0 1 4 0z"
            }
            Icon::Leave => "M10 4H5v16h5M10 12h10M16 8l4 4-4 4",
            Icon::Check => "M5 12.500l4.500 4.500L19 7",
            Icon::Cross => "M6 6l12 12M18 6L6 18",
            Icon::Download => "M12 4v11M7 11l5 5 5-5M4 20h16",
        }
    }
}

/// The drawing; it stands before the words that it goes with.
pub fn icon(icon: Icon) -> Markup {
    html! {
        svg.icon viewBox="0 0 24 24" aria-hidden="true" focusable="false" { path d=(icon.path()); }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drawings_are_silent_and_bring_no_colour_of_their_own() {
        let html = icon(Icon::Check).into_string();
        assert!(html.contains("aria-hidden=\"true\"") && html.contains("<path d=\"M5"));
        assert!(!html.contains("fill=") && !html.contains("style="));
    }
}
