//! A chain that holds as many live tickets of the pool as one wants, and grows by blocks with votes, winners
//! and new tickets. The same seed makes the same chain.

use std::collections::{HashMap, HashSet};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::script::PayTo;
use dcrstakepool::decred::ticket::{self, Commitment, TicketInput};
use dcrstakepool::decred::tx::{OutPoint, Transaction, Tree};
use dcrstakepool::decred::vote::ParsedVote;
use dcrstakepool::decred::{Atoms, BlockHash, TicketHash, TxHash};
use serde_json::{Value, json};

use super::people::{NETWORK, Person};
use crate::random::Random;

/// The best block of a new chain.
const TIP: u32 = 900_000;
/// Tickets bought and called per block.
const PER_BLOCK: u32 = 5;
const PRICE: Atoms = Atoms(20_000_000_000);
const FEE: Atoms = Atoms(100_000_000);

struct Block {
    hash: BlockHash,
    header: [u8; 180],
    time: u32,
    stake: Vec<Vec<u8>>,
}

struct Bought {
    bytes: Vec<u8>,
    height: u32,
}

pub struct Chain {
    people: Vec<Person>,
    users: usize,
    random: Random,
    first: u32,
    blocks: Vec<Block>,
    heights: HashMap<BlockHash, u32>,
    tickets: HashMap<TicketHash, Bought>,
    live: Vec<TicketHash>,
    winners: Vec<TicketHash>,
    /// Votes on the tip.
    votes: HashMap<TxHash, Vec<u8>>,
    bought: u32,
    pub watched: Watched,
}

/// What a start of a voter is measured by.
#[derive(Debug, Default, Clone, Copy)]
pub struct Watched {
    /// From then on the voter votes.
    pub asked_for_winners: Option<Instant>,
    pub first_vote: Option<Instant>,
}

impl Chain {
    /// Nothing is bought while there are no tickets.
    pub fn new(seed: u64, people: Vec<Person>, users: u32, live: u32) -> Self {
        let ages = live.div_ceil(PER_BLOCK);
        let maturity = NETWORK.params().ticket_maturity;
        let first = TIP - maturity - ages - 1;
        let mut chain = Self {
            people,
            users: usize::try_from(users).expect("few"),
            random: Random::new(seed),
            first,
            blocks: Vec::new(),
            heights: HashMap::new(),
            tickets: HashMap::new(),
            live: Vec::new(),
            winners: Vec::new(),
            votes: HashMap::new(),
            bought: 0,
            watched: Watched::default(),
        };
        let spacing = NETWORK.params().target_block_secs;
        for height in first..=TIP {
            let stake = if live > 0 && height > first {
                chain.buy(height)
            } else {
                Vec::new()
            };
            chain.append(height, now() - (TIP - height) * spacing, 0, stake);
        }
        chain.mature_up_to(TIP - maturity);
        chain.draw();
        chain
    }

    /// Where the users joined: below all their tickets.
    pub fn first_height(&self) -> u32 {
        self.first
    }

    pub fn live(&self) -> usize {
        self.live.len()
    }

    pub fn height(&self) -> u32 {
        self.first + u32::try_from(self.blocks.len()).expect("few") - 1
    }

    fn tip(&self) -> &Block {
        self.blocks.last().expect("a chain has blocks")
    }

    fn at(&self, height: u32) -> Option<&Block> {
        let index = height.checked_sub(self.first)?;
        self.blocks.get(usize::try_from(index).ok()?)
    }

    fn by_hash(&self, hash: &str) -> Option<(u32, &Block)> {
        let height = *self.heights.get(&hash.parse().ok()?)?;
        Some((height, self.at(height)?))
    }

    fn buy(&mut self, height: u32) -> Vec<Vec<u8>> {
        let bought = (0..PER_BLOCK).map(|_| {
            let owner = usize::try_from(self.bought).expect("few") % self.users;
            let bytes = purchase(self.bought, &self.people[owner]);
            self.bought += 1;
            bytes
        });
        let bought: Vec<Vec<u8>> = bought.collect();
        for bytes in &bought {
            let bytes = bytes.clone();
            self.tickets
                .insert(hash_of(&bytes), Bought { bytes, height });
        }
        bought
    }

