//! One ticket as a row.

use maud::{Markup, html};

use crate::decred::Network;
use crate::domain::{FeeVerdict, TicketRecord, TicketStatus};
use crate::web::pages::components::{badge, dcr, grouped, short_hash, transaction};

/// Without names of the columns in each cell: a page has many rows, and the style knows their order.
pub(super) fn row(ticket: &TicketRecord, network: Network) -> Markup {
    let (kind, word) = status(ticket);
    html! {
        tr {
            td {
                (badge(kind, word))
                @if ticket.verdict == FeeVerdict::Low { " " (badge("bad", "Low fee")) }
                @if ticket.verdict == FeeVerdict::Added { " " (badge("info", "Low fee, added")) }
            }
            td { a.hash href={ "/tickets/" (ticket.hash) } { (short_hash(&ticket.hash.to_string())) } }
            td {
                @if let Some((_, height)) = ticket.mined { (grouped(height.0)) }
            }
            td { (dcr(ticket.price)) " DCR" }
            td { (dcr(ticket.fee_paid)) " DCR" }
            td { (outcome(ticket, network)) }
        }
    }
}

/// The kind of badge, and its word.
pub(in crate::web::pages) fn status(ticket: &TicketRecord) -> (&'static str, &'static str) {
    match ticket.status {
        TicketStatus::Mempool => ("quiet", "Unmined"),
        TicketStatus::Immature => ("quiet", "Immature"),
        TicketStatus::Live => ("info", "Live"),
        TicketStatus::Voted => ("good", "Voted"),
        TicketStatus::Missed => ("bad", "Missed"),
        TicketStatus::Expired => ("warn", "Expired"),
    }
}

fn outcome(ticket: &TicketRecord, network: Network) -> Markup {
    let callable = ticket.callable(network.params());
    html! {
        @match (&ticket.vote, ticket.status) {
            (Some(vote), _) => {
                (transaction(network, &vote.hash.to_string())) " in block " (grouped(vote.height.0))
                ", reward " (dcr(vote.reward)) " DCR"
            }
            (None, TicketStatus::Mempool) => "waits for a block",
            (None, TicketStatus::Immature) => {
                @if let Some((height, _)) = callable { "can be called from block " (grouped(height)) }
            }
            (None, TicketStatus::Live) => {
                @if let Some((_, height)) = callable { "expires after block " (grouped(height)) }
            }
            (None, _) => @match &ticket.revocation {
                Some(hash) => { "revoked by " (transaction(network, &hash.to_string())) }
                None => "revocation to come",
            },
        }
    }
}

#[cfg(test)]
pub(in crate::web::pages) mod tests {
    use super::*;
    use crate::decred::{Atoms, Height, VoteBits, VoteVersion};
    use crate::domain::{UserId, VoteRecord};

    pub fn ticket() -> TicketRecord {
        TicketRecord {
            hash: hash("ab"),
            user_id: UserId(1),
            ticket_address: "Sc".into(),
            price: Atoms(2_050_000_000),
            fee_paid: Atoms(12_345),
            mined: Some((hash("cd"), Height(1_000))),
            status: TicketStatus::Live,
            verdict: FeeVerdict::Good,
            vote: None,
            revocation: None,
        }
    }

    pub fn voted_ticket() -> TicketRecord {
        TicketRecord {
            status: TicketStatus::Voted,
            vote: Some(VoteRecord {
                hash: hash("ef"),
                block: hash("01"),
                height: Height(2_000),
                bits: VoteBits(5),
                version: VoteVersion(12),
                reward: Atoms(150_000_000),
            }),
            ..ticket()
        }
    }

    fn hash<T: serde::de::DeserializeOwned>(byte: &str) -> T {
        serde_json::from_value(byte.repeat(32).into()).unwrap()
    }

    fn html(ticket: &TicketRecord) -> String {
        row(ticket, Network::Mainnet).into_string()
    }

    #[test]
    fn a_live_ticket_says_when_it_expires() {
        let html = html(&ticket());
        assert!(html.contains("Live") && html.contains("expires after block 42,216"));
        assert!(html.contains("20.50 DCR") && html.contains("0.00012345 DCR"));
        assert!(!html.contains("Low fee"));
    }

    #[test]
    fn a_vote_is_shown_with_its_block_and_reward() {
        let html = html(&voted_ticket());
        assert!(html.contains("in block 2,000, reward 1.50 DCR"));
        assert!(html.contains(&format!("/tx/{}", "ef".repeat(32))));
    }

    #[test]
    fn low_fees_and_revocations_are_seen() {
        let mut ticket = ticket();
        ticket.verdict = FeeVerdict::Low;
        ticket.status = TicketStatus::Missed;
        assert!(html(&ticket).contains("Low fee") && html(&ticket).contains("revocation to come"));
        ticket.revocation = Some(hash("77"));
        assert!(html(&ticket).contains("revoked by"));
    }
}
