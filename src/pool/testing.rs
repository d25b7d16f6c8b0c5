//! A pool over a throw-away SQLite file and voters that do as the test says.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use async_trait::async_trait;
use tokio::sync::{Notify, mpsc};

use super::derivation::Derivation;
use super::{
    Alerting, DoorSign, Limits, OwnerProof, Parts, Peer, Pool, Settings, TicketFilter, TicketPage,
};
use crate::clock::Clock;
use crate::db::{Access, AuditEntry, AuditFilter, Options, Store};
use crate::decred::hdkey::ExtendedPubKey;
use crate::decred::params::Network;
use crate::decred::{Atoms, BlockHash, Height, TicketHash, VoteVersion};
use crate::domain::{
    InstanceId, KeyIndex, PoolId, Preference, Revision, TicketRecord, UserId, preferences_digest,
    scripts_digest,
};
use crate::mail::{Delivery, Mail, Mailer};
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
    /// Another one: other blocks from `height` on.
    pub branch: u8,
    /// If other than the height.
    pub work: Option<u32>,
    pub loaded: bool,
    pub counts: TicketCounts,
    /// How it voted on its last blocks.
    pub blocks: Vec<BlockVotes>,
    /// What its machine says.
    pub clock: Option<i64>,
    pub network: String,
    pub pool_id: Option<PoolId>,
    pub config: ConfigDigests,
    pub vote_version: u32,
    pub agendas: Vec<Agenda>,
    /// Index and owner, by script.
    pub scripts: BTreeMap<String, (KeyIndex, UserId)>,
    pub preferences: BTreeMap<UserId, Preference>,
    pub confirmed: bool,
    /// Whatever is sent, until an operator confirms it.
    pub refuse_preferences: bool,
    pub refused: Option<String>,
    pub instance: InstanceId,
    pub tickets: Vec<TicketRecord>,
    /// What it answers when it is given a ticket that it lacks.
    pub takes_tickets: TicketOutcome,
    /// Tickets it was given, in order.
    pub given: Vec<TicketHash>,
    pub verified: usize,
    pub pushes: usize,
    /// Every list that it was sent.
    pub low_fee: Vec<Vec<LowFeeTicket>>,
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
            branch: 0,
            work: None,
            loaded: true,
            counts: TicketCounts::default(),
            blocks: Vec::new(),
            clock: None,
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
            takes_tickets: TicketOutcome::Added,
            given: Vec::new(),
            verified: 0,
            pushes: 0,
            low_fee: Vec::new(),
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
            hash: BlockHash::of(&[&[state.branch], state.height.to_be_bytes().as_slice()].concat()),
            height: Height(state.height),
            chain_work: format!("{:x}", state.work.unwrap_or(state.height)),
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
        tickets: state.counts,
        tickets_loaded: state.loaded,
        unread_from: None,
        preferences: PreferencesStatus {
            revision: revision(state),
            count: u64::try_from(state.preferences.len()).unwrap(),
            digest: preferences_digest(state.preferences.values()),
            confirmed: state.confirmed,
            refused: state.refused.clone(),
        },
        scripts: ScriptRegistry {
            count: u64::try_from(scripts.len()).unwrap(),
            highest_key_index: state.scripts.values().map(|(index, _)| *index).max(),
            digest: scripts_digest(scripts.iter().map(Vec::as_slice)),
        },
        config: state.config.clone(),
        rescan: None,
        signer: SignerKind::Memory,
        blocks: state.blocks.clone(),
        alarms: Vec::new(),
        clock: state.clock,
    }
}

