//! The voter's state files: header, content, what is restored of them, and what would be voted then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dcrstakepool::decred::fee::FeeSchedule;
use dcrstakepool::decred::ticket::{Commitment, Ticket};
use dcrstakepool::decred::vote::{self, VoteRequest};
use dcrstakepool::decred::{
    Atoms, Hash, Height, Network, PayTo, PrivateKey, RedeemScript, VoteBits, VoteVersion,
};
use dcrstakepool::domain::{
    FeeVerdict, InstanceId, KeyIndex, PoolId, Preference, Revision, TicketRecord, UserId,
    VoteRecord,
};
use dcrstakepool::rpc::wire::{PreferencesPush, RescanProgress, ScriptImport, TicketsSince};
use dcrstakepool::voter::blocks;
use dcrstakepool::voter::chain::Chain;
use dcrstakepool::voter::disk::{self, Kind};
use dcrstakepool::voter::evaluate::evaluate;
use dcrstakepool::voter::fees::Judge;
use dcrstakepool::voter::life::Settled;
use dcrstakepool::voter::snapshot::{Part, restore_files};
use dcrstakepool::voter::state::State;
use serde::de::IgnoredAny;
use uuid::Uuid;

use super::Target;

const NETWORK: Network = Network::Simnet;
const POOL: PoolId = PoolId(Uuid::from_u128(7));

pub struct StateFiles {
    /// Whole files of each kind, as in `Kind::ALL`.
    files: Vec<Vec<u8>>,
    /// The files, then their contents alone: damaged behind a right checksum.
    corpus: Vec<Vec<u8>>,
}

impl StateFiles {
    pub fn new() -> Self {
        let files = write(&full_state());
        let contents = files.iter().map(|file| {
            let line = file.iter().position(|byte| *byte == b'\n');
            file[line.expect("a first line") + 1..].to_vec()
        });
        // Contents twice as often: behind a wrong checksum nothing is read.
        let contents: Vec<_> = contents.collect();
        let corpus = [files.clone(), contents.clone(), contents].concat();
        Self { files, corpus }
    }

    /// The file that an input stands for.
    fn file(seed: usize, input: &[u8]) -> Vec<u8> {
        let all = Kind::ALL.len();
        if seed < all {
            return input.to_vec();
        }
        let line = disk::first_line(Kind::ALL[seed % all], NETWORK, Some(POOL), input);
        [line.expect("a first line"), input.to_vec()].concat()
    }
}

impl Target for StateFiles {
    fn name(&self) -> &'static str {
        "state"
    }

    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn run(&self, seed: usize, input: &[u8]) -> bool {
        let damaged = Kind::ALL[seed % Kind::ALL.len()];
        let file = Self::file(seed, input);
        // No JSON: the other parts need not be restored once more.
        if disk::open::<IgnoredAny>(&file, damaged, NETWORK).is_err() {
            return false;
        }
        let mut state = fresh();
        let warnings = restore_files(&mut state, |kind| {
            if kind == damaged {
                &file
            } else {
                &self.files[kind as usize]
            }
        });
        is_consistent(&state);
        if warnings.is_empty() {
            is_written_and_read_alike(&state);
        }
        votes_only_what_is_ours(&mut state);
        survives_the_chain(state);
        warnings.is_empty()
    }
}

fn fresh() -> State {
    let params = NETWORK.params();
    let judge = Judge::new(params, FeeSchedule::flat(7.5).expect("a percentage"));
    State::new(params, InstanceId(Uuid::from_u128(1)), judge)
}

/// In the order of `Kind::ALL`.
fn write(state: &State) -> Vec<Vec<u8>> {
    let file = |kind| Part::of(state, kind).file(NETWORK);
    let files = Kind::ALL.map(|kind| file(kind).expect("a state can be written"));
    files.to_vec()
}

/// Every ticket is counted and numbered once.
fn is_consistent(state: &State) {
    let counts = state.tickets.counts();
    let counted = counts.mempool
        + counts.immature
        + counts.live
        + counts.voted
        + counts.missed
        + counts.expired
        + counts.low_fee;
    assert_eq!(counted, state.tickets.len() as u64, "tickets counted");
    let page = state.tickets.since(&TicketsSince {
        instance: None,
        sequence: 0,
        limit: u32::MAX,
    });
    assert_eq!(page.tickets.len(), state.tickets.len(), "tickets numbered");
    let departed: BTreeSet<_> = state.tickets.departed().copied().collect();
    let gone: BTreeSet<_> = page.gone.iter().copied().collect();
    assert_eq!((page.gone.len(), &gone), (departed.len(), &departed));
    assert!(gone.iter().all(|ticket| !state.tickets.contains(ticket)));
    assert!(!page.more);
    for entry in state.tickets.all() {
        let script = entry.ticket.submission.hash160();
        assert!(state.scripts.get(script).is_some(), "whose ticket?");
    }
}

/// What was restored is written and restored again as the same.
fn is_written_and_read_alike(state: &State) {
    let files = write(state);
    let mut again = fresh();
    let warnings = restore_files(&mut again, |kind| &files[kind as usize]);
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(records(state), records(&again));
    assert_eq!(state.preferences.digest(), again.preferences.digest());
    assert_eq!(state.preferences.pool(), again.preferences.pool());
    assert_eq!(state.scripts.summary(), again.scripts.summary());
    assert_eq!((&state.chain, &state.added), (&again.chain, &again.added));
    assert_eq!(
        state.rescan.map(|rescan| rescan.from),
        again.rescan.map(|rescan| rescan.from)
    );
    assert_eq!(state.tickets.counts(), again.tickets.counts());
    let departed = |state: &State| -> BTreeSet<_> { state.tickets.departed().copied().collect() };
    assert_eq!(departed(state), departed(&again));
}

