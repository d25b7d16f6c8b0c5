//! A pool over a throw-away SQLite file and voters that do as the test says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};

use super::derivation::Derivation;
use super::{DoorSign, Parts, Peer, Pool, Settings};
use crate::clock::Clock;
use crate::db::{Access, Options, Store};
use crate::decred::hdkey::ExtendedPubKey;
use crate::decred::params::Network;
use crate::decred::{Atoms, BlockHash, Height, VoteVersion};
use crate::domain::{
    InstanceId, PoolId, Preference, Revision, TicketRecord, UserId, preferences_digest,
    scripts_digest,
};
use crate::mail::{Mail, Mailer};
use crate::rpc::wire::*;
use crate::rpc::{Error, Voter};
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Account 0 of the test vectors' simnet wallet.
const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

/// Public-key addresses that are not the pool's for any small index.
pub const KEYS: [&str; 2] = [
    "SkQkoQFLxVuLhUQbREuJuAX1GTEtp3uSwdHJbf1t7NqjxqVEB9wRb",
    "SkQkpkQGePTS6PuShpupfxZmwLvoMeT1GqPYwup6N1i4ahcuuj2cD",
];

pub const NOW: i64 = 1_800_000_000;
pub const PASSWORD: &str = "correct horse";

/// How a voter misbehaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mood {
    #[default]
    Good,
    Down,
    WrongToken,
    /// Its wallet derives another address.
    OtherKeys,
    /// Its own comparison of wallet and derivation failed.
    Refuses,
    /// Its wallet takes no script.
    RefusesImport,
    /// Never answers `verify_enrolment`.
    HangsAtVerify,
    /// Never answers `import_scripts`.
    HangsAtImport,
}

#[derive(Debug)]
pub struct FakeState {
    pub mood: Mood,
    pub height: u32,
    pub network: String,
    pub pool_id: Option<PoolId>,
    pub config: ConfigDigests,
    pub vote_version: u32,
    pub agendas: Vec<Agenda>,
    pub scripts: BTreeMap<String, UserId>,
    pub preferences: BTreeMap<UserId, Preference>,
    pub confirmed: bool,
    pub refuse_preferences: bool,
    pub refused: Option<String>,
    pub instance: InstanceId,
    pub tickets: Vec<TicketRecord>,
    pub verified: usize,
    pub pushes: usize,
}

#[derive(Debug)]
pub struct FakeVoter {
    state: Mutex<FakeState>,
    derivation: Derivation,
    /// Told when a call began to hang.
    pub hangs: Notify,
}

impl FakeVoter {
    pub fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }

    pub fn set(&self, mood: Mood) {
        self.state().mood = mood;
    }

    fn new() -> Self {
        let state = FakeState {
            mood: Mood::Good,
            height: 100,
            network: "simnet".into(),
            pool_id: None,
            config: ConfigDigests(BTreeMap::new()),
            vote_version: 10,
            agendas: vec![agenda("pie", 0x06, &[0, 2, 4])],
            scripts: BTreeMap::new(),
            preferences: BTreeMap::new(),
            confirmed: false,
            refuse_preferences: false,
            refused: None,
            instance: InstanceId(uuid::Uuid::new_v4()),
            tickets: Vec::new(),
            verified: 0,
            pushes: 0,
        };
        Self {
            state: Mutex::new(state),
            derivation: Derivation::new(&settings()).unwrap(),
            hangs: Notify::new(),
        }
    }

    fn reach(&self) -> Result<MutexGuard<'_, FakeState>, Error> {
        let state = self.state();
        let voter = "fake".to_owned();
        match state.mood {
            Mood::Down => Err(Error::Unavailable {
                voter,
                reason: "connection refused".into(),
            }),
            Mood::WrongToken => Err(Error::Unauthorized { voter }),
            _ => Ok(state),
        }
    }

    async fn hang<T>(&self) -> T {
        self.hangs.notify_one();
        std::future::pending().await
    }
}

pub fn agenda(id: &str, mask: u16, choices: &[u16]) -> Agenda {
    let choice = |bits: &u16| AgendaChoice {
        id: format!("choice{bits}"),
        description: String::new(),
        bits: *bits,
        is_abstain: *bits == 0,
        is_no: false,
    };
    Agenda {
        id: id.into(),
        description: String::new(),
        mask,
        status: "started".into(),
        choices: choices.iter().map(choice).collect(),
    }
}

fn refused(code: &str) -> Error {
    Error::Refused {
        code: code.into(),
        message: "no".into(),
    }
}

