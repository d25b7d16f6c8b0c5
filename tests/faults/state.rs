//! The voter's state on disk under kill -9, at any moment. The real program, between scripted daemons, is
//! kept busy with scripts, preferences and blocks; what it acknowledged must be there afterwards.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use dcrstakepool::config::VoterPeer;
use dcrstakepool::decred::fee::FeeSchedule;
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::{Height, Network, PrivateKey, RedeemScript, VoteBits, VoteVersion};
use dcrstakepool::domain::{InstanceId, KeyIndex, PoolId, Preference, Revision, UserId};
use dcrstakepool::rpc::client::VoterClient;
use dcrstakepool::rpc::wire::{Empty, ImportRequest, PreferencesPush, ScriptImport};
use dcrstakepool::rpc::{Error, Voter as _};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::voter::disk::{Disk, Kind};
use dcrstakepool::voter::fees::Judge;
use dcrstakepool::voter::snapshot;
use dcrstakepool::voter::state::State;
use uuid::Uuid;

use super::scripted_chain::ScriptedChain;
use crate::harness::http;
use crate::harness::port::free_port;
use crate::harness::process::Process;
use crate::harness::program;
use crate::harness::wait;
use crate::pure::fuzz::random::Random;
use crate::web::voter_bed::{Bed, POOL, TOKEN, vector};

/// Scripts are registered from here on: each voter's wallet must be rescanned for them.
const REGISTERED: Height = Height(402);

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_killed_twenty_times_has_all_that_it_acknowledged() {
    killed(20).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "ten minutes: scripts/test faults --all"]
async fn a_voter_killed_two_hundred_times_has_all_that_it_acknowledged() {
    killed(200).await;
}

#[tokio::test]
async fn preferences_are_on_disk_before_they_are_acknowledged() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    let push = PreferencesPush {
        pool_id: POOL,
        full: false,
        preferences: vec![preference(4, 3, 2)],
        accept: false,
    };
    voter.service.set_preferences(push).await.unwrap();
    let disk = Disk::look(&bed.folder.path().join("data"), Network::Simnet);
    let loaded = disk.load::<Vec<Preference>>(Kind::Preferences);
    let whole = loaded.content.map(|(_, held)| held);
    let held: Vec<_> = whole.into_iter().chain(loaded.added).flatten().collect();
    assert_eq!(held.last(), Some(&preference(4, 3, 2)));
    voter.stop().await;
}

#[tokio::test]
async fn after_an_operator_accepted_another_pools_id_nothing_on_disk_is_passed_over() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let voter = bed.start().await.unwrap();
    let push = PreferencesPush {
        pool_id: PoolId(Uuid::from_u128(8)),
        full: true,
        preferences: vec![preference(4, 3, 1)],
        accept: true,
    };
    voter.service.set_preferences(push).await.unwrap();
    voter.stop().await;
    let state = read_back(&bed, "after the push");
    assert_eq!(state.tickets.len(), 1);
    assert_eq!(state.scripts.summary().count, 1);
}

/// What a voter left, by the program's own code.
fn read_back(bed: &Bed, when: &str) -> State {
    let params = Network::Simnet.params();
    let judge = Judge::new(params, FeeSchedule::flat(7.5).unwrap());
    let mut state = State::new(params, InstanceId(Uuid::from_u128(1)), judge);
    let disk = Disk::open(&bed.folder.path().join("data"), Network::Simnet).unwrap();
    let warnings = snapshot::restore(&mut state, &disk);
    assert!(warnings.is_empty(), "{when}: {warnings:?}");
    state
}

fn preference(user: i64, bits: u16, revision: i64) -> Preference {
    Preference {
        user_id: UserId(user),
        ticket_address: vector("/children/1/ticket_address"),
        version: VoteVersion(12),
        bits: VoteBits(bits),
        revision: Revision(revision),
    }
}

async fn killed(times: u32) {
    let seed = std::env::var("STATE_SEED").ok();
    let seed = seed.map_or_else(
        || Uuid::new_v4().as_u64_pair().0,
        |text| text.parse().expect("STATE_SEED is a number"),
    );
    println!("STATE_SEED={seed} repeats the choices of this run");
    let mut random = Random::new(seed);
    let mut story = Story::begin().await;
    story.first_life();
    let mut cut_writes = 0;
    for life in 1..=times {
        let mut voter = story.start();
        let while_starting = random.below(5) == 0;
        let delay = millis_below(4_000, &mut random);
        if while_starting {
            tokio::time::sleep(delay).await;
            voter.kill();
        } else {
            story.wait_ready(&mut voter);
            story
                .keep_busy_and_kill(&mut voter, delay, &mut random)
                .await;
        }
        cut_writes += story.cut_writes();
        story.check(&format!("life {life}, seed {seed}"));
    }
    story.ends_well(times, cut_writes).await;
}

/// What was asked of the voter and what it acknowledged.
#[derive(Debug, Default)]
struct Promises {
    /// Of users from 1 up, acknowledged.
    scripts: Vec<RedeemScript>,
    sent: HashMap<UserId, Vec<Preference>>,
    accepted: HashMap<UserId, Preference>,
    revision: i64,
}

