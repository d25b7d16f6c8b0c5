//! Typed calls to dcrd. Read leniently: unknown fields are ignored, absent zeros are zeros, missing
//! essentials are `Error::Garbled`. Source: dcrd `docs/json_rpc_api.mediawiki`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::Config;
use super::client::{Client, NO_PARAMS, Notifications, Options, Subscription, Timing};
use super::decode::{Hex, dcr, hex_bytes, null_is_default};
use super::error::{Error, code};
use super::header::BlockHeader;
use super::send::SendOutcome;
use super::written::Written;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, TxHash, VoteVersion};
use crate::shutdown::Tasks;

/// For calls that answer from memory or by one read.
const QUICK: Duration = Duration::from_secs(10);
/// For answers of megabytes.
const LARGE: Duration = Duration::from_mins(1);

/// The connection to dcrd.
#[derive(Debug, Clone)]
pub struct Dcrd(Client);

/// A hash and a height.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct BestBlock {
    pub hash: BlockHash,
    pub height: Height,
}

/// One component of a `version` answer.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ComponentVersion {
    #[serde(rename = "versionstring")]
    pub text: String,
    pub major: u32,
    pub minor: u32,
    pub patch: u32,
}

/// The `version` answer, by component: `dcrd`, `dcrdjsonrpcapi`, `dcrwallet`, `dcrwalletjsonrpcapi`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Versions(pub BTreeMap<String, ComponentVersion>);