fn status(state: &FakeState) -> Status {
    let scripts: Vec<Vec<u8>> = state
        .scripts
        .keys()
        .map(|script| hex::decode(script).unwrap())
        .collect();
    Status {
        instance: state.instance,
        pool_id: state.pool_id,
        network: state.network.clone(),
        version: "test".into(),
        best: Some(Tip {
            hash: BlockHash::ZERO,
            height: Height(state.height),
            chain_work: format!("{:x}", state.height),
            time: NOW,
        }),
        dcrd: DcrdStatus {
            connected: true,
            version: String::new(),
            synced: true,
        },
        wallet: WalletStatus {
            connected: true,
            version: String::new(),
            unlocked: true,
            daemon_connected: true,
            height: Some(Height(state.height)),
            voting: false,
        },
        vote_version: VoteVersion(state.vote_version),
        tickets: TicketCounts::default(),
        tickets_loaded: true,
        preferences: PreferencesStatus {
            revision: revision(state),
            count: u64::try_from(state.preferences.len()).unwrap(),
            digest: preferences_digest(state.preferences.values()),
            confirmed: state.confirmed,
            refused: state.refused.clone(),
        },
        scripts: ScriptRegistry {
            count: u64::try_from(scripts.len()).unwrap(),
            highest_key_index: None,
            digest: scripts_digest(scripts.iter().map(Vec::as_slice)),
        },
        config: state.config.clone(),
        rescan: None,
        signer: SignerKind::Memory,
        blocks: Vec::new(),
        alarms: Vec::new(),
    }
}

fn revision(state: &FakeState) -> Revision {
    let revisions = state.preferences.values().map(|p| p.revision);
    revisions.max().unwrap_or_default()
}

#[async_trait]
impl Voter for FakeVoter {
    async fn status(&self, _: Empty) -> Result<Status, Error> {
        Ok(status(&*self.reach()?))
    }

    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        let (mood, height) = {
            let mut state = self.reach()?;
            state.verified += 1;
            (state.mood, state.height)
        };
        match mood {
            Mood::HangsAtVerify => return self.hang().await,
            Mood::Refuses => return Err(refused(code::DISAGREES)),
            _ => {}
        }
        let key = self
            .derivation
            .read_key(&request.user_pubkey_address)
            .unwrap();
        let derived = self.derivation.derive(request.key_index, &key).unwrap();
        let other = if mood == Mood::OtherKeys { "x" } else { "" };
        Ok(EnrolmentProof {
            pool_pubkey_address: derived.pool_pubkey_address,
            redeem_script: derived.redeem_script,
            ticket_address: derived.ticket_address + other,
            height: Height(height),
        })
    }

    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error> {
        let mood = self.reach()?.mood;
        match mood {
            Mood::HangsAtImport => return self.hang().await,
            Mood::RefusesImport => return Err(refused(code::DISAGREES)),
            _ => {}
        }
        let mut state = self.state();
        let mut scripts = Vec::new();
        for script in request.scripts {
            let user_id = script.user_id;
            let outcome = match state.scripts.insert(script.redeem_script, user_id) {
                None => ScriptOutcome::Imported,
                Some(_) => ScriptOutcome::Already,
            };
            scripts.push(ImportedScript { user_id, outcome });
        }
        Ok(ImportOutcome {
            scripts,
            rescan_from: None,
        })
    }

    async fn set_preferences(&self, push: PreferencesPush) -> Result<PreferencesAccepted, Error> {
        let mut state = self.reach()?;
        state.pushes += 1;
        if state.refuse_preferences && !push.accept {
            state.refused = Some("no".into());
            return Err(refused(code::SHRINKING));
        }
        state.pool_id = Some(push.pool_id);
        if push.full {
            state.preferences.clear();
        }
        for preference in push.preferences {
            state.preferences.insert(preference.user_id, preference);
        }
        state.confirmed = true;
        state.refused = None;
        Ok(PreferencesAccepted {
            revision: revision(&state),
            digest: preferences_digest(state.preferences.values()),
        })
    }

    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error> {
        let state = self.reach()?;
        let same = request.instance == Some(state.instance);
        let from = if same { request.sequence } else { 0 };
        let from = usize::try_from(from).unwrap();
        let tickets: Vec<_> = state.tickets.iter().skip(from).take(2).cloned().collect();
        let sequence = from + tickets.len();
        Ok(TicketsPage {
            instance: state.instance,
            sequence: u64::try_from(sequence).unwrap(),
            more: sequence < state.tickets.len(),
            gone: Vec::new(),
            tickets,
        })
    }

    async fn add_tickets(&self, _: AddTickets) -> Result<AddedTickets, Error> {
        Ok(AddedTickets { tickets: vec![] })
    }

    async fn set_low_fee(&self, _: LowFee) -> Result<LowFeeLists, Error> {
        Ok(LowFeeLists::default())
    }

    async fn stake_info(&self, _: Empty) -> Result<StakeInfo, Error> {
        let state = self.reach()?;
        Ok(StakeInfo {
            height: Height(state.height),
            ticket_price: Atoms(200_000_000),
            pool_size: 50,
            mempool_tickets: 3,
            total_subsidy: Atoms(0),
            own: TicketCounts::default(),
        })
    }

    async fn agendas(&self, _: Empty) -> Result<Agendas, Error> {
        let state = self.reach()?;
        Ok(Agendas {
            version: VoteVersion(state.vote_version),
            agendas: state.agendas.clone(),
        })
    }

    async fn script_registry(&self, _: Empty) -> Result<ScriptRegistry, Error> {
        Ok(status(&*self.reach()?).scripts)
    }

    async fn events(&self) -> Result<mpsc::Receiver<Event>, Error> {
        drop(self.reach()?);
        Ok(mpsc::channel(1).1)
    }
}

