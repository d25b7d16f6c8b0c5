//! Looking for tickets: the form above the list, what it says in addresses, and the downloads of what it found.

use maud::{Markup, html};

use crate::domain::TicketStatus;
use crate::pool::{TicketFilter, TicketKind};
use crate::web::form::Form;

/// How a kind is written in addresses, and for people.
const KINDS: [(TicketKind, &str, &str); 8] = [
    (
        TicketKind::Status(TicketStatus::Mempool),
        "unmined",
        "Unmined",
    ),
    (
        TicketKind::Status(TicketStatus::Immature),
        "immature",
        "Immature",
    ),
    (TicketKind::Status(TicketStatus::Live), "live", "Live"),
    (TicketKind::Status(TicketStatus::Voted), "voted", "Voted"),
    (TicketKind::Status(TicketStatus::Missed), "missed", "Missed"),
    (
        TicketKind::Status(TicketStatus::Expired),
        "expired",
        "Expired",
    ),
    (TicketKind::Revoked, "revoked", "Revoked"),
    (TicketKind::LowFee, "lowfee", "Low fee"),
];

/// Digits of a whole hash.
const HASH_DIGITS: usize = 64;

/// How addresses and exports call it.
pub(super) fn word(status: TicketStatus) -> &'static str {
    let kind = TicketKind::Status(status);
    KINDS
        .iter()
        .find(|(known, ..)| *known == kind)
        .map_or("", |(_, word, _)| word)
}

/// What a user looks for; everything by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Search {
    kind: Option<TicketKind>,
    /// As it was typed, but for spaces around it and capitals.
    hash: String,
}

impl Search {
    /// An unknown kind is all of them.
    pub fn read(query: &Form) -> Self {
        let kind = query.text("status");
        let hash = query.text("hash").trim().chars();
        Self {
            kind: KINDS
                .iter()
                .find(|(_, word, _)| *word == kind)
                .map(|(kind, ..)| *kind),
            hash: hash
                .take(HASH_DIGITS + 1)
                .collect::<String>()
                .to_lowercase(),
        }
    }

    /// `None` when no hash begins like this.
    pub fn filter(&self) -> Option<TicketFilter> {
        let hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let possible = self.hash.len() <= HASH_DIGITS && self.hash.bytes().all(hex);
        possible.then(|| TicketFilter {
            kind: self.kind,
            hash_prefix: self.hash.clone(),
        })
    }

    /// Whether some tickets may be left out.
    pub fn is_narrow(&self) -> bool {
        *self != Self::default()
    }

    /// A page of what is looked for.
    pub fn page(&self, page: u64) -> String {
        self.address("/tickets", Some(page))
    }

    fn address(&self, path: &str, page: Option<u64>) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        if let Some(word) = self.kind_word() {
            query.append_pair("status", word);
        }
        if !self.hash.is_empty() {
            query.append_pair("hash", &self.hash);
        }
        if let Some(page) = page {
            query.append_pair("page", &page.to_string());
        }
        let query = query.finish();
        if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        }
    }

    fn kind_word(&self) -> Option<&'static str> {
        let kind = self.kind?;
        KINDS
            .iter()
            .find(|(known, ..)| *known == kind)
            .map(|(_, word, _)| *word)
    }

    pub fn form(&self) -> Markup {
        let chosen = self.kind_word();
        html! {
            form.finder method="get" action="/tickets" role="search" {
                div {
                    label for="status" { "Status" }
                    select #status name="status" {
                        option value="" { "All" }
                        @for (_, word, name) in KINDS {
                            option value=(word) selected[chosen == Some(word)] { (name) }
                        }
                    }
                }
                div.long {
                    label for="hash" { "Ticket hash, or its beginning" }
                    input #hash.mono type="search" name="hash" value=(self.hash) maxlength=(HASH_DIGITS)
                        autocapitalize="none" autocomplete="off" spellcheck="false";
                }
                button type="submit" { "Show" }
            }
        }
    }

    /// All of what is looked for, not only the page.
    pub fn exports(&self) -> Markup {
        let (csv, json) = (
            self.address("/tickets.csv", None),
            self.address("/tickets.json", None),
        );
        html! {
            p.hint {
                @if self.is_narrow() { "Download these: " } @else { "Download all: " }
                a href=(csv) download { "CSV" } ", " a href=(json) download { "JSON" }
            }
        }
    }

    /// Why there is nothing, and the way back.
    pub fn nothing_found(&self) -> Markup {
        html! {
            p {
                @if self.filter().is_none() {
                    "A ticket's hash has up to 64 digits: 0 to 9 and a to f. "
                } @else {
                    "None of your tickets is like this. "
                }
                a href="/tickets" { "All tickets" }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Search {
        Search::read(&Form::parse(query.as_bytes()))
    }

    #[test]
    fn what_was_looked_for_stays_in_every_link() {
        let search = read("status=voted&hash=+ABc1+&page=7");
        assert_eq!(
            search.filter(),
            Some(TicketFilter {
                kind: Some(TicketKind::Status(TicketStatus::Voted)),
                hash_prefix: "abc1".into()
            })
        );
        assert_eq!(search.page(2), "/tickets?status=voted&hash=abc1&page=2");
        let html = search.form().into_string() + &search.exports().into_string();
        assert!(html.contains("<option value=\"voted\" selected>Voted"));
        assert!(html.contains("value=\"abc1\""));
        assert!(html.contains("/tickets.csv?status=voted&amp;hash=abc1\""));
        assert_eq!(read("").page(3), "/tickets?page=3");
        assert!(
            read("")
                .exports()
                .into_string()
                .contains("href=\"/tickets.json\"")
        );
    }

    #[test]
    fn nonsense_is_all_tickets_or_none_and_shown_as_text() {
        assert_eq!(read("status=nonsense"), Search::default());
        assert!(!read("status=&hash=&page=x").is_narrow());
        let long = format!("hash={}", "a".repeat(65));
        for query in [
            "hash=%22%3E%3Cb",
            "hash=0x12",
            "hash=%25",
            "hash=%00",
            "hash=%C3%A4",
            &long,
        ] {
            let search = read(query);
            assert_eq!(search.filter(), None, "{query}");
            assert!(search.nothing_found().into_string().contains("64 digits"));
        }
        let html = read("hash=%22%3E%3Cb").form().into_string();
        assert!(html.contains("value=\"&quot;&gt;&lt;b\""), "{html}");
    }
}
