use crate::decred::Atoms;
use crate::domain::{NewsKind, TicketRecord};
use crate::mail::Mail;
use crate::mail::letter::Letter;

/// Tickets of one kind that a mail lists; of more only the number is told.
const LISTED: usize = 20;

/// What happened to a user's tickets.
#[derive(Debug, Clone, Copy)]
pub struct TicketNews<'a> {
    pub tickets: &'a [(NewsKind, &'a TicketRecord)],
    /// The page of all tickets.
    pub tickets_link: &'a str,
    /// Where these mails are switched off.
    pub settings_link: &'a str,
    /// The operator's e-mail address.
    pub operator: &'a str,
}

/// To the owner of the tickets, at `at` (unix seconds).
pub fn ticket_news(pool: &str, to: &str, news: &TicketNews<'_>, at: i64) -> Mail {
    let groups: Vec<_> = NewsKind::ALL
        .into_iter()
        .map(|kind| (kind, news.of(kind)))
        .filter(|(_, tickets)| !tickets.is_empty())
        .collect();
    let subject: Vec<_> = groups
        .iter()
        .map(|(kind, tickets)| headline(*kind, tickets.len()))
        .collect();
    let mut letter = Letter::new(pool, to, &subject.join(", "));
    for (kind, tickets) in groups {
        let headline = headline(kind, tickets.len());
        letter = letter
            .text(format!("{headline}. {}", news.meaning(kind)))
            .list(lines(kind, &tickets))
            .link(
                "See them on the site",
                &format!("{}?status={}", news.tickets_link, status(kind)),
            );
    }
    letter
        .text("You choose which of these mails you get, or none, in your settings:")
        .link("Settings", news.settings_link)
        .written_at(at)
}

impl<'a> TicketNews<'a> {
    fn of(&self, kind: NewsKind) -> Vec<&'a TicketRecord> {
        let fits = self.tickets.iter().filter(|(other, _)| *other == kind);
        fits.map(|(_, ticket)| *ticket).collect()
    }

    fn meaning(&self, kind: NewsKind) -> String {
        match kind {
            NewsKind::Missed => format!(
                "Called, but no vote was mined: there is no reward. The stake comes back by a revocation. If you \
                 want to know why, ask the pool's operator: {}",
                self.operator
            ),
            NewsKind::LowFee => format!(
                "The pool does not vote what pays less than its fee, unless the operator adds it. Please write \
                 to the operator: {}",
                self.operator
            ),
            NewsKind::Voted => "Stake and reward are yours again after some hours.".into(),
            NewsKind::Expired => "Never called. The stake comes back by a revocation.".into(),
            NewsKind::VoteVersion => String::new(),
        }
    }
}

fn headline(kind: NewsKind, count: usize) -> String {
    let what = match (kind, count) {
        (NewsKind::Missed, 1) => "ticket was missed",
        (NewsKind::Missed, _) => "tickets were missed",
        (NewsKind::LowFee, 1) => "ticket pays too low a fee",
        (NewsKind::LowFee, _) => "tickets pay too low a fee",
        (NewsKind::Voted, 1) => "ticket voted",
        (NewsKind::Voted, _) => "tickets voted",
        (NewsKind::Expired, 1) => "ticket expired",
        (NewsKind::Expired, _) => "tickets expired",
        (NewsKind::VoteVersion, _) => "new vote version",
    };
    format!("{count} {what}")
}

/// How the page of tickets calls it.
fn status(kind: NewsKind) -> &'static str {
    match kind {
        NewsKind::LowFee => "lowfee",
        kind => kind.name(),
    }
}

fn lines(kind: NewsKind, tickets: &[&TicketRecord]) -> Vec<String> {
    let mut lines: Vec<_> = tickets
        .iter()
        .take(LISTED)
        .map(|ticket| line(kind, ticket))
        .collect();
    let more = tickets.len().saturating_sub(LISTED);
    if more > 0 {
        lines.push(format!("and {more} more"));
    }
    lines
}