/// Keeps mails.
#[derive(Debug, Default)]
pub struct Inbox(Mutex<Vec<Mail>>);

impl Mailer for Inbox {
    fn send(&self, mail: Mail) {
        self.0.lock().unwrap().push(mail);
    }
}

impl Inbox {
    pub fn take(&self) -> Vec<Mail> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    /// The token in the newest mail.
    pub fn token(&self) -> String {
        let mail = self.take().pop().expect("a mail");
        let (_, rest) = mail.body.split_once("emailverify?t=").expect("a link");
        rest.chars().take(32).collect()
    }
}

pub fn settings() -> Settings {
    let voting = ExtendedPubKey::parse(Network::Simnet, EXTPUB).unwrap();
    let cold = voting.child(5).unwrap().encode().to_string();
    Settings {
        network: Network::Simnet,
        name: "Test pool".into(),
        description: String::new(),
        email: "admin@example.com".into(),
        link: String::new(),
        fees: vec![(Height(0), 7.5), (Height(1000), 5.0)],
        sign: DoorSign::default(),
        voting_wallet_extpub: Secret::new(EXTPUB),
        cold_wallet_extpub: Secret::new(cold),
        min_voters: 2,
        max_users: 100,
        base_url: "https://pool.example.com".into(),
        former_base_urls: vec!["https://old.example.com".into()],
        api_secret: Secret::new("0123456789abcdef0123456789abcdef"),
    }
}

/// A pool with its surroundings.
pub struct TestPool {
    pub pool: Arc<Pool>,
    pub store: Store,
    pub voters: Vec<Arc<FakeVoter>>,
    pub inbox: Arc<Inbox>,
    pub clock: Clock,
    _directory: tempfile::TempDir,
}

impl TestPool {
    /// Three voters, two of which must be there.
    pub async fn new() -> Self {
        Self::with(settings()).await
    }

    pub async fn with(settings: Settings) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", directory.path().join("pool.db").display());
        let store = Store::connect(Options::new(Secret::new(url), 4, Access::Owner))
            .await
            .unwrap();
        store.require_schema().await.unwrap();
        let voters: Vec<_> = (0..3).map(|_| Arc::new(FakeVoter::new())).collect();
        let inbox = Arc::new(Inbox::default());
        let clock = Clock::fixed(NOW);
        let pool = assemble(settings, &store, &voters, &inbox, &clock).await;
        Self {
            pool,
            store,
            voters,
            inbox,
            clock,
            _directory: directory,
        }
    }

    /// Another web process over the same database and voters.
    pub async fn another(&self, settings: Settings) -> Arc<Pool> {
        assemble(
            settings,
            &self.store,
            &self.voters,
            &self.inbox,
            &self.clock,
        )
        .await
    }

    /// A verified user without an address.
    pub async fn user(&self, email: &str) -> UserId {
        let password = Secret::new(PASSWORD);
        self.pool.sign_up(email, &password, None).await.unwrap();
        let token = self.inbox.token();
        self.pool.verify_email(&token, None).await.unwrap()
    }

    /// Each watcher looks once.
    pub async fn round(&self) {
        for peer in &self.pool.peers {
            self.pool.visit(peer).await;
        }
        self.pool.refresh_numbers().await.unwrap();
    }
}

async fn assemble(
    settings: Settings,
    store: &Store,
    voters: &[Arc<FakeVoter>],
    inbox: &Arc<Inbox>,
    clock: &Clock,
) -> Arc<Pool> {
    let peers = voters.iter().enumerate().map(|(i, voter)| {
        let voter: Arc<FakeVoter> = Arc::clone(voter);
        Peer::new(format!("voter{i}"), voter, ConfigDigests(BTreeMap::new()))
    });
    let parts = Parts {
        settings,
        store: store.clone(),
        pool_id: store.pool_id().await.unwrap(),
        peers: peers.collect(),
        mailer: Arc::<Inbox>::clone(inbox),
        clock: clock.clone(),
        tasks: Tasks::new(),
    };
    Arc::new(Pool::new(parts).unwrap())
}
