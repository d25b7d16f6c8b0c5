//! `/status` of a real site, with all that a voter may say.

use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Height, VoteBits, VoteVersion};
use dcrstakepool::domain::TicketCounts;
use dcrstakepool::rpc::wire::{
    Alarm, BlockVotes, RescanProgress, SignerKind, Status, Unvoted, VoteOutcome, VoteReport,
};

use super::browser::Browser;
use super::site::{MONITOR_TOKEN, Site, Wish};

fn vote(height: u32, number: u32) -> VoteReport {
    let seed = height
        .wrapping_mul(2_654_435_761)
        .wrapping_add(number * 7_919);
    let micros = u64::from(6_000 + seed % 9_000);
    let first = seed.is_multiple_of(3);
    VoteReport {
        ticket: Hash(blake256(&seed.to_be_bytes())),
        bits: VoteBits(5),
        version: VoteVersion(12),
        outcome: if first {
            VoteOutcome::Accepted
        } else {
            VoteOutcome::AlreadyKnown
        },
        reason: String::new(),
        looked_up_us: u64::from(30 + seed % 60),
        signed_us: u64::from(700 + seed % 900),
        sent_us: u64::from(1_700 + seed % 300),
        answered_us: micros,
    }
}

fn block(height: u32) -> BlockVotes {
    let own = height.wrapping_mul(7) % 6 % 5;
    let votes: Vec<_> = (0..own).map(|number| vote(height, number)).collect();
    BlockVotes {
        hash: Hash(blake256(&height.to_be_bytes())),
        height: Height(height),
        own_winners: own,
        last_accepted_us: votes.iter().map(|vote| vote.answered_us).max(),
        votes,
        unvoted: Vec::new(),
    }
}

/// A hundred blocks as a busy voter has them, with each kind of trouble once.
fn blocks() -> Vec<BlockVotes> {
    let mut blocks: Vec<_> = (924_101..=924_200).map(block).collect();
    let mut failed = vote(1, 1);
    failed.outcome = VoteOutcome::Failed;
    failed.reason = "dcrd at 127.0.0.1:9109 is unavailable: not connected; now too late".into();
    blocks[40].votes.push(failed);
    blocks[40].own_winners += 1;
    let mut other = vote(2, 2);
    other.outcome = VoteOutcome::AlreadyVoted;
    other.reason = "another node voted with other bits".into();
    blocks[70].votes.push(other);
    blocks[70].own_winners += 1;
    blocks[71].last_accepted_us = blocks[71].last_accepted_us.map(|_| 840_000);
    blocks[90].unvoted.push(Unvoted {
        ticket: Hash(blake256(b"late")),
        reason: "not voted: its fee was not judged in time".into(),
        by_rule: false,
    });
    blocks[95].unvoted.push(Unvoted {
        ticket: Hash(blake256(b"low")),
        reason: "not voted: its fee is low and no admin added it".into(),
        by_rule: true,
    });
    blocks
}

fn busy(status: &mut Status) {
    status.blocks = blocks();
    status.tickets = TicketCounts {
        mempool: 4,
        immature: 93,
        live: 1_204,
        voted: 38_411,
        missed: 3,
        expired: 41,
        revoked: 44,
        low_fee: 7,
    };
}

fn troubled(status: &mut Status, now: i64) {
    busy(status);
    status.signer = SignerKind::Wallet;
    status.tickets_loaded = false;
    status.wallet.unlocked = false;
    status.rescan = Some(RescanProgress {
        from: Height(880_000),
        running: true,
    });
    status.preferences.refused = Some("it lacks 120 of 4,001 known users".into());
    for (id, message, since) in [
        ("wallet_locked", "dcrwallet is locked: unlock it", 300),
        (
            "preferences_refused",
            "a push lacks 120 of 4,001 known users",
            7_300,
        ),
    ] {
        status.alarms.push(Alarm {
            id: id.into(),
            message: message.into(),
            since: now - since,
        });
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_status_page_shows_everything_that_a_voter_says() {
    let site = Site::with(Wish {
        voters: 3,
        pool: "min_voters = 1\n",
        ..Wish::default()
    })
    .await;
    let now = dcrstakepool::clock::Clock::system().unix_seconds();
    for voter in &site.voters {
        voter.fake.set_height(924_200);
    }
    let [good, bad, away] = &site.voters[..] else {
        panic!("three voters");
    };
    for voter in [good, bad] {
        voter.fake.with(|state| {
            let tip = state.status.best.as_mut().expect("a tip");
            tip.time = now - 130;
        });
    }
    good.fake.with(|state| busy(&mut state.status));
    bad.fake.with(|state| troubled(&mut state.status, now));
    away.stop().await;
    let mut monitor = site.browser();
    let token = format!("Bearer {MONITOR_TOKEN}");
    monitor.headers.push(("authorization", token));
    let page = until(&mut monitor, "preferences_refused").await;
    for text in [
        "RPC Status: Degraded",
        "924,200",
        "1,204",
        "38,411",
        "running from block 880,000",
        "still loading",
        "it lacks 120 of 4,001 known users",
        "dcrwallet is locked: unlock it",
        "since 5 minutes ago",
        "since 2 hours ago",
        "now too late",
        "another node voted with other bits",
        "its fee was not judged in time",
        "cannot be reached",
        "href=\"/status?voter=1\"",
    ] {
        assert!(page.contains(text), "{text:?} is not in {page}");
    }
    assert_eq!(page.matches("<svg class=\"strip\"").count(), 2);
    assert_eq!(page.matches("h8v").count(), 200, "a bar for each block");
    let blocks = monitor.get("/status?voter=1").await;
    blocks.shows("RPC Status: Degraded");
    assert_eq!(blocks.body.matches("<svg class=\"strip\"").count(), 1);
    for height in 924_101..=924_200 {
        let cell = format!("<td>924,{}</td>", height - 924_000);
        assert!(blocks.body.contains(&cell), "{height}");
    }
    assert!(!page.contains("style="), "the content policy forbids it");
}

async fn until(monitor: &mut Browser, text: &str) -> String {
    for _ in 0..600 {
        let page = monitor.get("/status").await;
        let gone = page.body.contains("away</span>");
        // The other two may be seen one after the other.
        let both = page.body.matches("<svg class=\"strip\"").count() == 2;
        if page.body.contains(text) && gone && both {
            return page.body;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never {text}");
}