fn line(kind: NewsKind, ticket: &TicketRecord) -> String {
    let (hash, price) = (ticket.hash, ticket.price);
    match (kind, &ticket.vote) {
        (NewsKind::Voted, Some(vote)) => format!(
            "{hash}: in block {}, price {price} DCR, reward {} DCR",
            vote.height, vote.reward
        ),
        (NewsKind::LowFee, _) => {
            let paid = ticket.fee_paid.max(Atoms(0));
            format!("{hash}: price {price} DCR, pays the pool {paid} DCR")
        }
        _ => format!("{hash}: price {price} DCR"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Hash, Height, VoteBits, VoteVersion};
    use crate::domain::{FeeVerdict, TicketStatus, UserId, VoteRecord};

    fn ticket(number: u8, status: TicketStatus) -> TicketRecord {
        TicketRecord {
            hash: Hash([number; 32]),
            user_id: UserId(1),
            ticket_address: "Sc".into(),
            price: Atoms(2_150_000_000),
            fee_paid: Atoms(1),
            mined: None,
            status,
            verdict: FeeVerdict::Low,
            vote: (status == TicketStatus::Voted).then_some(VoteRecord {
                hash: Hash([100; 32]),
                block: Hash([101; 32]),
                height: Height(900),
                bits: VoteBits(1),
                version: VoteVersion(11),
                reward: Atoms(7_000_000),
            }),
            revocation: None,
        }
    }

    fn mail(tickets: &[(NewsKind, &TicketRecord)]) -> Mail {
        let news = TicketNews {
            tickets,
            tickets_link: "https://p/tickets",
            settings_link: "https://p/settings#notifications",
            operator: "admin@example.com",
        };
        ticket_news("Pool", "kim@example.com", &news, 1_700_000_000)
    }

    #[test]
    fn one_mail_tells_of_all_kinds() {
        let (missed, low) = (
            ticket(1, TicketStatus::Missed),
            ticket(2, TicketStatus::Live),
        );
        let voted = ticket(3, TicketStatus::Voted);
        let mail = mail(&[
            (NewsKind::LowFee, &low),
            (NewsKind::Missed, &missed),
            (NewsKind::Voted, &voted),
        ]);
        assert_eq!(
            mail.subject,
            "Pool: 1 ticket was missed, 1 ticket pays too low a fee, 1 ticket voted"
        );
        for text in [
            format!("- {}: price 21.50000000 DCR\n", missed.hash),
            format!(
                "- {}: price 21.50000000 DCR, pays the pool 0.00000001 DCR\n",
                low.hash
            ),
            format!(
                "- {}: in block 900, price 21.50000000 DCR, reward 0.07000000 DCR\n",
                voted.hash
            ),
            "\nhttps://p/tickets?status=missed\n".into(),
            "\nhttps://p/tickets?status=lowfee\n".into(),
            "\nhttps://p/settings#notifications\n".into(),
            "admin@example.com".into(),
            "Written at 2023-11-14T22:13:20Z.".into(),
        ] {
            assert!(mail.body.contains(&text), "{text} in {}", mail.body);
        }
        let item = format!("<li>{}: price 21.50000000 DCR</li>", missed.hash);
        assert!(mail.html.contains(&item), "{}", mail.html);
    }

    #[test]
    fn a_long_list_ends_with_how_many_more_there_are() {
        let tickets: Vec<_> = (0..50)
            .map(|number| ticket(number, TicketStatus::Expired))
            .collect();
        let tickets: Vec<_> = tickets.iter().map(|it| (NewsKind::Expired, it)).collect();
        let mail = mail(&tickets);
        assert_eq!(mail.subject, "Pool: 50 tickets expired");
        assert_eq!(mail.body.matches("price").count(), LISTED);
        assert!(mail.body.contains("- and 30 more\n"));
    }
}
