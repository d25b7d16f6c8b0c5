//! What people had in the Go program's database besides rows of their own, and goes on working.

use dcrstakepool::decred::hash::{Hash, blake256};
use http::{Method, StatusCode};

use super::former::{Former, PEOPLE, Version, ends};
use crate::web::site::{Site, Wish, wait_for};

const BACKUP: &str = "--yes-i-have-a-backup";

async fn site(former: &Former, web: &'static str) -> Site {
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
    Site::with(Wish {
        voters: 1,
        web,
        database: Some(former.url()),
        ..Wish::default()
    })
    .await
}

/// Go's library took as many bytes as it liked, and hashed 72 of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn passwords_of_more_than_72_bytes_stay_good() {
    let former = Former::of(Version::V150);
    let password = "a phrase of many words ".repeat(5);
    let hash = bcrypt::hash_with_result(&password.as_bytes()[..72], 4).expect("a hash");
    let hash = hash.format_for_version(bcrypt::Version::TwoA);
    former.execute(&format!(
        "UPDATE Users SET Password = '{hash}' WHERE UserId = 1"
    ));
    let site = site(&former, "").await;
    let answer = site.browser().sign_in("admin@example.com", &password).await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:#?}");
    let short = site
        .browser()
        .sign_in("admin@example.com", &password[..71])
        .await;
    assert_eq!(short.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_tokens_of_a_former_address_of_the_pool_stay_good_where_it_is_named() {
    let former = Former::of(Version::V150);
    let token = PEOPLE[0].api_token_of("https://old.example.com");
    former.execute(&format!(
        "UPDATE Users SET APIToken = '{token}' WHERE UserId = 1"
    ));
    let mut site = site(&former, "").await;
    let ask = async |site: &Site| {
        let mut browser = site.browser();
        browser.headers = vec![("authorization", format!("Bearer {token}"))];
        let path = "/api/v2/getpurchaseinfo";
        browser.send(Method::GET, path, String::new()).await
    };
    ask(&site).await.shows("invalid api token");
    site.edit(
        "cookie_secure = false\n",
        "cookie_secure = false\nformer_base_urls = [\"https://old.example.com\"]\n",
    );
    site.stop().await;
    site.start_again().await;
    let script = PEOPLE[0].script().expect("a script");
    ask(&site).await.shows(&script.1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pending_change_of_address_is_finished_here() {
    const TOKEN: &str = "00112233445566778899aabbccddeeff";
    let former = Former::of(Version::V150);
    former.execute(&format!(
        "INSERT INTO EmailChange (UserId, NewEmail, Token, Created, Expires) VALUES \
         (12, 'newer@example.com', '{TOKEN}', 1500000000, 4000000000), \
         (12, 'late@example.com', 'ffeeddccbbaa99887766554433221100', 1500000000, 1500003600)"
    ));
    let site = site(&former, "").await;
    let mut browser = site.browser();
    browser
        .sign_in("old@example.com", super::former::PASSWORD)
        .await;
    let late = "/emailupdate?t=ffeeddccbbaa99887766554433221100";
    let late = browser.get(late).await;
    assert!(!late.body.contains("late@example.com"), "{late:#?}");
    let page = format!("/emailupdate?t={TOKEN}");
    let done = browser
        .submit_to(&page, "/emailupdate", &[("t", TOKEN)])
        .await;
    assert_eq!(done.status, StatusCode::OK, "{done:#?}");
    let answer = site
        .browser()
        .sign_in("newer@example.com", super::former::PASSWORD)
        .await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn low_fee_tickets_that_were_added_are_told_to_the_voters() {
    let former = Former::of(Version::V150);
    let (_, address) = PEOPLE[1].script().expect("a script");
    let hashes = [1_u8, 2, 3].map(|number| Hash(blake256(&[number])));
    let row = |hash: Hash, voted: u8, expires: u64| {
        format!("(1, '{address}', '{hash}', 40960, {voted}, 1500000000, {expires})")
    };
    // One voted, one of long ago, and nonsense that somebody typed.
    let rows = [
        row(hashes[0], 0, 4_000_000_000),
        row(hashes[1], 1, 4_000_000_000),
        row(hashes[2], 0, 1_500_000_001),
        row(hashes[0], 0, 4_000_000_000),
    ];
    former.execute(&format!(
        "INSERT INTO LowFeeTicket (AddedByUid, TicketAddress, TicketHash, TicketExpiry, Voted, Created, Expires) \
         VALUES {}, (1, '', 'nonsense', 0, 0, 1, 4000000000)",
        rows.join(", ")
    ));
    let site = site(&former, "").await;
    wait_for(|| {
        let list = site.voters[0].fake.with(|state| state.low_fee.clone());
        let list: Vec<_> = list.iter().map(|it| it.ticket_hash).collect();
        (list == hashes[..1]).then_some(())
    })
    .await;
    let left = former.rows("SELECT CAST(COUNT(*) AS CHAR) AS line FROM LowFeeTicket");
    assert_eq!(left, ["5"]);
}
