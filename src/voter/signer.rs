//! Signing votes: in memory by the branch's private key, or by the wallet. Both give the same bytes.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::evaluate::Ballot;
use super::scripts::Script;
use crate::decred::address::Address;
use crate::decred::hdkey::{Branch, BranchPrivateKey, ExtendedKeyError};
use crate::decred::key::{KeyError, PrivateKey};
use crate::decred::sighash::{self, sign_multisig};
use crate::decred::tx::Transaction;
use crate::decred::vote::SIGNED_INPUT;
use crate::node::sign::VoteSignError;
use crate::node::{self, Dcrwallet};
use crate::rpc::wire::SignerKind;

/// The wallet takes milliseconds; after this long the vote is tried anew.
const WALLET_DEADLINE: Duration = Duration::from_secs(5);

#[derive(Debug, thiserror::Error)]
pub enum SignError {
    #[error("the branch's key: {0}")]
    Derive(#[from] ExtendedKeyError),
    #[error("signing in memory: {0}")]
    Memory(#[from] sighash::SignError),
    #[error(transparent)]
    Wallet(#[from] VoteSignError),
}

/// Turns an unsigned vote into the bytes to send, as hex.
#[async_trait]
pub trait Signer: fmt::Debug + Send + Sync {
    fn kind(&self) -> SignerKind;
    async fn sign(&self, vote: &Transaction, ballot: &Ballot) -> Result<String, SignError>;
}

/// Holds the branch's private key: one `dumpprivkey` serves all users. Wiped when dropped.
#[derive(Debug)]
pub struct MemorySigner {
    branch: BranchPrivateKey,
}

/// Why the memory signer cannot be had now.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Wallet(#[from] node::Error),
    #[error("the wallet's private key: {0}")]
    Key(#[from] KeyError),
    #[error("the wallet's private key is not of this branch: {0}")]
    Branch(#[from] ExtendedKeyError),
}

impl MemorySigner {
    /// Asks the wallet for the private key of the branch's first child.
    pub async fn open(wallet: &Dcrwallet, branch: &Branch) -> Result<Self, OpenError> {
        const INDEX: u32 = 0;
        let address = Address::pubkey_hash(branch.network(), branch.key(INDEX)?.hash160());
        let wif = wallet.dump_private_key(&address.to_string()).await?;
        let child = PrivateKey::from_wif(branch.network(), wif.expose())?;
        Ok(Self {
            branch: branch.private(INDEX, &child)?,
        })
    }

    /// The private key of a script, derived once: ahead, or by its first vote. `None` when the script's
    /// pool key is not a child of this branch.
    pub fn prepare<'a>(&self, script: &'a Script) -> Option<&'a PrivateKey> {
        let derive = || {
            let key = self.branch.key(script.key_index.0).ok()?;
            (key.public_key() == *script.redeem.pool_key()).then(|| Box::new(key))
        };
        script.key.get_or_init(derive).as_deref()
    }
}

#[async_trait]
impl Signer for MemorySigner {
    fn kind(&self) -> SignerKind {
        SignerKind::Memory
    }

    async fn sign(&self, vote: &Transaction, ballot: &Ballot) -> Result<String, SignError> {
        let key = self
            .prepare(&ballot.entry.owner)
            .ok_or(sighash::SignError::WrongKey)?;
        let mut signed = vote.clone();
        sign_multisig(&mut signed, SIGNED_INPUT, &ballot.entry.owner.redeem, key)?;
        Ok(signed.to_hex())
    }
}

/// Has the wallet sign.
#[derive(Debug, Clone)]
pub struct WalletSigner {
    wallet: Dcrwallet,
}

impl WalletSigner {
    pub fn new(wallet: Dcrwallet) -> Self {
        Self { wallet }
    }
}

#[async_trait]
impl Signer for WalletSigner {
    fn kind(&self) -> SignerKind {
        SignerKind::Wallet
    }

    async fn sign(&self, vote: &Transaction, ballot: &Ballot) -> Result<String, SignError> {
        let signing = self
            .wallet
            .signed_vote(vote, &ballot.entry.ticket, WALLET_DEADLINE);
        Ok(signing.await?)
    }
}

/// The signers at hand: memory first, if there is one, then the wallet.
#[derive(Debug)]
pub struct Signers {
    memory: Option<MemorySigner>,
    wallet: WalletSigner,
}

impl Signers {
    pub fn new(memory: Option<MemorySigner>, wallet: WalletSigner) -> Self {
        Self { memory, wallet }
    }

    pub fn kind(&self) -> SignerKind {
        match self.memory {
            Some(_) => SignerKind::Memory,
            None => SignerKind::Wallet,
        }
    }

    pub fn memory(&self) -> Option<&MemorySigner> {
        self.memory.as_ref()
    }

    /// Signs, and says who did.
    pub async fn sign(
        &self,
        vote: &Transaction,
        ballot: &Ballot,
    ) -> Result<(String, SignerKind), SignError> {
        if let Some(memory) = &self.memory {
            match memory.sign(vote, ballot).await {
                Ok(hex) => return Ok((hex, SignerKind::Memory)),
                Err(error) => tracing::debug!(
                    ticket.hash = %ballot.entry.ticket.hash, %error, "the wallet signs instead"
                ),
            }
        }
        let hex = self.wallet.sign(vote, ballot).await?;
        Ok((hex, SignerKind::Wallet))
    }
}
