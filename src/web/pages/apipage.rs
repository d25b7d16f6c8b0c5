//! `/api`: the API's description for people, drawn from the document that programs get.

use std::borrow::Cow;
use std::collections::BTreeMap;

use maud::{Markup, Render, html};
use serde_json::Value;

use super::components::command;
use super::layout::Page;
use crate::web::api::document::{Answer, Content, Document, Media, Operation, Property};
use crate::web::error::Error;
use crate::web::request::AnonymousReq;
use crate::web::response::Response;

#[derive(Debug)]
struct Api {
    document: Document,
    /// Where the commands are, without the command.
    root: String,
}

pub fn get(request: &AnonymousReq) -> Result<Response, Error> {
    Ok(request.ok(&Api {
        document: Document::read()?,
        root: request.app.pool.settings().link("/api/v2"),
    }))
}

impl Page for Api {
    fn title(&self) -> Cow<'static, str> {
        "API".into()
    }
}

impl Render for Api {
    fn render(&self) -> Markup {
        html! {
            section {
                h1 { "API" }
                p.lead { "What wallets ask this pool, and anybody may." }
                p { (self.document.info.description) }
                p { "For programs: " a href="/api/openapi.json" { "openapi.json" } " (OpenAPI 3.1)." }
                @for (path, operations) in &self.document.paths {
                    @for (method, operation) in operations { (self.operation(path, method, operation)) }
                }
                (self.codes())
                (self.refusals())
            }
        }
    }
}

impl Api {
    fn operation(&self, path: &str, method: &str, operation: &Operation) -> Markup {
        let fields = operation
            .body
            .as_ref()
            .map(Content::fields)
            .unwrap_or_default();
        let answers = operation.responses.get("200").and_then(Answer::media);
        html! {
            h2 id=(operation.id) { (method.to_uppercase()) " " (operation.id) }
            p { strong { (operation.summary) ". " } (prose(&operation.description)) }
            (command(&html! { (self.curl(path, operation, &fields)) }))
            @if !fields.is_empty() { (table("Form field", &fields)) }
            @if let Some(media) = answers { (cases(media)) }
            @if let Some(data) = self.document.data(operation) { (table("Field of data", data)) }
        }
    }

    fn curl(
        &self,
        path: &str,
        operation: &Operation,
        fields: &BTreeMap<String, Property>,
    ) -> String {
        let token = if operation.security.is_empty() {
            ""
        } else {
            "-H 'Authorization: Bearer TOKEN' "
        };
        let fields = fields
            .keys()
            .fold(String::new(), |text, name| text + "-d " + name + "=VALUE ");
        format!("curl {token}{fields}{}{path}", self.root)
    }

    fn codes(&self) -> Markup {
        let codes = self.document.components.schemas.get("Code");
        html! {
            h2 #codes { "Codes" }
            table.facts {
                thead { tr { th scope="col" { "Code" } th scope="col" { "Meaning" } } }
                tbody {
                    @for code in codes.map(|code| code.one_of.as_slice()).unwrap_or_default() {
                        tr { td { (code.value) } td { (code.title) } }
                    }
                }
            }
        }
    }

    /// What may happen below any command.
    fn refusals(&self) -> Markup {
        let operations = self.document.paths.values().flat_map(BTreeMap::values);
        let mut refusals = BTreeMap::new();
        for (status, answer) in operations.flat_map(|operation| &operation.responses) {
            if let Some(example) = answer.media().and_then(|media| media.example.as_ref()) {
                refusals.insert(status, (&answer.description, example));
            }
        }
        html! {
            h2 #refusals { "Other HTTP statuses" }
            table.cards {
                thead { tr {
                    th scope="col" { "Status" } th scope="col" { "Case" } th scope="col" { "Code" }
                    th scope="col" { "Message" }
                } }
                tbody {
                    @for (status, (case, envelope)) in refusals {
                        tr {
                            td data-label="Status" { (status) }
                            td data-label="Case" { (case) }
                            (code_and_message(envelope))
                        }
                    }
                }
            }
        }
    }
}

/// What a command answers in which case; the first that matches wins.
fn cases(media: &Media) -> Markup {
    html! {
        table.cards {
            thead { tr {
                th scope="col" { "Case" } th scope="col" { "Code" } th scope="col" { "Message" }
            } }
            tbody {
                @for example in media.examples.values() {
                    tr { td data-label="Case" { (example.summary) } (code_and_message(&example.value)) }
                }
            }
        }
        @for example in media.examples.values().take(1) {
            details {
                summary { "Example" }
                (command(&html! { (example.value) }))
            }
        }
    }
}

/// What the document marks as code by `backticks` is shown as code.
fn prose(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn code_and_message(envelope: &Value) -> Markup {
    html! {
        td data-label="Code" { (envelope["code"]) }
        td data-label="Message" { code { (envelope["message"].as_str().unwrap_or_default()) } }
    }
}

fn table(name: &str, fields: &BTreeMap<String, Property>) -> Markup {
    html! {
        table.cards {
            thead { tr { th scope="col" { (name) } th scope="col" { "Meaning" } } }
            tbody {
                @for (field, property) in fields {
                    tr {
                        td data-label=(name) { code { (field) } }
                        td data-label="Meaning" { (prose(&property.description)) }
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
    fn code_in_prose_is_marked_and_escaped() {
        let html = prose("as `a<b` tells").into_string();
        assert_eq!(html, "as <code>a&lt;b</code> tells");
    }

    #[test]
    fn every_case_of_the_document_is_shown() {
        let page = Api {
            document: Document::read().unwrap(),
            root: "https://pool.example.com/api/v2".into(),
        };
        let html = page.render().into_string();
        let escaped = |text: &str| html! { (text) }.into_string();
        for operation in page.document.paths.values().flat_map(BTreeMap::values) {
            assert!(html.contains(&format!("https://pool.example.com/api/v2/{}", operation.id)));
            for media in operation.responses.values().filter_map(Answer::media) {
                let cases = media.examples.values().map(|example| &example.value);
                for envelope in cases.chain(&media.example) {
                    let message = envelope["message"].as_str().unwrap();
                    assert!(html.contains(&escaped(message)), "{message}");
                }
                for example in media.examples.values() {
                    assert!(
                        html.contains(&escaped(&example.summary)),
                        "{}",
                        example.summary
                    );
                }
            }
        }
        for text in [
            "TotalSubsidy",
            "TicketAddress",
            "-d VoteBits=VALUE",
            "unauthenticated",
            "429",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }
}
