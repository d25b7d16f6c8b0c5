//! Is this daemon fit for a pool? Asked at start, and again after every reconnect: daemons are
//! exchanged and reconfigured while we run.

use super::Peer;
use super::dcrd::{Dcrd, Versions};
use super::dcrwallet::{Dcrwallet, WalletInfo};
use super::error::{Error, Fault};
use crate::decred::Network;
use crate::secret::Secret;

/// The oldest JSON-RPC APIs that have all we call: those of the 1.7 releases.
const OLDEST_DCRD_API: (u32, u32) = (7, 0);
const OLDEST_DCRWALLET_API: (u32, u32) = (8, 9);

/// Why a daemon cannot serve a pool.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error(transparent)]
    Call(#[from] Error),
    #[error("{peer} is on {found}, not on {expected}")]
    WrongNetwork {
        peer: Peer,
        expected: Network,
        found: String,
    },
    #[error("{peer} is too old: its API version is {found}, needed is {needed}")]
    TooOld {
        peer: Peer,
        found: String,
        needed: String,
    },
    #[error("{0} runs without txindex; start it with --txindex")]
    NoTxIndex(Peer),
    #[error("{0} votes itself; start it without enablevoting")]
    VotesItself(Peer),
    /// The keys are abbreviated: a whole one is a secret.
    #[error(
        "{peer} is not the wallet of this pool: its master public key (getmasterpubkey default) is \
         {found}, but pool.voting_wallet_extpub is {expected}{hint}"
    )]
    OtherMasterKey {
        peer: Peer,
        found: String,
        expected: String,
        hint: &'static str,
    },
    #[error("{0} is locked; unlock it")]
    Locked(Peer),
    #[error("{0} is not connected to its dcrd")]
    NoDaemon(Peer),
}

impl Unfit {
    pub fn fault(&self) -> Fault {
        match self {
            Unfit::Call(error) => error.fault(),
            Unfit::Locked(_) | Unfit::NoDaemon(_) => Fault::Unavailable,
            _ => Fault::Wrong,
        }
    }
}

/// What a check learns about dcrd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DcrdFacts {
    /// Of dcrd, as text.
    pub version: String,
}

/// What a check learns about dcrwallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletFacts {
    /// Of dcrwallet (older ones: of its API), as text.
    pub version: String,
    pub info: WalletInfo,
}

impl Dcrd {
    /// Version, network, transaction index.
    pub async fn check(&self, network: Network) -> Result<DcrdFacts, Unfit> {
        let peer = self.client().peer();
        let versions = self.check_network(network).await?;
        if !self.info().await?.tx_index {
            return Err(Unfit::NoTxIndex(peer.clone()));
        }
        Ok(DcrdFacts {
            version: text(&versions, &["dcrd", "dcrdjsonrpcapi"]),
        })
    }

    /// Version and network: what a ticket holder's own dcrd needs.
    pub async fn check_network(&self, network: Network) -> Result<Versions, Unfit> {
        let peer = self.client().peer();
        let versions = self.versions().await?;
        new_enough(peer, &versions, "dcrdjsonrpcapi", OLDEST_DCRD_API)?;
        right_network(peer, network, self.current_net().await?)?;
        Ok(versions)
    }
}

impl Dcrwallet {
    /// Version, network, its own voting, its voting key, its connection to dcrd, its lock.
    pub async fn check(
        &self,
        network: Network,
        voting_extpub: &Secret,
    ) -> Result<WalletFacts, Unfit> {
        let peer = self.client().peer();
        let versions = self.versions().await?;
        new_enough(peer, &versions, "dcrwalletjsonrpcapi", OLDEST_DCRWALLET_API)?;
        right_network(peer, network, self.current_net().await?)?;
        let info = self.info().await?;
        if info.voting {
            return Err(Unfit::VotesItself(peer.clone()));
        }
        if !info.daemon_connected && !info.spv {
            return Err(Unfit::NoDaemon(peer.clone()));
        }
        let key = self.master_pubkey("default").await?;
        if !key.matches(voting_extpub.expose()) {
            return Err(Unfit::OtherMasterKey {
                peer: peer.clone(),
                found: abbreviated(&key),
                expected: abbreviated(voting_extpub),
                hint: coin_type_hint(&info, network),
            });
        }
        if !info.unlocked {
            return Err(Unfit::Locked(peer.clone()));
        }
        Ok(WalletFacts {
            version: text(&versions, &["dcrwallet", "dcrwalletjsonrpcapi"]),
            info,
        })
    }
}

