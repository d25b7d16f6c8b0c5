//! A chain that a scripted dcrd tells: blocks with tickets of the test's own, and reorganisations.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use dcrstakepool::decred::block::HEADER_BYTES;
use dcrstakepool::decred::ticket::{self, Commitment, TicketInput};
use dcrstakepool::decred::tx::{OutPoint, Tree};
use dcrstakepool::decred::{
    Atoms, BlockHash, Hash, Height, PayTo, RedeemScript, TicketHash, Transaction,
};
use serde_json::{Value, json};

use crate::harness::fake_daemon::{FakeDaemon, Reply};

/// Below it is nothing.
const FIRST: u32 = 400;
/// More than a ticket's maturity here.
const EMPTY_BLOCKS: u32 = 40;

const NOT_FOUND: i64 = -5;

#[derive(Debug)]
struct Block {
    height: Height,
    previous: BlockHash,
    bytes: Vec<u8>,
    tickets: Vec<TicketHash>,
}

#[derive(Debug, Default)]
struct Blocks {
    /// Also those that a reorganisation left behind.
    all: HashMap<BlockHash, Block>,
    /// By height, from `FIRST`.
    main: Vec<BlockHash>,
    /// Every ticket ever made, in hex.
    tickets: HashMap<TicketHash, String>,
    count: u64,
}

/// Clones are one chain.
#[derive(Debug, Clone)]
pub struct ScriptedChain(Arc<Mutex<Blocks>>);

impl ScriptedChain {
    /// Some empty blocks, told by `dcrd` from now on.
    pub fn on(dcrd: &FakeDaemon) -> Self {
        let chain = Self(Arc::default());
        for _ in 0..EMPTY_BLOCKS {
            chain.mine(&[]);
        }
        chain.script(dcrd);
        chain
    }

    /// A block on the tip with a ticket for each of `owners`; gives its header in hex.
    pub fn mine(&self, owners: &[RedeemScript]) -> String {
        let mut blocks = self.0.lock().unwrap();
        let tickets: Vec<_> = owners.iter().map(|owner| blocks.ticket(owner)).collect();
        blocks.mine(&tickets)
    }

    /// The last `depth` blocks give way to one more of other ones, with the same tickets in the first of
    /// them.
    pub fn reorganise(&self, depth: usize) {
        let mut blocks = self.0.lock().unwrap();
        let keep = blocks.main.len() - depth;
        let gone = blocks.main.split_off(keep);
        let hashes = gone.iter().flat_map(|hash| &blocks.all[hash].tickets);
        let tickets: Vec<_> = hashes
            .map(|hash| Transaction::from_hex(&blocks.tickets[hash]).unwrap())
            .collect();
        blocks.mine(&tickets);
        for _ in 0..depth {
            blocks.mine(&[]);
        }
    }

    pub fn height(&self) -> Height {
        let blocks = self.0.lock().unwrap();
        blocks.all[blocks.main.last().unwrap()].height
    }

    pub fn tip(&self) -> BlockHash {
        *self.0.lock().unwrap().main.last().unwrap()
    }

    /// The tickets of a block and of all below it.
    pub fn tickets_up_to(&self, tip: BlockHash) -> Vec<TicketHash> {
        let blocks = self.0.lock().unwrap();
        let mut found = Vec::new();
        let mut at = tip;
        while let Some(block) = blocks.all.get(&at) {
            found.extend(&block.tickets);
            at = block.previous;
        }
        found
    }

    pub fn holds(&self, block: BlockHash, ticket: TicketHash) -> bool {
        let blocks = self.0.lock().unwrap();
        let block = blocks.all.get(&block);
        block.is_some_and(|block| block.tickets.contains(&ticket))
    }

    /// Whether the block was ever on the main chain.
    pub fn knows(&self, block: BlockHash) -> bool {
        self.0.lock().unwrap().all.contains_key(&block)
    }

