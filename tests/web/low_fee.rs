//! Low-fee tickets: ignored, added by an admin on the page or by a command, removed, voted.

use std::process::Output;

use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Atoms, Height, TicketHash, VoteBits, VoteVersion};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId, VoteRecord};
use dcrstakepool::rpc::method;
use dcrstakepool::rpc::wire::Event;
use http::StatusCode;
use serde_json::Value;

use super::browser::{Answer, Browser};
use super::site::{Site, user_address, wait_for};

/// How a user sees a low-fee ticket.
const IGNORED: &str = "<span class=\"badge bad\">Low fee</span>";
const ADDED: &str = "<span class=\"badge info\">Low fee, added</span>";

/// The site with an admin (user 1) and an enrolled user (2), whose ticket address comes last.
pub(super) async fn site_with_users() -> (Site, Browser, Browser, String) {
    let site = Site::start().await;
    let admin = Browser::new_user(&site, "admin@example.com").await;
    let mut user = Browser::new_user(&site, "kim@example.com").await;
    let enrolled = user
        .submit("/address", &[("UserPubKeyAddr", &user_address(1))])
        .await;
    assert_eq!(enrolled.status, 200);
    let json = user.get("/address/script.json").await.body;
    let json: Value = serde_json::from_str(&json).unwrap();
    let address = json["ticket_address"].as_str().unwrap().to_owned();
    // Voters say whose a ticket is once they have the user.
    for voter in &site.voters {
        let taught = || voter.fake.with(|it| it.preferences.get(&2).cloned());
        wait_for(|| taught().filter(|it| it.ticket_address == address)).await;
    }
    (site, admin, user, address)
}

pub fn ticket(number: u8, address: &str) -> TicketRecord {
    TicketRecord {
        hash: hash(number),
        user_id: UserId(2),
        ticket_address: address.to_owned(),
        price: Atoms(20_000_000),
        fee_paid: Atoms(1),
        mined: Some((Hash(blake256(b"block")), Height(100 + u32::from(number)))),
        status: TicketStatus::Live,
        verdict: FeeVerdict::Low,
        vote: None,
        revocation: None,
    }
}

pub(super) fn voted(number: u8, address: &str) -> TicketRecord {
    TicketRecord {
        status: TicketStatus::Voted,
        verdict: FeeVerdict::Added,
        vote: Some(VoteRecord {
            hash: Hash(blake256(b"vote")),
            block: Hash(blake256(b"next")),
            height: Height(190),
            bits: VoteBits(1),
            version: VoteVersion(12),
            reward: Atoms(300_000_000),
        }),
        ..ticket(number, address)
    }
}

fn hash(number: u8) -> TicketHash {
    Hash(blake256(&[number]))
}

/// Every voter learns of these tickets and says so.
pub fn learn(site: &Site, tickets: &[TicketRecord]) {
    for voter in &site.voters {
        let sequence = voter.fake.with(|state| {
            state.tickets.extend_from_slice(tickets);
            state.tickets.len() as u64
        });
        voter.fake.emit(&Event::Tickets { sequence });
    }
}

