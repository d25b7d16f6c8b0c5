//! What the page looks like at each step.

use std::borrow::Cow;

use maud::{Markup, Render, html};

use super::super::components::{
    code_field, csrf_field, date_time, notice, password_field, problem,
};
use super::super::icons::{Icon, icon};
use super::super::layout::Page;
use super::super::qr::qr;
use super::{SecondFactor, Step};
use crate::pool::{Offer, SecondFactorState};
use crate::secret::Secret;

/// Fewer are worth a word.
const FEW_CODES: u64 = 3;
/// Letters of a key that are read at a time.
const GROUP: usize = 4;

impl Page for SecondFactor {
    fn title(&self) -> Cow<'static, str> {
        "Second factor".into()
    }
}

impl Render for SecondFactor {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "Second factor" }
                @if let Some(done) = self.done { (notice("good", done)) }
                @if self.needed {
                    (notice("warn", "You are an operator of this pool: the operators' pages open when your second \
                        factor is on."))
                }
                (problem(self.problem.as_deref()))
                @match &self.step {
                    Step::Off => (self.off()),
                    Step::Offered(offer) => (self.offered(offer)),
                    Step::Codes(codes) => (fresh_codes(codes)),
                    Step::On(state) => (self.on(*state)),
                }
                p { a href="/settings" { "All settings" } }
            }
        }
    }
}

impl SecondFactor {
    fn form(&self, action: &str, fields: &Markup) -> Markup {
        html! {
            form method="post" action="/settings/second-factor" {
                (csrf_field(&self.token))
                input type="hidden" name="action" value=(action);
                (fields)
            }
        }
    }

    fn off(&self) -> Markup {
        let fields = html! {
            (password_field("password", "Current password", "current-password"))
            button type="submit" { "Begin" }
        };
        html! {
            section.card {
                h2 { "Turn it on" }
                p { "Whoever learns your password still cannot sign in, nor change your account: a code of an app on "
                    "your phone is asked for too. Any app for such codes will do (Aegis, FreeOTP, Google "
                    "Authenticator, 1Password and others)." }
                (self.form("offer", &fields))
            }
        }
    }

    fn offered(&self, offer: &Offer) -> Markup {
        let fields = html! {
            input type="hidden" name="offer" value=(offer.sealed.expose());
            label for="code" { "The six digits that the app shows" }
            input #code type="text" name="code" required maxlength="12" inputmode="numeric"
                autocomplete="one-time-code" spellcheck="false";
            button type="submit" { "Turn it on" }
        };
        html! {
            section.card {
                h2 { "1. Give the key to your app" }
                p { "Read this picture with the app, or type the key into it." }
                figure.qr.large { (qr(offer.link.expose(), "QR code of the key for your app")) }
                dl.facts.stacked {
                    dt { "Key" }
                    dd { code.copy { (in_groups(&offer.text)) } }
                }
                p.hint { "Time based, SHA-1, six digits, thirty seconds: what apps take by themselves." }
            }
            section.card {
                h2 { "2. Show that it works" }
                (self.form("on", &fields))
            }
        }
    }

    fn on(&self, state: SecondFactorState) -> Markup {
        let left = match state.codes_left {
            0 => "no recovery code is left".to_owned(),
            1 => "one recovery code is left".to_owned(),
            left => format!("{left} recovery codes are left"),
        };
        let proof = |prefix: &str, button: &Markup| {
            let (password, code) = (format!("{prefix}password"), format!("{prefix}code"));
            html! {
                label for=(password) { "Current password" }
                input id=(password) type="password" name="password" required autocomplete="current-password";
                (code_field(&code))
                (button)
            }
        };
        let renew = html! { button type="submit" { "Make new recovery codes" } };
        let off = html! { button.quiet type="submit" { "Turn it off" } };
        html! {
            p { "It has been on since " (date_time(state.since)) "; " (left) "." }
            @if state.codes_left < FEW_CODES {
                (notice("warn", "Make new recovery codes before you need them."))
            }
            section.card {
                h2 { "New recovery codes" }
                p { "The old ones are void at once." }
                (self.form("codes", &proof("renew", &renew)))
            }
            section.card {
                h2 { "Turn it off" }
                p { "For a new phone, too: turn it off, then on again with the new one." }
                (self.form("off", &proof("off", &off)))
            }
        }
    }
}

