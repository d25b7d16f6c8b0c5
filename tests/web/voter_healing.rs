//! A voter between scripted daemons that fail and are exchanged: it knows what not to do, says so, and goes on
//! by itself.

use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::{Height, TicketHash, VoteBits, VoteVersion};
use dcrstakepool::domain::{Preference, Revision, UserId};
use dcrstakepool::node::{Dcrd, Notification};
use dcrstakepool::rpc::Voter as _;
use dcrstakepool::rpc::wire::{Empty, LowFee, LowFeeTicket, PreferencesPush, TicketsSince};
use dcrstakepool::shutdown::Tasks;
use serde_json::json;

use super::voter_bed::{Bed, LAST_WORD, POOL, has_alarm, own_ticket, vector, wallet_info};
use super::voter_chain::{bought, chain_to_485, own_script};
use crate::harness::fake_daemon::{FakeDaemon, Reply};

const BLOCK: Hash = Hash([77; 32]);

#[tokio::test]
async fn daemons_that_are_not_well_vouch_for_no_enrolment() {
    let bed = Bed::new().await;
    bed.let_wallet_sync();
    bed.let_wallet_know();
    let voter = bed.start().await.unwrap();
    voter.vouches_not(LAST_WORD).await;

    let chain = |blocks: u32, behind: u32| {
        json!({
            "chain": "simnet", "blocks": blocks, "syncheight": blocks + behind,
            "bestblockhash": BLOCK, "initialblockdownload": false,
        })
    };
    bed.dcrd.answer("getblockchaininfo", chain(485, 3));
    voter.vouches_not("whole chain").await;
    voter.alarmed("dcrd_behind").await;
    bed.dcrd.answer("getblockchaininfo", chain(488, 0));
    voter.vouches_not("dcrwallet is at block").await;
    voter.calm("dcrd_behind").await;
    bed.dcrd.answer("getblockchaininfo", chain(487, 1));
    let alone = wallet_info(&json!({"daemonconnected": false}));
    bed.wallet.answer("walletinfo", alone);
    voter.vouches_not("not connected").await;
    bed.wallet.answer("walletinfo", wallet_info(&json!({})));
    voter.vouches_not(LAST_WORD).await;
    voter.stop().await;
}

#[tokio::test]
async fn a_new_vote_version_comes_with_its_agendas() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    bed.dcrd.script("getvoteinfo", |_| Reply::Hold);
    let new = wallet_info(&json!({"voteversion": 13}));
    bed.wallet.answer("walletinfo", new);
    let held = bed.dcrd.held(1).await;
    assert_eq!(held[0].params, json!([13]));
    assert_eq!(voter.status().await.vote_version, VoteVersion(12));
    bed.announce_winners(BLOCK);
    let cast = bed.votes(1).await;
    assert_eq!(
        (cast[0].version, cast[0].bits),
        (VoteVersion(12), VoteBits(5))
    );
    held[0].answer(&json!({"voteversion": 13, "agendas": []}));
    voter
        .until("13", |now| now.vote_version == VoteVersion(13))
        .await;
    let agendas = voter.service.agendas(Empty {}).await;
    assert_eq!(agendas.unwrap().version, VoteVersion(13));
    bed.announce_winners(Hash([78; 32]));
    let cast = bed.votes(2).await;
    assert_eq!(
        (cast[1].version, cast[1].bits),
        (VoteVersion(13), VoteBits::DEFAULT)
    );
    voter.stop().await;
}

#[tokio::test]
async fn a_winner_that_nobody_could_tell_is_a_failure() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    let voter = bed.start().await.unwrap();
    voter
        .until("at the tip", |now| {
            now.best.as_ref().map(|tip| tip.height) == Some(Height(485))
        })
        .await;
    bed.dcrd.script("getrawtransaction", |_| Reply::Silence);
    let block = chain.grow(vec![]).hash;
    let unknown = TicketHash::of(b"unknown");
    bed.dcrd
        .notify("winningtickets", &json!([block, 486, {"0": unknown}]));
    bed.dcrd.wait_for_calls("getrawtransaction", 1).await;
    let now = voter.status().await;
    assert_eq!(now.blocks.last().unwrap().height, Height(486));
    assert!(!has_alarm(&now, "vote_failed"));
    for _ in 0..2 {
        chain.grow(vec![]);
        chain.announce(&bed.dcrd);
    }
    let now = voter.alarmed("vote_failed").await;
    let unvoted = &now.blocks.last().unwrap().unvoted;
    assert_eq!(unvoted.len(), 1);
    assert_eq!((unvoted[0].ticket, unvoted[0].by_rule), (unknown, false));
    assert!(unvoted[0].reason.starts_with("not voted: "));
    voter.stop().await;
}

