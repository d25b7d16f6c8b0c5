//! Of what the user is told by mail.

use maud::{Markup, html};

use super::super::components::csrf_field;
use crate::domain::{NewsKind, Wishes};
use crate::web::form::Form;

/// What the form says: what is not ticked is not wanted.
pub(super) fn read(form: &Form) -> Wishes {
    let wanted = |kind: &NewsKind| form.is_set(kind.name());
    NewsKind::ALL.into_iter().filter(wanted).collect()
}

pub(super) fn form(token: &str, wishes: &Wishes) -> Markup {
    html! {
        section.card #notifications {
            h2 { "Mails about your tickets" }
            p { "One mail tells of several tickets, and there is no second one within a quarter of an hour." }
            form method="post" action="/settings" {
                (csrf_field(token))
                input type="hidden" name="updateNotifications" value="true";
                div role="group" aria-labelledby="tell" {
                    strong #tell { "Tell me when" }
                    @for kind in NewsKind::ALL {
                        label.choice {
                            input type="checkbox" name=(kind.name()) value="true" checked[wishes.include(kind)];
                            span { (in_words(kind)) }
                        }
                    }
                }
                button type="submit" { "Save" }
            }
        }
    }
}

fn in_words(kind: NewsKind) -> &'static str {
    match kind {
        NewsKind::Missed => "a ticket was missed",
        NewsKind::LowFee => "a ticket pays too low a fee, so that it is not voted",
        NewsKind::Voted => "a ticket voted",
        NewsKind::Expired => "a ticket expired",
        NewsKind::VoteVersion => "a new vote version made my choices void, while I have tickets",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wanted_is_ticked() {
        let html = form("t0ken", &Wishes::default()).into_string();
        let ticked = |kind: NewsKind| {
            let input = format!("name=\"{}\" value=\"true\" checked", kind.name());
            html.contains(&input)
        };
        for kind in NewsKind::ALL {
            assert_eq!(ticked(kind), Wishes::default().include(kind), "{kind:?}");
        }
    }
}
