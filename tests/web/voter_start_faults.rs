//! What keeps `voter` from starting: each fault has its exit code and a message that names the culprit.

use serde_json::json;

use super::voter_bed::Bed;
use crate::harness::fake_daemon::{FakeDaemon, PASSWORD};

/// Expects that the voter does not start.
async fn refused(bed: &Bed, code: i32, expected: &[&str]) {
    let output = bed.run_binary().await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{said}");
    let (_, message) = said.split_once("error: ").expect("a message");
    for expected in expected {
        assert!(message.contains(expected), "{expected:?} is not in: {said}");
    }
    assert!(!said.contains(PASSWORD), "a secret: {said}");
}

fn walletinfo(edit: impl Fn(&mut serde_json::Value)) -> serde_json::Value {
    let mut info = json!({
        "daemonconnected": true, "unlocked": true, "cointype": 1, "voteversion": 12, "voting": false,
    });
    edit(&mut info);
    info
}

#[tokio::test]
async fn daemons_that_are_not_there() {
    let bed = Bed::new().await;
    bed.dcrd.close(true);
    refused(&bed, 69, &["dcrd at 127.0.0.1", "is unavailable"]).await;
    bed.dcrd.close(false);
    bed.wallet.close(true);
    refused(&bed, 69, &["dcrwallet at 127.0.0.1", "is unavailable"]).await;
}

#[tokio::test]
async fn credentials_and_certificates_that_are_wrong() {
    let bed = Bed::new().await;
    bed.dcrd.handshake_status(Some(401));
    refused(&bed, 76, &["dcrd at", "user name and password"]).await;
    bed.dcrd.handshake_status(None);
    bed.wallet.handshake_status(Some(401));
    refused(&bed, 76, &["dcrwallet at", "user name and password"]).await;
}

#[tokio::test]
async fn a_daemon_with_another_certificate() {
    let mut bed = Bed::new().await;
    let file = bed.configuration();
    let expected = bed.dcrd.config().host;
    bed.dcrd = FakeDaemon::dcrd().await;
    // The configuration goes on naming the first dcrd's certificate.
    let text = std::fs::read_to_string(&file).unwrap();
    let moved = text.replace(&expected, &bed.dcrd.config().host);
    std::fs::write(&file, moved).unwrap();
    let output = bed.run_binary_with(file).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(76), "{said}");
    assert!(said.contains("another certificate"), "{said}");
}

#[tokio::test]
async fn daemons_of_another_network() {
    let bed = Bed::new().await;
    bed.dcrd.answer("getcurrentnet", json!(0xd9b4_00f9_u32));
    refused(&bed, 76, &["dcrd at", "is on mainnet, not on simnet"]).await;
    bed.dcrd.answer("getcurrentnet", json!(0x1214_1c16));
    bed.wallet.answer("getcurrentnet", json!(0xb194_aa75_u32));
    refused(&bed, 76, &["dcrwallet at", "is on testnet3, not on simnet"]).await;
}

#[tokio::test]
async fn a_dcrd_that_is_too_old_or_without_txindex() {
    let bed = Bed::new().await;
    bed.dcrd.answer(
        "getinfo",
        json!({"version": 1, "blocks": 1, "txindex": false}),
    );
    refused(&bed, 76, &["dcrd at", "txindex"]).await;
    let version = json!({"dcrdjsonrpcapi":
        {"versionstring": "6.0.0", "major": 6, "minor": 0, "patch": 0}});
    bed.dcrd.answer("version", version);
    refused(&bed, 76, &["dcrd at", "too old", "6.0.0"]).await;
}

#[tokio::test]
async fn a_wallet_that_votes_itself() {
    let bed = Bed::new().await;
    bed.wallet.answer(
        "walletinfo",
        walletinfo(|info| info["voting"] = json!(true)),
    );
    refused(&bed, 76, &["dcrwallet at", "votes itself", "enablevoting"]).await;
}

#[tokio::test]
async fn a_wallet_that_is_locked() {
    let bed = Bed::new().await;
    bed.wallet.answer(
        "walletinfo",
        walletinfo(|info| info["unlocked"] = json!(false)),
    );
    refused(&bed, 69, &["dcrwallet at", "is locked"]).await;
}

#[tokio::test]
async fn a_wallet_that_does_not_follow_its_daemon() {
    let bed = Bed::new().await;
    bed.wallet.answer(
        "walletinfo",
        walletinfo(|info| info["daemonconnected"] = json!(false)),
    );
    refused(&bed, 69, &["dcrwallet at", "not connected to its dcrd"]).await;
}

#[tokio::test]
async fn a_wallet_with_another_key() {
    let bed = Bed::new().await;
    bed.wallet.answer("getmasterpubkey", json!("spubother"));
    refused(
        &bed,
        76,
        &[
            "dcrwallet at",
            "getmasterpubkey",
            "voting_wallet_extpub",
            "disablecointypeupgrades=1",
        ],
    )
    .await;
}

#[tokio::test]
async fn a_wallet_that_answers_garbage() {
    let bed = Bed::new().await;
    bed.wallet.answer("walletinfo", json!("what?"));
    refused(
        &bed,
        76,
        &["dcrwallet at", "walletinfo", "cannot be understood"],
    )
    .await;
}

#[tokio::test]
async fn a_data_dir_that_another_voter_uses() {
    let bed = Bed::new().await;
    let first = bed.start().await.unwrap();
    refused(&bed, 1, &["voter.data_dir", "another voter uses"]).await;
    first.stop().await;
}
