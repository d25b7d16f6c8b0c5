//! The pool's keys, made of a seed, and its users: all that wallet and database say of them.

use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hash::blake256;
use dcrstakepool::decred::hdkey::{Branch, ExtendedPubKey};
use dcrstakepool::decred::key::{PrivateKey, PublicKey};
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::params::Network;
use hmac::{Hmac, KeyInit as _, Mac as _};
use k256::Scalar;
use k256::elliptic_curve::PrimeField as _;
use sha2::Sha512;

pub const NETWORK: Network = Network::Mainnet;

/// Users who may join while the race runs.
pub const NEWCOMERS: u32 = 100;

/// An account of a voting wallet whose secrets are no secrets.
pub struct Keys {
    pub extpub: String,
    branch: Branch,
    /// WIF of the branch's first child.
    pub first_child: String,
}

/// What wallet and database know of a key index, which is the user's id.
#[derive(Debug, Clone)]
pub struct Person {
    pub script: RedeemScript,
    pub ticket_address: String,
    /// Hash160 of the pool's key.
    pub pool_hash: [u8; 20],
    pub pool_pubkey_address: String,
}

impl Keys {
    pub fn new(seed: u64) -> Self {
        let account = scalar(blake256(&seed.to_be_bytes()));
        let chain_code = blake256(b"chain code of the race");
        let extpub = extended(&public(&account), &chain_code);
        let key = ExtendedPubKey::parse(NETWORK, &extpub).expect("a key of the race");
        let branch = key.external_branch().expect("a branch");
        let (branch_key, branch_chain) = child(&account, &chain_code);
        let (first, _) = child(&branch_key, &branch_chain);
        let first = PrivateKey::from_bytes(&first.to_repr().into()).expect("a private key");
        Self {
            first_child: first.to_wif(NETWORK).to_string(),
            extpub,
            branch,
        }
    }

    /// Users 1 to `count`, and those who may come.
    pub fn people(&self, count: u32) -> Vec<Person> {
        let indexes: Vec<u32> = (1..=count + NEWCOMERS).collect();
        let half = indexes.len().div_ceil(2);
        std::thread::scope(|scope| {
            let halves = indexes.chunks(half);
            let threads: Vec<_> = halves
                .map(|half| scope.spawn(|| self.some_people(half)))
                .collect();
            let people = threads.into_iter().map(std::thread::ScopedJoinHandle::join);
            people.flat_map(|some| some.expect("keys")).collect()
        })
    }

    fn some_people(&self, indexes: &[u32]) -> Vec<Person> {
        let user = user_key();
        let person = |index: &u32| {
            let pool = self.branch.key(*index).expect("a key");
            let script = RedeemScript::new(&pool, &user);
            Person {
                script,
                ticket_address: script.address(NETWORK).to_string(),
                pool_hash: pool.hash160(),
                pool_pubkey_address: Address::pubkey(NETWORK, &pool).to_string(),
            }
        };
        indexes.iter().map(person).collect()
    }
}

impl Person {
    /// Where its tickets pay the pool's fee: the cold wallet of the race is the voting wallet.
    pub fn fee_address(&self) -> Address {
        Address::pubkey_hash(NETWORK, self.pool_hash)
    }
}

/// All users have the same key of their own: what differs is the pool's.
fn user_key() -> PublicKey {
    public(&scalar(blake256(b"the users' key")))
}

pub fn user_pubkey_address() -> String {
    Address::pubkey(NETWORK, &user_key()).to_string()
}

fn scalar(bytes: [u8; 32]) -> Scalar {
    Option::from(Scalar::from_repr(bytes.into())).expect("a hash below the curve's order")
}

fn public(key: &Scalar) -> PublicKey {
    let key = PrivateKey::from_bytes(&key.to_repr().into());
    key.expect("a private key").public_key()
}

/// Child 0, which is not hardened.
fn child(key: &Scalar, chain_code: &[u8; 32]) -> (Scalar, [u8; 32]) {
    let mut mac = Hmac::<Sha512>::new_from_slice(chain_code).expect("any length");
    mac.update(public(key).as_bytes());
    mac.update(&0_u32.to_be_bytes());
    let output: [u8; 64] = mac.finalize().into_bytes().into();
    let (tweak, chain) = output.split_first_chunk::<32>().expect("64 bytes");
    let chain = chain.try_into().expect("32 bytes");
    (scalar(*tweak) + key, chain)
}

fn extended(key: &PublicKey, chain_code: &[u8; 32]) -> String {
    let mut bytes = NETWORK.params().extended_public.to_vec();
    // Depth 3, no fingerprint, child 0.
    bytes.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(chain_code);
    bytes.extend_from_slice(key.as_bytes());
    let checksum = blake256(&blake256(&bytes));
    bytes.extend_from_slice(&checksum[..4]);
    bs58::encode(bytes).into_string()
}