impl Dcrwallet {
    /// What a ticket holder's own wallet must be: version, network, connected to the network, unlocked.
    pub async fn check_own(&self, network: Network) -> Result<WalletInfo, Unfit> {
        let peer = self.client().peer();
        let versions = self.versions().await?;
        new_enough(peer, &versions, "dcrwalletjsonrpcapi", OLDEST_DCRWALLET_API)?;
        right_network(peer, network, self.current_net().await?)?;
        let info = self.info().await?;
        if !info.daemon_connected && !info.spv {
            return Err(Unfit::NoDaemon(peer.clone()));
        }
        if !info.unlocked {
            return Err(Unfit::Locked(peer.clone()));
        }
        Ok(info)
    }
}

/// The magic number of a network. Source: dcrd `wire/protocol.go`.
fn magic(network: Network) -> u32 {
    match network {
        Network::Mainnet => 0xd9b4_00f9,
        Network::Testnet => 0xb194_aa75,
        Network::Simnet => 0x1214_1c16,
    }
}

fn right_network(peer: &Peer, expected: Network, found: u32) -> Result<(), Unfit> {
    if found == magic(expected) {
        return Ok(());
    }
    let found = Network::ALL.into_iter().find(|one| magic(*one) == found);
    Err(Unfit::WrongNetwork {
        peer: peer.clone(),
        expected,
        found: found.map_or_else(|| "an unknown network".to_owned(), |one| one.to_string()),
    })
}

fn new_enough(
    peer: &Peer,
    versions: &Versions,
    component: &str,
    oldest: (u32, u32),
) -> Result<(), Unfit> {
    let found = versions.get(component);
    if found.is_some_and(|found| (found.major, found.minor) >= oldest) {
        return Ok(());
    }
    Err(Unfit::TooOld {
        peer: peer.clone(),
        found: found.map_or_else(|| "none".to_owned(), |found| found.text.clone()),
        needed: format!("{}.{}", oldest.0, oldest.1),
    })
}

/// Enough of a key to recognise it, too little to derive from it.
fn abbreviated(key: &Secret) -> String {
    const SHOWN: usize = 10;
    let chars: Vec<char> = key.expose().chars().collect();
    match (chars.first_chunk::<SHOWN>(), chars.last_chunk::<SHOWN>()) {
        (Some(head), Some(tail)) if chars.len() > 4 * SHOWN => {
            let text = |part: &[char]| part.iter().collect::<String>();
            format!("{}…{}", text(head), text(tail))
        }
        _ => "too short to be one".to_owned(),
    }
}

/// A wallet that moved to the SLIP0044 coin type derives other keys than it did.
fn coin_type_hint(info: &WalletInfo, network: Network) -> &'static str {
    const SLIP0044_MAINNET: u32 = 42;
    const SLIP0044_OTHERS: u32 = 1;
    let upgraded = match network {
        Network::Mainnet => SLIP0044_MAINNET,
        Network::Testnet | Network::Simnet => SLIP0044_OTHERS,
    };
    if info.coin_type == upgraded {
        "; it uses the newer coin type, and if the pool's key is of the older one, the wallet must be \
         restored with disablecointypeupgrades=1"
    } else {
        ""
    }
}

fn text(versions: &Versions, components: &[&str]) -> String {
    components
        .iter()
        .find_map(|component| versions.get(component))
        .map_or_else(String::new, |version| version.text.clone())
}
