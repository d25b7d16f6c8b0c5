//! A voter between scripted daemons that fail, lock themselves and are exchanged: it knows what not to do,
//! says so, and goes on by itself.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::{Height, TicketHash, VoteBits, VoteVersion};
use dcrstakepool::domain::{KeyIndex, Preference, Revision, UserId};
use dcrstakepool::node::{Dcrd, Notification};
use dcrstakepool::rpc::wire::{
    EnrolmentRequest, LowFee, LowFeeTicket, PreferencesPush, SignerKind, Status, VoteOutcome, code,
};
use dcrstakepool::rpc::{Error, Voter as _};
use dcrstakepool::shutdown::Tasks;
use serde_json::{Value, json};

use super::voter_bed::{Bed, POOL, Running, own_import, own_ticket, vector};
use super::voter_chain::{Chain, bought, own_script};
use crate::harness::fake_daemon::{FakeDaemon, Reply};

const BLOCK: Hash = Hash([77; 32]);

fn has_alarm(status: &Status, id: &str) -> bool {
    status.alarms.iter().any(|alarm| alarm.id == id)
}

async fn alarmed(voter: &Running, id: &str) -> Status {
    voter.until(id, |now| has_alarm(now, id)).await
}

async fn calm(voter: &Running, id: &str) {
    voter.until("no alarm", |now| !has_alarm(now, id)).await;
}

/// The recorded `walletinfo` with some of it changed.
fn wallet_info(changes: &Value) -> Value {
    let text = include_str!("../data/current/w_walletinfo.json");
    let recorded: Value = serde_json::from_str(text).unwrap();
    let mut info = recorded["response"]["result"].clone();
    for (key, value) in changes.as_object().unwrap() {
        info[key] = value.clone();
    }
    info
}

/// A chain from the saved state's tip to where the wallet is.
fn chain_to_485(bed: &Bed) -> Chain {
    let chain = Chain::install(&bed.dcrd);
    for _ in 481..=485 {
        chain.grow(vec![]);
    }
    bed.wallet.answer("ticketinfo", json!([]));
    chain
}

/// The own ticket wins in a new block.
fn announce_own(bed: &Bed, chain: &Chain) {
    let tip = chain.grow(vec![]);
    bed.announce_winners_at(tip.hash, tip.height);
}

async fn enrolling(voter: &Running) -> Result<(), String> {
    let request = EnrolmentRequest {
        user_id: UserId(5),
        key_index: KeyIndex(0),
        user_pubkey_address: vector("/children/1/pubkeyaddr"),
    };
    match voter.service.verify_enrolment(request).await {
        Ok(_) => Ok(()),
        Err(Error::Refused { code, message }) => {
            assert_eq!(code, code::UNAVAILABLE, "{message}");
            Err(message)
        }
        Err(error) => panic!("{error}"),
    }
}

