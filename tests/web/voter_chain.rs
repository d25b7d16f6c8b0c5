//! A chain for a scripted dcrd: it grows and is reorganised as a test wants.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use dcrstakepool::decred::hash::{BlockHash, Hash};
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::script::PayTo;
use dcrstakepool::decred::ticket::{self, Commitment, Ticket, TicketInput};
use dcrstakepool::decred::tx::{OutPoint, Transaction, Tree, TxIn, TxOut};
use dcrstakepool::decred::vote::{self, VoteRequest};
use dcrstakepool::decred::{Atoms, Height, TicketHash, VoteBits, VoteVersion};
use serde_json::{Value, json};

use super::voter_bed::{Bed, vector};
use crate::harness::fake_daemon::{FakeDaemon, Reply};

/// The tip of `Bed::leave_state`; blocks of the chain are above it.
const ROOT: u32 = 480;
/// The salt of blocks of long ago that are others than ever before.
const OTHER: u32 = 2_000;
/// A new block's own time.
const TIME: u32 = 1_795_332_770;

#[derive(Clone)]
pub struct Made {
    pub hash: BlockHash,
    pub height: u32,
    bytes: Vec<u8>,
    stake: Vec<Transaction>,
}

#[derive(Default)]
struct Inner {
    main: Vec<Made>,
    /// Also those that were left.
    all: HashMap<BlockHash, Made>,
    mempool: Vec<Transaction>,
    /// Transactions of blocks below the root.
    old: HashMap<Hash, (Transaction, u32)>,
    made: u32,
    /// Not even the root is the one of `Bed::leave_state`.
    other: bool,
}

/// Cheap to clone: all are the same chain.
#[derive(Clone, Default)]
pub struct Chain(Arc<Mutex<Inner>>);

impl Chain {
    /// Has dcrd tell this chain.
    pub fn install(dcrd: &FakeDaemon) -> Self {
        let chain = Self::default();
        let answer = |method: &str, answer: fn(&Inner, &Value) -> Reply| {
            let chain = chain.clone();
            dcrd.script(method, move |params| {
                answer(&chain.0.lock().unwrap(), params)
            });
        };
        answer("getbestblock", |chain, _| {
            let (hash, height) = chain.tip();
            Reply::Result(json!({"hash": hash, "height": height}))
        });
        answer("getblockchaininfo", |chain, _| {
            let (hash, height) = chain.tip();
            Reply::Result(json!({
                "chain": "simnet", "blocks": height, "syncheight": height, "bestblockhash": hash,
                "initialblockdownload": false,
            }))
        });
        answer("getblockhash", |chain, params| {
            let height = u32::try_from(params[0].as_u64().unwrap()).unwrap();
            Reply::Result(json!(chain.at(height)))
        });
        answer("getblock", |chain, params| {
            chain.block(params).map_or_else(unknown, |made| {
                Reply::Result(json!(hex::encode(&made.bytes)))
            })
        });
        answer("getblockheader", |chain, params| {
            chain.block(params).map_or_else(unknown, |made| {
                Reply::Result(json!({
                    "hash": made.hash, "height": made.height, "confirmations": 1, "time": TIME,
                    "chainwork": format!("{:064x}", made.height), "previousblockhash": Hash([1; 32]),
                }))
            })
        });
        answer("getrawtransaction", |chain, params| {
            chain
                .transaction(params)
                .map_or_else(unknown, Reply::Result)
        });
        answer("getrawmempool", |chain, _| {
            let hashes: Vec<_> = chain.mempool.iter().map(Transaction::hash).collect();
            Reply::Result(json!(hashes))
        });
        dcrd.answer("livetickets", json!({"tickets": []}));
        chain
    }

    /// The blocks below are others than ever before.
    pub fn start_anew(&self) {
        let mut chain = self.0.lock().unwrap();
        chain.other = true;
        // And so are those above.
        chain.made = 1_000;
    }

    /// One more block.
    pub fn grow(&self, stake: Vec<Transaction>) -> Made {
        let mut chain = self.0.lock().unwrap();
        let (previous, height) = chain.tip();
        chain.made += 1;
        let made = make(previous, height + 1, chain.made, stake);
        chain.put(made.clone());
        made
    }

    /// Takes the last blocks away and gives them back, lowest first.
    pub fn leave(&self, depth: usize) -> Vec<Made> {
        let mut chain = self.0.lock().unwrap();
        let keep = chain.main.len() - depth;
        chain.main.split_off(keep)
    }

    /// Puts blocks that were left on top again.
    pub fn take_up(&self, blocks: Vec<Made>) {
        let mut chain = self.0.lock().unwrap();
        for made in blocks {
            chain.put(made);
        }
    }

    pub fn put_into_mempool(&self, transactions: Vec<Transaction>) {
        self.0.lock().unwrap().mempool = transactions;
    }

    /// A transaction of long ago.
    pub fn know_old(&self, transaction: &Transaction, height: u32) {
        let old = (transaction.clone(), height);
        self.0.lock().unwrap().old.insert(transaction.hash(), old);
    }

    /// dcrd says that the last block is connected, and of none before it.
    pub fn announce(&self, dcrd: &FakeDaemon) {
        let header = {
            let chain = self.0.lock().unwrap();
            hex::encode(&chain.main.last().unwrap().bytes[..180])
        };
        dcrd.notify("blockconnected", &json!([header, null]));
    }

    pub fn height(&self) -> Height {
        Height(self.0.lock().unwrap().tip().1)
    }
}

impl Inner {
    fn tip(&self) -> (BlockHash, u32) {
        let tip = self.main.last().map(|made| (made.hash, made.height));
        tip.unwrap_or((below(ROOT), ROOT))
    }

