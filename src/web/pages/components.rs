//! The pieces that pages are made of.

use std::fmt::Display;

use maud::{Markup, html};
use time::OffsetDateTime;
use time::macros::format_description;

use super::icons::{Icon, icon};
use crate::decred::{Atoms, Network};
use crate::web::csrf;

/// The hidden field that every form has.
pub fn csrf_field(token: &str) -> Markup {
    html! { input type="hidden" name=(csrf::FIELD) value=(token); }
}

/// A message in a box; `kind` is `good`, `warn`, `bad` or `info`.
pub fn notice(kind: &'static str, text: &str) -> Markup {
    html! { div class={ "notice " (kind) } role=(role(kind)) { p { (text) } } }
}

fn role(kind: &str) -> &'static str {
    if kind == "bad" { "alert" } else { "status" }
}

/// What was wrong with a form, above it.
pub fn problem(text: Option<&str>) -> Markup {
    html! { @if let Some(text) = text { (notice("bad", text)) } }
}

/// A number with its name.
pub fn tile(name: &str, value: &str, hint: &str) -> Markup {
    html! {
        div.tile {
            dt { (name) }
            dd { (value) }
            @if !hint.is_empty() { dd.hint { (hint) } }
        }
    }
}

pub fn badge(kind: &str, text: &str) -> Markup {
    html! { span class={ "badge " (kind) } { (text) } }
}

/// An e-mail field.
pub fn email_field(value: &str) -> Markup {
    html! {
        label for="email" { "E-mail address" }
        input #email type="email" name="email" value=(value) maxlength="254" required
            autocomplete="username" autocapitalize="none" spellcheck="false";
    }
}

/// A password field; `purpose` is `current-password` or `new-password`.
pub fn password_field(name: &str, label: &str, purpose: &str) -> Markup {
    html! {
        label for=(name) { (label) }
        input id=(name) type="password" name=(name) required autocomplete=(purpose);
    }
}

/// A field for a code of the second factor; each on a page has an id of its own.
pub fn code_field(id: &str) -> Markup {
    html! {
        label for=(id) { "Code of your app, or a recovery code" }
        input id=(id) type="text" name="code" required maxlength="40" autocomplete="one-time-code"
            autocapitalize="none" spellcheck="false";
    }
}

/// A text to copy, with its name.
pub fn copyable(name: &str, value: &str) -> Markup {
    html! {
        dt { (name) }
        dd { code.copy { (value) } }
    }
}

/// Commands to run, each on its line.
pub fn command(text: &Markup) -> Markup {
    // What scrolls sideways must be reachable by keyboard.
    html! { pre tabindex="0" { code { (text) } } }
}

/// Where a page would have a list: why there is none yet, and the way to one.
pub fn empty(drawing: Icon, title: &str, text: &Markup) -> Markup {
    html! {
        div.empty { (icon(drawing)) h2 { (title) } (text) }
    }
}

/// Pages of a list around the present one, which counts from 1; `link` gives their addresses.
pub fn pager(this: u64, pages: u64, link: impl Fn(u64) -> String) -> Markup {
    let before = this.saturating_sub(1);
    let after = this.saturating_add(1);
    html! {
        @if pages > 1 {
            nav.pager aria-label="Pages" {
                @if before > 1 { a href=(link(1)) { "Newest" } }
                @if before >= 1 { a rel="prev" href=(link(before)) { "Newer" } }
                span { "Page " (grouped(this)) " of " (grouped(pages)) }
                @if after <= pages { a rel="next" href=(link(after)) { "Older" } }
                @if after < pages { a href=(link(pages)) { "Oldest" } }
            }
        }
    }
}

/// An amount without the zeros at its end: `21.5`, `3.00`.
pub fn dcr(amount: Atoms) -> String {
    let full = amount.to_string();
    let Some((whole, decimals)) = full.split_once('.') else {
        return full;
    };
    let decimals = decimals.trim_end_matches('0');
    format!("{whole}.{decimals:0<2}")
}

/// A large amount, to a hundredth: `1,234.57`.
pub fn rounded_dcr(amount: Atoms) -> String {
    let hundredths = amount.0.max(0).unsigned_abs().saturating_add(500_000) / 1_000_000;
    format!("{}.{:02}", grouped(hundredths / 100), hundredths % 100)
}

