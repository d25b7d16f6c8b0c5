//! Typed calls to dcrwallet. Read leniently, as in `dcrd`. Source: dcrwallet
//! `internal/rpc/jsonrpc/methods.go`.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::Config;
use super::client::{Client, NO_PARAMS, Notifications, Options};
use super::dcrd::{BestBlock, StakeDifficulty, Versions};
use super::decode::{dcr, hex_bytes, null_is_default};
use super::error::Error;
use crate::decred::multisig::RedeemScript;
use crate::decred::{
    Address, Atoms, BlockHash, Height, Network, TicketHash, TxHash, VoteBits, VoteVersion,
};
use crate::secret::Secret;
use crate::shutdown::Tasks;

const QUICK: Duration = Duration::from_secs(10);
/// For answers of megabytes and for work in the wallet's database.
const LARGE: Duration = Duration::from_mins(2);
/// A rescan of the whole chain, addresses by the ten thousand.
const PATIENT: Duration = Duration::from_hours(24);

/// The connection to dcrwallet.
#[derive(Debug, Clone)]
pub struct Dcrwallet(Client);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "independent facts, as the wallet lists them"
)]
pub struct WalletInfo {
    #[serde(rename = "daemonconnected")]
    pub daemon_connected: bool,
    #[serde(default)]
    pub spv: bool,
    pub unlocked: bool,
    #[serde(rename = "cointype", default)]
    pub coin_type: u32,
    #[serde(rename = "votebits", default)]
    pub vote_bits: VoteBits,
    /// Hex, little endian: the vote version.
    #[serde(rename = "votebitsextended", default)]
    pub vote_bits_extended: String,
    #[serde(rename = "voteversion")]
    pub vote_version: VoteVersion,
    /// The wallet votes by itself: must not be.
    #[serde(default)]
    pub voting: bool,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct SyncStatus {
    pub synced: bool,
    #[serde(rename = "initialblockdownload", default)]
    pub initial_block_download: bool,
    #[serde(rename = "headersfetchprogress", default)]
    pub headers_fetch_progress: f64,
}

/// What the wallet knows of an address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AddressInfo {
    #[serde(rename = "isvalid")]
    pub is_valid: bool,
    #[serde(default)]
    pub address: String,
    #[serde(rename = "ismine", default)]
    pub is_mine: bool,
    /// Of a key of the wallet.
    #[serde(rename = "pubkeyaddr", default)]
    pub pubkey_address: Option<String>,
    #[serde(rename = "accountn", default)]
    pub account: Option<u32>,
    #[serde(default)]
    pub branch: Option<u32>,
    #[serde(default)]
    pub index: Option<u32>,
    /// The redeem script of a script address the wallet has, hex.
    #[serde(rename = "hex", default)]
    pub script: Option<String>,
    /// The keys of that script.
    #[serde(default, deserialize_with = "null_is_default")]
    pub addresses: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct MultisigInfo {
    pub address: String,
    #[serde(rename = "redeemScript", deserialize_with = "hex_bytes")]
    pub redeem_script: Vec<u8>,
}

/// A transaction that the wallet has.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct WalletTransaction {
    #[serde(rename = "txid")]
    pub hash: TxHash,
    #[serde(rename = "hex", deserialize_with = "hex_bytes")]
    pub bytes: Vec<u8>,
    #[serde(default)]
    pub confirmations: i64,
    /// `None` while unmined.
    #[serde(rename = "blockhash", default, deserialize_with = "empty_is_none")]
    pub block: Option<BlockHash>,
}

/// The wallet's own count; zeros are left out by it.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct WalletStakeInfo {
    #[serde(rename = "blockheight")]
    pub height: Height,
    /// Ticket price of the next block; zero when the wallet does not know it.
    #[serde(rename = "difficulty", default, deserialize_with = "dcr")]
    pub ticket_price: Atoms,
    #[serde(rename = "totalsubsidy", default, deserialize_with = "dcr")]
    pub total_subsidy: Atoms,
    #[serde(rename = "ownmempooltix", default)]
    pub own_mempool: u64,
    #[serde(default)]
    pub immature: u64,
    #[serde(default)]
    pub unspent: u64,
    #[serde(default)]
    pub live: u64,
    #[serde(default)]
    pub voted: u64,
    #[serde(default)]
    pub missed: u64,
    #[serde(default)]
    pub expired: u64,
    #[serde(default)]
    pub revoked: u64,
    #[serde(rename = "poolsize", default)]
    pub pool_size: u64,
    #[serde(rename = "allmempooltix", default)]
    pub all_mempool: u64,
}

