//! Users are told by mail what happened to their tickets, as each of them wishes.

use dcrstakepool::decred::VoteVersion;
use dcrstakepool::domain::{TicketRecord, TicketStatus, UserId};
use dcrstakepool::rpc::wire::Event;
use serde_json::Value;

use super::browser::{Browser, PASSWORD};
use super::low_fee::{learn, shows_in_time, ticket};
use super::mail::{mailed, section, sign_up};
use super::site::{Site, Wish, agendas, user_address, wait_for};
use crate::harness::smtp::{Manners, Security, SmtpServer, Taken};

/// An enrolled user, who reads mails at the server; and the ticket address.
async fn user(site: &Site, server: &SmtpServer, email: &str, key: u32) -> (Browser, String) {
    let mut browser = site.browser();
    sign_up(&mut browser, email).await;
    let token = mailed(server, email, "http://pool.example.com/emailverify").await;
    let page = format!("/emailverify?t={token}");
    browser.submit(&page, &[("t", &token)]).await;
    browser.sign_in(email, PASSWORD).await;
    let key = user_address(key);
    browser
        .submit("/address", &[("UserPubKeyAddr", &key)])
        .await;
    let json = browser.get("/address/script.json").await.body;
    let json: Value = serde_json::from_str(&json).expect("addresses");
    (
        browser,
        json["ticket_address"].as_str().expect("one").into(),
    )
}

async fn site(server: &SmtpServer) -> Site {
    Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\n",
        mail: section(server.port, "none", ""),
        ..Wish::default()
    })
    .await
}

fn told(user: i64, number: u8, status: TicketStatus, address: &str) -> TicketRecord {
    TicketRecord {
        user_id: UserId(user),
        status,
        verdict: dcrstakepool::domain::FeeVerdict::Good,
        ..ticket(number, address)
    }
}

fn grow(site: &Site, height: u32) {
    for voter in &site.voters {
        voter.fake.set_height(height);
        let sequence = voter.fake.with(|state| state.tickets.len() as u64);
        voter.fake.emit(&Event::Tickets { sequence });
    }
}

/// Mails to this address with this in the subject.
fn mails(server: &SmtpServer, to: &str, subject: &str) -> Vec<String> {
    let taken = server.taken();
    let mails = taken.iter().filter(|mail| mail.to == to);
    let said = mails.map(Taken::said);
    said.filter(|mail| mail.contains(subject)).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_missed_ticket_is_told_by_one_mail_also_after_a_power_cut() {
    let server = SmtpServer::start(Security::Plain, Manners::default()).await;
    let mut site = site(&server).await;
    let (mut ann, of_ann) = user(&site, &server, "ann@example.com", 1).await;
    let (mut kim, of_kim) = user(&site, &server, "kim@example.com", 2).await;
    let live = [
        told(1, 1, TicketStatus::Live, &of_ann),
        told(2, 2, TicketStatus::Live, &of_kim),
    ];
    learn(&site, &live);
    shows_in_time(&mut ann, "/tickets", "1 in all").await;
    shows_in_time(&mut kim, "/tickets", "1 in all").await;
    learn(&site, &[told(1, 1, TicketStatus::Missed, &of_ann)]);
    shows_in_time(&mut ann, "/tickets?status=missed", "1 found").await;
    grow(&site, 210);
    let mail = wait_for(|| mails(&server, "ann@example.com", "1 ticket was missed").pop()).await;
    for text in [
        live[0].hash.to_string().as_str(),
        "0.20000000 DCR",
        "http://pool.example.com/tickets?status=missed",
        "http://pool.example.com/settings#notifications",
    ] {
        assert!(mail.contains(text), "{text} in {mail}");
    }

    site.kill();
    site.start_again().await;
    learn(&site, &[told(2, 2, TicketStatus::Missed, &of_kim)]);
    let mut kim = site.browser();
    kim.sign_in("kim@example.com", PASSWORD).await;
    shows_in_time(&mut kim, "/tickets?status=missed", "1 found").await;
    grow(&site, 220);
    wait_for(|| mails(&server, "kim@example.com", "1 ticket was missed").pop()).await;
    assert_eq!(mails(&server, "ann@example.com", "missed").len(), 1);
    assert!(
        !site.log().contains("example.com/settings"),
        "no mail is logged"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_vote_version_is_told_unless_that_is_not_wanted() {
    let server = SmtpServer::start(Security::Plain, Manners::default()).await;
    let site = site(&server).await;
    let (mut ann, of_ann) = user(&site, &server, "ann@example.com", 1).await;
    let (mut kim, of_kim) = user(&site, &server, "kim@example.com", 2).await;
    learn(
        &site,
        &[
            told(1, 1, TicketStatus::Live, &of_ann),
            told(2, 2, TicketStatus::Live, &of_kim),
        ],
    );
    for browser in [&mut ann, &mut kim] {
        shows_in_time(browser, "/tickets", "1 in all").await;
        browser.get("/voting").await.shows("How your tickets vote");
    }
    let settings = ann.get("/settings").await;
    let ticked = |name: &str| format!("name=\"{name}\" value=\"true\" checked");
    for (name, by_default) in [
        ("missed", true),
        ("low_fee", true),
        ("voted", false),
        ("expired", false),
        ("vote_version", true),
    ] {
        assert_eq!(settings.body.contains(&ticked(name)), by_default, "{name}");
    }
    let wishes = [("updateNotifications", "true"), ("voted", "true")];
    let answer = ann.submit("/settings", &wishes).await;
    assert_eq!(answer.location(), "/settings?done=notifications");
    let settings = ann.get("/settings?done=notifications").await;
    settings.shows("You get these mails from now on");
    settings.shows(&ticked("voted"));
    settings.shows("Mails about tickets chosen");
    assert!(!settings.body.contains(&ticked("vote_version")));
    let data = ann.get("/settings/data.json").await.body;
    let data: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(data["mails_about"], serde_json::json!(["voted"]));

    for voter in &site.voters {
        voter.fake.with(|state| {
            state.status.vote_version = VoteVersion(13);
            state.agendas = agendas();
            state.agendas.version = VoteVersion(13);
        });
    }
    grow(&site, 201);
    let mail = wait_for(|| mails(&server, "kim@example.com", "choose anew").pop()).await;
    assert!(mail.contains("http://pool.example.com/voting"), "{mail}");
    for agenda in agendas().agendas {
        assert!(mail.contains(&format!("- {}", agenda.id)), "{mail}");
    }
    site.logged("told by mail").await;
    assert!(mails(&server, "ann@example.com", "choose anew").is_empty());
}
