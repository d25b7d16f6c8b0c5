//! Pictures on the pages: what was kept block by block.

use dcrstakepool::db::{Access, Options, Sample, Store, VoteLatency};
use dcrstakepool::decred::{Atoms, Height};
use dcrstakepool::secret::Secret;

use super::browser::{Answer, Browser};
use super::site::Site;

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