    fn at(&self, height: u32) -> BlockHash {
        let made = self.main.iter().find(|made| made.height == height);
        made.map_or_else(|| self.below(height), |made| made.hash)
    }

    fn below(&self, height: u32) -> BlockHash {
        if self.other {
            old(height, OTHER, vec![]).hash
        } else {
            below(height)
        }
    }

    fn put(&mut self, made: Made) {
        self.all.insert(made.hash, made.clone());
        self.main.push(made);
    }

    fn block(&self, params: &Value) -> Option<Made> {
        let hash: BlockHash = params[0].as_str()?.parse().ok()?;
        self.all
            .get(&hash)
            .cloned()
            .or_else(|| self.old_block(hash))
    }

    /// A block below the root, with what is known of long ago.
    fn old_block(&self, hash: BlockHash) -> Option<Made> {
        let height = (0..=ROOT).find(|height| self.below(*height) == hash)?;
        let known = self.old.values().filter(|(_, at)| *at == height);
        let stake = known.map(|(transaction, _)| transaction.clone()).collect();
        let salt = if self.other { OTHER } else { 0 };
        Some(Made {
            hash,
            ..old(height, salt, stake)
        })
    }

    fn transaction(&self, params: &Value) -> Option<Value> {
        let hash: Hash = params[0].as_str()?.parse().ok()?;
        if let Some((transaction, height)) = self.old.get(&hash) {
            return Some(raw(transaction, Some((below(*height), *height))));
        }
        for made in &self.main {
            if let Some(found) = made.stake.iter().find(|it| it.hash() == hash) {
                return Some(raw(found, Some((made.hash, made.height))));
            }
        }
        let waiting = self.mempool.iter().find(|it| it.hash() == hash)?;
        Some(raw(waiting, None))
    }
}

fn unknown() -> Reply {
    Reply::Refusal(-5, "No information available".into())
}

fn raw(transaction: &Transaction, mined: Option<(BlockHash, u32)>) -> Value {
    let mut raw = json!({"hex": transaction.to_hex(), "txid": transaction.hash()});
    if let Some((block, height)) = mined {
        raw["blockhash"] = json!(block);
        raw["blockheight"] = json!(height);
    }
    raw
}

/// A chain from the saved state's tip to where the wallet is.
pub fn chain_to_485(bed: &Bed) -> Chain {
    let chain = Chain::install(&bed.dcrd);
    for _ in 481..=485 {
        chain.grow(vec![]);
    }
    chain
}

/// The own ticket wins in a new block.
pub fn announce_own(bed: &Bed, chain: &Chain) {
    let tip = chain.grow(vec![]);
    bed.announce_winners_at(tip.hash, tip.height);
}

/// Blocks of long ago.
pub fn below(height: u32) -> BlockHash {
    if height == ROOT {
        return Hash([2; 32]);
    }
    old(height, 0, vec![]).hash
}

fn old(height: u32, salt: u32, stake: Vec<Transaction>) -> Made {
    make(Hash([1; 32]), height, salt, stake)
}

/// dcrd's `wire/blockheader.go` is the source of the layout.
fn make(previous: BlockHash, height: u32, salt: u32, stake: Vec<Transaction>) -> Made {
    let mut bytes = vec![0; 180];
    bytes[4..36].copy_from_slice(&previous.0);
    bytes[128..132].copy_from_slice(&height.to_le_bytes());
    bytes[136..140].copy_from_slice(&TIME.to_le_bytes());
    bytes[140..144].copy_from_slice(&salt.to_le_bytes());
    let hash = Hash::of(&bytes);
    bytes.push(0);
    bytes.push(u8::try_from(stake.len()).unwrap());
    for transaction in &stake {
        bytes.extend(transaction.serialize());
    }
    Made {
        hash,
        height,
        bytes,
        stake,
    }
}

/// The script of the user of `Bed::leave_state`.
pub fn own_script() -> PayTo {
    let redeem = RedeemScript::from_hex(&vector("/children/1/redeem_with_user")).unwrap();
    PayTo::ScriptHash(redeem.hash160())
}

/// A ticket for a script, unlike the others by its number. Its fee is low.
pub fn bought(number: u8, submission: PayTo) -> Transaction {
    let input = TicketInput {
        spends: OutPoint {
            hash: Hash([number; 32]),
            index: 0,
            tree: Tree::REGULAR,
        },
        value: Atoms(110_000),
        commitment: Commitment {
            to: PayTo::PubKeyHash([1; 20]),
            amount: Atoms(110_000),
            fee_limits: 0x5800,
        },
        change_to: PayTo::PubKeyHash([0; 20]),
        change: Atoms(0),
    };
    ticket::build(submission, Atoms(100_000), &[input]).unwrap()
}

/// A vote of a ticket, to be mined at `height`.
pub fn vote_of(ticket: &Ticket, height: u32) -> Transaction {
    vote::build(&VoteRequest {
        ticket,
        block: Hash([3; 32]),
        height: Height(height - 1),
        bits: VoteBits(5),
        version: VoteVersion(12),
        subsidy: Atoms(700),
        treasury: &[],
    })
    .unwrap()
}

pub fn revocation_of(ticket: TicketHash) -> Transaction {
    let spends = OutPoint {
        hash: ticket,
        index: 0,
        tree: Tree::STAKE,
    };
    let mut script = vec![0xbc, 0x76, 0xa9, 0x14];
    script.extend([1; 20]);
    script.extend([0x88, 0xac]);
    Transaction {
        version: 2,
        inputs: vec![TxIn::unsigned(spends, Atoms(100_000))],
        outputs: vec![TxOut::new(Atoms(100_000), script)],
        lock_time: 0,
        expiry: 0,
    }
}