impl Versions {
    pub fn get(&self, component: &str) -> Option<&ComponentVersion> {
        self.0.get(component)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChainInfo {
    /// `mainnet`, `testnet3`, `simnet`.
    pub chain: String,
    pub blocks: Height,
    #[serde(rename = "syncheight", default)]
    pub sync_height: i64,
    #[serde(rename = "bestblockhash")]
    pub best_block: BlockHash,
    #[serde(rename = "chainwork", default)]
    pub chain_work: String,
    #[serde(rename = "initialblockdownload", default)]
    pub initial_block_download: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct DaemonInfo {
    /// As major · 1,000,000 + minor · 10,000 + patch · 100.
    pub version: i64,
    pub blocks: Height,
    #[serde(default)]
    pub connections: i64,
    /// By how many seconds its peers' clocks are ahead of its own, in the middle.
    #[serde(rename = "timeoffset", default)]
    pub time_offset: i64,
    #[serde(rename = "txindex", default)]
    pub tx_index: bool,
}

/// What `getblockheader` says beside the header's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeaderInfo {
    pub hash: BlockHash,
    /// −1 off the main chain.
    pub confirmations: i64,
    pub height: Height,
    /// Unix seconds.
    pub time: i64,
    /// Big-endian hex.
    #[serde(rename = "chainwork", default)]
    pub chain_work: String,
    /// Absent in the genesis block.
    #[serde(rename = "previousblockhash")]
    pub previous: Option<BlockHash>,
    #[serde(rename = "poolsize", default)]
    pub pool_size: u64,
    #[serde(rename = "sbits", deserialize_with = "dcr", default)]
    pub ticket_price: Atoms,
}

/// A block with its stake transactions in full.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Block {
    pub hash: BlockHash,
    pub height: Height,
    pub confirmations: i64,
    /// Unix seconds.
    pub time: i64,
    #[serde(rename = "previousblockhash")]
    pub previous: Option<BlockHash>,
    /// Tickets, votes, revocations, treasury.
    #[serde(rename = "rawstx", default, deserialize_with = "null_is_default")]
    pub stake_transactions: Vec<BlockTransaction>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct BlockTransaction {
    #[serde(rename = "txid")]
    pub hash: TxHash,
    #[serde(rename = "hex", deserialize_with = "hex_bytes")]
    pub bytes: Vec<u8>,
}

/// A transaction and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RawTransaction {
    #[serde(rename = "txid")]
    pub hash: TxHash,
    #[serde(rename = "hex", deserialize_with = "hex_bytes")]
    pub bytes: Vec<u8>,
    /// `None` while it is in the mempool.
    #[serde(rename = "blockhash", default)]
    pub block: Option<BlockHash>,
    #[serde(rename = "blockheight", default)]
    height: i64,
    #[serde(default)]
    pub confirmations: i64,
}

impl RawTransaction {
    /// The block that holds it.
    pub fn mined(&self) -> Option<(BlockHash, Height)> {
        Some((self.block?, Height(u32::try_from(self.height).ok()?)))
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subsidy {
    /// Of one vote, when asked for one.
    pub pos: Atoms,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct StakeDifficulty {
    #[serde(deserialize_with = "dcr")]
    pub current: Atoms,
    #[serde(deserialize_with = "dcr")]
    pub next: Atoms,
}

/// `getvoteinfo`, for one vote version.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct VoteInfo {
    #[serde(rename = "voteversion")]
    pub version: VoteVersion,
    #[serde(default, deserialize_with = "null_is_default")]
    pub agendas: Vec<AgendaInfo>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct AgendaInfo {
    pub id: String,
    #[serde(default)]
    pub description: String,
    pub mask: u16,
    /// `defined`, `started`, `lockedin`, `active`, `failed`.
    #[serde(default)]
    pub status: String,
    #[serde(default, deserialize_with = "null_is_default")]
    pub choices: Vec<ChoiceInfo>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ChoiceInfo {
    pub id: String,
    #[serde(default)]
    pub description: String,
    pub bits: u16,
    #[serde(rename = "isabstain", default)]
    pub is_abstain: bool,
    #[serde(rename = "isno", default)]
    pub is_no: bool,
    #[serde(default)]
    pub count: u64,
    #[serde(default)]
    pub progress: f64,
}

#[derive(Debug, Deserialize)]
pub(super) struct LiveTickets {
    #[serde(default, deserialize_with = "null_is_default")]
    tickets: Vec<TicketHash>,
}

/// An input of `createrawsstx`, an existing output that a ticket spends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilterOutPoint {
    pub hash: TxHash,
    pub index: u32,
    pub tree: u8,
}

impl Dcrd {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Connects, subscribed to blocks, winners and new tickets.
    pub async fn start(config: Config, tasks: &Tasks) -> Result<(Self, Notifications), Error> {
        let options = Options {
            subscriptions: Self::subscriptions(),
            timing: Timing::VOTING,
            ..Options::default()
        };
        let (client, notifications) = Client::start(config, options, tasks).await?;
        Ok((Self(client), notifications))
    }

    /// What a voter listens to; there on both generations of dcrd.
    pub fn subscriptions() -> Vec<Subscription> {
        ["notifynewtickets", "notifywinningtickets", "notifyblocks"]
            .map(|method| Subscription::new(method, json!([])))
            .to_vec()
    }

    pub fn client(&self) -> &Client {
        &self.0
    }

    /// For background work: few calls at a time, so that a vote never waits behind them.
    #[must_use]
    pub fn unhurried(&self) -> Self {
        Self(self.0.unhurried())
    }

    /// A handle to the connection there is now, and to no later one.
    pub fn pinned(&self) -> Result<Self, Error> {
        self.0.pinned().map(Self)
    }

    pub async fn versions(&self) -> Result<Versions, Error> {
        self.0.call("version", NO_PARAMS, QUICK).await
    }

    /// The magic number of the network (`wire.CurrencyNet`).
    pub async fn current_net(&self) -> Result<u32, Error> {
        self.0.call("getcurrentnet", NO_PARAMS, QUICK).await
    }

    pub async fn chain_info(&self) -> Result<ChainInfo, Error> {
        self.0.call("getblockchaininfo", NO_PARAMS, QUICK).await
    }

    pub async fn info(&self) -> Result<DaemonInfo, Error> {
        self.0.call("getinfo", NO_PARAMS, QUICK).await
    }

    pub async fn best_block(&self) -> Result<BestBlock, Error> {
        self.0.call("getbestblock", NO_PARAMS, QUICK).await
    }

    pub async fn block_hash(&self, height: Height) -> Result<BlockHash, Error> {
        self.0.call("getblockhash", (height,), QUICK).await
    }

    pub async fn header_info(&self, block: BlockHash) -> Result<HeaderInfo, Error> {
        self.0.call("getblockheader", (block, true), QUICK).await
    }

    pub async fn header(&self, block: BlockHash) -> Result<BlockHeader, Error> {
        let Hex(bytes) = self.0.call("getblockheader", (block, false), QUICK).await?;
        BlockHeader::decode(&bytes).ok_or_else(|| self.0.garbled("getblockheader", "not 180 bytes"))
    }

    /// The block with its stake transactions.
    pub async fn block(&self, block: BlockHash) -> Result<Block, Error> {
        self.0.call("getblock", (block, true, true), LARGE).await
    }

    /// The whole block, serialised.
    pub async fn block_bytes(&self, block: BlockHash) -> Result<Vec<u8>, Error> {
        let Hex(bytes) = self.0.call("getblock", (block, false), LARGE).await?;
        Ok(bytes)
    }

    /// `None` when dcrd knows no such transaction. Needs dcrd's txindex for mined ones.
    pub async fn transaction(&self, hash: TxHash) -> Result<Option<RawTransaction>, Error> {
        let answer = self.0.call("getrawtransaction", (hash, 1), QUICK).await;
        found(answer)
    }

    /// Whether a ticket that dcrd knows neither voted nor was revoked, in any block of the main chain.
    pub async fn is_ticket_unspent(&self, ticket: TicketHash) -> Result<bool, Error> {
        const STAKE_TREE: u8 = 1;
        let submission: Option<serde::de::IgnoredAny> = self
            .0
            .call("gettxout", (ticket, 0, STAKE_TREE, true), QUICK)
            .await?;
        Ok(submission.is_some())
    }

    /// The subsidy of one vote in a block at `height` (one more than the block voted on).
    pub async fn vote_subsidy(&self, height: Height) -> Result<Atoms, Error> {
        let subsidy: Subsidy = self.0.call("getblocksubsidy", (height, 1), QUICK).await?;
        Ok(subsidy.pos)
    }

    /// `None`: the version has no agendas.
    pub async fn vote_info(&self, version: VoteVersion) -> Result<Option<VoteInfo>, Error> {
        match self.0.call("getvoteinfo", (version,), QUICK).await {
            Err(error) if error.code() == Some(code::INVALID_PARAMETER) => Ok(None),
            answer => answer.map(Some),
        }
    }

    pub async fn live_tickets(&self) -> Result<Vec<TicketHash>, Error> {
        let asking = self.0.call_aside("livetickets", NO_PARAMS, LARGE);
        let live: LiveTickets = asking.await?;
        Ok(live.tickets)
    }

    /// For each ticket, in order, whether it is live.
    pub async fn exists_live(&self, tickets: &[TicketHash]) -> Result<Vec<bool>, Error> {
        self.bit_set("existslivetickets", tickets).await
    }

    /// For each ticket, in order, whether it expired. Older dcrd only: today's answers
    /// `Error::is_method_not_found`.
    pub async fn exists_expired(&self, tickets: &[TicketHash]) -> Result<Vec<bool>, Error> {
        self.bit_set("existsexpiredtickets", tickets).await
    }

    async fn bit_set(
        &self,
        method: &'static str,
        tickets: &[TicketHash],
    ) -> Result<Vec<bool>, Error> {
        let Hex(bits) = self.0.call(method, (tickets,), LARGE).await?;
        read_bits(&bits, tickets.len())
            .ok_or_else(|| self.0.garbled(method, "fewer bits than tickets"))
    }

    pub async fn stake_difficulty(&self) -> Result<StakeDifficulty, Error> {
        self.0.call("getstakedifficulty", NO_PARAMS, QUICK).await
    }

    /// Tickets that wait to be mined.
    pub async fn mempool_tickets(&self) -> Result<Vec<TxHash>, Error> {
        self.mempool("tickets").await
    }

    /// Votes that wait to be mined.
    pub async fn mempool_votes(&self) -> Result<Vec<TxHash>, Error> {
        self.mempool("votes").await
    }

    async fn mempool(&self, kind: &str) -> Result<Vec<TxHash>, Error> {
        let hashes: Option<_> = self.0.call("getrawmempool", (false, kind), QUICK).await?;
        Ok(hashes.unwrap_or_default())
    }

    /// Sends a vote, hex. Many may be under way at once.
    pub async fn send_vote(&self, hex: &str, deadline: Duration, written: &Written) -> SendOutcome {
        let sending = self
            .0
            .call_noting("sendrawtransaction", (hex,), deadline, written);
        SendOutcome::of(sending.await)
    }

    /// Sends any other transaction.
    pub async fn send_transaction(&self, hex: &str) -> Result<TxHash, Error> {
        self.0.call("sendrawtransaction", (hex,), QUICK).await
    }

    /// Asks for the winners of all tips of the best height again, as notifications.
    pub async fn rebroadcast_winners(&self) -> Result<(), Error> {
        self.0.call("rebroadcastwinners", NO_PARAMS, QUICK).await
    }

    /// Sets (or, unless `reload`, extends) what `BlockConnected::transactions` holds.
    pub async fn load_tx_filter(
        &self,
        reload: bool,
        addresses: &[String],
        outpoints: &[FilterOutPoint],
    ) -> Result<(), Error> {
        let outpoints: Vec<_> = outpoints
            .iter()
            .map(|point| json!({"hash": point.hash, "index": point.index, "tree": point.tree}))
            .collect();
        self.0
            .call("loadtxfilter", (reload, addresses, outpoints), LARGE)
            .await
    }

    /// Simnet: mines `blocks` blocks.
    pub async fn generate(&self, blocks: u32) -> Result<Vec<BlockHash>, Error> {
        self.0.call("generate", (blocks,), LARGE).await
    }
}

fn found<T>(answer: Result<T, Error>) -> Result<Option<T>, Error> {
    match answer {
        Err(error) if error.is_not_found() => Ok(None),
        answer => answer.map(Some),
    }
}

/// Bit `i` of the set, least significant first in each byte, for each of `count` items.
pub(super) fn read_bits(set: &[u8], count: usize) -> Option<Vec<bool>> {
    (0..count)
        .map(|i| set.get(i / 8).map(|byte| byte >> (i % 8) & 1 == 1))
        .collect()
}