#[tokio::test]
async fn a_low_fee_winner_is_voted_as_soon_as_an_admin_adds_it_and_after_a_restart() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    let cheap = bought(1, own_script());
    chain.know_old(&cheap, 400);
    let later = bought(2, own_script());
    let voter = bed.start().await.unwrap();
    let announce = |ticket: TicketHash| {
        let tip = chain.grow(vec![]);
        let winners = json!([tip.hash, tip.height, {"0": ticket}]);
        bed.dcrd.notify("winningtickets", &winners);
    };
    announce(cheap.hash());
    let now = voter
        .until("ignored", |now| {
            let block = now.blocks.last();
            block.is_some_and(|block| block.unvoted.iter().any(|it| it.by_rule))
        })
        .await;
    assert!(!has_alarm(&now, "vote_failed"));
    let named = |ticket: TicketHash| LowFeeTicket {
        ticket_hash: ticket,
        ticket_address: vector("/children/1/ticket_address"),
    };
    let added = LowFee {
        tickets: vec![named(cheap.hash()), named(later.hash())],
    };
    let lists = voter.service.set_low_fee(added).await.unwrap();
    assert_eq!(lists.accepted.len(), 2);
    assert_eq!(bed.votes(1).await[0].ticket, cheap.hash());
    voter
        .until("voted", |now| now.blocks.last().unwrap().unvoted.is_empty())
        .await;
    voter.stop().await;

    // The other one was added before anyone saw it, and the list is on disk.
    chain.know_old(&later, 401);
    let voter = bed.start().await.unwrap();
    announce(later.hash());
    assert_eq!(bed.votes(2).await[1].ticket, later.hash());
    voter.stop().await;
}

#[tokio::test]
async fn many_users_that_change_at_once_are_an_alarm() {
    let bed = Bed::new().await;
    let voter = bed.start().await.unwrap();
    let push = |bits: u16, users: std::ops::Range<i64>, revision: i64| PreferencesPush {
        pool_id: POOL,
        full: false,
        preferences: users
            .map(|user| Preference {
                user_id: UserId(user),
                ticket_address: format!("Sc{user}"),
                version: VoteVersion(12),
                bits: VoteBits(bits),
                revision: Revision(revision),
            })
            .collect(),
        accept: false,
    };
    let told = async |push| voter.service.set_preferences(push).await.unwrap();
    told(push(1, 0..40, 1)).await;
    told(push(3, 0..2, 2)).await;
    assert!(!has_alarm(&voter.status().await, "preferences_churn"));
    told(push(3, 2..3, 3)).await;
    assert!(has_alarm(&voter.status().await, "preferences_churn"));
    voter.stop().await;
}

#[tokio::test]
async fn a_dcrd_that_falls_silent_is_left_for_a_new_connection() {
    let fake = FakeDaemon::dcrd().await;
    let tasks = Tasks::new();
    let (dcrd, mut notifications) = Dcrd::start(fake.config(), &tasks).await.unwrap();
    let mut next = async || {
        let limit = std::time::Duration::from_secs(30);
        let next = tokio::time::timeout(limit, notifications.recv()).await;
        next.expect("no notification").unwrap()
    };
    assert_eq!(next().await, Notification::Connected { generation: 1 });
    let (first, pinned) = (dcrd.client().connection(), dcrd.pinned().unwrap());
    fake.freeze();
    let Notification::Disconnected { reason, .. } = next().await else {
        panic!("still connected");
    };
    assert_eq!(reason, "the daemon is silent");
    assert_eq!(next().await, Notification::Connected { generation: 2 });
    assert_ne!(dcrd.client().connection(), first);
    dcrd.best_block().await.unwrap();
    // What was bound to the old connection stays with it.
    assert_eq!(pinned.client().connection(), first);
    assert!(pinned.best_block().await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_dcrd_of_another_network_takes_nothing_back() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    let own = own_ticket().hash;
    let asked = bed.dcrd.calls_of("getbestblock").len();
    bed.dcrd.answer("getcurrentnet", json!(0xb194_aa75_u32));
    bed.dcrd.drop_connections();
    voter.alarmed("dcrd_unfit").await;
    let after = bed.dcrd.calls_of("getbestblock").len();
    assert!(
        after <= asked + 1,
        "the chain of another network is followed"
    );
    let request = TicketsSince {
        instance: None,
        sequence: 0,
        limit: 10,
    };
    let page = voter.service.tickets_since(request).await.unwrap();
    assert_eq!(page.tickets[0].hash, own);
    assert!(page.tickets[0].mined.is_some());
    bed.dcrd.answer("getcurrentnet", json!(0x1214_1c16));
    voter.calm("dcrd_unfit").await;
    voter.stop().await;
}
