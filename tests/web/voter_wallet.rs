//! A voter whose wallet is locked, exchanged or restored: what is written into it, and when.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use dcrstakepool::decred::Height;
use dcrstakepool::rpc::wire::{SignerKind, VoteOutcome, code};
use dcrstakepool::rpc::{Error, Voter as _};
use serde_json::{Value, json};

use super::voter_bed::{Bed, LAST_WORD, has_alarm, own_import, vector, wallet_info};
use super::voter_chain::{announce_own, chain_to_485};
use crate::harness::fake_daemon::Reply;

#[tokio::test]
async fn a_wallet_that_is_not_the_pools_is_not_written_into() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = chain_to_485(&bed);
    bed.let_wallet_sync();
    bed.let_wallet_know();
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
    let now = voter.alarmed("wallet_unfit").await;
    let alarm = now.alarms.iter().find(|alarm| alarm.id == "wallet_unfit");
    assert!(alarm.unwrap().message.contains("master public key"));
    let imported = voter.service.import_scripts(own_import()).await;
    let Err(Error::Refused { code, .. }) = imported else {
        panic!("{imported:?}");
    };
    assert_eq!(code, code::UNAVAILABLE);
    assert!(voter.vouches().await.is_err());
    announce_own(&bed, &chain);
    bed.votes(1).await;
    assert_eq!(written(&bed), before);

    // The right one comes back; it lacks the script, and has a new seed's past.
    bed.wallet
        .answer("getmasterpubkey", json!(vector("/account_public")));
    voter.calm("wallet_unfit").await;
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
    bed.let_wallet_know();
    let voter = bed.start().await.unwrap();
    voter.until("loaded", |now| now.tickets_loaded).await;
    assert!(bed.wallet.calls_of("importscript").is_empty());
    let loads = bed.wallet.calls_of("gettickets").len();

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
    bed.wallet.wait_for_calls("gettickets", loads + 1).await;
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
    bed.dcrd.wait_for_calls("livetickets", 1).await;
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
    bed.let_wallet_know();
    let voter = bed.start().await.unwrap();
    voter.vouches_not(LAST_WORD).await;
    bed.wallet
        .answer("walletinfo", wallet_info(&json!({"unlocked": false})));
    bed.wallet.script("signrawtransaction", |params| {
        Reply::Result(json!({"hex": params[0], "complete": false}))
    });
    voter.alarmed("wallet_locked").await;
    voter.vouches_not("locked").await;
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

    // A locked wallet that comes back is still the pool's. It stays away until its absence was seen.
    bed.wallet.handshake_status(Some(503));
    bed.wallet.drop_connections();
    voter.alarmed("wallet_disconnected").await;
    bed.wallet.handshake_status(None);
    voter.calm("wallet_disconnected").await;
    assert!(!has_alarm(&voter.status().await, "wallet_unfit"));
    bed.wallet.answer("walletinfo", wallet_info(&json!({})));
    voter.calm("wallet_locked").await;
    voter.vouches_not(LAST_WORD).await;
    voter.stop().await;
}