/// An output that a signature needs to know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviousOutput {
    pub hash: TxHash,
    pub index: u32,
    pub tree: u8,
    /// Hex.
    pub script: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Signed {
    #[serde(rename = "hex", deserialize_with = "hex_bytes")]
    pub bytes: Vec<u8>,
    /// False on a locked wallet, without any error.
    pub complete: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Unspent {
    #[serde(rename = "txid")]
    pub hash: TxHash,
    #[serde(rename = "vout")]
    pub index: u32,
    #[serde(default)]
    pub tree: u8,
    #[serde(default)]
    pub address: String,
    #[serde(default)]
    pub account: String,
    #[serde(rename = "scriptPubKey", default)]
    pub script: String,
    #[serde(deserialize_with = "dcr")]
    pub amount: Atoms,
    #[serde(default)]
    pub confirmations: i64,
    #[serde(default)]
    pub spendable: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct AccountBalance {
    #[serde(rename = "accountname")]
    pub account: String,
    #[serde(default, deserialize_with = "dcr")]
    pub spendable: Atoms,
    #[serde(default, deserialize_with = "dcr")]
    pub total: Atoms,
    #[serde(rename = "lockedbytickets", default, deserialize_with = "dcr")]
    pub locked_by_tickets: Atoms,
}

#[derive(Debug, Deserialize)]
pub(super) struct Balances {
    #[serde(default, deserialize_with = "null_is_default")]
    balances: Vec<AccountBalance>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Hashes {
    #[serde(default, deserialize_with = "null_is_default")]
    hashes: Vec<TicketHash>,
}

fn empty_is_none<'de, D: serde::Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<BlockHash>, D::Error> {
    match Option::<String>::deserialize(deserializer)? {
        Some(text) if !text.is_empty() => text.parse().map(Some).map_err(serde::de::Error::custom),
        _ => Ok(None),
    }
}

impl Dcrwallet {
    pub fn new(client: Client) -> Self {
        Self(client)
    }

    /// Connects. The wallet's notifications are not used: the queue tells of the connection only.
    pub async fn start(config: Config, tasks: &Tasks) -> Result<(Self, Notifications), Error> {
        let (client, notifications) = Client::start(config, Options::default(), tasks).await?;
        Ok((Self(client), notifications))
    }

    pub fn client(&self) -> &Client {
        &self.0
    }

    /// For background work: few calls at a time.
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

    pub async fn info(&self) -> Result<WalletInfo, Error> {
        self.0.call("walletinfo", NO_PARAMS, QUICK).await
    }

    pub async fn is_locked(&self) -> Result<bool, Error> {
        self.0.call("walletislocked", NO_PARAMS, QUICK).await
    }

    pub async fn sync_status(&self) -> Result<SyncStatus, Error> {
        self.0.call("syncstatus", NO_PARAMS, QUICK).await
    }

    pub async fn best_block(&self) -> Result<BestBlock, Error> {
        self.0.call("getbestblock", NO_PARAMS, QUICK).await
    }

    /// The account's extended public key; a secret for the voting account.
    pub async fn master_pubkey(&self, account: &str) -> Result<Secret, Error> {
        self.0.call("getmasterpubkey", (account,), QUICK).await
    }

    pub async fn validate_address(&self, address: &str) -> Result<AddressInfo, Error> {
        self.0.call("validateaddress", (address,), QUICK).await
    }

    /// The 1-of-2 script of two pubkey addresses or hex keys, in this order.
    pub async fn create_multisig(&self, first: &str, second: &str) -> Result<MultisigInfo, Error> {
        self.0
            .call("createmultisig", (1, [first, second]), QUICK)
            .await
    }

    /// Imports a redeem script (hex), never with a rescan. Repeating it is harmless.
    pub async fn import_script(&self, script: &str) -> Result<(), Error> {
        self.0.call("importscript", (script, false, 0), LARGE).await
    }

    /// Makes the wallet watch `branch` of `account` up to and including `index`.
    pub async fn sync_address_index(
        &self,
        account: &str,
        branch: u32,
        index: u32,
    ) -> Result<(), Error> {
        self.0
            .call("accountsyncaddressindex", (account, branch, index), PATIENT)
            .await
    }

    /// Hashes of live tickets, and of immature ones if asked. Never `ticketinfo`, which tells more: today's
    /// dcrwallet reads its database in a read of it then, and stands still for ever when a block that must
    /// grow the file comes between.
    pub async fn tickets(&self, include_immature: bool) -> Result<Vec<TicketHash>, Error> {
        let answer: Hashes = self
            .0
            .call_aside("gettickets", (include_immature,), LARGE)
            .await?;
        Ok(answer.hashes)
    }

    /// `None` when the wallet has no such transaction.
    pub async fn transaction(&self, hash: TxHash) -> Result<Option<WalletTransaction>, Error> {
        match self.0.call("gettransaction", (hash,), QUICK).await {
            Err(error) if error.is_not_found() => Ok(None),
            answer => answer.map(Some),
        }
    }

    pub async fn stake_info(&self) -> Result<WalletStakeInfo, Error> {
        self.0.call("getstakeinfo", NO_PARAMS, LARGE).await
    }

    /// Signs a vote (hex). Without `previous` the wallet looks them up itself.
    pub async fn sign_vote(
        &self,
        hex: &str,
        previous: &[PreviousOutput],
        deadline: Duration,
    ) -> Result<Signed, Error> {
        self.sign(hex, previous, "ssgen", deadline).await
    }

    /// Gives the wallet the redeem script of its owner, if it lacks it. `Err` of the inner result: the user's
    /// key of it, at this address, is not the wallet's.
    pub async fn adopt_script(
        &self,
        network: Network,
        script: &RedeemScript,
    ) -> Result<Result<(), Address>, Error> {
        let own = Address::pubkey_hash(network, script.user_key().hash160());
        let known = self.validate_address(&own.to_string()).await?;
        if !known.is_valid || !known.is_mine {
            return Ok(Err(own));
        }
        let (address, hex) = (script.address(network).to_string(), script.to_hex());
        let there = self.validate_address(&address).await?;
        // Importing twice is harmless, but an old wallet that is still rescanning can stand still over it.
        if there.script.as_deref() != Some(&hex) {
            self.import_script(&hex).await?;
        }
        Ok(Ok(()))
    }

    /// Signs any other transaction (hex). Without `previous` a wallet that has a dcrd looks them up.
    pub async fn sign_transaction(
        &self,
        hex: &str,
        previous: &[PreviousOutput],
    ) -> Result<Signed, Error> {
        self.sign(hex, previous, "ALL", LARGE).await
    }

    async fn sign(
        &self,
        hex: &str,
        previous: &[PreviousOutput],
        flags: &str,
        deadline: Duration,
    ) -> Result<Signed, Error> {
        let previous: Vec<_> = previous
            .iter()
            .map(|output| {
                json!({
                    "txid": output.hash,
                    "vout": output.index,
                    "tree": output.tree,
                    "scriptPubKey": output.script,
                    "redeemScript": "",
                })
            })
            .collect();
        self.0
            .call("signrawtransaction", (hex, previous, (), flags), deadline)
            .await
    }

    /// The private key (WIF) of an address of the wallet; `Error::is_locked` on a locked one.
    pub async fn dump_private_key(&self, address: &str) -> Result<Secret, Error> {
        self.0.call("dumpprivkey", (address,), QUICK).await
    }

    /// Gives the wallet a mined transaction (hex) that it lacks. Repeating it is harmless.
    pub async fn add_transaction(&self, block: BlockHash, hex: &str) -> Result<(), Error> {
        self.0.call("addtransaction", (block, hex), QUICK).await
    }

    /// Rescans the chain from `from`; answers when done, which may be hours.
    pub async fn rescan(&self, from: Height) -> Result<(), Error> {
        self.0.call("rescanwallet", (from,), PATIENT).await
    }

    pub async fn unspent(&self, min_confirmations: u32) -> Result<Vec<Unspent>, Error> {
        let unspent: Option<_> = self
            .0
            .call("listunspent", (min_confirmations,), LARGE)
            .await?;
        Ok(unspent.unwrap_or_default())
    }

    pub async fn new_address(&self, account: &str) -> Result<String, Error> {
        self.0.call("getnewaddress", (account,), QUICK).await
    }

    /// A fresh address even when many before it were never paid to: for those that will be.
    pub async fn new_address_to_use(&self, account: &str) -> Result<String, Error> {
        self.0
            .call("getnewaddress", (account, "ignore"), QUICK)
            .await
    }

    /// Price of the next block's tickets.
    pub async fn ticket_price(&self) -> Result<Atoms, Error> {
        let known = self.stake_info().await?.ticket_price;
        if known > Atoms(0) {
            return Ok(known);
        }
        // Not a method of the wallet: it hands the call to its dcrd.
        let price: StakeDifficulty = self.0.call("getstakedifficulty", NO_PARAMS, QUICK).await?;
        Ok(price.next)
    }

    pub async fn change_address(&self, account: &str) -> Result<String, Error> {
        self.0.call("getrawchangeaddress", (account,), QUICK).await
    }

    pub async fn send_transaction(&self, hex: &str) -> Result<TxHash, Error> {
        self.0.call("sendrawtransaction", (hex,), QUICK).await
    }

    pub async fn balances(&self) -> Result<Vec<AccountBalance>, Error> {
        let answer: Balances = self.0.call("getbalance", NO_PARAMS, QUICK).await?;
        Ok(answer.balances)
    }
}
