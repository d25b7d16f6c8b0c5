//! A voter between scripted daemons: what it sends to dcrd, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::tx::Transaction;
use dcrstakepool::decred::{Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{Preference, Revision, UserId};
use dcrstakepool::rpc::Voter as _;
use dcrstakepool::rpc::wire::{
    EnrolmentRequest, PreferencesPush, SignerKind, Status, VoteOutcome, code,
};
use dcrstakepool::{domain, rpc};
use serde_json::json;

use super::voter_bed::{Bed, POOL, own_ticket, vector};
use super::voter_chain::chain_to_485;
use crate::harness::fake_daemon::Reply;

const BLOCK: Hash = Hash([77; 32]);

fn push(bits: u16, revision: i64) -> PreferencesPush {
    PreferencesPush {
        pool_id: POOL,
        full: false,
        preferences: vec![Preference {
            user_id: UserId(4),
            ticket_address: vector("/children/1/ticket_address"),
            version: VoteVersion(12),
            bits: VoteBits(bits),
            revision: Revision(revision),
        }],
        accept: false,
    }
}

fn outcome(status: &Status) -> Option<VoteOutcome> {
    Some(status.blocks.last()?.votes.first()?.outcome)
}

#[tokio::test]
async fn a_restarted_voter_votes_from_disk_before_its_sync_is_done() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    bed.announce_winners(BLOCK);
    let cast = bed.votes(1).await;
    assert_eq!(cast[0].ticket, own_ticket().hash);
    assert_eq!((cast[0].block, cast[0].height), (BLOCK, Height(485)));
    assert_eq!(
        (cast[0].bits, cast[0].version),
        (VoteBits(5), VoteVersion(12))
    );
    let now = voter.until("accepted", |now| outcome(now).is_some()).await;
    assert_eq!(outcome(&now), Some(VoteOutcome::Accepted));
    assert_eq!(now.signer, SignerKind::Memory);
    assert!(bed.wallet.calls_of("accountsyncaddressindex").is_empty());
    voter.stop().await;
}

/// `rebroadcastwinners` announces a block that arrives meanwhile with its parent's height.
#[tokio::test]
async fn a_height_announced_wrongly_after_a_connect_is_put_right() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    bed.announce_winners_at(BLOCK, 484);
    assert_eq!(bed.votes(1).await[0].height, Height(485));
    voter.stop().await;
}

/// And not only to those who asked for it: dcrwallet asks, too, whenever it connects.
#[tokio::test]
async fn a_height_announced_wrongly_at_another_s_wish_is_put_right() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    let voter = bed.start().await.unwrap();
    let best = |now: &Status| now.best.as_ref().map(|tip| tip.height);
    voter
        .until("caught up", |now| best(now) == Some(Height(485)))
        .await;
    // Longer than the voter mistrusts announcements after its own wish.
    tokio::time::sleep(std::time::Duration::from_secs(6)).await;
    let next = chain.grow(vec![]);
    bed.announce_winners_at(next.hash, 485);
    assert_eq!(bed.votes(1).await[0].height, Height(486));
    voter.stop().await;
}

#[tokio::test]
async fn a_confirmation_in_time_decides_the_bits() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    voter.service.set_preferences(push(3, 2)).await.unwrap();
    bed.announce_winners(BLOCK);
    assert_eq!(bed.votes(1).await[0].bits, VoteBits(3));
    voter.stop().await;
}

#[tokio::test]
async fn a_wrong_subsidy_is_asked_for_again() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    bed.dcrd.script("sendrawtransaction", move |params| {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            let reason = "rejected transaction x: vote subsidy input value of 8638252316 is not 7";
            return Reply::Refusal(-1, reason.into());
        }
        let vote = Transaction::from_hex(params[0].as_str().unwrap()).unwrap();
        Reply::Result(json!(vote.hash()))
    });
    let voter = bed.start().await.unwrap();
    bed.announce_winners(BLOCK);
    let cast = bed.votes(2).await;
    assert_eq!(cast[0].ticket, cast[1].ticket);
    let now = voter.until("accepted", |now| outcome(now).is_some()).await;
    assert_eq!(outcome(&now), Some(VoteOutcome::Accepted));
    voter.stop().await;
}

