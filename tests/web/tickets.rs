//! `/tickets` with more tickets than a page holds: found, paged, downloaded.

use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Height, TicketHash, VoteBits, VoteVersion};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus};
use dcrstakepool::rpc::wire::{BlockVotes, VoteOutcome, VoteReport};
use http::StatusCode;
use serde_json::Value;

use super::browser::Browser;
use super::low_fee::{learn, shows_in_time, site_with_users, ticket, voted};
use super::site::Site;

/// More than an export reads at once, and than a page shows.
const MANY: u32 = 1_130;

fn hash(number: u32) -> TicketHash {
    Hash(blake256(&number.to_le_bytes()))
}

/// Every tenth voted, the first missed, the others live.
fn tickets(address: &str) -> Vec<TicketRecord> {
    let mut tickets: Vec<_> = (0..MANY)
        .map(|number| TicketRecord {
            hash: hash(number),
            mined: Some((Hash(blake256(b"block")), Height(100 + number / 20))),
            verdict: FeeVerdict::Good,
            ..if number % 10 == 9 {
                voted(1, address)
            } else {
                ticket(1, address)
            }
        })
        .collect();
    tickets[0].status = TicketStatus::Missed;
    tickets
}

async fn user_with_many() -> (Site, Browser, String) {
    let (site, _, mut user, address) = site_with_users().await;
    learn(&site, &tickets(&address));
    shows_in_time(&mut user, "/tickets", "1,130 in all").await;
    (site, user, address)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_tickets_are_paged_and_found() {
    let (_site, mut user, _) = user_with_many().await;
    let page = user.get("/tickets?page=23").await;
    page.shows("here are 1,101 to 1,130");
    page.shows("Page 23 of 23");
    let voted = user.get("/tickets?status=voted&page=3").await;
    voted.shows("113 found, the newest first; here are 101 to 113");
    voted.shows("href=\"/tickets?status=voted&amp;page=2\"");
    voted.shows("href=\"/tickets.csv?status=voted\"");
    user.get("/tickets?status=missed").await.shows("1 found");
    let one = hash(77).to_string();
    for query in [one.clone(), one[..20].to_uppercase(), format!("+{one}%20")] {
        let found = user.get(&format!("/tickets?hash={query}")).await;
        found.shows("1 found");
        found.shows(&one);
    }
    for query in [
        "status=expired",
        "hash=%27+OR+1=1",
        "hash=%25",
        "hash=%00",
        "hash=%ff",
    ] {
        let none = user.get(&format!("/tickets?{query}")).await;
        assert_eq!(none.status, StatusCode::OK);
        none.shows("href=\"/tickets\">All tickets");
        assert!(!none.body.contains("<tbody"), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_tickets_are_downloaded_in_both_forms() {
    let (_site, mut user, address) = user_with_many().await;
    let csv = user.get("/tickets.csv").await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(
        csv.header("content-disposition"),
        "attachment; filename=\"tickets.csv\""
    );
    assert_eq!(csv.header("cache-control"), "no-store");
    // Not made in one piece.
    assert_eq!(csv.header("content-length"), "");
    let lines: Vec<&str> = csv.body.split_terminator("\r\n").collect();
    assert_eq!(lines.len(), 1 + usize::try_from(MANY).unwrap());
    assert!(lines[0].starts_with("ticket,status,fee_verdict,ticket_address,price_dcr,"));
    let line = lines
        .iter()
        .find(|line| line.starts_with(&hash(9).to_string()));
    let (block, vote, next) = (blake256(b"block"), blake256(b"vote"), blake256(b"next"));
    let [block, vote, next] = [block, vote, next].map(|bytes| Hash(bytes).to_string());
    assert_eq!(
        *line.unwrap(),
        format!(
            "{},voted,good,{address},0.20000000,0.00000001,{block},100,116,500,{vote},{next},190,1,12,\
             3.00000000,",
            hash(9)
        )
    );

    let json = user.get("/tickets.json").await;
    assert_eq!(
        json.header("content-type"),
        "application/json; charset=utf-8"
    );
    let value: Value = serde_json::from_str(&json.body).unwrap();
    assert_eq!(value["network"], "simnet");
    let listed: Vec<&str> = value["tickets"]
        .as_array()
        .unwrap()
        .iter()
        .map(|ticket| ticket["ticket"].as_str().unwrap())
        .collect();
    let in_csv: Vec<&str> = lines[1..].iter().map(|line| &line[..64]).collect();
    assert_eq!(listed, in_csv);

    let voted = user.get("/tickets.csv?status=voted").await;
    assert_eq!(voted.body.matches("\r\n").count(), 114);
    let none = user.get("/tickets.json?hash=xyz").await;
    assert_eq!(none.body, "{\"network\":\"simnet\",\"tickets\":[\n]}\n");
    let head = user
        .send(http::Method::HEAD, "/tickets.csv", String::new())
        .await;
    assert_eq!((head.status, head.body.as_str()), (StatusCode::OK, ""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn downloads_hold_nothing_of_others() {
    let (site, _user, _) = user_with_many().await;
    let mut guest = site.browser();
    assert_eq!(guest.get("/tickets.csv").await.location(), "/signin");
    let mut other = Browser::new_user(&site, "other@example.com").await;
    assert_eq!(
        other.get("/tickets.csv").await.body.matches("\r\n").count(),
        1
    );
    let json = other.get("/tickets.json").await;
    assert_eq!(json.body, "{\"network\":\"simnet\",\"tickets\":[\n]}\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ticket_s_page_tells_its_whole_life_to_its_owner() {
    let (site, mut admin, mut user, address) = site_with_users().await;
    let mut ticket = TicketRecord {
        hash: hash(9),
        ..voted(1, &address)
    };
    if let Some(vote) = &mut ticket.vote {
        (vote.bits, vote.version) = (VoteBits(5), VoteVersion(12));
    }
    let vote = VoteReport {
        ticket: ticket.hash,
        bits: VoteBits(5),
        version: VoteVersion(12),
        outcome: VoteOutcome::AlreadyKnown,
        reason: String::new(),
        looked_up_us: 50,
        signed_us: 1_234,
        sent_us: 1_300,
        answered_us: 7_890,
    };
    site.voters[1].fake.with(|state| {
        state.status.blocks = vec![BlockVotes {
            hash: Hash(blake256(b"called")),
            height: Height(200),
            own_winners: 1,
            votes: vec![vote],
            unvoted: Vec::new(),
            last_accepted_us: Some(7_890),
        }];
    });
    learn(&site, std::slice::from_ref(&ticket));
    shows_in_time(&mut user, "/tickets", "1 in all").await;
    let path = format!("/tickets/{}", ticket.hash);
    user.get("/tickets")
        .await
        .shows(&format!("href=\"{path}\""));
    let page = shows_in_time(&mut user, &path, "<td>2</td><td>1.2 ms</td><td>7.8 ms</td>").await;
    for told in [
        "<dt>first</dt><dd>yes</dd>",
        "<dt>second</dt><dd>abstain</dd>",
        "approved",
    ] {
        page.shows(told);
    }
    // Of others it is not even said whether there is such a ticket.
    assert_eq!(admin.get(&path).await.status, StatusCode::NOT_FOUND);
    for bad in [
        "",
        "x",
        "%00",
        &"ab".repeat(32),
        &"AB".repeat(40),
        "../settings",
    ] {
        let answer = user.get(&format!("/tickets/{bad}")).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{bad}");
    }
    assert_eq!(site.browser().get(&path).await.location(), "/signin");
}
