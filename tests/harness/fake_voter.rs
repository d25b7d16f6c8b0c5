//! A voter without daemons, on the real wire. Honest unless told otherwise: it derives keys from its
//! extended public key, keeps scripts and preferences, and pages its tickets. A test edits its state,
//! makes a method fail, hang or lie, and stops and starts it again at the same address.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use dcrstakepool::config::VoterPeer;
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::hdkey::{Branch, ExtendedPubKey};
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::params::Network;
use dcrstakepool::decred::{Atoms, Height, TicketHash, VoteVersion};
use dcrstakepool::domain::digest::preferences_digest;
use dcrstakepool::domain::{
    FeeVerdict, InstanceId, KeyIndex, Preference, Revision, TicketRecord, UserId,
};
use dcrstakepool::rpc::wire::{
    AddTickets, AddedTicket, AddedTickets, Agendas, ConfigDigests, DcrdStatus, Empty,
    EnrolmentProof, EnrolmentRequest, Event, ImportOutcome, ImportRequest, ImportedScript, LowFee,
    LowFeeLists, LowFeeTicket, PreferencesAccepted, PreferencesPush, PreferencesStatus,
    ScriptImport, ScriptOutcome, ScriptRegistry, SignerKind, StakeInfo, Status, TicketCounts,
    TicketOutcome, TicketsPage, TicketsSince, Tip, WalletStatus, code,
};
use dcrstakepool::rpc::{Error, Voter, method, server};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::tls::{self, KeyPair};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc, watch};
use uuid::Uuid;

/// Long enough for the wire.
pub const TOKEN: &str = "a-token-that-only-tests-may-use-0123456789";

/// Everything a test may change while the voter runs.
pub struct State {
    pub network: Network,
    /// Of the account, not of a branch.
    pub voting_key: ExtendedPubKey,
    /// What `status` answers, but for what follows from the fields below.
    pub status: Status,
    pub stake_info: StakeInfo,
    pub agendas: Agendas,
    /// In the order they were learned: a sequence number is a position here.
    pub tickets: Vec<TicketRecord>,
    /// By user.
    pub scripts: BTreeMap<i64, ScriptImport>,
    pub preferences: BTreeMap<i64, Preference>,
    pub low_fee: Vec<LowFeeTicket>,
    /// Tickets that its dcrd knows and it does not, yet.
    pub on_chain: Vec<TicketRecord>,
    /// Methods in the order they were called.
    pub calls: Vec<&'static str>,
    next_failures: Vec<(&'static str, Error)>,
    failures: HashMap<&'static str, Error>,
    hanging: HashSet<&'static str>,
    listeners: Vec<mpsc::Sender<Event>>,
}

pub struct FakeVoter {
    state: Mutex<State>,
    recovered: Notify,
}

impl FakeVoter {
    /// A healthy voter at height 200 whose wallet has `voting_extpub`.
    pub fn new(network: Network, voting_extpub: &str) -> Arc<Self> {
        let voting_key = ExtendedPubKey::parse(network, voting_extpub).expect("extended key");
        let state = State {
            network,
            voting_key,
            status: healthy(network),
            stake_info: StakeInfo {
                height: Height(200),
                ticket_price: Atoms(20_000_000),
                pool_size: 64,
                mempool_tickets: 3,
                total_subsidy: Atoms(0),
                own: TicketCounts::default(),
            },
            agendas: Agendas {
                version: VoteVersion(12),
                agendas: Vec::new(),
            },
            tickets: Vec::new(),
            scripts: BTreeMap::new(),
            preferences: BTreeMap::new(),
            low_fee: Vec::new(),
            on_chain: Vec::new(),
            calls: Vec::new(),
            next_failures: Vec::new(),
            failures: HashMap::new(),
            hanging: HashSet::new(),
            listeners: Vec::new(),
        };
        Arc::new(Self {
            state: Mutex::new(state),
            recovered: Notify::new(),
        })
    }

