//! `/tickets/HASH`: the whole life of one ticket.

use std::borrow::Cow;
use std::sync::Arc;

use maud::{Markup, Render, html};

use super::row::status;
use crate::db::VoteTime;
use crate::decred::{Network, TicketHash};
use crate::domain::{FeeVerdict, TicketRecord, TicketStatus, VoteRecord};
use crate::pool::TicketStory;
use crate::rpc::wire::{Agenda, Agendas};
use crate::web::error::Error;
use crate::web::pages::components::{badge, copyable, dcr, grouped, transaction};
use crate::web::pages::layout::Page;
use crate::web::request::UserReq;
use crate::web::response::Response;

#[derive(Debug)]
struct Story {
    told: TicketStory,
    network: Network,
    /// Of today's vote version.
    agendas: Option<Arc<Agendas>>,
}

pub async fn get(request: UserReq) -> Result<Response, Error> {
    let hash: TicketHash = request.rest.parse().map_err(|_| Error::not_found())?;
    let pool = &request.app.pool;
    let story = pool.ticket_story(request.user().id, hash).await?;
    Ok(request.ok(&Story {
        told: story.ok_or_else(Error::not_found)?,
        network: pool.settings().network,
        agendas: pool.agendas(),
    }))
}

impl Page for Story {
    fn title(&self) -> Cow<'static, str> {
        "Ticket".into()
    }
}

impl Render for Story {
    fn render(&self) -> Markup {
        let ticket = &self.told.ticket;
        let (kind, word) = status(ticket);
        html! {
            section.narrow {
                h1 { "Ticket " (badge(kind, word)) }
                div.card {
                    dl.facts.stacked { (copyable("Hash", &ticket.hash.to_string())) }
                    (self.bought(ticket))
                }
                @if let Some(vote) = &ticket.vote { (self.voted(vote)) }
                @if let Some(revocation) = &ticket.revocation {
                    div.card { h2 { "Revoked" }
                        p { "Your coins are free again by " (transaction(self.network, &revocation.to_string())) "." }
                    }
                }
                p { a href="/tickets" { "All tickets" } }
            }
        }
    }
}

impl Story {
    fn bought(&self, ticket: &TicketRecord) -> Markup {
        let callable = ticket.callable(self.network.params());
        html! {
            dl.facts {
                dt { "Bought" }
                dd { @match ticket.mined {
                    Some((_, height)) => { "in block " (grouped(height.0)) }
                    None => "waits for a block",
                } }
                dt { "Price" } dd { (dcr(ticket.price)) " DCR" }
                dt { "Pool fee" } dd { (dcr(ticket.fee_paid)) " DCR, " (fee(ticket.verdict)) }
                @if let Some((first, last)) = callable {
                    dt { @if ticket.status == TicketStatus::Immature { "Live from" } @else { "Live since" } }
                    dd { "block " (grouped(first)) }
                    dt { "Called until" } dd { "block " (grouped(last)) ", then it expires" }
                }
                dt { "Transaction" } dd { (transaction(self.network, &ticket.hash.to_string())) }
            }
        }
    }

    fn voted(&self, vote: &VoteRecord) -> Markup {
        html! {
            div.card {
                h2 { "Voted" }
                dl.facts {
                    dt { "Vote" } dd { (transaction(self.network, &vote.hash.to_string())) }
                    dt { "In block" } dd { (grouped(vote.height.0)) }
                    dt { "Reward" } dd { (dcr(vote.reward)) " DCR" }
                    dt { "Vote version" } dd { (vote.version) }
                    dt { "Block before" } dd { @if vote.bits.0 & 1 == 1 { "approved" } @else { "disapproved" } }
                    @for (agenda, choice) in self.choices(vote) {
                        dt { (agenda) } dd { (choice) }
                    }
                }
            }
            (self.nodes())
        }
    }

    /// Agendas and what the vote chose; its bits where today's agendas are others.
    fn choices(&self, vote: &VoteRecord) -> Vec<(String, String)> {
        let agendas = self
            .agendas
            .as_ref()
            .filter(|it| it.version == vote.version);
        let Some(agendas) = agendas else {
            return vec![("Vote bits".to_owned(), format!("{:#06x}", vote.bits.0))];
        };
        let choice = |agenda: &Agenda| {
            let bits = vote.bits.0 & agenda.mask;
            let chosen = agenda.choices.iter().find(|choice| choice.bits == bits);
            let words = chosen.map_or("nothing that is known", |choice| &choice.id);
            (agenda.id.clone(), words.to_owned())
        };
        agendas.agendas.iter().map(choice).collect()
    }

