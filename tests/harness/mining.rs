//! Making blocks. The current pair mines by itself; the legacy one would take minutes, so its blocks are
//! solved here, with times of the past, one second apart, which keep its difficulty at the least.

use serde_json::{Value, json};

use dcrstakepool::decred::BlockHash;
use dcrstakepool::decred::block::BlockHeader;
use dcrstakepool::decred::hash::blake256;

use super::dcrd::Dcrd;
use super::pair::Pair;
use super::wait;

const TIME_AT: usize = 136;
const NONCE_AT: usize = 140;
const HEADER_BYTES: usize = 180;
/// How far in the past the legacy chain begins, in seconds.
const PAST: u64 = 7000;

/// Mines one block on `node`, with at least `votes` of those it knows.
pub fn mine(node: &Dcrd, votes: usize) {
    match node.pair() {
        Pair::Current => node.generate(1),
        Pair::Legacy => mine_by_hand(node, votes),
    }
}

/// As `mine`, on the current pair, for long runs of fast blocks: dcrd's own miner may go on with the template
/// of the block before on a busy machine, and then makes one sibling after the other. Work that is for the tip
/// makes none. Every second hash or so is good enough here, and dcrd tells which: its proof of work is another
/// hash since DCP0011.
pub fn mine_on_tip(node: &Dcrd, votes: usize) {
    let (mut data, _) = work_on_tip(node, votes);
    for nonce in 0_u32.. {
        data[NONCE_AT..NONCE_AT + 4].copy_from_slice(&nonce.to_le_bytes());
        if node.rpc().get("getwork", &json!([hex::encode(&data)])) {
            return;
        }
        assert!(nonce < 1000, "dcrd refuses every block on its tip");
    }
}

fn mine_by_hand(node: &Dcrd, votes: usize) {
    let (mut data, target) = work_on_tip(node, votes);
    let time = previous_time(node) + 1;
    data[TIME_AT..TIME_AT + 4].copy_from_slice(&time.to_le_bytes());
    for nonce in 0_u32.. {
        data[NONCE_AT..NONCE_AT + 4].copy_from_slice(&nonce.to_le_bytes());
        if meets(&blake256(&data[..HEADER_BYTES]), &target) {
            break;
        }
    }
    let accepted: bool = node.rpc().get("getwork", &json!([hex::encode(data)]));
    assert!(accepted, "dcrd refuses a solved block");
}

/// Asks until the work is for the tip and holds the votes: templates are made in the background.
fn work_on_tip(node: &Dcrd, votes: usize) -> (Vec<u8>, Vec<u8>) {
    let tip: BlockHash = node.best_hash().parse().expect("a block's hash");
    let _ = node.rpc().call("regentemplate", &json!([]));
    wait::until("a template on the tip", || {
        // A template that fails is made anew: dcrd takes in votes and blocks while it makes one.
        let work = node.rpc().call("getwork", &json!([])).map_err(|error| {
            let _ = node.rpc().call("regentemplate", &json!([]));
            error.to_string()
        })?;
        let field = |name: &str| {
            let text = work[name].as_str().expect("getwork answers hex");
            hex::decode(text).expect("getwork answers hex")
        };
        let (data, target) = (field("data"), field("target"));
        let header = BlockHeader::parse(&data[..HEADER_BYTES]).expect("getwork gives a header");
        if header.previous == tip && usize::from(header.voters) >= votes {
            return Ok((data, target));
        }
        let _ = node.rpc().call("regentemplate", &json!([]));
        Err(format!(
            "it follows {} with {} votes",
            header.previous, header.voters
        ))
    })
}

fn previous_time(node: &Dcrd) -> u32 {
    let header: Value = node
        .rpc()
        .get("getblockheader", &json!([node.best_hash(), true]));
    let field = |name: &str| header[name].as_u64().expect("a header has numbers");
    let previous = if field("height") == 0 {
        now() - PAST
    } else {
        field("time")
    };
    u32::try_from(previous).expect("a time of this century")
}

fn now() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "blocks carry the time of the machine"
    )]
    let now = std::time::SystemTime::now();
    now.duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

/// Both are little-endian numbers.
fn meets(hash: &[u8; 32], target: &[u8]) -> bool {
    hash.iter().rev().le(target.iter().rev())
}