    /// Looks at the state, or changes it.
    pub fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().expect("no test panicked in here"))
    }

    /// As if the chain had grown, or this voter lagged.
    pub fn set_height(&self, height: u32) {
        self.with(|state| {
            state.stake_info.height = Height(height);
            state.status.wallet.height = Some(Height(height));
            if let Some(best) = &mut state.status.best {
                best.height = Height(height);
                best.hash = Hash(blake256(&height.to_be_bytes()));
                best.chain_work = format!("{height:064x}");
            }
        });
    }

    /// What web compares with its own `[pool]`.
    pub fn set_config(&self, config: ConfigDigests) {
        self.with(|state| state.status.config = config);
    }

    /// The next call of `method` (a name of `rpc::method`) fails.
    pub fn fail_next(&self, method: &'static str, error: Error) {
        self.with(|state| state.next_failures.push((method, error)));
    }

    /// Every call of `method` fails until `recover`.
    pub fn fail(&self, method: &'static str, error: Error) {
        self.with(|state| state.failures.insert(method, error));
    }

    /// Calls of `method` get no answer until `recover`; then they do.
    pub fn hang(&self, method: &'static str) {
        self.with(|state| state.hanging.insert(method));
    }

    pub fn recover(&self, method: &'static str) {
        self.with(|state| {
            state.failures.remove(method);
            state.hanging.remove(method);
        });
        self.recovered.notify_waiters();
    }

    /// Its wallet derives other keys from now on.
    pub fn disagree(&self) {
        let error = refused(code::DISAGREES, "the wallet derives another key");
        self.fail(method::VERIFY_ENROLMENT, error);
    }

    pub fn calls_of(&self, method: &str) -> usize {
        self.with(|state| state.calls.iter().filter(|call| **call == method).count())
    }

    /// Tells everybody who listens to the events.
    pub fn emit(&self, event: &Event) {
        self.with(|state| {
            state
                .listeners
                .retain(|listener| listener.try_send(event.clone()).is_ok());
        });
    }

    /// Notes the call and does what the test wants of it.
    async fn called(&self, method: &'static str) -> Result<(), Error> {
        let failure = self.with(|state| {
            state.calls.push(method);
            let next = state.next_failures.iter().position(|(m, _)| *m == method);
            let next = next.map(|index| state.next_failures.remove(index).1);
            next.or_else(|| state.failures.get(method).cloned())
        });
        loop {
            // Before the look, so that no recovery falls between.
            let recovered = self.recovered.notified();
            if !self.with(|state| state.hanging.contains(method)) {
                break;
            }
            recovered.await;
        }
        failure.map_or(Ok(()), Err)
    }
}

fn healthy(network: Network) -> Status {
    Status {
        instance: InstanceId(Uuid::new_v4()),
        pool_id: None,
        network: network.to_string(),
        version: "fake".into(),
        best: Some(Tip {
            hash: Hash(blake256(&200_u32.to_be_bytes())),
            height: Height(200),
            chain_work: format!("{:064x}", 200),
            time: 1_700_000_000,
        }),
        dcrd: DcrdStatus {
            connected: true,
            version: "1.10.8".into(),
            synced: true,
        },
        wallet: WalletStatus {
            connected: true,
            version: "5.1.0".into(),
            unlocked: true,
            daemon_connected: true,
            height: Some(Height(200)),
            voting: false,
        },
        vote_version: VoteVersion(12),
        tickets: TicketCounts::default(),
        tickets_loaded: true,
        unread_from: None,
        preferences: PreferencesStatus {
            revision: Revision(0),
            count: 0,
            digest: String::new(),
            confirmed: false,
            refused: None,
        },
        scripts: ScriptRegistry {
            count: 0,
            highest_key_index: None,
            digest: String::new(),
        },
        config: ConfigDigests(BTreeMap::new()),
        rescan: None,
        signer: SignerKind::Memory,
        blocks: Vec::new(),
        alarms: Vec::new(),
        clock: None,
    }
}