    fn script(&self, dcrd: &FakeDaemon) {
        let chain = self.clone();
        dcrd.script("getbestblock", move |_| {
            Reply::Result(chain.0.lock().unwrap().best())
        });
        let chain = self.clone();
        dcrd.script("getblockhash", move |params| {
            let height = params[0].as_u64().unwrap();
            let blocks = chain.0.lock().unwrap();
            let index = usize::try_from(height).unwrap().checked_sub(FIRST as usize);
            known(
                index
                    .and_then(|index| blocks.main.get(index))
                    .map(|hash| json!(hash)),
            )
        });
        let chain = self.clone();
        dcrd.script("getblockheader", move |params| {
            known(chain.0.lock().unwrap().header(&params[0]))
        });
        let chain = self.clone();
        dcrd.script("getblock", move |params| {
            let blocks = chain.0.lock().unwrap();
            let block = blocks.all.get(&hash(&params[0]));
            known(block.map(|block| json!(hex::encode(&block.bytes))))
        });
        let chain = self.clone();
        dcrd.script("getrawtransaction", move |params| {
            known(chain.0.lock().unwrap().transaction(hash(&params[0])))
        });
        let chain = self.clone();
        dcrd.script("livetickets", move |_| {
            let blocks = chain.0.lock().unwrap();
            let tickets: Vec<_> = blocks.tickets.keys().collect();
            Reply::Result(json!({"tickets": tickets}))
        });
        dcrd.answer("getrawmempool", json!([]));
    }
}

fn hash(text: &Value) -> Hash {
    serde_json::from_value(text.clone()).unwrap()
}

fn known(answer: Option<Value>) -> Reply {
    answer.map_or_else(
        || Reply::Refusal(NOT_FOUND, "no such thing".to_owned()),
        Reply::Result,
    )
}

impl Blocks {
    fn ticket(&mut self, owner: &RedeemScript) -> Transaction {
        self.count += 1;
        let spends = OutPoint {
            hash: Hash::of(&self.count.to_le_bytes()),
            index: 0,
            tree: Tree::REGULAR,
        };
        let input = TicketInput {
            spends,
            value: Atoms(30_000),
            commitment: Commitment {
                to: PayTo::PubKeyHash([1; 20]),
                amount: Atoms(30_000),
                fee_limits: 0,
            },
            change_to: PayTo::PubKeyHash([1; 20]),
            change: Atoms(0),
        };
        let pays = PayTo::ScriptHash(owner.hash160());
        ticket::build(pays, Atoms(20_000), &[input]).unwrap()
    }

    fn mine(&mut self, tickets: &[Transaction]) -> String {
        self.count += 1;
        let height = Height(FIRST + u32::try_from(self.main.len()).unwrap());
        let previous = self.main.last().copied().unwrap_or(Hash([76; 32]));
        let mut bytes = vec![0; HEADER_BYTES];
        bytes[4..36].copy_from_slice(&previous.0);
        bytes[128..132].copy_from_slice(&height.0.to_le_bytes());
        bytes[136..140].copy_from_slice(&1_795_332_770_u32.to_le_bytes());
        // The extra data tells siblings apart.
        bytes[144..152].copy_from_slice(&self.count.to_le_bytes());
        let (hash, header) = (Hash::of(&bytes), hex::encode(&bytes));
        bytes.push(0);
        bytes.push(u8::try_from(tickets.len()).unwrap());
        for ticket in tickets {
            bytes.extend(ticket.serialize());
            self.tickets.insert(ticket.hash(), ticket.to_hex());
        }
        let block = Block {
            height,
            previous,
            bytes,
            tickets: tickets.iter().map(Transaction::hash).collect(),
        };
        self.all.insert(hash, block);
        self.main.push(hash);
        header
    }

    fn best(&self) -> Value {
        let hash = self.main.last().unwrap();
        json!({"hash": hash, "height": self.all[hash].height})
    }

    fn header(&self, asked: &Value) -> Option<Value> {
        let hash = hash(asked);
        let block = self.all.get(&hash)?;
        let on_main_chain = self.main.contains(&hash);
        Some(json!({
            "hash": hash, "height": block.height, "confirmations": if on_main_chain { 1 } else { -1 },
            "time": 1_795_332_770, "previousblockhash": block.previous,
        }))
    }

    fn transaction(&self, ticket: TicketHash) -> Option<Value> {
        let hex = self.tickets.get(&ticket)?;
        let mut transaction = json!({"txid": ticket, "hex": hex});
        let holds = |hash: &&BlockHash| self.all[*hash].tickets.contains(&ticket);
        if let Some(hash) = self.main.iter().rev().find(holds) {
            transaction["blockhash"] = json!(hash);
            transaction["blockheight"] = json!(self.all[hash].height);
            transaction["confirmations"] = json!(1);
        }
        Some(transaction)
    }
}