/// Opens the page until it shows `text`.
pub async fn shows_in_time(browser: &mut Browser, path: &str, text: &str) -> Answer {
    for _ in 0..1500 {
        let page = browser.get(path).await;
        if page.body.contains(text) {
            return page;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!(
        "{path} never shows {text:?}: {:#?}",
        browser.get(path).await
    );
}

/// What every voter votes although its fee is too low.
async fn voters_have(site: &Site, numbers: &[u8]) {
    let mut expected: Vec<_> = numbers.iter().map(|number| hash(*number)).collect();
    expected.sort();
    for voter in &site.voters {
        wait_for(|| {
            let list = voter.fake.with(|state| state.low_fee.clone());
            let list: Vec<_> = list.iter().map(|it| it.ticket_hash).collect();
            (list == expected && voter.fake.calls_of(method::SET_LOW_FEE) > 0).then_some(())
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_an_ignored_ticket_to_its_vote() {
    let (site, mut admin, mut user, address) = site_with_users().await;
    admin
        .get("/admintickets")
        .await
        .shows("Every ticket that may still vote pays the fee");
    learn(&site, &[ticket(1, &address), ticket(2, &address)]);
    let page = shows_in_time(&mut user, "/tickets", IGNORED).await;
    assert!(!page.body.contains(ADDED));

    let page = shows_in_time(&mut admin, "/admintickets", "Ignored").await;
    let (first, second) = (hash(1).to_string(), hash(2).to_string());
    for text in ["kim@example.com", &first, &second, &address, "0.00000001"] {
        page.shows(text);
    }
    let fields = [("tickets[]", first.as_str()), ("action", "add")];
    let answer = admin.submit("/admintickets", &fields).await;
    assert_eq!(answer.status, 200);
    answer.shows("added, every voter is told");
    answer.shows("by user 1");
    voters_have(&site, &[1]).await;
    let page = user.get("/tickets").await;
    page.shows(ADDED);
    page.shows(IGNORED);
    let again = admin.submit("/admintickets", &fields).await;
    again.shows("was added before");

    learn(&site, &[voted(1, &address)]);
    let page = shows_in_time(&mut user, "/tickets", "in block 190, reward 3.00 DCR").await;
    page.shows(ADDED);
    // Ten blocks on it leaves the list, and is still shown as added.
    voters_have(&site, &[]).await;
    shows_in_time(&mut admin, "/admintickets?past", "Voted</span>")
        .await
        .shows("Added");
    let page = user.get("/tickets").await;
    page.shows(ADDED);
    let log = site.log();
    assert!(log.contains("low-fee list taken"), "{log}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_ticket_is_ignored_again_and_nonsense_is_answered_one_by_one() {
    let (site, mut admin, mut user, address) = site_with_users().await;
    learn(&site, &[ticket(1, &address), ticket(2, &address)]);
    shows_in_time(&mut admin, "/admintickets", &hash(2).to_string()).await;
    let (first, second) = (hash(1).to_string(), hash(2).to_string());
    let unknown = hash(9).to_string();
    let fields = [
        ("tickets[]", first.as_str()),
        ("tickets[]", second.as_str()),
        ("tickets[]", second.as_str()),
        ("tickets[]", unknown.as_str()),
        ("tickets[]", "<nonsense>"),
        ("action", "add"),
    ];
    let answer = admin.submit("/admintickets", &fields).await;
    assert_eq!(answer.body.matches("added, every voter is told").count(), 2);
    answer.shows("not known here");
    answer.shows("&lt;nonsense&gt;");
    voters_have(&site, &[1, 2]).await;
    shows_in_time(&mut user, "/tickets", ADDED).await;

    let fields = [("tickets[]", second.as_str()), ("action", "remove")];
    let answer = admin.submit("/admintickets", &fields).await;
    answer.shows("removed, ignored again");
    voters_have(&site, &[1]).await;
    shows_in_time(&mut user, "/tickets", IGNORED).await;

    for (fields, problem) in [
        (&[("action", "add")][..], "No ticket is chosen."),
        (&[("tickets[]", &first), ("action", "burn")], "nothing else"),
    ] {
        let answer = admin.submit("/admintickets", fields).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        answer.shows(problem);
    }
    voters_have(&site, &[1]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_page_is_for_admins_at_their_own_address() {
    let (site, mut admin, mut user, address) = site_with_users().await;
    learn(&site, &[ticket(1, &address)]);
    shows_in_time(&mut admin, "/admintickets", "Ignored").await;
    let token = admin.get("/admintickets").await.form_token("/admintickets");
    let hash = hash(1).to_string();
    let fields = [
        ("csrf_token", token.as_str()),
        ("tickets[]", &hash),
        ("action", "add"),
    ];
    for browser in [&mut user, &mut site.browser()] {
        for answer in [
            browser.get("/admintickets").await,
            browser.post("/admintickets", &fields).await,
        ] {
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
            answer.shows("for the operators of the pool");
            assert!(!answer.body.contains(&hash) && !answer.body.contains("href=\"/admintickets"));
        }
    }
    // A form of another site, or of an older session, changes nothing.
    for fields in [&fields[1..], &[("csrf_token", "00"), fields[1], fields[2]]] {
        let answer = admin.post("/admintickets", fields).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN);
    }
    admin.get("/stats").await.shows("href=\"/admintickets\"");
    voters_have(&site, &[]).await;
    assert_eq!(admin.post("/admintickets", &fields).await.status, 200);
    voters_have(&site, &[1]).await;

    // The same person from elsewhere.
    let mut site = site;
    site.edit("admin_ips = [\"127.0.0.1\"]", "admin_ips = [\"192.0.2.1\"]");
    site.stop().await;
    site.start_again().await;
    admin.address = site.address;
    let answer = admin.get("/admintickets").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(!admin.get("/stats").await.body.contains("/admintickets"));
}

/// Runs `add-invalid-tickets --json` and checks its exit code.
async fn command(site: &Site, code: i32, arguments: &[&str]) -> Value {
    let output = run(site, arguments).await;
    assert_eq!(output.status.code(), Some(code), "{output:#?}");
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(said.lines().count(), 1, "{said}");
    serde_json::from_str(&said).unwrap()
}

async fn run(site: &Site, arguments: &[&str]) -> Output {
    let mut all = vec!["add-invalid-tickets", "--json"];
    all.extend_from_slice(arguments);
    site.command(&all).await
}

/// The result of each ticket, by its number.
fn results(report: &Value) -> Vec<(u8, &str)> {
    let tickets = report["tickets"].as_array().unwrap();
    let number = |ticket: &Value| {
        let text = ticket["hash"].as_str().unwrap();
        (0..=255)
            .find(|number| hash(*number).to_string() == text)
            .unwrap()
    };
    let mut results: Vec<_> = tickets
        .iter()
        .map(|ticket| (number(ticket), ticket["result"].as_str().unwrap()))
        .collect();
    results.sort_unstable();
    results
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_adds_the_ignored_tickets_of_a_user_beside_the_running_site() {
    let (site, mut admin, mut user, address) = site_with_users().await;
    let good = TicketRecord {
        verdict: FeeVerdict::Good,
        ..ticket(3, &address)
    };
    let missed = TicketRecord {
        status: TicketStatus::Missed,
        ..ticket(4, &address)
    };
    let all = [ticket(1, &address), ticket(2, &address), good, missed];
    learn(&site, &all);
    shows_in_time(&mut user, "/tickets", "4 in all").await;

    let wanted = ["--email", "KIM@example.com"];
    let report = command(&site, 0, &[&wanted[..], &["--dry-run"]].concat()).await;
    assert_eq!(results(&report), [(1, "would_add"), (2, "would_add")]);
    assert_eq!(
        (&report["ok"], &report["dry_run"]),
        (&true.into(), &true.into())
    );
    for voter in &site.voters {
        assert_eq!(voter.fake.calls_of(method::ADD_TICKETS), 0);
    }
    admin.get("/admintickets").await.shows("Ignored");

    let report = command(&site, 0, &wanted).await;
    assert_eq!(results(&report), [(1, "added"), (2, "added")]);
    let first = &report["tickets"][0];
    assert_eq!(first["user_id"], 2);
    assert_eq!(first["ticket_address"], *address);
    assert_eq!(first["voters"].as_array().unwrap().len(), 2);
    assert_eq!(first["voters"][1]["result"], "votes");
    // The command itself has told them.
    for voter in &site.voters {
        assert_eq!(voter.fake.with(|state| state.low_fee.len()), 2);
        assert_eq!(voter.fake.calls_of(method::ADD_TICKETS), 1);
    }
    shows_in_time(&mut user, "/tickets", ADDED).await;
    admin.get("/admintickets").await.shows("by command");

    // Nothing is left to find; by their hashes they are known.
    for wanted in [&wanted[..], &["--all"], &["--address", &address]] {
        let report = command(&site, 0, wanted).await;
        assert_eq!(results(&report), []);
    }
    let (first, third) = (hash(1).to_string(), hash(3).to_string());
    let report = command(&site, 0, &[&first, &third]).await;
    assert_eq!(results(&report), [(1, "already"), (3, "fee_is_good")]);
    let report = command(&site, 1, &[&hash(4).to_string()]).await;
    assert_eq!(results(&report), [(4, "spent")]);
    // Web reads the list of the database; it keeps to it.
    voters_have(&site, &[1, 2]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_takes_hashes_of_tickets_that_the_pool_missed() {
    let (site, _admin, mut user, address) = site_with_users().await;
    let foreign = ticket(3, "ScForeign");
    for voter in &site.voters {
        voter.fake.with(|state| {
            state.on_chain = vec![ticket(1, &address), voted(2, &address), foreign.clone()];
        });
    }
    let hashes = [1, 2, 3, 4].map(|number| hash(number).to_string());
    let hashes = hashes.each_ref().map(String::as_str);
    let report = command(&site, 1, &hashes).await;
    assert_eq!(
        results(&report),
        [
            (1, "added"),
            (2, "spent"),
            (3, "not_ours"),
            (4, "not_found")
        ]
    );
    assert_eq!(report["ok"], false);
    let tickets = report["tickets"].as_array().unwrap();
    let added = tickets.iter().find(|it| it["result"] == "added").unwrap();
    assert_eq!((&added["user_id"], &added["ok"]), (&2.into(), &true.into()));
    voters_have(&site, &[1]).await;
    for voter in &site.voters {
        voter.fake.emit(&Event::Tickets { sequence: 1 });
    }
    shows_in_time(&mut user, "/tickets", ADDED).await;

    let table = site
        .command(&["add-invalid-tickets", hashes[0], hashes[3]])
        .await;
    assert_eq!(table.status.code(), Some(1));
    let said = String::from_utf8(table.stdout).unwrap();
    assert!(said.contains("was added before"), "{said}");
    assert!(said.contains("or it is no ticket"), "{said}");
    let progress = String::from_utf8(table.stderr).unwrap();
    assert!(progress.contains("2 of 2 tickets looked up"), "{progress}");
    assert!(
        progress.contains("error: 1 of 2 tickets failed"),
        "{progress}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_that_is_away_or_lacks_a_ticket_is_named() {
    let (mut site, _admin, mut user, address) = site_with_users().await;
    learn(&site, &[ticket(1, &address), ticket(2, &address)]);
    shows_in_time(&mut user, "/tickets", "2 in all").await;
    let second = site.voters[1].address.to_string();

    // One voter does not know ticket 5.
    site.voters[0]
        .fake
        .with(|state| state.on_chain = vec![ticket(5, &address)]);
    let report = command(&site, 1, &[&hash(5).to_string()]).await;
    assert_eq!(results(&report), [(5, "added")]);
    assert_eq!(report["tickets"][0]["ok"], false);
    assert_eq!(report["tickets"][0]["voters"][1]["voter"], *second);
    assert_eq!(report["tickets"][0]["voters"][1]["result"], "not_found");

    site.voters[1].stop().await;
    let report = command(&site, 69, &["--all"]).await;
    assert_eq!(results(&report), [(1, "added"), (2, "added")]);
    assert_eq!(report["voters_away"][0]["voter"], *second);
    site.voters[1].start_again().await;
    voters_have(&site, &[1, 2, 5]).await;

    for voter in &site.voters {
        voter.stop().await;
    }
    let output = run(&site, &[&hash(1).to_string()]).await;
    assert_eq!(output.status.code(), Some(69), "{output:#?}");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        said.contains("no voter is there") && said.contains(&second),
        "{said}"
    );
    assert!(output.stdout.is_empty());
    // A dry run asks nobody.
    let report = command(&site, 0, &[&hash(1).to_string(), "--dry-run"]).await;
    assert_eq!(results(&report), [(1, "already")]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_wants_exactly_one_kind_of_wish() {
    let site = Site::start().await;
    for wrong in [
        &[][..],
        &["--all", "--email", "a@b.c"],
        &["--all", "00"],
        &["nonsense"],
        &["--address"],
    ] {
        let output = run(&site, wrong).await;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {output:#?}");
    }
    for (arguments, text) in [
        (
            ["--email", "nobody@example.com"],
            "no user has the e-mail address",
        ),
        (["--address", "ScNobody"], "no user has the ticket address"),
    ] {
        let output = run(&site, &arguments).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(text), "{said}");
    }
    let help = site.command(&["add-invalid-tickets", "--help"]).await;
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    assert!(
        help.contains("--dry-run") && help.contains("Examples:"),
        "{help}"
    );
}