/// Why it refuses a push.
const OLDER: &str = "an older revision";

/// A voter's own word.
pub fn refused(code: &str, message: &str) -> Error {
    Error::Refused {
        code: code.into(),
        message: message.into(),
    }
}

fn is_spent(ticket: &TicketRecord) -> bool {
    ticket.vote.is_some() || ticket.revocation.is_some()
}

impl State {
    fn branch(&self) -> Branch {
        self.voting_key.external_branch().expect("branch")
    }

    fn registry(&self) -> ScriptRegistry {
        let scripts: Vec<_> = self
            .scripts
            .values()
            .map(|script| hex::decode(&script.redeem_script).expect("hex"))
            .collect();
        ScriptRegistry {
            count: self.scripts.len() as u64,
            highest_key_index: self.scripts.values().map(|it| it.key_index).max(),
            digest: dcrstakepool::domain::digest::scripts_digest(scripts.iter().map(Vec::as_slice)),
        }
    }

    fn preferences_status(&self) -> PreferencesStatus {
        let revision = self.preferences.values().map(|it| it.revision).max();
        PreferencesStatus {
            revision: revision.unwrap_or_default(),
            count: self.preferences.len() as u64,
            digest: preferences_digest(self.preferences.values()),
            ..self.status.preferences.clone()
        }
    }

    /// The last word on a ticket.
    pub fn ticket(&self, hash: TicketHash) -> Option<&TicketRecord> {
        self.tickets.iter().rfind(|ticket| ticket.hash == hash)
    }

    fn add_ticket(&mut self, ticket_hash: TicketHash) -> AddedTicket {
        let known = self.ticket(ticket_hash).cloned();
        let mut on_chain = self.on_chain.iter();
        let new = on_chain.find(|ticket| ticket.hash == ticket_hash).cloned();
        let (outcome, ticket) = match (known, new) {
            (Some(known), _) if is_spent(&known) => (TicketOutcome::Spent, Some(known)),
            (Some(known), _) => (TicketOutcome::Known, Some(known)),
            (None, None) => (TicketOutcome::NotFound, None),
            (None, Some(new)) if !self.is_ours(&new) => (TicketOutcome::NotOurs, None),
            (None, Some(new)) if is_spent(&new) => (TicketOutcome::Spent, Some(new)),
            (None, Some(new)) => {
                self.tickets.push(new.clone());
                (TicketOutcome::Added, Some(new))
            }
        };
        AddedTicket {
            ticket_hash,
            outcome,
            mined_height: ticket.as_ref().and_then(|it| it.mined).map(|(_, at)| at),
            ticket_address: ticket.map(|ticket| ticket.ticket_address),
        }
    }

    fn is_ours(&self, ticket: &TicketRecord) -> bool {
        let mut users = self.preferences.values();
        users.any(|user| user.ticket_address == ticket.ticket_address)
    }

    /// Verdicts follow the list; each change gets a number of its own.
    fn take_low_fee(&mut self, asked: Vec<LowFeeTicket>) -> LowFeeLists {
        let (accepted, mut ignored): (Vec<_>, Vec<_>) = asked.into_iter().partition(|asked| {
            let known = self.ticket(asked.ticket_hash);
            known.is_none_or(|it| it.ticket_address == asked.ticket_address)
        });
        let hashes: HashSet<_> = self.tickets.iter().map(|ticket| ticket.hash).collect();
        for hash in hashes {
            let mut ticket = self.ticket(hash).expect("known").clone();
            let added = accepted.iter().any(|it| it.ticket_hash == hash);
            let verdict = match (ticket.verdict, added) {
                (FeeVerdict::Low, true) => FeeVerdict::Added,
                (FeeVerdict::Added, false) if ticket.vote.is_none() => FeeVerdict::Low,
                (same, _) => same,
            };
            if verdict == FeeVerdict::Low {
                ignored.push(LowFeeTicket {
                    ticket_hash: hash,
                    ticket_address: ticket.ticket_address.clone(),
                });
            }
            if verdict != ticket.verdict {
                ticket.verdict = verdict;
                self.tickets.push(ticket);
            }
        }
        self.low_fee.clone_from(&accepted);
        LowFeeLists { accepted, ignored }
    }

