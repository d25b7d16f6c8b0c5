//! What the voters say of themselves, over the internal RPC as web asks them.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use dcrstakepool::config::VoterPeer;
use dcrstakepool::decred::{BlockHash, TicketHash};
use dcrstakepool::rpc::client::VoterClient;
use dcrstakepool::rpc::wire::{BlockVotes, Empty, Event, SignerKind, VoteOutcome};
use dcrstakepool::rpc::{Error, Voter as _};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use tokio::runtime::Runtime;

use super::harness::configs::VOTER_TOKEN;
use super::harness::pool::Role;
use super::numbers::Samples;

/// Between two questions to a voter that is starting.
const PAUSE: Duration = Duration::from_millis(10);

#[derive(Debug, Default)]
struct Seen {
    /// By which voter each vote was first seen to be with a dcrd.
    first: HashMap<(BlockHash, TicketHash), usize>,
    recoveries: Samples,
}

#[derive(Debug)]
pub struct Watch {
    runtime: Runtime,
    tasks: Tasks,
    clients: Vec<VoterClient>,
    seen: Arc<Mutex<Seen>>,
    /// What each voter did on each block.
    blocks: HashMap<(usize, BlockHash), BlockVotes>,
    signers: BTreeMap<&'static str, usize>,
}

/// A voter that started again, and how to ask it.
struct Recovery {
    client: VoterClient,
    launched: Instant,
    seen: Arc<Mutex<Seen>>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_in(outcome: VoteOutcome) -> bool {
    matches!(outcome, VoteOutcome::Accepted | VoteOutcome::AlreadyKnown)
}

impl Watch {
    pub fn on(voters: &[Role]) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()?;
        let tasks = Tasks::new();
        let clients: Result<Vec<_>, _> = voters.iter().map(|voter| client(voter, &tasks)).collect();
        let clients = clients.map_err(std::io::Error::other)?;
        let seen = Arc::<Mutex<Seen>>::default();
        {
            let _context = runtime.enter();
            for (voter, client) in clients.iter().cloned().enumerate() {
                tasks.spawn("listen", listen(voter, client, seen.clone(), tasks.clone()));
            }
        }
        Ok(Self {
            runtime,
            tasks,
            clients,
            seen,
            blocks: HashMap::new(),
            signers: BTreeMap::new(),
        })
    }

    /// Keeps what a voter says of its last blocks; a voter that is away says nothing.
    pub fn collect(&mut self, voter: usize) {
        let Some(client) = self.clients.get(voter) else {
            return;
        };
        let Ok(status) = self.runtime.block_on(client.status(Empty {})) else {
            return;
        };
        let signer = match status.signer {
            SignerKind::Memory => "memory",
            SignerKind::Wallet => "wallet",
        };
        *self.signers.entry(signer).or_default() += 1;
        for block in status.blocks {
            self.blocks.insert((voter, block.hash), block);
        }
    }

    pub fn collect_all(&mut self) {
        for voter in 0..self.clients.len() {
            self.collect(voter);
        }
    }

    /// Takes the time until a voter that was just launched has a vote with its dcrd.
    pub fn time_recovery(&self, voter: usize) {
        let Some(client) = self.clients.get(voter).cloned() else {
            return;
        };
        let recovery = Recovery {
            client,
            launched: Instant::now(),
            seen: self.seen.clone(),
        };
        let _context = self.runtime.enter();
        self.tasks.spawn("time recovery", recovery.run());
    }

    /// Blocks from `height` on, with the voter that tells.
    pub fn blocks_from(&self, height: u32) -> impl Iterator<Item = (usize, &BlockVotes)> {
        self.blocks
            .iter()
            .filter(move |(_, block)| block.height.0 >= height && block.own_winners > 0)
            .map(|((voter, _), block)| (*voter, block))
    }

    /// Votes that each voter was the first with.
    pub fn firsts(&self) -> Vec<usize> {
        let seen = lock(&self.seen);
        let mut counts = vec![0; self.clients.len()];
        for voter in seen.first.values() {
            if let Some(count) = counts.get_mut(*voter) {
                *count += 1;
            }
        }
        counts
    }

    pub fn recoveries(&self) -> Samples {
        std::mem::take(&mut lock(&self.seen).recoveries)
    }

    /// `memory`, `wallet`, or `mixed` when they changed.
    pub fn signer(&self) -> &'static str {
        match self.signers.keys().collect::<Vec<_>>().as_slice() {
            [one] => one,
            _ => "mixed",
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.tasks.stop();
    }
}

impl Recovery {
    async fn run(self) {
        loop {
            if let Ok(status) = self.client.status(Empty {}).await {
                let mut votes = status.blocks.iter().flat_map(|block| &block.votes);
                if votes.any(|vote| is_in(vote.outcome)) {
                    let micros = self.launched.elapsed().as_micros();
                    let micros = micros.try_into().unwrap_or(u64::MAX);
                    return lock(&self.seen).recoveries.add(micros);
                }
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

fn client(voter: &Role, tasks: &Tasks) -> Result<VoterClient, String> {
    let cert = voter.folder().join("voter.cert");
    let url = format!("https://127.0.0.1:{}/", voter.port());
    let peer = VoterPeer {
        name: format!("127.0.0.1:{}", voter.port()),
        url: url.parse().map_err(|_| format!("{url} is no URL"))?,
        cert_pem: std::fs::read_to_string(&cert).map_err(|error| error.to_string())?,
        cert,
        token: Secret::new(VOTER_TOKEN),
    };
    VoterClient::new(&peer, tasks).map_err(|error: Error| error.to_string())
}

/// Hears of every vote of one voter, over its restarts.
async fn listen(voter: usize, client: VoterClient, seen: Arc<Mutex<Seen>>, tasks: Tasks) {
    while !tasks.is_stopping() {
        if let Ok(mut events) = client.events().await {
            while let Some(event) = events.recv().await {
                if let Event::Vote { block, report } = event
                    && is_in(report.outcome)
                {
                    let vote = (block, report.ticket);
                    lock(&seen).first.entry(vote).or_insert(voter);
                }
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}