struct Story {
    bed: Bed,
    chain: ScriptedChain,
    configuration: std::path::PathBuf,
    port: u16,
    tasks: Tasks,
    promises: Mutex<Promises>,
    /// What was read back at most, so that the test cannot pass on nothing.
    furthest: Height,
    tickets_seen: usize,
}

impl Story {
    async fn begin() -> Self {
        let bed = Bed::new().await;
        let chain = ScriptedChain::on(&bed.dcrd);
        let configuration = bed.configuration();
        let port = free_port();
        let text = std::fs::read_to_string(&configuration).unwrap();
        let (open, fixed) = ("127.0.0.1:0\"", format!("127.0.0.1:{port}\""));
        assert!(text.contains(open));
        std::fs::write(&configuration, text.replace(open, &fixed)).unwrap();
        Self {
            bed,
            chain,
            configuration,
            port,
            tasks: Tasks::new(),
            promises: Mutex::default(),
            furthest: Height(0),
            tickets_seen: 0,
        }
    }

    /// Until the chain's first blocks are on disk: all tickets come after them.
    fn first_life(&self) {
        let mut voter = self.start();
        self.wait_ready(&mut voter);
        let file = self.bed.folder.path().join("data/tickets.state");
        wait::until("the first blocks to be on disk", || {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            let tip = self.chain.tip().to_string();
            if text.contains(&tip) {
                return Ok(());
            }
            Err(format!("{tip} is not in it"))
        });
        voter.kill();
    }

    fn start(&self) -> Process {
        let mut command = program::command(&["voter", "--config"]);
        command.arg(&self.configuration);
        Process::start("voter", &command, &self.bed.folder.path().join("voter.log"))
    }

    fn wait_ready(&self, voter: &mut Process) {
        let cert = self.bed.folder.path().join("voter.cert");
        voter.ready(|| match http::get_secure(self.port, &cert, "/healthz") {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(answer.body),
            Err(error) => Err(error.to_string()),
        });
    }

    fn client(&self) -> VoterClient {
        let cert = self.bed.folder.path().join("voter.cert");
        let peer = VoterPeer {
            name: format!("127.0.0.1:{}", self.port),
            url: format!("https://127.0.0.1:{}/", self.port).parse().unwrap(),
            cert_pem: std::fs::read_to_string(&cert).unwrap(),
            cert,
            token: Secret::new(TOKEN),
        };
        VoterClient::new(&peer, &self.tasks).unwrap()
    }

    /// Everything at once until the kill, and what was answered until then counts.
    async fn keep_busy_and_kill(&self, voter: &mut Process, delay: Duration, random: &mut Random) {
        let client = self.client();
        let dead = AtomicBool::new(false);
        let mut choices = [0; 2].map(|_| Random::new(random.next()));
        let [for_preferences, for_blocks] = &mut choices;
        tokio::join!(
            self.register(&client, &dead),
            self.prefer(&client, &dead, for_preferences),
            self.mine(&dead, for_blocks),
            async {
                tokio::time::sleep(delay).await;
                voter.kill();
                dead.store(true, Ordering::SeqCst);
            }
        );
    }

    async fn register(&self, client: &VoterClient, dead: &AtomicBool) {
        let extended = ExtendedPubKey::parse(Network::Simnet, &vector("/account_public")).unwrap();
        let branch = extended.external_branch().unwrap();
        while !dead.load(Ordering::SeqCst) {
            let registered = self.promises.lock().unwrap().scripts.len();
            let users: Vec<u32> = (1..3)
                .map(|n| n + u32::try_from(registered).unwrap())
                .collect();
            let scripts = users.iter().map(|user| {
                let mut key = [1; 32];
                key[28..].copy_from_slice(&user.to_be_bytes());
                let own = PrivateKey::from_bytes(&key).unwrap().public_key();
                RedeemScript::new(&branch.key(*user).unwrap(), &own)
            });
            let scripts: Vec<_> = scripts.collect();
            let imports = users
                .iter()
                .zip(&scripts)
                .map(|(user, script)| ScriptImport {
                    user_id: UserId((*user).into()),
                    key_index: KeyIndex(*user),
                    redeem_script: script.to_hex(),
                    height_registered: REGISTERED,
                });
            let request = ImportRequest {
                pool_id: POOL,
                scripts: imports.collect(),
            };
            if answered(client.import_scripts(request).await) {
                self.promises.lock().unwrap().scripts.extend(scripts);
            }
        }
    }