/// Asks until the answer is what it should be: what the voter knows of its daemons is seconds old.
async fn enrolling_says(voter: &Running, word: &str) {
    for _ in 0..600 {
        let answer = enrolling(voter).await.err().unwrap_or_default();
        if answer.contains(word) && answer.is_empty() == word.is_empty() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("never: {word}: {:?}", enrolling(voter).await);
}

/// The wallet knows its keys and scripts.
fn let_it_know(bed: &Bed) {
    bed.wallet.answer(
        "validateaddress",
        json!({"isvalid": true, "ismine": true, "pubkeyaddr": vector("/children/0/pubkeyaddr")}),
    );
    bed.wallet.script("createmultisig", |_| {
        // What is asked for last decides nothing here: the answer is the derivation of user 5's request.
        Reply::Refusal(-32603, "made up later".into())
    });
}

#[tokio::test]
async fn a_wallet_that_is_not_the_pools_is_not_written_into() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    bed.let_wallet_sync();
    let_it_know(&bed);
    let voter = bed.start().await.unwrap();
    voter.until("loaded", |now| now.tickets_loaded).await;
    let written = |bed: &Bed| {
        [
            "accountsyncaddressindex",
            "importscript",
            "rescanwallet",
            "addtransaction",
        ]
        .map(|method| bed.wallet.calls_of(method).len())
    };
    let before = written(&bed);

    // Another wallet takes its place, which lacks everything.
    let other = vector("/children/0/pubkeyaddr");
    bed.wallet.answer("getmasterpubkey", json!(other));
    let missing = json!({"isvalid": true, "ismine": false});
    bed.wallet.answer("validateaddress", missing);
    bed.wallet.drop_connections();
    let now = alarmed(&voter, "wallet_unfit").await;
    let alarm = now.alarms.iter().find(|alarm| alarm.id == "wallet_unfit");
    assert!(alarm.unwrap().message.contains("master public key"));
    let imported = voter.service.import_scripts(own_import()).await;
    let Err(Error::Refused { code, .. }) = imported else {
        panic!("{imported:?}");
    };
    assert_eq!(code, code::UNAVAILABLE);
    assert!(enrolling(&voter).await.is_err());
    announce_own(&bed, &chain);
    bed.votes(1).await;
    assert_eq!(written(&bed), before);

    // The right one comes back; it lacks the script, and has a new seed's past.
    bed.wallet
        .answer("getmasterpubkey", json!(vector("/account_public")));
    calm(&voter, "wallet_unfit").await;
    bed.wallet
        .wait_for_calls("accountsyncaddressindex", before[0] + 1)
        .await;
    bed.wallet
        .wait_for_calls("importscript", before[1] + 1)
        .await;
    bed.wallet
        .wait_for_calls("rescanwallet", before[2] + 1)
        .await;
    voter.stop().await;
}

/// What the file of the scripts says of the rescan.
fn marked(data: &PathBuf) -> Value {
    let text = std::fs::read_to_string(data).unwrap();
    let (_, content) = text.split_once('\n').unwrap();
    serde_json::from_str::<Value>(content).unwrap()["rescan_from"].clone()
}

#[tokio::test]
async fn a_fresh_wallet_from_the_seed_gets_all_scripts_and_one_rescan() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    chain_to_485(&bed);
    bed.let_wallet_sync();
    let_it_know(&bed);
    let voter = bed.start().await.unwrap();
    voter.until("loaded", |now| now.tickets_loaded).await;
    assert!(bed.wallet.calls_of("importscript").is_empty());
    let loads = bed.wallet.calls_of("ticketinfo").len();

    // Restored from its seed on a new machine.
    let file = bed.folder.path().join("data/scripts.state");
    assert_eq!(marked(&file), Value::Null);
    let imported = Arc::new(AtomicBool::new(false));
    let knows = imported.clone();
    bed.wallet.script("validateaddress", move |_| {
        Reply::Result(json!({"isvalid": true, "ismine": knows.load(Ordering::SeqCst)}))
    });
    let marks = file.clone();
    bed.wallet.script("importscript", move |params| {
        assert_eq!(params[1], json!(false), "never with a rescan");
        assert_eq!(
            marked(&marks),
            json!(2),
            "the mark is safe before the import"
        );
        imported.store(true, Ordering::SeqCst);
        Reply::Result(Value::Null)
    });
    bed.wallet.script("rescanwallet", |_| Reply::Hold);
    bed.wallet.drop_connections();
    let held = bed.wallet.held(1).await;
    assert_eq!(held[0].params, json!([2]));
    let now = voter
        .until("rescanning", |now| now.rescan.is_some_and(|it| it.running))
        .await;
    assert_eq!(now.rescan.unwrap().from, Height(2));

    // The rescan is cut off and begins again, alone: the mark tells.
    bed.wallet.drop_connections();
    let held = bed.wallet.held(1).await;
    assert_eq!(marked(&file), json!(2));
    held[0].answer(&Value::Null);
    voter.until("rescanned", |now| now.rescan.is_none()).await;
    assert_eq!(bed.wallet.calls_of("importscript").len(), 1);
    bed.wallet.wait_for_calls("ticketinfo", loads + 1).await;
    assert!(voter.status().await.tickets_loaded);
    voter.stop().await;
}

