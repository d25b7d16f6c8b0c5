//! Pictures on the pages: what was kept block by block, and a user's own tickets.

use dcrstakepool::db::{Access, Options, Sample, Store, VoteLatency};
use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Atoms, Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId, VoteRecord};
use dcrstakepool::rpc::wire::Event;
use dcrstakepool::secret::Secret;

use super::browser::{Answer, Browser};
use super::site::{Site, user_address};

/// What a page and its style sheet may weigh together.
const MOST: usize = 60_000;
/// The time of the fake voters' block 200.
const NOW: i64 = 1_700_000_000;

/// Ninety-five days in which all went well but for one ticket.
fn past() -> impl Iterator<Item = Sample> {
    (0..190).map(|half_day: u32| {
        let ago = i64::from(190 - half_day) * 43_200;
        Sample {
            height: Height(half_day + 1),
            block_time: NOW - ago,
            ticket_price: Atoms(20_000_000_000 + i64::from(half_day % 9) * 400_000_000),
            pool_size: 41_000 + u64::from(half_day % 13) * 20,
            live: 300 + u64::from(half_day),
            immature: 10,
            voted: u64::from(half_day) * 21,
            missed: u64::from(half_day / 180),
            expired: 2,
            votes: 21,
            latency: Some(VoteLatency {
                median_us: 9_000 + u64::from(half_day % 5) * 9_000,
                slowest_us: 150_000,
            }),
        }
    })
}

/// The page with its style sheet.
async fn weight(browser: &mut Browser, page: &Answer) -> usize {
    let rest = page.body.split("rel=\"stylesheet\" href=\"").nth(1);
    let path = rest.and_then(|rest| rest.split('"').next());
    let style = browser.get(path.expect("a style sheet")).await;
    page.body.len() + style.body.len()
}

#[tokio::test]
async fn the_statistics_are_drawn_from_what_was_kept() {
    let mut site = Site::start().await;
    site.stop().await;
    let url = format!("sqlite://{}", site.folder.path().join("pool.db").display());
    let options = Options::new(Secret::new(url), 2, Access::Owner);
    let store = Store::connect(options).await.expect("the site's database");
    for sample in past() {
        store.store_sample(sample).await.unwrap();
    }
    drop(store);
    site.start_again().await;
    let mut browser = site.browser();
    let page = browser.get("/stats").await;
    for title in [
        "Votes per day",
        "Vote latency",
        "Share of the network",
        "Ticket price",
        "Pool size",
    ] {
        page.shows(&format!("<h3>{title}</h3>"));
    }
    assert_eq!(page.body.matches("role=\"img\" aria-labelledby").count(), 5);
    page.shows("slowest 150 ms");
    page.shows(", 1 missed");
    assert_eq!(
        page.body.matches("rect class=\"bad\"").count(),
        1,
        "the missed one"
    );
    page.shows("%, in 90 days");
    // The first of 120 equal parts of the ninety days has two rows: the later one stands for it.
    page.shows("From 0.75 % on 17 Aug");
    let weight = weight(&mut browser, &page).await;
    assert!(weight <= MOST, "{weight} bytes");
}

#[tokio::test]
async fn a_new_pool_has_its_first_block_on_the_page() {
    let site = Site::start().await;
    let mut browser = site.browser();
    let page = browser.get("/stats").await;
    page.shows("<h3>Ticket price</h3>");
    page.shows("0 voted, 0 missed");
}

fn ticket(number: u32, address: &str) -> TicketRecord {
    let vote = VoteRecord {
        hash: Hash(blake256(b"vote")),
        block: Hash(blake256(b"voted")),
        height: Height(190),
        bits: VoteBits(1),
        version: VoteVersion(12),
        reward: Atoms(150_000_000),
    };
    let voted = number % 10 == 9;
    TicketRecord {
        hash: Hash(blake256(&number.to_be_bytes())),
        user_id: UserId(1),
        ticket_address: address.to_owned(),
        price: Atoms(20_000_000),
        fee_paid: Atoms(1_000),
        mined: Some((Hash(blake256(b"block")), Height(10 + number))),
        status: if voted {
            TicketStatus::Voted
        } else {
            TicketStatus::Live
        },
        verdict: FeeVerdict::Good,
        vote: voted.then_some(vote),
        revocation: None,
    }
}

#[tokio::test]
async fn a_user_sees_when_tickets_may_be_called_and_what_votes_earned() {
    let site = Site::start().await;
    let mut browser = Browser::new_user(&site, "alice@example.com").await;
    browser
        .submit("/address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    let none = browser.get("/tickets").await;
    assert!(!none.body.contains("<figure"), "{}", none.body);
    let json: serde_json::Value =
        serde_json::from_str(&browser.get("/address/script.json").await.body).unwrap();
    let address = json["ticket_address"].as_str().unwrap().to_owned();
    for voter in &site.voters {
        voter.fake.with(|state| {
            state.tickets = (0..150).map(|number| ticket(number, &address)).collect();
        });
        voter.fake.emit(&Event::Tickets { sequence: 150 });
    }
    for _ in 0..1500 {
        if browser.get("/tickets").await.body.contains("150 in all") {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let page = browser.get("/tickets").await;
    page.shows("<h3>Chance to be called</h3>");
    page.shows("135 tickets wait. Each block calls 5 of the network's 64 live tickets");
    page.shows("<h3>Your rewards by month</h3>");
    page.shows("22.50 DCR");
    let second = browser.get("/tickets?page=2").await;
    assert!(!second.body.contains("<figure"), "once is enough");
}
