use super::stamp;
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// An alarm, for who runs the pool.
#[derive(Debug)]
pub struct AlertText<'a> {
    /// `begun`, `lasting` or `over`.
    pub event: &'a str,
    pub alarm: &'a str,
    pub message: &'a str,
    pub hint: &'a str,
    /// Unix seconds.
    pub since: i64,
    pub status_link: &'a str,
}

/// To the operator's people: an alarm began, still lasts, or is over.
pub fn alert(pool: &str, to: &str, text: &AlertText<'_>, at: i64) -> Mail {
    let (event, alarm) = (text.event, text.alarm);
    let letter = Letter::new(pool, to, &format!("alarm {event}: {alarm}"))
        .text(text.message)
        .text(format!("Since {}.", stamp(text.since)));
    let letter = if event == "over" {
        letter.text("It is over: nothing is to be done.")
    } else {
        letter.text(format!("What to do: {}.", text.hint))
    };
    letter
        .link("See the pool's status", text.status_link)
        .written_at(at)
}