/// `1,234,567`.
pub fn grouped(number: impl Into<u64>) -> String {
    let digits = number.into().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `1 month`, `2 months`.
pub fn counted<N: Copy + Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let plural = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

/// `0.1234` as `12.34 %`.
pub fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}

/// How long ago, in words.
pub fn age(now: i64, then: i64) -> String {
    let seconds = now.saturating_sub(then);
    let (count, unit) = match seconds {
        ..2 => return "just now".into(),
        2..120 => (seconds, "seconds"),
        120..7200 => (seconds / 60, "minutes"),
        7200..172_800 => (seconds / 3600, "hours"),
        _ => (seconds / 86_400, "days"),
    };
    format!("{count} {unit} ago")
}

/// `2026-01-31 12:00 UTC`.
pub fn date_time(unix_seconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp(unix_seconds)
        .ok()
        .and_then(|time| {
            time.format(format_description!(
                "[year]-[month]-[day] [hour]:[minute] UTC"
            ))
            .ok()
        })
        .unwrap_or_default()
}

/// The block explorer of a network; none knows a simulated one.
pub fn explorer(network: Network) -> Option<&'static str> {
    match network {
        Network::Mainnet => Some("https://dcrdata.decred.org"),
        Network::Testnet => Some("https://testnet.dcrdata.org"),
        Network::Simnet => None,
    }
}

/// Enough of a hash to tell it from others at a glance.
pub fn short_hash(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(8)..)) {
        (Some(head), Some(tail)) if hash.len() > 16 => format!("{head}…{tail}"),
        _ => hash.to_owned(),
    }
}

/// A hash, short, linked to the explorer's page where there is one; else it is whole in a tip.
pub fn transaction(network: Network, hash: &str) -> Markup {
    let short = short_hash(hash);
    html! {
        @match explorer(network) {
            Some(site) => {
                a.hash href={ (site) "/tx/" (hash) } rel="noopener" { (short) }
            }
            None => { span.hash title=(hash) { (short) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(dcr(Atoms(2_150_000_000)), "21.50");
        assert_eq!(dcr(Atoms(300_000_000)), "3.00");
        assert_eq!(dcr(Atoms(1)), "0.00000001");
        assert_eq!(rounded_dcr(Atoms(123_456_499_999)), "1,234.56");
        assert_eq!(rounded_dcr(Atoms(99_500_000)), "1.00");
        assert_eq!(grouped(0_u32), "0");
        assert_eq!(grouped(999_u32), "999");
        assert_eq!(grouped(1_234_567_u32), "1,234,567");
        assert_eq!(percent(0.0625), "6.25 %");
        assert_eq!(counted(1, "day"), "1 day");
        assert_eq!(counted(0, "day"), "0 days");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(age(100, 100), "just now");
        assert_eq!(age(100, 200), "just now", "clocks differ");
        assert_eq!(age(100, 70), "30 seconds ago");
        assert_eq!(age(10_000, 9_000), "16 minutes ago");
        assert_eq!(age(1_000_000, 0), "11 days ago");
        assert_eq!(date_time(1_790_000_000), "2026-09-21 14:13 UTC");
    }

    #[test]
    fn long_lists_have_ways_to_both_ends() {
        let html = |this, pages| pager(this, pages, |page| format!("/x?page={page}")).into_string();
        assert!(html(1, 1).is_empty());
        let middle = html(5, 10);
        for page in [1, 4, 6, 10] {
            assert!(middle.contains(&format!("/x?page={page}\"")), "{page}");
        }
        assert_eq!(html(1, 2).matches("<a").count(), 1);
        assert_eq!(html(2, 2).matches("<a").count(), 1);
    }

    #[test]
    fn explorers_are_linked_without_telling_them_where_from() {
        let hash = "ab".repeat(32);
        let html = transaction(Network::Mainnet, &hash).into_string();
        assert!(html.contains(&format!("https://dcrdata.decred.org/tx/{hash}")));
        assert!(html.contains("rel=\"noopener\"") && html.contains("abababab…abababab"));
        let html = transaction(Network::Simnet, &hash).into_string();
        assert!(!html.contains("href") && html.contains(&format!("title=\"{hash}\"")));
    }
}
