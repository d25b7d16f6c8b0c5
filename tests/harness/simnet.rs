//! A network of our own: a node and a wallet with the same seed per voting node, and a miner. The first
//! node is also where the miner and the users' wallets look.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;

use dcrstakepool::decred::Transaction;
use dcrstakepool::decred::vote::ParsedVote;

use super::dcrd::Dcrd;
use super::ledger::{STAKE_VALIDATION, WINNERS};
use super::mining;
use super::pair::Pair;
use super::wait;
use super::wallet::Wallet;

/// Seeds, each one byte repeated. Users count up from `FIRST_USER_SEED`.
const MINER_SEED: u8 = 0x11;
pub const VOTING_SEED: u8 = 0x22;
pub const FIRST_USER_SEED: u8 = 0x31;

/// The first external address of the miner's seed: wallets of different ages derive it by other paths.
pub fn miner_address(pair: Pair) -> &'static str {
    match pair {
        Pair::Current => "Ssmn12w4CTF2j6B1jaLxEyKXVeMFkPJmDBs",
        Pair::Legacy => "SsnHu9PaK563xG4KwSKc53p1v7E48q5jvvz",
    }
}

/// At this height the miner's first rewards can be spent.
const FUNDED: u32 = 24;

/// Fewer votes than this make no block.
const VOTES_NEEDED: usize = 3;

/// Mines the first blocks, and waits until every node has them.
fn mine_to(nodes: &[Dcrd], height: u32) {
    while nodes[0].height() < height {
        mining::mine(&nodes[0], 0);
    }
    let tip = nodes[0].best_hash();
    for node in nodes {
        node.wait_for(&tip);
    }
}

#[derive(Debug)]
pub struct Simnet {
    pub miner: Wallet,
    /// One beside each node, all from one seed.
    pub voting_wallets: Vec<Wallet>,
    pub nodes: Vec<Dcrd>,
    /// After each block all nodes are waited for.
    pub in_step: bool,
    /// Blocks are asked for as work and made on the tip (`mining::mine_on_tip`), past stake validation.
    pub by_work: bool,
    folder: PathBuf,
    users: u8,
}

impl Simnet {
    /// Starts nodes and wallets, and mines until the miner has coins to give.
    pub fn start(pair: Pair, folder: &Path, voting_nodes: usize) -> Self {
        let first = Dcrd::first(pair, "dcrd1", &folder.join("dcrd1"), miner_address(pair));
        let mut nodes = vec![first];
        for number in 2..=voting_nodes {
            let name = format!("dcrd{number}");
            nodes.push(Dcrd::follower(&name, &folder.join(&name), &nodes[0]));
        }
        let miner = match pair {
            // It would have to reconnect after the node's restart, and takes its time for that.
            Pair::Current => {
                mine_to(&nodes, FUNDED);
                Wallet::create("miner", &folder.join("miner"), MINER_SEED, &nodes[0])
            }
            // It only counts coins on addresses that it gave out before.
            Pair::Legacy => {
                let miner = Wallet::create("miner", &folder.join("miner"), MINER_SEED, &nodes[0]);
                assert_eq!(miner.new_address(), miner_address(pair));
                mine_to(&nodes, FUNDED);
                miner
            }
        };
        let voting_wallets = nodes.iter().zip(1..).map(|(node, number)| {
            let name = format!("wallet{number}");
            Wallet::create(&name, &folder.join(&name), VOTING_SEED, node)
        });
        let voting_wallets = voting_wallets.collect();
        let folder = folder.to_path_buf();
        Self {
            miner,
            voting_wallets,
            nodes,
            in_step: true,
            by_work: false,
            folder,
            users: 0,
        }
    }

    /// A network whose parts run already: the first of `nodes` mines. Nobody waits for the others, which
    /// may be away.
    pub fn resume(
        miner: Wallet,
        voting_wallets: Vec<Wallet>,
        nodes: Vec<Dcrd>,
        folder: &Path,
        users: u8,
    ) -> Self {
        Self {
            miner,
            voting_wallets,
            nodes,
            in_step: false,
            by_work: false,
            folder: folder.to_path_buf(),
            users,
        }
    }

