//! dcrd and dcrwallet over the simulated chain, on the real wire.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::multisig::RedeemScript;
use serde_json::{Value, json};

use super::chain::{Chain, Watched};
use super::people::{Keys, NETWORK, Person};
use crate::harness::fake_daemon::{FakeDaemon, Reply};

/// `wire.CurrencyNet` of mainnet.
const MAGIC: u32 = 0xd9b4_00f9;
/// Of one vote.
const SUBSIDY: i64 = 110_000_000;

/// What the wallet has.
#[derive(Default)]
struct Held {
    /// Pubkey addresses of its keys, by address.
    keys: HashMap<String, String>,
    scripts: HashMap<String, String>,
}

pub struct Daemons {
    pub dcrd: Arc<FakeDaemon>,
    pub wallet: FakeDaemon,
    chain: Arc<Mutex<Chain>>,
    held: Arc<Mutex<Held>>,
}

fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text(params: &Value, place: usize) -> String {
    params[place].as_str().unwrap_or_default().to_owned()
}

fn found(answer: Option<Value>) -> Reply {
    match answer {
        Some(answer) => Reply::Result(answer),
        None => Reply::Refusal(-5, "not found".to_owned()),
    }
}

impl Daemons {
    /// The wallet lacks the scripts of the last `lacking` of the `users`.
    pub async fn start(
        keys: &Keys,
        people: &[Person],
        users: usize,
        lacking: usize,
        chain: Chain,
    ) -> Self {
        let chain = Arc::new(Mutex::new(chain));
        let mut held = Held::default();
        for person in people {
            let address = person.fee_address().to_string();
            held.keys
                .insert(address, person.pool_pubkey_address.clone());
        }
        for person in &people[..users - lacking] {
            let script = person.script.to_hex();
            held.scripts.insert(person.ticket_address.clone(), script);
        }
        let held = Arc::new(Mutex::new(held));
        let dcrd = Arc::new(FakeDaemon::dcrd().await);
        let wallet = FakeDaemon::dcrwallet().await;
        for daemon in [&*dcrd, &wallet] {
            daemon.answer("getcurrentnet", json!(MAGIC));
            over(daemon, "getbestblock", &chain, |chain, _| {
                found(Some(chain.best()))
            });
        }
        script_dcrd(&dcrd, &chain);
        script_winners(&dcrd, &chain);
        script_wallet(&wallet, keys, &chain, &held);
        Self {
            dcrd,
            wallet,
            chain,
            held,
        }
    }

    pub fn chain(&self) -> MutexGuard<'_, Chain> {
        lock(&self.chain)
    }

    /// Scripts that the wallet has.
    pub fn scripts(&self) -> usize {
        lock(&self.held).scripts.len()
    }

    /// A block more, and everybody told.
    pub fn mine(&self) {
        let told = self.chain().mine();
        for (method, params) in told {
            self.dcrd.notify(method, &params);
        }
    }

    pub fn watch_anew(&self) {
        self.chain().watched = Watched::default();
    }
}

fn over(
    daemon: &FakeDaemon,
    method: &str,
    chain: &Arc<Mutex<Chain>>,
    answer: impl Fn(&mut Chain, &Value) -> Reply + Send + Sync + 'static,
) {
    let chain = chain.clone();
    daemon.script(method, move |params| answer(&mut lock(&chain), params));
}

fn script_dcrd(dcrd: &FakeDaemon, chain: &Arc<Mutex<Chain>>) {
    dcrd.answer("getblocksubsidy", json!({"pos": SUBSIDY}));
    dcrd.answer("getrawmempool", json!([]));
    dcrd.refuse("existsexpiredtickets", -32601, "Method not found");
    over(dcrd, "getblockchaininfo", chain, |chain, _| {
        found(Some(chain.info()))
    });
    over(dcrd, "getblockhash", chain, |chain, params| {
        found(params[0].as_u64().and_then(|height| chain.hash_at(height)))
    });
    over(dcrd, "getblockheader", chain, |chain, params| {
        found(chain.header(&text(params, 0)))
    });
    over(dcrd, "getblock", chain, |chain, params| {
        found(chain.block(&text(params, 0)))
    });
    over(dcrd, "getrawtransaction", chain, |chain, params| {
        found(chain.transaction(&text(params, 0)))
    });
    over(dcrd, "livetickets", chain, |chain, _| {
        found(Some(chain.live_tickets()))
    });
    over(
        dcrd,
        "sendrawtransaction",
        chain,
        |chain, params| match chain.take(&text(params, 0)) {
            Ok(hash) => Reply::Result(hash),
            Err((code, message)) => Reply::Refusal(code, message),
        },
    );
}

/// The answer comes first, then the winners, as dcrd's order may be.
fn script_winners(dcrd: &Arc<FakeDaemon>, chain: &Arc<Mutex<Chain>>) {
    let (chain, teller) = (chain.clone(), Arc::downgrade(dcrd));
    dcrd.script("rebroadcastwinners", move |_| {
        let mut chain = lock(&chain);
        chain
            .watched
            .asked_for_winners
            .get_or_insert_with(Instant::now);
        if chain.winners() > 0
            && let Some(dcrd) = teller.upgrade()
        {
            dcrd.notify("winningtickets", &chain.winning());
        }
        Reply::Result(Value::Null)
    });
}

fn script_wallet(
    wallet: &FakeDaemon,
    keys: &Keys,
    chain: &Arc<Mutex<Chain>>,
    held: &Arc<Mutex<Held>>,
) {
    wallet.answer("getmasterpubkey", json!(keys.extpub));
    wallet.answer("dumpprivkey", json!(keys.first_child));
    over(wallet, "gettickets", chain, |chain, _| {
        found(Some(chain.own_tickets()))
    });
    over(wallet, "gettransaction", chain, |chain, params| {
        found(chain.transaction(&text(params, 0)))
    });
    wallet.answer("addtransaction", Value::Null);
    let own = held.clone();
    wallet.script("validateaddress", move |params| {
        Reply::Result(validate(&lock(&own), &text(params, 0)))
    });
    let own = held.clone();
    wallet.script("importscript", move |params| {
        let hex = text(params, 0);
        let script = RedeemScript::from_hex(&hex).expect("a script");
        lock(&own)
            .scripts
            .insert(script.address(NETWORK).to_string(), hex);
        Reply::Result(Value::Null)
    });
    wallet.script("createmultisig", |params| {
        let key = |place: usize| {
            let address = Address::decode_for(NETWORK, params[1][place].as_str().unwrap_or_default());
            address.expect("an address").public_key().expect("a key")
        };
        let script = RedeemScript::new(&key(0), &key(1));
        Reply::Result(json!({"address": script.address(NETWORK).to_string(), "redeemScript": script.to_hex()}))
    });
}

fn validate(held: &Held, address: &str) -> Value {
    if let Some(key) = held.keys.get(address) {
        return json!({"isvalid": true, "address": address, "ismine": true, "pubkeyaddr": key, "accountn": 0, "branch": 0});
    }
    match held.scripts.get(address) {
        Some(script) => {
            json!({"isvalid": true, "address": address, "ismine": true, "isscript": true,
            "account": "imported", "hex": script, "script": "multisig", "sigsrequired": 1})
        }
        None => json!({"isvalid": true, "address": address, "ismine": false}),
    }
}
