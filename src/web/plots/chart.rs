//! The frame around a drawing: its name and present value, the words along its axes, what it shows as a sentence for
//! those who cannot see it, and its numbers as a table.

use maud::{Markup, html};

use super::scale::Scale;
use super::{HEIGHT, WIDTH};

/// A picture with all its words.
#[derive(Debug)]
pub struct Chart {
    /// Unique on its page.
    pub id: &'static str,
    pub title: &'static str,
    /// The number that people come for, and what it is.
    pub value: String,
    pub hint: String,
    /// What it shows, as a sentence.
    pub sentence: String,
    pub drawing: Markup,
    /// The drawing's height in its own units, if it is another than usual.
    pub height: Option<u32>,
    /// Words from the top down.
    pub up: Vec<String>,
    /// Words from left to right.
    pub along: Vec<String>,
    pub table: Table,
}

/// The same as numbers.
#[derive(Debug, Default)]
pub struct Table {
    pub head: Vec<&'static str>,
    pub rows: Vec<Vec<String>>,
}

/// Lines across, behind what is drawn.
fn grid(scale: &Scale) -> Markup {
    html! {
        path.grid d={ @for y in scale.lines() { "M0 " (y) "H" (WIDTH) } } {}
    }
}

impl Chart {
    /// With the lines and words of a scale.
    #[must_use]
    pub fn scaled(self, scale: &Scale, unit: &str) -> Chart {
        Chart {
            up: scale.words(unit),
            drawing: html! { (grid(scale)) (self.drawing) },
            ..self
        }
    }

    pub fn render(&self) -> Markup {
        self.render_with(&html! {})
    }

    /// With what explains its colours below it.
    pub fn render_with(&self, key: &Markup) -> Markup {
        let height = self.height.unwrap_or(HEIGHT);
        // Each lane has its word beside it.
        let lanes = self.height.is_some();
        html! {
            figure.chart {
                figcaption {
                    h3 { (self.title) }
                    p { b { (self.value) } " " span.hint { (self.hint) } }
                }
                div.frame {
                    div.up.lanes[lanes] aria-hidden="true" {
                        @for word in &self.up { span { (word) } }
                    }
                    svg viewBox={ "0 0 " (WIDTH) " " (height) } height=[self.height] preserveAspectRatio="none"
                        role="img" aria-labelledby={ (self.id) "-t " (self.id) "-d" } {
                        title id={ (self.id) "-t" } { (self.title) }
                        desc id={ (self.id) "-d" } { (self.sentence) }
                        (self.drawing)
                    }
                    div.along aria-hidden="true" { @for word in &self.along { span { (word) } } }
                }
                (key)
                (self.table.render(self.title))
            }
        }
    }
}

impl Table {
    fn render(&self, title: &str) -> Markup {
        html! {
            @if !self.rows.is_empty() {
                details {
                    summary { "Numbers" span.offscreen { ": " (title) } }
                    table.dense {
                        thead { tr { @for word in &self.head { th scope="col" { (word) } } } }
                        tbody {
                            @for row in &self.rows {
                                tr { @for word in row { td { (word) } } }
                            }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_picture_is_named_described_and_told_in_numbers() {
        let chart = Chart {
            id: "price",
            title: "Ticket price",
            value: "<5>".into(),
            hint: "DCR & more".into(),
            sentence: "It rose <a bit>.".into(),
            drawing: html! {},
            height: None,
            up: Vec::new(),
            along: vec!["1 Jan".into()],
            table: Table {
                head: vec!["Day"],
                rows: vec![vec!["<1>".into()]],
            },
        };
        let scale = Scale::counts([3.0]);
        let html = chart.scaled(&scale, " %").render().into_string();
        assert!(
            html.contains("role=\"img\" aria-labelledby=\"price-t price-d\""),
            "{html}"
        );
        assert!(html.contains("<desc id=\"price-d\">It rose &lt;a bit&gt;.</desc>"));
        assert!(
            html.contains("d=\"M0 0H1000M0 100H1000M0 200H1000M0 300H1000\""),
            "{html}"
        );
        assert!(html.contains("<span>3 %</span>") && html.contains("<span>1 Jan</span>"));
        assert!(html.contains("<td>&lt;1&gt;</td>") && html.contains("&lt;5&gt;"));
        assert!(!html.contains("style="), "the content policy forbids it");
    }
}
