//! Bytes and texts that someone made up: an error, never a panic, never a large allocation.

use dcrstakepool::decred::block::{Block, BlockHeader};
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::ticket::{self, Ticket};
use dcrstakepool::decred::vote::{self, ParsedVote};
use dcrstakepool::decred::{
    Address, Atoms, Hash, Network, PayTo, PrivateKey, PublicKey, RedeemScript, Transaction,
    revocation,
};
use proptest::prelude::*;

/// Feeds bytes to everything that reads bytes.
fn read(bytes: &[u8]) {
    if let Ok(tx) = Transaction::decode(bytes) {
        inspect(&tx);
        assert_eq!(tx.serialize(), bytes, "two encodings of one transaction");
    }
    if let Ok(block) = Block::decode(bytes) {
        block.regular.iter().chain(&block.stake).for_each(inspect);
    }
    let _ = BlockHeader::parse(bytes);
    let _ = RedeemScript::parse(bytes);
    let _ = PublicKey::from_bytes(bytes);
    let _ = PayTo::parse(bytes);
}

fn inspect(tx: &Transaction) {
    let _ = (Ticket::parse(tx), ParsedVote::parse(tx));
    let kinds = [
        ticket::is_ticket(tx),
        ticket::is_vote(tx),
        revocation::parse(tx).is_ok(),
    ];
    assert!(kinds.into_iter().filter(|kind| *kind).count() <= 1);
    if let Ok(vote) = ParsedVote::parse(tx) {
        let _ = (vote.paid(), vote.reward());
    }
    if let Ok(ticket) = Ticket::parse(tx) {
        let _ = ticket.committed();
    }
}

/// Feeds text to everything that reads text.
fn read_text(text: &str) {
    let _ = Address::decode(text);
    let _ = text.parse::<Hash>();
    let _ = RedeemScript::from_hex(text);
    let _ = Transaction::from_hex(text);
    let _ = Block::from_hex(text);
    let _ = BlockHeader::from_hex(text);
    let _ = PublicKey::from_hex(text);
    for network in Network::ALL {
        let _ = ExtendedPubKey::parse(network, text);
        let _ = PrivateKey::from_wif(network, text);
    }
}

fn recorded_transactions() -> Vec<Vec<u8>> {
    let vote: serde_json::Value =
        serde_json::from_str(include_str!("../data/vectors/vote_tv.json")).unwrap();
    let gone: serde_json::Value =
        serde_json::from_str(include_str!("../data/vectors/revocation_missed_A.json")).unwrap();
    [
        &vote["ticket"]["hex"],
        &vote["vote"]["hex"],
        &gone["revocation"]["hex"],
    ]
    .into_iter()
    .map(|hex| hex::decode(hex.as_str().unwrap()).unwrap())
    .collect()
}

proptest! {
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        read(&bytes);
    }

    #[test]
    fn any_text(text in ".{0,200}") {
        read_text(&text);
    }

    #[test]
    fn any_base58(text in "[1-9A-HJ-NP-Za-km-z]{0,140}") {
        read_text(&text);
    }

    #[test]
    fn real_transactions_with_a_few_bytes_changed(
        which in 0..3_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut bytes = recorded_transactions().swap_remove(which);
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read(&bytes);
        read(&bytes[..cut.index(bytes.len())]);
    }
}

#[test]
fn shares_of_more_than_an_amount_holds_are_none() {
    let most = Atoms(i64::MAX);
    let halves = [Atoms(5), Atoms(5)];
    assert!(vote::share(&halves, most, Atoms(1)).is_err());
    assert!(vote::share(&halves, Atoms(-1), Atoms(5)).is_err());
    let shares = vote::share(&halves, Atoms(i64::MAX - 1), Atoms(1)).unwrap();
    assert_eq!(shares, [Atoms(i64::MAX / 2); 2]);
}

#[test]
fn promised_counts_are_not_believed() {
    for count in [
        [0xfd, 0xff, 0xff].as_slice(),
        &[0xfe, 0xff, 0xff, 0xff, 0xff],
        &[0xff; 9],
    ] {
        let bytes = [[1, 0, 0, 0].as_slice(), count, &[0; 64]].concat();
        assert!(Transaction::decode(&bytes).is_err());
        let block = [[0; 180].as_slice(), count, &[0; 64]].concat();
        assert!(Block::decode(&block).is_err());
    }
}

#[test]
fn a_length_has_one_spelling() {
    let mut bytes = vec![1, 0, 0, 0];
    bytes.extend_from_slice(&[0xfd, 0, 0]); // no inputs, in three bytes instead of one
    bytes.extend_from_slice(&[0; 10]);
    assert!(Transaction::decode(&bytes).is_err());
}

#[test]
fn huge_texts_are_refused_unread() {
    for text in ["S".repeat(8_000_000), "0".repeat(8_000_000), "é".repeat(60)] {
        assert!(Address::decode(&text).is_err());
        assert!(text.parse::<Hash>().is_err());
        assert!(RedeemScript::from_hex(&text).is_err());
        assert!(Transaction::from_hex(&text).is_err());
        assert!(Block::from_hex(&text).is_err());
        assert!(BlockHeader::from_hex(&text).is_err());
        assert!(PublicKey::from_hex(&text).is_err());
        for network in Network::ALL {
            assert!(ExtendedPubKey::parse(network, &text).is_err());
            assert!(PrivateKey::from_wif(network, &text).is_err());
        }
    }
}