#[tokio::test]
async fn a_vote_is_sent_again_after_a_lost_connection() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = tries.clone();
    bed.dcrd.script("sendrawtransaction", move |_| {
        if counted.fetch_add(1, Ordering::SeqCst) == 0 {
            return Reply::Drop;
        }
        let reason = "rejected transaction x: already have transaction x";
        Reply::Refusal(-40, reason.into())
    });
    let voter = bed.start().await.unwrap();
    bed.announce_winners(BLOCK);
    let cast = bed.votes(2).await;
    assert_eq!(cast[0], cast[1], "the same vote");
    let now = voter.until("known", |now| outcome(now).is_some()).await;
    assert_eq!(outcome(&now), Some(VoteOutcome::AlreadyKnown));
    voter.stop().await;
}

#[tokio::test]
async fn a_repeated_announcement_sends_the_same_bytes() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    bed.announce_winners(BLOCK);
    bed.votes(1).await;
    voter.until("accepted", |now| outcome(now).is_some()).await;
    voter.service.set_preferences(push(3, 2)).await.unwrap();
    bed.announce_winners(BLOCK);
    bed.votes(2).await;
    let sent = bed.dcrd.calls_of("sendrawtransaction");
    assert_eq!(sent[0], sent[1]);
    let sibling = Hash([78; 32]);
    bed.announce_winners(sibling);
    let cast = bed.votes(3).await;
    assert_eq!((cast[2].block, cast[2].bits), (sibling, VoteBits(3)));
    voter.stop().await;
}

#[tokio::test]
async fn the_wallet_signs_when_it_keeps_its_key() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    bed.wallet.refuse("dumpprivkey", -4, "no address with id x");
    // It "signs" by giving the transaction back.
    bed.wallet.script("signrawtransaction", |params| {
        assert_eq!(params[3], "ssgen");
        Reply::Result(json!({"hex": params[0], "complete": true}))
    });
    let voter = bed.start().await.unwrap();
    bed.announce_winners(BLOCK);
    assert_eq!(bed.votes(1).await.len(), 1);
    let now = voter.until("accepted", |now| outcome(now).is_some()).await;
    assert_eq!(now.signer, SignerKind::Wallet);
    voter.stop().await;
}

#[tokio::test]
async fn garbage_from_the_wallet_stops_no_vote() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    for method in ["walletinfo", "syncstatus", "gettickets", "getbestblock"] {
        bed.wallet.answer(method, json!([{"nonsense": []}]));
    }
    bed.wallet.send_text("{{{");
    bed.announce_winners(BLOCK);
    assert_eq!(bed.votes(1).await.len(), 1);
    assert!(!voter.back.is_stopping());
    voter.stop().await;
}

#[tokio::test]
async fn enrolment_waits_for_the_wallets_addresses_and_finds_disagreements() {
    let bed = Bed::new().await;
    let voter = bed.start().await.unwrap();
    let request = EnrolmentRequest {
        user_id: UserId(5),
        key_index: domain::KeyIndex(0),
        user_pubkey_address: vector("/children/1/pubkeyaddr"),
    };
    let refusal = |answer: Result<_, rpc::Error>| match answer {
        Err(rpc::Error::Refused { code, .. }) => code,
        other => panic!("{:?}", other.map(|_: rpc::wire::EnrolmentProof| ())),
    };
    let answer = voter.service.verify_enrolment(request.clone()).await;
    assert_eq!(refusal(answer), code::UNAVAILABLE);

    bed.wallet.answer("syncstatus", json!({"synced": true}));
    bed.wallet
        .answer("getbestblock", json!({"hash": BLOCK, "height": 485}));
    bed.wallet
        .wait_for_calls("accountsyncaddressindex", 1)
        .await;
    bed.wallet.answer(
        "validateaddress",
        json!({"isvalid": true, "ismine": true, "pubkeyaddr": vector("/children/2/pubkeyaddr")}),
    );
    let disagreement = loop {
        let answer = voter.service.verify_enrolment(request.clone()).await;
        match refusal(answer) {
            code if code == code::UNAVAILABLE => tokio::task::yield_now().await,
            code => break code,
        }
    };
    assert_eq!(disagreement, code::DISAGREES);
    voter.stop().await;
}
