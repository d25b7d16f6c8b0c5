//! `/voting`: one choice for each agenda of the current vote version.

use std::borrow::Cow;
use std::sync::Arc;

use http::StatusCode;
use maud::{Markup, Render, html};

use super::components::{badge, csrf_field, empty, notice, problem};
use super::icons::Icon;
use super::layout::Page;
use crate::decred::VoteBits;
use crate::pool::{Limited, User, VotingError};
use crate::rpc::wire::{Agenda, Agendas};
use crate::web::error::Error;
use crate::web::form::Form;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

#[derive(Debug)]
struct Voting {
    token: String,
    /// `None` while no voting wallet has told them.
    agendas: Option<Arc<Agendas>>,
    bits: VoteBits,
    saved: bool,
    problem: Option<String>,
}

pub fn get(request: &UserReq) -> Result<Response, Error> {
    if request.user().enrolled.is_none() {
        return Ok(response::see_other("/address"));
    }
    let saved = request.query.get("saved").is_some();
    Ok(page(request, StatusCode::OK, saved, None))
}

pub async fn post(request: UserReq) -> Result<Response, Error> {
    if request.user().enrolled.is_none() {
        return Ok(response::see_other("/address"));
    }
    let pool = &request.app.pool;
    pool.limit_account(Limited::Preference, request.user().id)
        .await?;
    let Some(agendas) = pool.agendas() else {
        return Ok(page(&request, StatusCode::SERVICE_UNAVAILABLE, false, None));
    };
    let old = current_bits(request.user(), &agendas);
    let set = match chosen_bits(&agendas, old, &request.form) {
        Some(bits) => pool.set_vote_bits(request.user().id, bits).await,
        None => Err(VotingError::Invalid),
    };
    match set {
        Ok(()) => Ok(response::see_other("/voting?saved")),
        Err(VotingError::Invalid) => {
            let problem = "The agendas have changed since you opened this page. Please look at them \
                           and choose again; nothing was changed.";
            Ok(page(
                &request,
                StatusCode::UNPROCESSABLE_ENTITY,
                false,
                Some(problem.to_owned()),
            ))
        }
        Err(VotingError::Pool(error)) => Err(error.into()),
    }
}

fn page(request: &UserReq, status: StatusCode, saved: bool, problem: Option<String>) -> Response {
    let agendas = request.app.pool.agendas();
    let bits = agendas.as_ref().map_or(VoteBits::DEFAULT, |agendas| {
        current_bits(request.user(), agendas)
    });
    let page = Voting {
        token: request.form_token(),
        agendas,
        bits,
        saved,
        problem,
    };
    request.page(status, &page)
}

/// The user's choice, if it was made for these agendas.
fn current_bits(user: &User, agendas: &Agendas) -> VoteBits {
    if user.vote_version == agendas.version {
        user.vote_bits
    } else {
        VoteBits::DEFAULT
    }
}

/// The form as vote bits; an agenda without a field keeps its old choice. `None` when a field is none
/// of its agenda's choices.
fn chosen_bits(agendas: &Agendas, old: VoteBits, form: &Form) -> Option<VoteBits> {
    let mut bits = VoteBits::DEFAULT.0;
    for (index, agenda) in agendas.agendas.iter().enumerate() {
        let choice = match form.get(&field(index)) {
            None => old.0 & agenda.mask,
            Some(text) => {
                let choice = text.parse::<u16>().ok()?;
                let known = agenda.choices.iter().any(|known| known.bits == choice);
                known.then_some(choice)?
            }
        };
        bits |= choice;
    }
    Some(VoteBits(bits))
}

fn field(index: usize) -> String {
    format!("agenda{index}")
}

impl Page for Voting {
    fn title(&self) -> Cow<'static, str> {
        "Voting".into()
    }
}