    async fn prefer(&self, client: &VoterClient, dead: &AtomicBool, random: &mut Random) {
        while !dead.load(Ordering::SeqCst) {
            let preferences: Vec<_> = {
                let mut promises = self.promises.lock().unwrap();
                let first = random.below(promises.scripts.len() + 2);
                let users = first..first + 1 + random.below(3);
                let chosen = users.map(|user| {
                    let user = i64::try_from(user).unwrap();
                    promises.revision += 1;
                    let bits = u16::try_from(promises.revision % 4).unwrap();
                    let chosen = preference(user, bits, promises.revision);
                    promises
                        .sent
                        .entry(chosen.user_id)
                        .or_default()
                        .push(chosen.clone());
                    chosen
                });
                chosen.collect()
            };
            let push = PreferencesPush {
                pool_id: POOL,
                full: false,
                preferences: preferences.clone(),
                accept: false,
            };
            if answered(client.set_preferences(push).await) {
                let accepted = preferences.into_iter().map(|held| (held.user_id, held));
                self.promises.lock().unwrap().accepted.extend(accepted);
            }
        }
    }

    async fn mine(&self, dead: &AtomicBool, random: &mut Random) {
        while !dead.load(Ordering::SeqCst) {
            let owners: Vec<_> = {
                let promises = self.promises.lock().unwrap();
                let all = promises.scripts.len();
                let picked = (0..random.below(3)).filter(|_| all > 0);
                picked
                    .map(|_| promises.scripts[random.below(all)])
                    .collect()
            };
            if random.below(8) == 0 {
                self.chain.reorganise(1 + random.below(3));
            }
            let header = self.chain.mine(&owners);
            self.bed
                .dcrd
                .notify("blockconnected", &serde_json::json!([header, []]));
            tokio::time::sleep(millis_below(80, random)).await;
        }
    }

    /// Writes that the kill cut: a file that was not renamed yet.
    fn cut_writes(&self) -> usize {
        let entries = std::fs::read_dir(self.bed.folder.path().join("data"));
        let names = entries
            .into_iter()
            .flatten()
            .map(|it| it.unwrap().file_name());
        names
            .filter(|name| name.to_string_lossy().ends_with(".new"))
            .count()
    }

    /// What the killed voter left has all that it promised.
    fn check(&mut self, when: &str) {
        let state = read_back(&self.bed, when);
        let promises = self.promises.lock().unwrap();
        for script in &promises.scripts {
            let held = state.scripts.get(&script.hash160());
            assert!(held.is_some(), "{when}: a registered script is lost");
        }
        if !promises.scripts.is_empty() {
            let mark = state.rescan.map(|rescan| rescan.from);
            assert_eq!(mark, Some(REGISTERED), "{when}: the wallet's rescan");
        }
        for (user, accepted) in &promises.accepted {
            let held = state.preferences.of(*user);
            let held = held.unwrap_or_else(|| panic!("{when}: user {user} has no preference"));
            assert!(
                held.revision >= accepted.revision,
                "{when}: user {user} is back at {held:?} after {accepted:?}"
            );
            assert!(promises.sent[user].contains(held), "{when}: {held:?}");
        }
        if let Some((tip, height)) = state.chain.tip() {
            assert!(self.chain.knows(tip), "{when}: {tip} was never a block");
            let below = self.chain.tickets_up_to(tip);
            for ticket in &below {
                let entry = state.tickets.get(ticket);
                let mined = entry.and_then(|entry| entry.mined);
                let (mined, _) = mined.unwrap_or_else(|| panic!("{when}: {ticket} is lost"));
                // Of siblings, dcrd may have told the later one already.
                assert!(
                    self.chain.holds(mined, *ticket),
                    "{when}: {ticket} in {mined}"
                );
            }
            self.furthest = self.furthest.max(height);
            self.tickets_seen = self.tickets_seen.max(below.len());
        }
    }

    /// Once more, and stopped as usual: then the disk has all.
    async fn ends_well(mut self, kills: u32, cut_writes: usize) {
        let mut voter = self.start();
        self.wait_ready(&mut voter);
        let status = self.client().status(Empty {}).await.unwrap();
        let ids: Vec<_> = status.alarms.iter().map(|alarm| alarm.id.clone()).collect();
        assert!(!ids.iter().any(|id| id.starts_with("state_")), "{ids:?}");
        let (scripts, preferences) = {
            let promises = self.promises.lock().unwrap();
            (promises.scripts.len(), promises.accepted.len())
        };
        assert!(status.scripts.count >= scripts as u64);
        assert!(status.preferences.count >= preferences as u64);
        voter.signal("TERM");
        assert!(voter.wait().success(), "{}", voter.tail());
        self.check("after all");
        println!(
            "measured: {kills} kills, {cut_writes} writes cut, {scripts} scripts and preferences of \
             {preferences} users acknowledged, {} of {} blocks and {} tickets read back",
            self.furthest,
            self.chain.height(),
            self.tickets_seen
        );
        assert!(scripts > 0 && preferences > 0 && self.tickets_seen > 0);
    }
}

fn millis_below(end: u64, random: &mut Random) -> Duration {
    Duration::from_millis(random.next() % end)
}

/// False: no answer came. A refusal is a failure of the test.
fn answered<T: std::fmt::Debug>(answer: Result<T, Error>) -> bool {
    match answer {
        Ok(_) => true,
        Err(Error::Unavailable { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}