    fn append(&mut self, height: u32, time: u32, voters: u16, stake: Vec<Vec<u8>>) {
        let mut header = [0; 180];
        header[0] = 10;
        if let Some(tip) = self.blocks.last() {
            header[4..36].copy_from_slice(&tip.hash.0);
        }
        header[108..110].copy_from_slice(&voters.to_le_bytes());
        header[110] = u8::try_from(stake.len()).expect("few") - u8::try_from(voters).expect("few");
        header[112..116]
            .copy_from_slice(&u32::try_from(self.live.len()).expect("few").to_le_bytes());
        header[120..128].copy_from_slice(&PRICE.0.to_le_bytes());
        header[128..132].copy_from_slice(&height.to_le_bytes());
        header[136..140].copy_from_slice(&time.to_le_bytes());
        header[176..180].copy_from_slice(&10_u32.to_le_bytes());
        let hash = Hash::of(&header);
        self.heights.insert(hash, height);
        self.blocks.push(Block {
            hash,
            header,
            time,
            stake,
        });
    }

    fn mature_up_to(&mut self, height: u32) {
        let live: HashSet<_> = self.live.iter().copied().collect();
        let mature = self.tickets.iter();
        let mature = mature.filter(|(hash, it)| it.height <= height && !live.contains(*hash));
        let mut mature: Vec<_> = mature.map(|(hash, it)| (it.height, *hash)).collect();
        mature.sort_unstable();
        self.live.extend(mature.into_iter().map(|(_, hash)| hash));
    }

    /// Who votes on the tip.
    fn draw(&mut self) {
        self.winners.clear();
        for _ in 0..PER_BLOCK {
            if !self.live.is_empty() {
                let place = self.random.below(self.live.len());
                self.winners.push(self.live.swap_remove(place));
            }
        }
    }