#[tokio::test]
async fn tickets_count_as_loaded_only_when_the_wallet_had_its_rescan() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    chain_to_485(&bed);
    bed.let_wallet_sync();
    bed.wallet
        .answer("validateaddress", json!({"isvalid": true, "ismine": false}));
    bed.wallet.script("rescanwallet", |_| Reply::Hold);
    let voter = bed.start().await.unwrap();
    let held = bed.wallet.held(1).await;
    bed.wallet.wait_for_calls("ticketinfo", 1).await;
    assert!(!voter.status().await.tickets_loaded);
    held[0].answer(&Value::Null);
    voter.until("loaded", |now| now.tickets_loaded).await;
    voter.stop().await;
}

#[tokio::test]
async fn a_wallet_that_locks_itself_is_an_alarm_and_costs_no_vote() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    bed.let_wallet_sync();
    let_it_know(&bed);
    let voter = bed.start().await.unwrap();
    enrolling_says(&voter, "made up later").await;
    bed.wallet
        .answer("walletinfo", wallet_info(&json!({"unlocked": false})));
    bed.wallet.script("signrawtransaction", |params| {
        Reply::Result(json!({"hex": params[0], "complete": false}))
    });
    alarmed(&voter, "wallet_locked").await;
    enrolling_says(&voter, "locked").await;
    announce_own(&bed, &chain);
    bed.votes(1).await;
    let now = voter
        .until("voted", |now| {
            let block = now.blocks.last();
            block.is_some_and(|block| !block.votes.is_empty())
        })
        .await;
    assert_eq!(now.signer, SignerKind::Memory);
    let vote = &now.blocks.last().unwrap().votes[0];
    assert_eq!(vote.outcome, VoteOutcome::Accepted);

    // A locked wallet that comes back is still the pool's.
    bed.wallet.drop_connections();
    alarmed(&voter, "wallet_disconnected").await;
    calm(&voter, "wallet_disconnected").await;
    assert!(!has_alarm(&voter.status().await, "wallet_unfit"));
    bed.wallet.answer("walletinfo", wallet_info(&json!({})));
    calm(&voter, "wallet_locked").await;
    enrolling_says(&voter, "made up later").await;
    voter.stop().await;
}

#[tokio::test]
async fn daemons_that_are_not_well_vouch_for_no_enrolment() {
    let bed = Bed::new().await;
    bed.let_wallet_sync();
    let_it_know(&bed);
    let voter = bed.start().await.unwrap();
    enrolling_says(&voter, "made up later").await;

    let chain = |blocks: u32, behind: u32| {
        json!({
            "chain": "simnet", "blocks": blocks, "syncheight": blocks + behind,
            "bestblockhash": BLOCK, "initialblockdownload": false,
        })
    };
    bed.dcrd.answer("getblockchaininfo", chain(485, 3));
    enrolling_says(&voter, "whole chain").await;
    alarmed(&voter, "dcrd_behind").await;
    bed.dcrd.answer("getblockchaininfo", chain(488, 0));
    enrolling_says(&voter, "dcrwallet is at block").await;
    calm(&voter, "dcrd_behind").await;
    bed.dcrd.answer("getblockchaininfo", chain(487, 1));
    let alone = wallet_info(&json!({"daemonconnected": false}));
    bed.wallet.answer("walletinfo", alone);
    enrolling_says(&voter, "not connected").await;
    bed.wallet.answer("walletinfo", wallet_info(&json!({})));
    enrolling_says(&voter, "made up later").await;
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
    let agendas = voter
        .service
        .agendas(dcrstakepool::rpc::wire::Empty {})
        .await;
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
    let now = alarmed(&voter, "vote_failed").await;
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
    alarmed(&voter, "dcrd_unfit").await;
    let after = bed.dcrd.calls_of("getbestblock").len();
    assert!(
        after <= asked + 1,
        "the chain of another network is followed"
    );
    let request = dcrstakepool::rpc::wire::TicketsSince {
        instance: None,
        sequence: 0,
        limit: 10,
    };
    let page = voter.service.tickets_since(request).await.unwrap();
    assert_eq!(page.tickets[0].hash, own);
    assert!(page.tickets[0].mined.is_some());
    bed.dcrd.answer("getcurrentnet", json!(0x1214_1c16));
    calm(&voter, "dcrd_unfit").await;
    voter.stop().await;
}