    fn nodes(&self) -> Markup {
        html! {
            @if !self.told.votes.is_empty() {
                div.card {
                    h2 { "Voting nodes" }
                    p { "Each votes by itself. Times run from the block's announcement at that node." }
                    table {
                        thead { tr {
                            th scope="col" { "Node" }
                            th scope="col" { "Signed" }
                            th scope="col" { "In its network" }
                            th scope="col" { "Vote" }
                        } }
                        tbody { @for (number, time) in &self.told.votes { (node(*number, time)) } }
                    }
                }
            }
        }
    }
}

fn node(number: Option<usize>, time: &VoteTime) -> Markup {
    html! {
        tr {
            td { @match number { Some(number) => (number), None => "a former one" } }
            td { (millis(time.signed_us)) " ms" }
            td { (millis(time.answered_us)) " ms" }
            td { @match time.outcome.as_str() {
                "first" => "was the first here",
                "ready" => "the same came from another node before",
                _ => "another node had voted with other choices",
            } }
        }
    }
}

fn millis(micros: u64) -> String {
    format!("{}.{}", grouped(micros / 1000), micros / 100 % 10)
}

fn fee(verdict: FeeVerdict) -> &'static str {
    match verdict {
        FeeVerdict::Pending => "looked at when it is mined",
        FeeVerdict::Good => "enough",
        FeeVerdict::Low => "too low: it is not voted",
        FeeVerdict::Added => "too low, but an operator lets it be voted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{VoteBits, VoteVersion};
    use crate::rpc::wire::AgendaChoice;
    use crate::web::pages::tickets::row::tests::{ticket, voted_ticket};

    fn html(ticket: TicketRecord, version: u32, votes: Vec<(Option<usize>, VoteTime)>) -> String {
        let choice = |id: &str, bits| AgendaChoice {
            id: id.into(),
            description: String::new(),
            bits,
            is_abstain: bits == 0,
            is_no: id == "no",
        };
        let agenda = Agenda {
            id: "treasury".into(),
            description: String::new(),
            mask: 6,
            status: "started".into(),
            choices: vec![choice("abstain", 0), choice("no", 2), choice("yes", 4)],
        };
        let agendas = Agendas {
            version: VoteVersion(version),
            agendas: vec![agenda],
        };
        let story = Story {
            told: TicketStory { ticket, votes },
            network: Network::Mainnet,
            agendas: Some(Arc::new(agendas)),
        };
        story.render().into_string()
    }

    #[test]
    fn a_vote_tells_its_choices_in_words_while_the_agendas_are_known() {
        let voted = html(voted_ticket(), 12, Vec::new());
        for told in [
            "<dt>treasury</dt><dd>yes</dd>",
            "<dd>approved</dd>",
            "1.50 DCR",
            "<dd>2,000</dd>",
        ] {
            assert!(voted.contains(told), "{told}: {voted}");
        }
        let mut other = voted_ticket();
        if let Some(vote) = &mut other.vote {
            vote.bits = VoteBits(4);
        }
        let other = html(other, 13, Vec::new());
        assert!(
            other.contains("<dt>Vote bits</dt><dd>0x0004</dd>"),
            "{other}"
        );
        assert!(other.contains("disapproved"));
    }

    #[test]
    fn nodes_are_told_by_number_and_time() {
        let time = |outcome: &str, answered_us| VoteTime {
            ticket: ticket().hash,
            voter: "10.0.0.20:9113".into(),
            signed_us: 480,
            answered_us,
            outcome: outcome.into(),
        };
        let votes = vec![
            (Some(2), time("first", 12_345)),
            (None, time("ready", 1_234_567)),
        ];
        let page = html(voted_ticket(), 12, votes);
        assert!(
            page.contains("<td>2</td><td>0.4 ms</td><td>12.3 ms</td><td>was the first here</td>"),
            "{page}"
        );
        assert!(page.contains("a former one") && page.contains("1,234.5 ms"));
        assert!(!page.contains("10.0.0.20"));
        assert!(!html(ticket(), 12, Vec::new()).contains("Voting nodes"));
    }
}
