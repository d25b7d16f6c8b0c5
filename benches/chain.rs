//! What each vote and each enrolment computes: `cargo bench --bench chain`. Real ticket, vote and notification, from the
//! tests' vectors.

#![expect(
    clippy::expect_used,
    reason = "vectors that cannot be read end the benchmark with the reason"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use dcrstakepool::decred::fee::{FeeAddresses, FeeSchedule, judge};
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::vote::{self, SIGNED_INPUT, VoteRequest};
use dcrstakepool::decred::{
    Address, Atoms, BlockHash, Height, Network, PrivateKey, RedeemScript, Ticket, Transaction,
    VoteBits, VoteVersion, sighash,
};
use dcrstakepool::node::reading;
use serde_json::Value;

const VOTE: &str = include_str!("../tests/data/vectors/vote_A_2commit_0x5800.json");
const WINNERS: &str = include_str!("../tests/data/current/ntfn_winningtickets_4.json");
const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

/// A ticket, the block that called it, and the keys for its vote.
struct Called {
    transaction: Transaction,
    ticket: Ticket,
    block: BlockHash,
    script: RedeemScript,
    key: PrivateKey,
}

impl Called {
    fn read() -> Self {
        let vector: Value = serde_json::from_str(VOTE).expect("JSON");
        let text = |path: &str| {
            let found = vector.pointer(path).and_then(Value::as_str);
            found.expect(path)
        };
        let transaction = Transaction::from_hex(text("/ticket/hex")).expect("a transaction");
        Self {
            ticket: Ticket::parse(&transaction).expect("a ticket"),
            transaction,
            block: text("/voted_block/hash").parse().expect("a hash"),
            script: RedeemScript::from_hex(text("/redeem_script")).expect("a script"),
            key: PrivateKey::from_wif(Network::Simnet, text("/pool_key_wif")).expect("a key"),
        }
    }

    fn vote(&self) -> Transaction {
        vote::build(&VoteRequest {
            ticket: &self.ticket,
            block: self.block,
            height: Height(230),
            bits: VoteBits(1),
            version: VoteVersion(12),
            subsidy: Atoms(8_811_881_188),
            treasury: &[],
        })
        .expect("a vote")
    }
}

fn keys(c: &mut Criterion) {
    let account = ExtendedPubKey::parse(Network::Simnet, EXTPUB).expect("a key");
    let branch = account.external_branch().expect("a branch");
    let pool = branch.key(7).expect("a key");
    let user = branch.key(8).expect("a key");
    let address = Address::pubkey(Network::Simnet, &user).to_string();
    c.bench_function("address decode", |b| {
        b.iter(|| Address::decode_for(Network::Simnet, black_box(&address)));
    });
    c.bench_function("child key", |b| b.iter(|| branch.key(black_box(7))));
    c.bench_function("multisig script and its address", |b| {
        b.iter(|| RedeemScript::new(black_box(&pool), &user).address(Network::Simnet));
    });
}

fn votes(c: &mut Criterion) {
    let called = Called::read();
    let vote = called.vote();
    let script = called.script.to_bytes();
    c.bench_function("ticket parse", |b| {
        b.iter(|| Ticket::parse(black_box(&called.transaction)));
    });
    c.bench_function("vote build", |b| b.iter(|| called.vote()));
    c.bench_function("signature hash", |b| {
        b.iter(|| sighash::signature_hash(black_box(&vote), SIGNED_INPUT, &script));
    });
    c.bench_function("sign", |b| {
        b.iter(|| sighash::sign(black_box(&vote), SIGNED_INPUT, &script, &called.key));
    });
    let schedule = FeeSchedule::flat(7.5).expect("a fee");
    let mut addresses = FeeAddresses::new();
    let fee = called.ticket.fee_commitment().expect("a commitment");
    assert!(
        addresses.add(&fee.to.address(Network::Simnet)),
        "a key hash"
    );
    let params = Network::Simnet.params();
    c.bench_function("fee rule", |b| {
        b.iter(|| {
            let ticket = black_box(&called.ticket);
            judge(ticket, params, Height(35), &schedule, &addresses)
        });
    });
}

fn notifications(c: &mut Criterion) {
    c.bench_function("notification decode", |b| {
        b.iter(|| reading::frame("dcrd", "", &Value::Null, black_box(WINNERS)));
    });
}

criterion_group!(benches, keys, votes, notifications);
criterion_main!(benches);
