//! One text, written once, as plain text and as HTML without anything from elsewhere.

use maud::{DOCTYPE, html};

use super::Mail;
use super::texts::{Cause, stamp};

/// A mail in the making.
#[derive(Debug)]
pub struct Letter {
    to: String,
    subject: String,
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Link { label: &'static str, url: String },
    Fact { label: &'static str, value: String },
    List(Vec<String>),
}

impl Letter {
    /// `subject` follows the pool's name.
    pub fn new(pool: &str, to: &str, subject: &str) -> Self {
        Self {
            to: to.to_owned(),
            subject: one_line(&format!("{pool}: {subject}")),
            parts: Vec::new(),
        }
    }

    pub fn text(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Text(text.into()));
        self
    }

    /// A link on a line of its own; `label` is what its button says.
    pub fn link(mut self, label: &'static str, url: &str) -> Self {
        let url = url.to_owned();
        self.parts.push(Part::Link { label, url });
        self
    }

    /// Something to keep, whole on a line of its own.
    pub fn fact(mut self, label: &'static str, value: &str) -> Self {
        let value = value.to_owned();
        self.parts.push(Part::Fact { label, value });
        self
    }

    /// Several things, each on a line of its own.
    pub fn list(mut self, items: Vec<String>) -> Self {
        self.parts.push(Part::List(items));
        self
    }

    /// Ends it with when and from where it was caused.
    pub fn caused_by(self, cause: Cause) -> Mail {
        self.ended(&cause.to_string())
    }

    /// Ends what nobody asked for with when it was written, unix seconds.
    pub fn written_at(self, at: i64) -> Mail {
        self.ended(&format!("Written at {}.", stamp(at)))
    }

    fn ended(self, end: &str) -> Mail {
        let mut body = String::new();
        for part in &self.parts {
            match part {
                Part::Text(line) | Part::Link { url: line, .. } => body.push_str(line),
                Part::Fact { label, value } => {
                    body.push_str(label);
                    body.push_str(":\n");
                    body.push_str(value);
                }
                Part::List(items) => {
                    let lines: Vec<_> = items.iter().map(|item| format!("- {item}")).collect();
                    body.push_str(&lines.join("\n"));
                }
            }
            body.push_str("\n\n");
        }
        body.push_str(end);
        body.push('\n');
        let html = self.html(end);
        Mail {
            to: self.to,
            subject: self.subject,
            body,
            html,
        }
    }

    fn html(&self, end: &str) -> String {
        html! {
            (DOCTYPE)
            html lang="en" {
                head { meta charset="utf-8"; title { (self.subject) } }
                body style="font-family: sans-serif; line-height: 1.5; max-width: 36em; margin: 1em auto" {
                    @for part in &self.parts {
                        @match part {
                            Part::Text(text) => { p { (text) } }
                            Part::Link { label, url } => {
                                p { a href=(url) style="font-weight: bold" { (label) } }
                                p style="word-break: break-all" { (url) }
                            }
                            Part::List(items) => {
                                ul style="word-break: break-word" { @for item in items { li { (item) } } }
                            }
                            Part::Fact { label, value } => {
                                p { (label) ":" br; code style="word-break: break-all" { (value) } }
                            }
                        }
                    }
                    p style="color: #666" { (end) }
                }
            }
        }
        .into_string()
    }
}

/// A header is one line, whatever an operator or a user wrote.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_parts_say_the_same_and_nothing_breaks_out() {
        let cause = Cause {
            at: 1_700_000_000,
            client: None,
        };
        let mail = Letter::new("Pool\r\nBcc: x@y", "a@example.com", "hello")
            .text("Tom & <Jerry>")
            .link("Open", "https://p/x?t=1&u=2")
            .fact("Script", "51&20")
            .caused_by(cause);
        assert_eq!(mail.subject, "Pool  Bcc: x@y: hello");
        assert_eq!(
            mail.body,
            "Tom & <Jerry>\n\nhttps://p/x?t=1&u=2\n\nScript:\n51&20\n\nRequested at 2023-11-14T22:13:20Z.\n"
        );
        for text in [
            "Tom &amp; &lt;Jerry&gt;",
            "href=\"https://p/x?t=1&amp;u=2\"",
            ">51&amp;20</code>",
            "Requested at 2023",
        ] {
            assert!(mail.html.contains(text), "{text} in {}", mail.html);
        }
        assert!(!mail.html.contains("src="));
    }
}
