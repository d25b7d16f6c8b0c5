//! A voter between a scripted dcrd and a scripted dcrwallet.

use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;

use dcrstakepool::clock::Clock;
use dcrstakepool::config::{Sources, VoterConfig};
use dcrstakepool::decred::fee::FeeSchedule;
use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::script::PayTo;
use dcrstakepool::decred::ticket::{Commitment, Ticket};
use dcrstakepool::decred::tx::Transaction;
use dcrstakepool::decred::vote::ParsedVote;
use dcrstakepool::decred::{Atoms, Height, Network, TicketHash, VoteBits, VoteVersion};
use dcrstakepool::domain::{
    FeeVerdict, InstanceId, KeyIndex, PoolId, Preference, Revision, UserId,
};
use dcrstakepool::node;
use dcrstakepool::rpc::wire::{
    Empty, EnrolmentRequest, ImportRequest, PreferencesPush, ScriptImport, Status, code,
};
use dcrstakepool::rpc::{Error, Voter as _};
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::voter::chain::Chain;
use dcrstakepool::voter::disk::{Disk, Kind};
use dcrstakepool::voter::fees::Judge;
use dcrstakepool::voter::service::Service;
use dcrstakepool::voter::snapshot::Part;
use dcrstakepool::voter::start::{self, StartError, Surroundings};
use dcrstakepool::voter::state::State;
use dcrstakepool::voter::thread;
use serde_json::{Value, json};
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::fake_daemon::{FakeDaemon, Reply};
use crate::harness::program;
use crate::harness::secrets;

pub const POOL: PoolId = PoolId(Uuid::from_u128(7));
/// Said after all that keeps a voter from vouching.
pub const LAST_WORD: &str = "made up later";
pub const TOKEN: &str = "a-token-that-only-tests-may-use-0123456789";

/// Everything of one simnet account, from the vectors.
pub fn vector(pointer: &str) -> String {
    let text = include_str!("../data/vectors/hd_children.json");
    let json: Value = serde_json::from_str(text).unwrap();
    let value = json["networks"][2].pointer(pointer).unwrap();
    value.as_str().unwrap().to_owned()
}

pub struct Bed {
    pub dcrd: FakeDaemon,
    pub wallet: FakeDaemon,
    pub folder: TempDir,
}

/// A voter that runs in this process.
pub struct Running {
    pub service: Service,
    pub front: Tasks,
    pub back: Tasks,
}