fn records(state: &State) -> Vec<TicketRecord> {
    let mut records: Vec<_> = state.tickets.all().map(|it| it.record()).collect();
    records.sort_by_key(|record| record.hash);
    records
}

/// Every ticket is called to vote: only own and accepted ones are cast, each by its own script, for the
/// script's own user.
fn votes_only_what_is_ours(state: &mut State) {
    let block = Hash([77; 32]);
    let winners: Vec<_> = state.tickets.all().map(|it| it.ticket.hash).collect();
    let received = Instant::now();
    state
        .rounds
        .announce(block, Height(u32::MAX), received, &winners);
    let steps = evaluate(state, block, received + Duration::from_secs(1));
    for ballot in steps.cast {
        let entry = state
            .tickets
            .get(&ballot.entry.ticket.hash)
            .expect("a ticket");
        assert!(entry.verdict.votes());
        let script = ballot.entry.owner.redeem.hash160();
        assert_eq!(ballot.entry.ticket.submission, PayTo::ScriptHash(script));
        assert_eq!(
            entry.owner.user_id, ballot.entry.owner.user_id,
            "whose bits?"
        );
        let held = state.preferences.of(ballot.entry.owner.user_id);
        let chosen = held
            .filter(|held| held.version == state.vote_version)
            .filter(|held| held.ticket_address == ballot.entry.owner.address());
        let bits = chosen.map_or(VoteBits::DEFAULT, |held| held.bits);
        assert_eq!(ballot.choice.bits, bits);
        let _ = vote::build(&VoteRequest {
            ticket: &ballot.entry.ticket,
            block,
            height: ballot.height,
            bits: ballot.choice.bits,
            version: ballot.choice.version,
            subsidy: Atoms(8_000_000_000),
            treasury: &[],
        });
    }
}

/// Reorganisations down to nothing, and the highest height there is.
fn survives_the_chain(mut state: State) {
    for _ in 0..4 {
        blocks::disconnect(&mut state);
        is_consistent(&state);
    }
    state.tickets.advance(Height(u32::MAX));
    state.tickets.take_back_above(Height(0));
    is_consistent(&state);
}

fn script(number: u8) -> (ScriptImport, RedeemScript) {
    let key = |byte| PrivateKey::from_bytes(&[byte; 32]).expect("a key");
    let redeem = RedeemScript::new(&key(200).public_key(), &key(number).public_key());
    let import = ScriptImport {
        user_id: UserId(number.into()),
        key_index: KeyIndex(number.into()),
        redeem_script: redeem.to_hex(),
        height_registered: Height(number.into()),
    };
    (import, redeem)
}

fn ticket(number: u8, owner: &RedeemScript) -> Arc<Ticket> {
    let commitment = |to, amount| Commitment {
        to,
        amount: Atoms(amount),
        fee_limits: 0x5800,
    };
    Arc::new(Ticket {
        hash: Hash([number; 32]),
        price: Atoms(100_000),
        submission: PayTo::ScriptHash(owner.hash160()),
        commitments: vec![
            commitment(PayTo::PubKeyHash([1; 20]), 10_000),
            commitment(PayTo::ScriptHash([2; 20]), 95_000),
        ]
        .into(),
        change: Atoms(7),
    })
}

/// Two users, and one ticket of each kind that a file can hold.
fn full_state() -> State {
    let mut state = fresh();
    let (imports, redeems): (Vec<_>, Vec<_>) = [4, 5].map(script).into_iter().unzip();
    state.scripts.import(&imports).expect("good scripts");
    let preference = |user: i64, redeem: &RedeemScript| Preference {
        user_id: UserId(user),
        ticket_address: redeem.address(NETWORK).to_string(),
        version: VoteVersion(0),
        bits: VoteBits(5),
        revision: Revision(3),
    };
    let push = PreferencesPush {
        pool_id: POOL,
        full: true,
        preferences: vec![preference(4, &redeems[0]), preference(5, &redeems[1])],
        accept: false,
    };
    state.preferences.push(push).expect("a first push");
    state.rescan = Some(RescanProgress {
        from: Height(4),
        running: false,
    });
    state.chain = Chain::starting_at(Hash([169; 32]), Height(169));
    for height in 170..173_u8 {
        state.chain.push(Hash([height; 32]), Height(height.into()));
    }
    state.tickets.advance(Height(172));
    for number in 1..8 {
        let mined = (number != 1).then_some((Hash([150; 32]), Height(150)));
        state.discover(&ticket(number, &redeems[usize::from(number) % 2]), mined);
        let verdict = [FeeVerdict::Good, FeeVerdict::Low][usize::from(number == 7)];
        state.tickets.judge(Hash([number; 32]), verdict, Atoms(10));
    }
    let voted = VoteRecord {
        hash: Hash([91; 32]),
        block: Hash([171; 32]),
        height: Height(171),
        bits: VoteBits(1),
        version: VoteVersion(12),
        reward: Atoms(77),
    };
    state.tickets.voted(Hash([2; 32]), voted);
    let (revocation, block) = (Hash([92; 32]), Hash([172; 32]));
    state
        .tickets
        .revoked(Hash([3; 32]), revocation, block, Height(172));
    for (number, expired) in [(4, None), (5, Some(true)), (6, Some(false))] {
        let settled = Settled::Revoked {
            by: revocation,
            block,
            height: Height(172),
            expired,
        };
        state.tickets.settle_if_open(Hash([number; 32]), settled);
    }
    state.past.need(Height(3), None);
    state.added.insert(Hash([9; 32]));
    state.discover(&ticket(8, &redeems[0]), None);
    assert!(state.tickets.forget(&Hash([8; 32])));
    state
}