    /// The node that mines.
    pub fn node(&self) -> &Dcrd {
        &self.nodes[0]
    }

    pub fn height(&self) -> u32 {
        self.node().height()
    }

    /// A wallet of a user's own, empty.
    pub fn user_wallet(&mut self) -> Wallet {
        let name = format!("user{}", self.users + 1);
        let seed = FIRST_USER_SEED + self.users;
        self.users += 1;
        Wallet::create(&name, &self.folder.join(&name), seed, self.node())
    }

    /// The miner pays each wallet `coins`, mined at once and seen by all of them.
    pub fn fund(&self, wallets: &[&Wallet], coins: f64) {
        self.miner.wait_for_height(self.height());
        let amounts: BTreeMap<_, _> = wallets.iter().map(|w| (w.new_address(), coins)).collect();
        let before: Vec<_> = wallets.iter().map(|wallet| wallet.spendable()).collect();
        let payment = self.miner.pay(&amounts);
        self.mine(1);
        wait::until("the payment to be mined", || {
            let known = self
                .node()
                .rpc()
                .call("getrawtransaction", &json!([payment, 1]));
            let known = known.map_err(|error| error.to_string())?;
            if known["confirmations"].as_u64() > Some(0) {
                return Ok(());
            }
            self.mine(1);
            Err("not in the block".to_owned())
        });
        for (wallet, before) in wallets.iter().zip(before) {
            wait::until("coins to arrive", || {
                if wallet.spendable() > before {
                    Ok(())
                } else {
                    Err("no more than before")
                }
            });
        }
    }

    /// Mines `blocks` that need no votes; all nodes follow.
    pub fn mine(&self, blocks: u32) {
        for _ in 0..blocks {
            self.mine_with(0);
        }
    }

    fn mine_with(&self, votes: usize) {
        if self.by_work && votes > 0 {
            mining::mine_on_tip(self.node(), votes);
        } else {
            mining::mine(self.node(), votes);
        }
        if !self.in_step {
            return;
        }
        let tip = self.node().best_hash();
        self.nodes[1..].iter().for_each(|node| node.wait_for(&tip));
    }

    /// Mines one block. Past stake validation the votes on the tip are waited for first, up to `patience`
    /// for the last of them; gives how many there are. Without enough for a block it fails.
    pub fn mine_voted(&self, patience: Duration) -> usize {
        let votes = if self.height() + 1 < STAKE_VALIDATION {
            0
        } else {
            self.wait_for_votes(patience)
        };
        self.mine_with(votes);
        votes
    }

    /// Waits for all votes on the tip; those of a block that can be made are enough after `patience`.
    pub fn wait_for_votes(&self, patience: Duration) -> usize {
        let tip = self.node().best_hash();
        let start = Instant::now();
        loop {
            let votes = self.votes_on(&tip);
            if votes >= WINNERS || (start.elapsed() > patience && votes >= VOTES_NEEDED) {
                return votes;
            }
            assert!(
                start.elapsed() < patience.max(wait::PATIENCE),
                "the chain stands still at height {}: {votes} votes on {tip}",
                self.height()
            );
            wait::pause(Duration::from_millis(2));
        }
    }

    /// Votes on a block that the mining node knows and has not mined yet.
    pub fn votes_on(&self, block: &str) -> usize {
        let rpc = self.node().rpc();
        let hashes: Vec<String> = rpc.get("getrawmempool", &json!([false, "votes"]));
        let votes = hashes.iter().filter(|hash| {
            let Ok(hex) = rpc.call("getrawtransaction", &json!([hash])) else {
                return false; // gone since it was listed
            };
            let tx = Transaction::from_hex(hex.as_str().unwrap_or_default());
            let vote = tx.ok().and_then(|tx| ParsedVote::parse(&tx).ok());
            vote.is_some_and(|vote| vote.block.to_string() == block)
        });
        votes.count()
    }
}
