//! Every recorded message of both generations of daemons (`tests/data`) is read as what it is.

use std::fs;
use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decode::Hex;
use super::frame::{self, Incoming};
use super::header::{BlockHeader, HEADER_BYTES};
use super::notification::{self, Notification};
use super::{dcrd, dcrwallet, reading};
use crate::decred::{Atoms, Hash, Height};

/// A recorded exchange or notification.
struct Sample {
    name: String,
    method: String,
    params: Value,
    /// As a frame.
    text: String,
}

/// All samples that hold a JSON-RPC message; those that record a closed connection do not.
fn samples() -> Vec<Sample> {
    let mut samples = Vec::new();
    for pair in ["current", "legacy"] {
        let dir = format!("{}/tests/data/{pair}", env!("CARGO_MANIFEST_DIR"));
        for entry in fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let file: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            let name = format!("{pair}/{}", path.file_stem().unwrap().display());
            samples.extend(sample(name, &file));
        }
    }
    assert!(samples.len() > 230, "only {} samples", samples.len());
    samples.sort_by(|a, b| a.name.cmp(&b.name));
    samples
}

fn sample(name: String, file: &Value) -> Option<Sample> {
    let text = match file.get("response") {
        Some(Value::String(_)) => return None,
        Some(response) => response.to_string(),
        None if file.get("method").is_some() => file.to_string(),
        // Cut by the recorder.
        None => return None,
    };
    Some(Sample {
        name,
        method: file["request"]["method"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
        params: file["request"]["params"].clone(),
        text,
    })
}

/// `None` for methods we never call.
fn typed(sample: &Sample) -> Option<Result<(), String>> {
    let is_dcrd = sample.name.contains("d_") || sample.name.contains("dcrd");
    let daemon = if is_dcrd { "dcrd" } else { "dcrwallet" };
    reading::result(daemon, &sample.method, &sample.params, &sample.text)
}

#[test]
fn every_recorded_message_is_read_as_what_it_is() {
    let (mut answers, mut notifications, mut refusals) = (0, 0, 0);
    for sample in samples() {
        let name = &sample.name;
        match frame::classify(&sample.text).unwrap() {
            Incoming::Stray => panic!("{name} is read as nothing"),
            Incoming::Notification { method } => {
                notification::decode(&method, &sample.text, Instant::now())
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                notifications += 1;
            }
            Incoming::Answer {
                refusal: Some(refusal),
                ..
            } => {
                assert!(refusal.code < 0 && !refusal.message.is_empty(), "{name}");
                refusals += 1;
            }
            Incoming::Answer { refusal: None, .. } => {
                if let Some(Err(error)) = typed(&sample) {
                    panic!("{name}: {error}");
                }
                answers += 1;
            }
        }
    }
    assert!(
        answers > 150 && notifications > 20 && refusals > 30,
        "{answers} answers, {notifications} notifications, {refusals} refusals"
    );
}

fn text_of(name: &str) -> String {
    let mut samples = samples();
    let at = samples
        .iter()
        .position(|sample| sample.name == name)
        .unwrap();
    samples.swap_remove(at).text
}

fn read<T: DeserializeOwned>(name: &str) -> T {
    frame::result(&text_of(name)).unwrap()
}

fn notified(name: &str) -> Notification {
    let text = text_of(name);
    let Ok(Incoming::Notification { method }) = frame::classify(&text) else {
        panic!("{name} is no notification")
    };
    notification::decode(&method, &text, Instant::now())
        .unwrap()
        .unwrap()
}

#[test]
fn the_parts_that_votes_hang_on_have_the_right_values() {
    for (name, height, first) in [
        (
            "current/ntfn_winningtickets_1",
            726,
            "c04f376c772e8d8947023de9aa77320e6c7d76e5055daf2dab646b451ce2189f",
        ),
        (
            "legacy/dcrd-ntfn-winningtickets",
            226,
            "c4d19db94e1a735f98ea858e0a360cc33ec6884bb75f357144eb1f42f52dded3",
        ),
    ] {
        let Notification::WinningTickets(winners) = notified(name) else {
            panic!("{name}")
        };
        assert_eq!(winners.height, Height(height));
        assert_eq!(winners.tickets.len(), 5);
        assert_eq!(winners.tickets[0], first.parse::<Hash>().unwrap());
    }
    let subsidy: dcrd::Subsidy = read("current/d_getblocksubsidy_144_1");
    assert_eq!(subsidy.pos, Atoms(8_811_881_188));
    let info: dcrd::DaemonInfo = read("legacy/dcrd-getinfo");
    assert!(info.tx_index);
    let wallet: dcrwallet::WalletInfo = read("current/w_walletinfo");
    assert!(wallet.unlocked && wallet.daemon_connected && !wallet.voting);
    let own_votes: dcrwallet::WalletInfo = read("current/w_walletinfo_voting");
    assert!(own_votes.voting);
    let locked: dcrwallet::Signed = read("current/w_signrawtransaction_locked");
    assert!(!locked.complete);
}

#[test]
fn a_ticket_knows_where_it_was_mined() {
    let mined: dcrd::RawTransaction = read("current/d_getrawtransaction_ticket_verbose");
    assert_eq!(mined.mined().map(|(_, height)| height), Some(Height(35)));
    let waiting: dcrd::RawTransaction = read("legacy/dcrd-getrawtransaction-mempool-vote");
    assert_eq!(waiting.mined(), None);
}

#[test]
fn a_header_hashes_to_its_block() {
    let Hex(block) = read("current/d_getblock_hex");
    let header = BlockHeader::decode(&block[..HEADER_BYTES]).unwrap();
    let info: dcrd::HeaderInfo = read("current/d_getblockheader");
    assert_eq!(
        (header.hash, header.height, Some(header.previous)),
        (info.hash, info.height, info.previous)
    );
    assert_eq!(header.ticket_price, info.ticket_price);
    assert_eq!(i64::from(header.time), info.time);
    assert_eq!(u64::from(header.pool_size), info.pool_size);
    assert_eq!(
        (header.voters, header.fresh_stake, header.stake_version),
        (5, 4, 12)
    );
    assert_eq!(BlockHeader::decode(&block[..HEADER_BYTES - 1]), None);
    assert_eq!(BlockHeader::decode(&block), None);
}

#[test]
fn live_bits_are_read_from_the_lowest() {
    let Hex(bits) = read("current/d_existslivetickets");
    assert_eq!(
        dcrd::read_bits(&bits, 4),
        Some(vec![true, false, false, true])
    );
    assert_eq!(dcrd::read_bits(&bits, 9), None);
}

#[test]
fn a_block_brings_its_stake_transactions() {
    let block: dcrd::Block = read("current/d_getblock_verbosetx");
    assert_eq!(block.height, Height(485));
    assert_eq!(block.stake_transactions.len(), 10);
    let Notification::Reorganization {
        old_height,
        new_height,
        ..
    } = notified("current/ntfn_reorganization_1")
    else {
        panic!("no reorganisation")
    };
    assert_eq!((old_height, new_height), (Height(495), Height(494)));
}