    fn prove(&self, request: &EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        let KeyIndex(index) = request.key_index;
        let bad = |error: String| refused(code::BAD_REQUEST, &error);
        let pool_key = self.branch().key(index).map_err(|e| bad(e.to_string()))?;
        let user = Address::decode_for(self.network, &request.user_pubkey_address)
            .map_err(|e| bad(e.to_string()))?;
        let user_key = user.public_key().ok_or_else(|| bad("no key".into()))?;
        let script = RedeemScript::new(&pool_key, &user_key);
        Ok(EnrolmentProof {
            pool_pubkey_address: Address::pubkey(self.network, &pool_key).to_string(),
            redeem_script: script.to_hex(),
            ticket_address: script.address(self.network).to_string(),
            height: self.stake_info.height,
        })
    }
}

#[async_trait]
impl Voter for FakeVoter {
    async fn status(&self, _: Empty) -> Result<Status, Error> {
        self.called(method::STATUS).await?;
        Ok(self.with(|state| Status {
            scripts: state.registry(),
            preferences: state.preferences_status(),
            ..state.status.clone()
        }))
    }

    async fn verify_enrolment(&self, request: EnrolmentRequest) -> Result<EnrolmentProof, Error> {
        self.called(method::VERIFY_ENROLMENT).await?;
        self.with(|state| state.prove(&request))
    }

    async fn import_scripts(&self, request: ImportRequest) -> Result<ImportOutcome, Error> {
        self.called(method::IMPORT_SCRIPTS).await?;
        Ok(self.with(|state| {
            let scripts = request.scripts.into_iter().map(|script| {
                let user_id = script.user_id;
                let outcome = match state.scripts.insert(user_id.0, script) {
                    None => ScriptOutcome::Imported,
                    Some(_) => ScriptOutcome::Already,
                };
                ImportedScript { user_id, outcome }
            });
            ImportOutcome {
                scripts: scripts.collect(),
                rescan_from: None,
            }
        }))
    }

    async fn set_preferences(
        &self,
        request: PreferencesPush,
    ) -> Result<PreferencesAccepted, Error> {
        self.called(method::SET_PREFERENCES).await?;
        self.with(|state| {
            let older = |new: &Preference| {
                let held = state.preferences.get(&new.user_id.0);
                held.is_some_and(|held| held.revision > new.revision)
            };
            if !request.accept && request.preferences.iter().any(older) {
                state.status.preferences.refused = Some(OLDER.into());
                return Err(refused(code::STALE, OLDER));
            }
            // What a test has it say stays.
            if state.status.preferences.refused.as_deref() == Some(OLDER) {
                state.status.preferences.refused = None;
            }
            if request.full && request.accept {
                state.preferences.clear();
            }
            state.status.pool_id.get_or_insert(request.pool_id);
            state.status.preferences.confirmed = true;
            for preference in request.preferences {
                let UserId(user) = preference.user_id;
                state.preferences.insert(user, preference);
            }
            let status = state.preferences_status();
            Ok(PreferencesAccepted {
                revision: status.revision,
                digest: status.digest,
            })
        })
    }

    async fn tickets_since(&self, request: TicketsSince) -> Result<TicketsPage, Error> {
        self.called(method::TICKETS_SINCE).await?;
        Ok(self.with(|state| {
            let known = request.instance == Some(state.status.instance);
            let position = usize::try_from(request.sequence).expect("64 bits");
            let from = if known { position } else { 0 };
            let from = from.min(state.tickets.len());
            let to = (from + request.limit as usize).min(state.tickets.len());
            TicketsPage {
                instance: state.status.instance,
                sequence: to as u64,
                tickets: state.tickets[from..to].to_vec(),
                gone: Vec::new(),
                more: to < state.tickets.len(),
            }
        }))
    }