fn fresh_codes(codes: &[Secret]) -> Markup {
    html! {
        (notice("good", "Your second factor is on. Keep these recovery codes: they are shown this once."))
        section.card {
            h2 { "Recovery codes" }
            p { "Should your phone be lost, each of them signs you in once, in place of a code of the app. Keep them "
                "apart from your password: on paper, beside the seed of your wallet." }
            pre tabindex="0" { code { (lines(codes).expose()) } }
            p.actions {
                a.button.quiet href=(as_file(codes).expose()) download="recovery-codes.txt" {
                    (icon(Icon::Download)) "Save as text"
                }
            }
        }
        p.actions { a.button href="/settings/second-factor" { "I have them" } }
    }
}

fn lines(codes: &[Secret]) -> Secret {
    let lines = codes.iter().flat_map(|code| [code.expose(), "\n"]);
    Secret::new(lines.collect::<String>())
}

/// A file within the page: the site keeps none that it could give once more. Codes are plain letters.
fn as_file(codes: &[Secret]) -> Secret {
    Secret::new(format!(
        "data:text/plain,{}",
        lines(codes).expose().replace('\n', "%0A")
    ))
}

/// Apps pass over the blanks.
fn in_groups(key: &Secret) -> String {
    let letters: Vec<char> = key.expose().chars().collect();
    let groups: Vec<String> = letters
        .chunks(GROUP)
        .map(|it| it.iter().collect())
        .collect();
    groups.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(step: Step) -> SecondFactor {
        SecondFactor {
            token: "t0ken".into(),
            needed: false,
            done: None,
            problem: None,
            step,
        }
    }

    fn html(step: Step) -> String {
        page(step).render().into_string()
    }

    fn offer() -> Offer {
        Offer {
            sealed: Secret::new("5ea1ed"),
            text: Secret::new("GEZDGNBVGY3TQOJQ"),
            link: Secret::new("otpauth://totp/A:b?secret=GEZDGNBVGY3TQOJQ"),
        }
    }

    #[test]
    fn every_form_is_guarded_and_says_what_it_wants() {
        let on = SecondFactorState {
            since: 1_790_000_000,
            codes_left: 10,
        };
        for (step, actions) in [
            (Step::Off, vec!["offer"]),
            (Step::Offered(offer()), vec!["on"]),
            (Step::On(on), vec!["codes", "off"]),
        ] {
            let html = html(step);
            let forms = html.matches("<form").count();
            assert_eq!(forms, actions.len());
            assert_eq!(html.matches("value=\"t0ken\"").count(), forms);
            for action in actions {
                let field = format!("name=\"action\" value=\"{action}\"");
                assert!(html.contains(&field), "{html}");
            }
        }
    }

    #[test]
    fn the_key_is_a_picture_and_a_text() {
        let html = html(Step::Offered(offer()));
        assert!(html.contains("<svg") && html.contains("GEZD GNBV GY3T QOJQ"));
        assert!(html.contains("name=\"offer\" value=\"5ea1ed\""));
        assert!(!html.contains("otpauth://"), "the picture says it");
    }

    #[test]
    fn recovery_codes_can_be_copied_and_saved() {
        let codes = ["0123-4567", "89ab-cdef"].map(Secret::new);
        let html = html(Step::Codes(codes.into()));
        assert!(html.contains("<code>0123-4567\n89ab-cdef\n</code>"));
        assert!(html.contains("href=\"data:text/plain,0123-4567%0A89ab-cdef%0A\""));
        assert!(html.contains("download=\"recovery-codes.txt\""));
    }

    #[test]
    fn whoever_runs_out_of_codes_is_told() {
        for (codes_left, text, warned) in [
            (10, "10 recovery codes are left", false),
            (2, "2 recovery codes are left", true),
            (1, "one recovery code is left", true),
            (0, "no recovery code is left", true),
        ] {
            let html = html(Step::On(SecondFactorState {
                since: 0,
                codes_left,
            }));
            assert!(html.contains(text), "{html}");
            assert_eq!(html.contains("before you need them"), warned);
        }
    }

    #[test]
    fn operators_are_told_why_they_are_here() {
        let needed = SecondFactor {
            needed: true,
            ..page(Step::Off)
        };
        assert!(needed.render().into_string().contains("operators' pages"));
    }
}