    /// The next block: votes on the tip, new tickets; and the notifications of it.
    pub fn mine(&mut self) -> [(&'static str, Value); 3] {
        let height = self.height() + 1;
        let mut stake: Vec<_> = std::mem::take(&mut self.votes).into_values().collect();
        let count = u16::try_from(stake.len()).expect("few");
        if self.bought > 0 {
            stake.extend(self.buy(height));
        }
        self.append(height, now(), count, stake);
        let mature = height - NETWORK.params().ticket_maturity;
        let mature = self.at(mature).map_or(&[][..], |block| &block.stake);
        let mature: Vec<_> = mature.iter().map(|it| hash_of(it)).collect();
        let tickets = mature.into_iter();
        let mature: Vec<_> = tickets
            .filter(|hash| self.tickets.contains_key(hash))
            .collect();
        let named: Vec<_> = mature.iter().map(ToString::to_string).collect();
        self.live.extend(mature);
        self.draw();
        let tip = self.tip();
        let hash = tip.hash.to_string();
        [
            ("blockconnected", json!([hex::encode(tip.header), null])),
            ("newtickets", json!([hash, height, PRICE, named])),
            ("winningtickets", self.winning()),
        ]
    }

    pub fn winning(&self) -> Value {
        let winners = self.winners.iter().enumerate();
        let winners: serde_json::Map<_, _> = winners
            .map(|(place, hash)| (place.to_string(), json!(hash.to_string())))
            .collect();
        json!([self.tip().hash.to_string(), self.height(), winners])
    }

    /// Votes on the tip that arrived.
    pub fn voted(&self) -> usize {
        self.votes.len()
    }

    pub fn winners(&self) -> usize {
        self.winners.len()
    }

    /// `sendrawtransaction`.
    pub fn take(&mut self, hex: &str) -> Result<Value, (i64, String)> {
        let transaction = Transaction::from_hex(hex).map_err(|error| (-22, error.to_string()))?;
        let vote = ParsedVote::parse(&transaction).map_err(|error| (-1, error.to_string()))?;
        if vote.block != self.tip().hash || !self.winners.contains(&vote.ticket) {
            return Err((-1, "votes on old block height".to_owned()));
        }
        self.watched.first_vote.get_or_insert_with(Instant::now);
        let bytes = transaction.serialize();
        match self.votes.insert(vote.hash, bytes) {
            None => Ok(json!(vote.hash.to_string())),
            Some(_) => Err((-40, "already have transaction".to_owned())),
        }
    }

    pub fn best(&self) -> Value {
        json!({"hash": self.tip().hash.to_string(), "height": self.height()})
    }

    pub fn info(&self) -> Value {
        let (height, hash) = (self.height(), self.tip().hash.to_string());
        json!({
            "chain": NETWORK.params().name, "blocks": height, "headers": height, "syncheight": height,
            "bestblockhash": hash, "chainwork": format!("{height:064x}"), "initialblockdownload": false,
        })
    }

    pub fn hash_at(&self, height: u64) -> Option<Value> {
        let block = self.at(u32::try_from(height).ok()?)?;
        Some(json!(block.hash.to_string()))
    }

    pub fn header(&self, hash: &str) -> Option<Value> {
        let (height, block) = self.by_hash(hash)?;
        Some(json!({
            "hash": hash, "confirmations": self.height() - height + 1, "height": height,
            "time": block.time, "chainwork": format!("{height:064x}"), "poolsize": self.live.len(),
            "sbits": PRICE.to_dcr(), "previousblockhash": Hash(block.header[4..36].try_into().expect("32 bytes")).to_string(),
        }))
    }

    /// In hex, with an empty regular tree.
    pub fn block(&self, hash: &str) -> Option<Value> {
        let (_, block) = self.by_hash(hash)?;
        let mut bytes = block.header.to_vec();
        bytes.extend_from_slice(&[0, u8::try_from(block.stake.len()).expect("few")]);
        bytes.extend(block.stake.iter().flatten());
        Some(json!(hex::encode(bytes)))
    }

    pub fn transaction(&self, hash: &str) -> Option<Value> {
        let bought = self.tickets.get(&hash.parse().ok()?)?;
        Some(json!({
            "txid": hash, "hex": hex::encode(&bought.bytes), "blockheight": bought.height,
            "blockhash": self.at(bought.height)?.hash.to_string(),
            "confirmations": self.height() - bought.height + 1,
        }))
    }

    /// Those that may be called, the winners of the tip not.
    pub fn live_tickets(&self) -> Value {
        let live: Vec<_> = self.live.iter().map(ToString::to_string).collect();
        json!({ "tickets": live })
    }

    /// Of the wallet: live and immature ones.
    pub fn own_tickets(&self) -> Value {
        let mut hashes: Vec<_> = self.live.iter().map(ToString::to_string).collect();
        let mature = self.height() - NETWORK.params().ticket_maturity;
        let immature = self.tickets.iter().filter(|(_, it)| it.height > mature);
        hashes.extend(immature.map(|(hash, _)| hash.to_string()));
        json!({ "hashes": hashes })
    }
}

fn hash_of(bytes: &[u8]) -> TxHash {
    Transaction::decode(bytes).expect("a transaction").hash()
}

fn now() -> u32 {
    #[expect(
        clippy::disallowed_methods,
        reason = "blocks of today, or the voter takes its dcrd for cut off"
    )]
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    u32::try_from(since.expect("after 1970").as_secs()).expect("before 2106")
}

/// A ticket as wallets buy them for a pool: the fee, then the owner's commitment.
fn purchase(number: u32, owner: &Person) -> Vec<u8> {
    let input = |index, value, to| TicketInput {
        spends: OutPoint {
            hash: Hash::of(&number.to_be_bytes()),
            index,
            tree: Tree::REGULAR,
        },
        value,
        commitment: Commitment {
            to,
            amount: value,
            fee_limits: 0x5800,
        },
        change_to: PayTo::PubKeyHash([7; 20]),
        change: Atoms(0),
    };
    let fee = PayTo::PubKeyHash(owner.pool_hash);
    let rest = Atoms(PRICE.0 - FEE.0 + 300_000);
    let inputs = [
        input(0, FEE, fee),
        input(
            1,
            rest,
            PayTo::PubKeyHash(
                Hash::of(&number.to_le_bytes()).0[..20]
                    .try_into()
                    .expect("20 bytes"),
            ),
        ),
    ];
    let submission = PayTo::ScriptHash(owner.script.hash160());
    let mut ticket = ticket::build(submission, PRICE, &inputs).expect("a ticket");
    for input in &mut ticket.inputs {
        // As long as a signature and its key.
        input.script = vec![0; 107];
    }
    ticket.serialize()
}