/// The rules of the real voter.
fn objection(state: &FakeState, push: &PreferencesPush) -> Option<&'static str> {
    if state.refuse_preferences {
        return Some(code::SHRINKING);
    }
    if state.pool_id.is_some_and(|ours| ours != push.pool_id) {
        return Some(code::WRONG_POOL);
    }
    let older = push.preferences.iter().any(|new| {
        let held = state.preferences.get(&new.user_id);
        held.is_some_and(|held| new.revision < held.revision)
    });
    if older {
        return Some(code::STALE);
    }
    let sent = |user: &&UserId| push.preferences.iter().any(|new| new.user_id == **user);
    let missing = state.preferences.keys().filter(|user| !sent(user)).count();
    (push.full && missing > 2 && missing * 100 > state.preferences.len()).then_some(code::SHRINKING)
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
            let owner = (script.key_index, user_id);
            let outcome = match state.scripts.insert(script.redeem_script, owner) {
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
        if let Some(code) = objection(&state, &push).filter(|_| !push.accept) {
            state.refused = Some(code.into());
            return Err(refused(code));
        }
        state.pool_id = Some(push.pool_id);
        if push.full && push.accept {
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

    async fn add_tickets(&self, request: AddTickets) -> Result<AddedTickets, Error> {
        let mut state = self.reach()?;
        state.given.extend(&request.hashes);
        let outcome = state.takes_tickets;
        let tickets = request.hashes.into_iter();
        Ok(AddedTickets {
            tickets: tickets
                .map(|ticket_hash| AddedTicket {
                    ticket_hash,
                    outcome,
                    ticket_address: None,
                    mined_height: None,
                })
                .collect(),
        })
    }

    async fn set_low_fee(&self, request: LowFee) -> Result<LowFeeLists, Error> {
        let mut state = self.reach()?;
        state.low_fee.push(request.tickets.clone());
        Ok(LowFeeLists {
            accepted: request.tickets,
            ignored: Vec::new(),
        })
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
        let (_, rest) = mail.body.split_once("?t=").expect("a link");
        rest.chars().take(32).collect()
    }
}

/// The password alone.
pub fn proof(password: &str) -> OwnerProof {
    OwnerProof {
        password: Secret::new(password),
        ..OwnerProof::default()
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
        limits: Limits::default(),
    }
}

/// A pool with its surroundings.
pub struct TestPool {
    pub pool: Arc<Pool>,
    pub store: Store,
    pub voters: Vec<Arc<FakeVoter>>,
    pub inbox: Arc<Inbox>,
    pub clock: Clock,
    directory: tempfile::TempDir,
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
        let pool = assemble(settings, &store, &voters, Unlike::usual(&inbox), &clock).await;
        Self {
            pool,
            store,
            voters,
            inbox,
            clock,
            directory,
        }
    }

    /// The database, opened once more.
    pub async fn store_elsewhere(&self) -> Store {
        let url = format!(
            "sqlite://{}",
            self.directory.path().join("pool.db").display()
        );
        let options = Options::new(Secret::new(url), 2, Access::Guest);
        Store::connect(options).await.unwrap()
    }

    /// Another web process over the same database and voters.
    pub async fn another(&self, settings: Settings) -> Arc<Pool> {
        assemble(
            settings,
            &self.store,
            &self.voters,
            Unlike::usual(&self.inbox),
            &self.clock,
        )
        .await
    }

    /// Another web process whose mails leave like this.
    pub async fn with_delivery(&self, delivery: Delivery) -> Arc<Pool> {
        let unlike = Unlike {
            delivery,
            ..Unlike::usual(&self.inbox)
        };
        assemble(settings(), &self.store, &self.voters, unlike, &self.clock).await
    }

    /// Another web process that tells of alarms like this.
    pub async fn with_alerting(&self, alerting: Alerting) -> Arc<Pool> {
        let unlike = Unlike {
            alerting,
            ..Unlike::usual(&self.inbox)
        };
        assemble(settings(), &self.store, &self.voters, unlike, &self.clock).await
    }

    /// A web process over another database, with these voters.
    pub async fn over(&self, store: &Store, settings: Settings) -> Arc<Pool> {
        let usual = Unlike::usual(&self.inbox);
        assemble(settings, store, &self.voters, usual, &self.clock).await
    }

    /// Writes a copy of the database as it is now.
    pub async fn backup(&self, to: &Path) {
        let from = self.directory.path().join("pool.db");
        // What is committed may still be in the write-ahead log, which is part of the database.
        for suffix in ["", "-wal"] {
            let name = |path: &Path| PathBuf::from(format!("{}{suffix}", path.display()));
            if name(&from).exists() {
                tokio::fs::copy(name(&from), name(to)).await.unwrap();
            }
        }
    }

    /// A verified user without an address.
    pub async fn user(&self, email: &str) -> UserId {
        self.user_of(&self.pool, email).await
    }

    /// The same at another web process.
    pub async fn user_of(&self, pool: &Pool, email: &str) -> UserId {
        let password = Secret::new(PASSWORD);
        pool.sign_up(email, &password, None).await.unwrap();
        let token = self.inbox.token();
        pool.verify_email(&token, None).await.unwrap()
    }

    /// The first page of a user's tickets.
    pub async fn tickets(&self, user: UserId) -> TicketPage {
        let page = self.pool.tickets(user, TicketFilter::default(), 0);
        page.await.expect("tickets")
    }

    /// Each watcher looks once.
    pub async fn round(&self) {
        round(&self.pool).await;
    }
}

/// The audit log, newest first.
pub async fn audited(test: &TestPool, limit: u32) -> Vec<AuditEntry> {
    let log = test
        .store
        .audit_log(AuditFilter::default(), 0, limit, limit);
    let (lines, _) = log.await.unwrap();
    lines.into_iter().map(|line| line.entry).collect()
}

/// Each watcher of one web process looks once.
pub async fn round(pool: &Pool) {
    for peer in &pool.peers {
        pool.look(peer).await;
        pool.bring_together(peer).await;
    }
    pool.renew_numbers().await;
}

/// In what web processes may be unlike.
struct Unlike {
    delivery: Delivery,
    alerting: Alerting,
}

impl Unlike {
    fn usual(inbox: &Arc<Inbox>) -> Self {
        Self {
            delivery: Delivery::AtOnce(Arc::<Inbox>::clone(inbox)),
            alerting: Alerting::default(),
        }
    }
}

async fn assemble(
    settings: Settings,
    store: &Store,
    voters: &[Arc<FakeVoter>],
    unlike: Unlike,
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
        delivery: unlike.delivery,
        alerting: unlike.alerting,
        clock: clock.clone(),
        tasks: Tasks::new(),
    };
    Arc::new(Pool::new(parts).unwrap())
}