impl Bed {
    /// Daemons in which nothing is wrong, except that the wallet is not synchronised and stays so: what
    /// a voter does before its wallet's duties are done is all it does.
    pub async fn new() -> Self {
        let (dcrd, wallet) = (FakeDaemon::dcrd().await, FakeDaemon::dcrwallet().await);
        wallet.answer("getmasterpubkey", json!(vector("/account_public")));
        wallet.answer("dumpprivkey", json!(vector("/children/0/wif")));
        secrets::keep("a private key", &vector("/children/0/wif"));
        wallet.answer("syncstatus", json!({"synced": false}));
        dcrd.script("getblockheader", |params| {
            Reply::Result(json!({
                "hash": params[0], "height": 485, "confirmations": 1, "time": 1_795_332_770,
                "previousblockhash": Hash([76; 32]),
            }))
        });
        dcrd.script("sendrawtransaction", |params| {
            let vote = Transaction::from_hex(params[0].as_str().unwrap()).unwrap();
            Reply::Result(json!(vote.hash()))
        });
        Self {
            dcrd,
            wallet,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// The configuration file, after certificates were written beside it.
    pub fn configuration(&self) -> PathBuf {
        let (dcrd, wallet) = (self.dcrd.config(), self.wallet.config());
        for (name, node) in [("dcrd.cert", &dcrd), ("dcrwallet.cert", &wallet)] {
            std::fs::write(self.folder.path().join(name), &node.cert_pem).unwrap();
        }
        let section = |node: &node::Config| {
            format!(
                "[voter.{name}]\nhost = \"{host}\"\nuser = \"{user}\"\npassword = \"{password}\"\n\
                 cert = \"{name}.cert\"\n",
                name = node.name,
                host = node.host,
                user = node.user,
                password = node.password.expose(),
            )
        };
        let text = format!(
            "network = \"simnet\"\n[log]\nfilter = \"trace\"\n[pool]\nfee_percent = 7.5\nmax_users = 20\n\
             voting_wallet_extpub = \"{key}\"\ncold_wallet_extpub = \"{key}\"\n\
             [voter]\nlisten = \"127.0.0.1:0\"\ntoken = \"{TOKEN}\"\n{}{}",
            section(&dcrd),
            section(&wallet),
            key = vector("/account_public"),
        );
        let file = self.folder.path().join("voter.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    /// Runs the real binary, which is expected to end by itself.
    pub async fn run_binary(&self) -> Output {
        self.run_binary_with(self.configuration()).await
    }

    pub async fn run_binary_with(&self, configuration: PathBuf) -> Output {
        let mut command = program::command(&["voter", "--config"]);
        command.arg(configuration);
        let work = tokio::task::spawn_blocking(move || program::finish(&mut command));
        work.await.unwrap()
    }

    /// Starts a voter in this process.
    pub async fn start(&self) -> Result<Running, StartError> {
        let sources = Sources {
            file: Some(self.configuration()),
            ..Sources::default()
        };
        let config = VoterConfig::load(&sources).unwrap();
        let back = Tasks::new();
        let surroundings = Surroundings {
            clock: Clock::system(),
            certificates: Arc::default(),
            version: "test".into(),
            front: Tasks::new(),
            hurried: thread::start(&back).unwrap(),
            back,
        };
        let (service, _) = Box::pin(start::start(&config, &surroundings)).await?;
        Ok(Running {
            service,
            front: surroundings.front,
            back: surroundings.back,
        })
    }

    /// Puts a state on disk as an earlier run would have left it: one live ticket of user 4, who chose
    /// `bits` for vote version 12.
    pub fn leave_state(&self, bits: u16) {
        let params = Network::Simnet.params();
        let judge = Judge::new(params, FeeSchedule::flat(7.5).unwrap());
        let mut state = State::new(params, InstanceId(Uuid::from_u128(1)), judge);
        state.scripts.import(&own_import().scripts).unwrap();
        let preference = Preference {
            user_id: UserId(4),
            ticket_address: vector("/children/1/ticket_address"),
            version: VoteVersion(12),
            bits: VoteBits(bits),
            revision: Revision(1),
        };
        let push = PreferencesPush {
            pool_id: POOL,
            full: true,
            preferences: vec![preference],
            accept: false,
        };
        state.preferences.push(push).unwrap();
        let ticket = own_ticket();
        state.discover(&ticket, Some((Hash([1; 32]), Height(400))));
        state
            .tickets
            .judge(ticket.hash, FeeVerdict::Good, Atoms(10_000));
        state.chain = Chain::starting_at(Hash([2; 32]), Height(480));
        let disk = Disk::open(&self.folder.path().join("data"), Network::Simnet).unwrap();
        for kind in [Kind::Scripts, Kind::Preferences, Kind::Tickets] {
            Part::of(&state, kind).save(&disk).unwrap();
        }
    }

    /// dcrd announces the own ticket and four strangers as winners of a block at 485.
    pub fn announce_winners(&self, block: Hash) {
        self.announce_winners_at(block, 485);
    }

    /// The same with a height that may be wrong.
    pub fn announce_winners_at(&self, block: Hash, height: u32) {
        let winners = json!({
            "0": Hash([0xf0; 32]), "1": Hash([0xf1; 32]), "2": own_ticket().hash,
            "3": Hash([0xf3; 32]), "4": Hash([0xf4; 32]),
        });
        self.dcrd
            .notify("winningtickets", &json!([block, height, winners]));
    }

    /// The wallet is synchronised from now on.
    pub fn let_wallet_sync(&self) {
        self.let_wallet_sync_at(485);
    }

    pub fn let_wallet_sync_at(&self, height: u32) {
        self.wallet.answer("syncstatus", json!({"synced": true}));
        let best = json!({"hash": Hash([77; 32]), "height": height});
        self.wallet.answer("getbestblock", best);
    }

    /// The wallet has all keys and scripts, and does not come further than the script when it is asked to
    /// vouch for an enrolment: `LAST_WORD`.
    pub fn let_wallet_know(&self) {
        let own = json!({
            "isvalid": true, "ismine": true, "pubkeyaddr": vector("/children/0/pubkeyaddr"),
        });
        self.wallet.answer("validateaddress", own);
        self.wallet.refuse("createmultisig", -32603, LAST_WORD);
    }

    /// Votes that dcrd got, once there are `count`.
    pub async fn votes(&self, count: usize) -> Vec<ParsedVote> {
        let sent = self.dcrd.wait_for_calls("sendrawtransaction", count).await;
        let votes = sent.iter().map(|params| {
            let hex = params[0].as_str().unwrap();
            ParsedVote::parse(&Transaction::from_hex(hex).unwrap()).unwrap()
        });
        votes.collect()
    }
}

impl Running {
    pub async fn status(&self) -> Status {
        self.service.status(Empty {}).await.unwrap()
    }

    /// Waits until the status says so.
    pub async fn until(&self, what: &str, condition: impl Fn(&Status) -> bool) -> Status {
        for _ in 0..600 {
            let now = self.status().await;
            if condition(&now) {
                return now;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("never: {what}: {:#?}", self.status().await);
    }

    /// Waits until an alarm is on.
    pub async fn alarmed(&self, id: &str) -> Status {
        self.until(id, |now| has_alarm(now, id)).await
    }

    /// Waits until an alarm is off.
    pub async fn calm(&self, id: &str) -> Status {
        self.until("no alarm", |now| !has_alarm(now, id)).await
    }

    /// Whether the voter vouches for an enrolment, and if not, why it is unavailable.
    pub async fn vouches(&self) -> Result<(), String> {
        let request = EnrolmentRequest {
            user_id: UserId(5),
            key_index: KeyIndex(0),
            user_pubkey_address: vector("/children/1/pubkeyaddr"),
        };
        match self.service.verify_enrolment(request).await {
            Ok(_) => Ok(()),
            Err(Error::Refused { code, message }) => {
                assert_eq!(code, code::UNAVAILABLE, "{message}");
                Err(message)
            }
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until the voter does not vouch, for a reason with this word.
    pub async fn vouches_not(&self, word: &str) {
        for _ in 0..600 {
            let reason = self.vouches().await.err();
            if reason.is_some_and(|reason| reason.contains(word)) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("never: {word}: {:?}", self.vouches().await);
    }

    /// As the role does on SIGTERM.
    pub async fn stop(self) {
        let limit = std::time::Duration::from_secs(30);
        self.front.stop_and_wait(limit).await;
        assert!(self.back.stop_and_wait(limit).await, "tasks are left");
    }
}

pub fn has_alarm(status: &Status, id: &str) -> bool {
    status.alarms.iter().any(|alarm| alarm.id == id)
}

/// The recorded `walletinfo` with some of it changed.
pub fn wallet_info(changes: &Value) -> Value {
    let text = include_str!("../data/current/w_walletinfo.json");
    let recorded: Value = serde_json::from_str(text).unwrap();
    let mut info = recorded["response"]["result"].clone();
    for (key, value) in changes.as_object().unwrap() {
        info[key] = value.clone();
    }
    info
}

/// The script of `Bed::leave_state`, as web gives it.
pub fn own_import() -> ImportRequest {
    ImportRequest {
        pool_id: POOL,
        scripts: vec![ScriptImport {
            user_id: UserId(4),
            key_index: KeyIndex(1),
            redeem_script: vector("/children/1/redeem_with_user"),
            height_registered: Height(2),
        }],
    }
}

/// The live ticket of `Bed::leave_state`.
pub fn own_ticket() -> Arc<Ticket> {
    let redeem = RedeemScript::from_hex(&vector("/children/1/redeem_with_user")).unwrap();
    let commitment = |to, amount| Commitment {
        to: PayTo::PubKeyHash(to),
        amount: Atoms(amount),
        fee_limits: 0,
    };
    Arc::new(Ticket {
        hash: TicketHash::of(b"own ticket"),
        price: Atoms(100_000),
        submission: PayTo::ScriptHash(redeem.hash160()),
        commitments: vec![commitment([1; 20], 10_000), commitment([2; 20], 95_000)].into(),
        change: Atoms(0),
    })
}
