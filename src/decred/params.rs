//! The three networks and the numbers that differ between them.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::types::Atoms;

/// A Decred network. In configuration and state: `mainnet`, `testnet`, `simnet`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Network {
    Mainnet,
    Testnet,
    Simnet,
}

/// Two-byte address prefixes.
#[derive(Debug)]
pub struct AddressPrefixes {
    pub pubkey: [u8; 2],
    pub pubkey_hash: [u8; 2],
    pub pubkey_hash_edwards: [u8; 2],
    pub pubkey_hash_schnorr: [u8; 2],
    pub script_hash: [u8; 2],
    pub private_key: [u8; 2],
}

/// What the rest of the program may know about a network. Source: dcrd chaincfg.
#[derive(Debug)]
pub struct Params {
    pub network: Network,
    /// The name the API and dcrd use: `mainnet`, `testnet3`, `simnet`.
    pub name: &'static str,
    pub addresses: AddressPrefixes,
    pub extended_public: [u8; 4],
    pub extended_private: [u8; 4],
    /// Winners, and votes at most, of each block.
    pub tickets_per_block: u16,
    /// Target number of live tickets, and the interval at which the fee rule lowers the subsidy.
    pub ticket_pool_size: u32,
    pub ticket_maturity: u32,
    pub ticket_expiry: u32,
    /// The first height that needs votes.
    pub stake_validation_height: u32,
    pub subsidy_reduction_interval: u32,
    pub base_subsidy: Atoms,
    /// Blocks for which a ticket price is in force.
    pub price_window: u32,
    /// Seconds between blocks that the network aims at.
    pub target_block_secs: u32,
    pub dcrd_port: u16,
    pub dcrwallet_port: u16,
    pub voter_port: u16,
}

static MAINNET: Params = Params {
    network: Network::Mainnet,
    name: "mainnet",
    addresses: AddressPrefixes {
        pubkey: [0x13, 0x86],
        pubkey_hash: [0x07, 0x3f],
        pubkey_hash_edwards: [0x07, 0x1f],
        pubkey_hash_schnorr: [0x07, 0x01],
        script_hash: [0x07, 0x1a],
        private_key: [0x22, 0xde],
    },
    extended_public: [0x02, 0xfd, 0xa9, 0x26],
    extended_private: [0x02, 0xfd, 0xa4, 0xe8],
    tickets_per_block: 5,
    ticket_pool_size: 8192,
    ticket_maturity: 256,
    ticket_expiry: 40960,
    stake_validation_height: 4096,
    subsidy_reduction_interval: 6144,
    base_subsidy: Atoms(3_119_582_664),
    price_window: 144,
    target_block_secs: 300,
    dcrd_port: 9109,
    dcrwallet_port: 9110,
    voter_port: 9113,
};

static TESTNET: Params = Params {
    network: Network::Testnet,
    name: "testnet3",
    addresses: AddressPrefixes {
        pubkey: [0x28, 0xf7],
        pubkey_hash: [0x0f, 0x21],
        pubkey_hash_edwards: [0x0f, 0x01],
        pubkey_hash_schnorr: [0x0e, 0xe3],
        script_hash: [0x0e, 0xfc],
        private_key: [0x23, 0x0e],
    },
    extended_public: [0x04, 0x35, 0x87, 0xd1],
    extended_private: [0x04, 0x35, 0x83, 0x97],
    tickets_per_block: 5,
    ticket_pool_size: 1024,
    ticket_maturity: 16,
    ticket_expiry: 6144,
    stake_validation_height: 768,
    subsidy_reduction_interval: 2048,
    base_subsidy: Atoms(2_500_000_000),
    price_window: 144,
    target_block_secs: 120,
    dcrd_port: 19109,
    dcrwallet_port: 19110,
    voter_port: 19113,
};

static SIMNET: Params = Params {
    network: Network::Simnet,
    name: "simnet",
    addresses: AddressPrefixes {
        pubkey: [0x27, 0x6f],
        pubkey_hash: [0x0e, 0x91],
        pubkey_hash_edwards: [0x0e, 0x71],
        pubkey_hash_schnorr: [0x0e, 0x53],
        script_hash: [0x0e, 0x6c],
        private_key: [0x23, 0x07],
    },
    extended_public: [0x04, 0x20, 0xbd, 0x3d],
    extended_private: [0x04, 0x20, 0xb9, 0x03],
    tickets_per_block: 5,
    ticket_pool_size: 64,
    ticket_maturity: 16,
    ticket_expiry: 384,
    stake_validation_height: 144,
    subsidy_reduction_interval: 128,
    base_subsidy: Atoms(50_000_000_000),
    price_window: 8,
    target_block_secs: 1,
    dcrd_port: 19556,
    dcrwallet_port: 19557,
    voter_port: 19113,
};

impl Network {
    pub const ALL: [Network; 3] = [Network::Mainnet, Network::Testnet, Network::Simnet];

    /// By the name that people give it: `mainnet`, `testnet`, `simnet`.
    pub fn given(name: &str) -> Option<Self> {
        match name {
            "mainnet" => Some(Network::Mainnet),
            "testnet" => Some(Network::Testnet),
            "simnet" => Some(Network::Simnet),
            _ => None,
        }
    }

    /// The name that people give it, as `given` reads it.
    pub fn word(self) -> &'static str {
        match self {
            Network::Mainnet => "mainnet",
            Network::Testnet => "testnet",
            Network::Simnet => "simnet",
        }
    }

    pub fn params(self) -> &'static Params {
        match self {
            Network::Mainnet => &MAINNET,
            Network::Testnet => &TESTNET,
            Network::Simnet => &SIMNET,
        }
    }
}

/// The name in messages: `mainnet`, `testnet3`, `simnet`.
impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.params().name)
    }
}
