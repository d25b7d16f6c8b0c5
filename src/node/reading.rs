//! A text frame read as the connection and the callers would read it: for tests and for the fuzzer, which
//! have frames and no connection.

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::Value;

use super::decode::Hex;
use super::frame::{self, Incoming};
use super::notification::{self, Notification};
use super::{dcrd, dcrwallet};
use crate::decred::TxHash;
use crate::secret::Secret;

/// What a frame was read as.
#[derive(Debug, PartialEq)]
pub enum Reading {
    /// It ends the connection.
    Garbage(String),
    /// Nothing of ours.
    Passed,
    Notification(Notification),
    /// The caller gets the daemon's refusal.
    Refusal,
    /// The caller decodes its result, or not.
    Answer(Result<(), String>),
}

/// Reads a frame; an answer is one to this call of `method` of a `daemon` (`dcrd` or `dcrwallet`).
pub fn frame(daemon: &str, method: &str, params: &Value, text: &str) -> Reading {
    match frame::classify(text) {
        Err(error) => Reading::Garbage(error.to_string()),
        Ok(Incoming::Stray) => Reading::Passed,
        Ok(Incoming::Notification { method }) => {
            match notification::decode(&method, text, Instant::now()) {
                Ok(Some(notification)) => Reading::Notification(notification),
                Ok(None) => Reading::Passed,
                Err(reason) => Reading::Garbage(reason),
            }
        }
        Ok(Incoming::Answer {
            refusal: Some(_), ..
        }) => Reading::Refusal,
        Ok(Incoming::Answer { refusal: None, .. }) => {
            result(daemon, method, params, text).map_or(Reading::Passed, Reading::Answer)
        }
    }
}

/// Reads a result as the typed call of its method does; `None` for methods we never call.
pub(super) fn result(
    daemon: &str,
    method: &str,
    params: &Value,
    text: &str,
) -> Option<Result<(), String>> {
    let verbose = |at: usize| {
        params
            .get(at)
            .is_none_or(|flag| flag != &Value::Bool(false) && flag != &Value::from(0))
    };
    Some(match method {
        "version" => as_type::<dcrd::Versions>(text),
        "getcurrentnet" => as_type::<u32>(text),
        "getblockchaininfo" => as_type::<dcrd::ChainInfo>(text),
        "getinfo" if daemon == "dcrd" => as_type::<dcrd::DaemonInfo>(text),
        "getbestblock" => as_type::<dcrd::BestBlock>(text),
        "getblockheader" if verbose(1) => as_type::<dcrd::HeaderInfo>(text),
        "getblock" if verbose(1) => as_type::<dcrd::Block>(text),
        "getblockheader" | "getblock" | "existslivetickets" => as_type::<Hex>(text),
        "getrawtransaction" => as_type::<dcrd::RawTransaction>(text),
        "getblocksubsidy" => as_type::<dcrd::Subsidy>(text),
        "getstakedifficulty" => as_type::<dcrd::StakeDifficulty>(text),
        "getvoteinfo" => as_type::<dcrd::VoteInfo>(text),
        "livetickets" => as_type::<dcrd::LiveTickets>(text),
        "getrawmempool" if params.get(0) == Some(&Value::Bool(false)) => {
            as_type::<Option<Vec<TxHash>>>(text)
        }
        "sendrawtransaction" => as_type::<TxHash>(text),
        _ => return wallet_result(method, text),
    })
}

fn wallet_result(method: &str, text: &str) -> Option<Result<(), String>> {
    Some(match method {
        "walletinfo" => as_type::<dcrwallet::WalletInfo>(text),
        "walletislocked" => as_type::<bool>(text),
        "syncstatus" => as_type::<dcrwallet::SyncStatus>(text),
        "getmasterpubkey" | "dumpprivkey" => as_type::<Secret>(text),
        "validateaddress" => as_type::<dcrwallet::AddressInfo>(text),
        "createmultisig" => as_type::<dcrwallet::MultisigInfo>(text),
        "gettickets" => as_type::<dcrwallet::Hashes>(text),
        "gettransaction" => as_type::<dcrwallet::WalletTransaction>(text),
        "getstakeinfo" => as_type::<dcrwallet::WalletStakeInfo>(text),
        "signrawtransaction" => as_type::<dcrwallet::Signed>(text),
        "listunspent" => as_type::<Vec<dcrwallet::Unspent>>(text),
        "getbalance" => as_type::<dcrwallet::Balances>(text),
        "getnewaddress" => as_type::<String>(text),
        "importscript"
        | "accountsyncaddressindex"
        | "addtransaction"
        | "rescanwallet"
        | "loadtxfilter"
        | "rebroadcastwinners"
        | "notifyblocks"
        | "notifynewtickets"
        | "notifywinningtickets" => as_type::<()>(text),
        _ => return None,
    })
}

fn as_type<T: DeserializeOwned>(text: &str) -> Result<(), String> {
    frame::result::<T>(text)
        .map(drop)
        .map_err(|error| error.to_string())
}