impl Render for Voting {
    fn render(&self) -> Markup {
        html! {
            section.narrow {
                h1 { "How your tickets vote" }
                @if self.saved { (notice("good", "Saved. The voting wallets vote so from now on.")) }
                (problem(self.problem.as_deref()))
                @match &self.agendas {
                    None => (notice("info", "The voting wallets have not reported the agendas yet. Until \
                        then your tickets vote by your last choice. Please try again in a moment.")),
                    Some(agendas) if agendas.agendas.is_empty() => {
                        @let text = html! {
                            p { "Vote version " (agendas.version) " has no agendas. Your tickets approve each "
                                "valid block. When the network asks something, the choices stand here." }
                        };
                        (empty(Icon::Ballot, "There is nothing to decide at this moment", &text))
                    }
                    Some(agendas) => (self.form(agendas)),
                }
                p.hint { "Every vote also approves the block before it. On spending of the treasury the "
                    "pool's votes abstain." }
            }
        }
    }
}

impl Voting {
    fn form(&self, agendas: &Agendas) -> Markup {
        html! {
            p { "Agendas of vote version " (agendas.version) ". Your choice holds for all your tickets, "
                "also for those that are live already." }
            form method="post" action="/voting" {
                (csrf_field(&self.token))
                @for (index, agenda) in agendas.agendas.iter().enumerate() {
                    (self.agenda(index, agenda))
                }
                button type="submit" { "Save my choices" }
            }
        }
    }

    fn agenda(&self, index: usize, agenda: &Agenda) -> Markup {
        let mine = self.bits.0 & agenda.mask;
        html! {
            fieldset {
                legend { (agenda.id) " " (badge("quiet", &agenda.status)) }
                p { (agenda.description) }
                @for choice in &agenda.choices {
                    label.choice {
                        input type="radio" name=(field(index)) value=(choice.bits)
                            checked[choice.bits == mine];
                        span { strong { (choice.id) } " " span.hint { (choice.description) } }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::VoteVersion;
    use crate::rpc::wire::AgendaChoice;

    fn choice(id: &str, bits: u16) -> AgendaChoice {
        AgendaChoice {
            id: id.into(),
            description: format!("{id} <it>"),
            bits,
            is_abstain: bits == 0,
            is_no: id == "no",
        }
    }

    fn agendas() -> Agendas {
        let agenda = |id: &str, mask: u16, no: u16, yes: u16| Agenda {
            id: id.into(),
            description: "Change it".into(),
            mask,
            status: "started".into(),
            choices: vec![choice("abstain", 0), choice("no", no), choice("yes", yes)],
        };
        Agendas {
            version: VoteVersion(12),
            agendas: vec![agenda("first", 6, 2, 4), agenda("second", 24, 8, 16)],
        }
    }

    fn chosen(form: &str) -> Option<u16> {
        chosen_bits(
            &agendas(),
            VoteBits(1 | 2 | 16),
            &Form::parse(form.as_bytes()),
        )
        .map(|bits| bits.0)
    }

    #[test]
    fn choices_become_bits() {
        assert_eq!(chosen("agenda0=4&agenda1=8"), Some(1 | 4 | 8));
        assert_eq!(chosen("agenda0=0&agenda1=0"), Some(1));
        assert_eq!(chosen("agenda0=4"), Some(1 | 4 | 16), "the other stays");
        for bad in [
            "agenda0=6",
            "agenda0=8",
            "agenda1=x",
            "agenda0=65540",
            "agenda0=",
        ] {
            assert_eq!(chosen(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_form_shows_the_present_choice() {
        let page = Voting {
            token: "t".into(),
            agendas: Some(Arc::new(agendas())),
            bits: VoteBits(1 | 4),
            saved: true,
            problem: None,
        };
        let html = page.render().into_string();
        assert!(html.contains("name=\"agenda0\" value=\"4\" checked"));
        assert!(html.contains("name=\"agenda1\" value=\"0\" checked"));
        assert!(!html.contains("name=\"agenda0\" value=\"2\" checked"));
        assert!(
            html.contains("yes &lt;it&gt;") && html.contains("abstain") && html.contains("Saved")
        );
    }

    #[test]
    fn without_agendas_there_is_no_form() {
        let mut page = Voting {
            token: String::new(),
            agendas: None,
            bits: VoteBits::DEFAULT,
            saved: false,
            problem: None,
        };
        assert!(page.render().into_string().contains("have not reported"));
        page.agendas = Some(Arc::new(Agendas {
            version: VoteVersion(1),
            agendas: Vec::new(),
        }));
        let html = page.render().into_string();
        assert!(html.contains("nothing to decide") && !html.contains("<form"));
    }
}