    async fn add_tickets(&self, request: AddTickets) -> Result<AddedTickets, Error> {
        self.called(method::ADD_TICKETS).await?;
        let tickets = request.hashes.into_iter();
        Ok(self.with(|state| AddedTickets {
            tickets: tickets.map(|hash| state.add_ticket(hash)).collect(),
        }))
    }

    async fn set_low_fee(&self, request: LowFee) -> Result<LowFeeLists, Error> {
        self.called(method::SET_LOW_FEE).await?;
        Ok(self.with(|state| state.take_low_fee(request.tickets)))
    }

    async fn stake_info(&self, _: Empty) -> Result<StakeInfo, Error> {
        self.called(method::STAKE_INFO).await?;
        Ok(self.with(|state| state.stake_info.clone()))
    }

    async fn agendas(&self, _: Empty) -> Result<Agendas, Error> {
        self.called(method::AGENDAS).await?;
        Ok(self.with(|state| state.agendas.clone()))
    }

    async fn script_registry(&self, _: Empty) -> Result<ScriptRegistry, Error> {
        self.called(method::SCRIPT_REGISTRY).await?;
        Ok(self.with(|state| state.registry()))
    }

    async fn events(&self) -> Result<mpsc::Receiver<Event>, Error> {
        self.called(method::EVENTS).await?;
        let (sender, receiver) = mpsc::channel(64);
        self.with(|state| state.listeners.push(sender));
        Ok(receiver)
    }
}

/// A fake voter that listens.
pub struct RunningVoter {
    pub fake: Arc<FakeVoter>,
    pub address: SocketAddr,
    pub pair: KeyPair,
    tasks: Tasks,
}

impl RunningVoter {
    pub async fn start(fake: Arc<FakeVoter>) -> Self {
        let pair = tls::self_signed(&["127.0.0.1".to_owned()]).expect("certificate");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("free port");
        let mut running = Self {
            fake,
            address: listener.local_addr().expect("address"),
            pair,
            tasks: Tasks::new(),
        };
        running.serve(listener);
        running
    }

    fn serve(&mut self, listener: TcpListener) {
        self.tasks = Tasks::new();
        let config = tls::server_config(&self.pair.cert_pem, &self.pair.key_pem, &server::ALPN);
        server::serve(
            listener,
            watch::channel(config.expect("own certificate")).1,
            Secret::new(TOKEN),
            self.fake.clone(),
            &self.tasks,
        );
    }

    /// The voter is away: connections end, the port is closed.
    pub async fn stop(&self) {
        self.tasks.stop_and_wait(Duration::from_secs(10)).await;
    }

    /// Back at the same address, with the same certificate.
    pub async fn start_again(&mut self) {
        let listener = TcpListener::bind(self.address).await.expect("own port");
        self.serve(listener);
    }

    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// As web's configuration would resolve it.
    pub fn peer(&self) -> VoterPeer {
        VoterPeer {
            name: self.address.to_string(),
            url: self.url().parse().expect("address"),
            cert: "voter.cert".into(),
            cert_pem: self.pair.cert_pem.clone(),
            token: Secret::new(TOKEN),
        }
    }

    /// A `[[voters]]` section, whose certificate is put beside the configuration in `folder`.
    pub fn section(&self, folder: &Path) -> String {
        let name = format!("voter-{}.cert", self.address.port());
        std::fs::write(folder.join(&name), &self.pair.cert_pem).expect("folder");
        format!(
            "[[voters]]\nurl = \"{}\"\ncert = \"{name}\"\ntoken = \"{TOKEN}\"\n",
            self.url()
        )
    }
}

impl Drop for RunningVoter {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}
