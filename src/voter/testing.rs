//! Scripts, tickets and states for the tests of this module.

use std::sync::Arc;

use uuid::Uuid;

use super::fees::Judge;
use super::scripts::Script;
use super::state::State;
use crate::decred::fee::{FeeAddresses, FeeSchedule};
use crate::decred::hash::Hash;
use crate::decred::key::{PrivateKey, PublicKey};
use crate::decred::multisig::RedeemScript;
use crate::decred::params::Network;
use crate::decred::script::PayTo;
use crate::decred::ticket::{Commitment, Ticket};
use crate::decred::{Atoms, Height};
use crate::domain::{InstanceId, KeyIndex, PoolId, UserId};
use crate::rpc::wire::ScriptImport;

pub const POOL: PoolId = PoolId(Uuid::from_u128(7));

/// The pool's fee address in tickets of `ticket`.
pub const FEE_ADDRESS: [u8; 20] = [0xfe; 20];

fn key(number: u8) -> PublicKey {
    PrivateKey::from_bytes(&[number; 32]).unwrap().public_key()
}

/// The script of user `number`.
pub fn script(number: u8) -> Script {
    let redeem = RedeemScript::new(&key(200), &key(number));
    Script::new(
        Network::Simnet,
        UserId(number.into()),
        KeyIndex(number.into()),
        redeem,
        Height(2),
    )
}

pub fn import(script: &Script) -> ScriptImport {
    ScriptImport {
        user_id: script.user_id,
        key_index: script.key_index,
        redeem_script: script.redeem.to_hex(),
        height_registered: script.height_registered,
    }
}

/// A ticket that pays a good fee.
pub fn ticket(number: u8, owner: &Script) -> Arc<Ticket> {
    let commitment = |to, amount| Commitment {
        to: PayTo::PubKeyHash(to),
        amount: Atoms(amount),
        fee_limits: 0,
    };
    Arc::new(Ticket {
        hash: Hash([number; 32]),
        price: Atoms(100_000),
        submission: PayTo::ScriptHash(owner.redeem.hash160()),
        commitments: vec![commitment(FEE_ADDRESS, 10_000), commitment([1; 20], 95_000)].into(),
        change: Atoms(0),
    })
}

/// A state that knows the fee address and the scripts of users 4 and 5.
pub fn state() -> State {
    let params = Network::Simnet.params();
    let judge = Judge::new(params, FeeSchedule::flat(7.5).unwrap());
    let mut state = State::new(params, InstanceId(Uuid::from_u128(1)), judge);
    let mut addresses = FeeAddresses::new();
    let fee = PayTo::PubKeyHash(FEE_ADDRESS).address(Network::Simnet);
    assert!(addresses.add(&fee));
    state.judge.know(Arc::new(addresses));
    state.preferences.adopt(POOL).unwrap();
    let imports = [import(&script(4)), import(&script(5))];
    state.scripts.import(&imports).unwrap();
    state
}
