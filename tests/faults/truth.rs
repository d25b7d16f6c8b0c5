//! What became of every ticket: as the chain has it, read anew from a node, and as voters and web tell it.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::json;

use dcrstakepool::db::{Access, Options, Store, TicketFilter};
use dcrstakepool::decred::block::Block;
use dcrstakepool::decred::vote::ParsedVote;
use dcrstakepool::decred::{BlockHash, Height, Ticket, TicketHash, TxHash, VoteBits};
use dcrstakepool::decred::{revocation, ticket};
use dcrstakepool::domain::{InstanceId, TicketRecord, TicketStatus, UserId};
use dcrstakepool::rpc::method::TICKETS_SINCE;
use dcrstakepool::rpc::wire::{PATH, TicketsPage, TicketsSince};
use dcrstakepool::secret::Secret;

use crate::harness::dcrd::Dcrd;
use crate::harness::http;
use crate::harness::pool::Role;
use crate::harness::wait;

use super::stage::Stage;

/// Of simnet: blocks from the mined ticket to its last chance.
const LIFE: u32 = 16 + 384;

const LIMIT: Duration = Duration::from_secs(10);

/// What all must say alike of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fate {
    pub status: TicketStatus,
    pub mined: Option<(BlockHash, Height)>,
    /// Its vote, and the block that holds it.
    pub vote: Option<(TxHash, BlockHash, Height, VoteBits)>,
    pub revocation: Option<TxHash>,
}

pub type Fates = BTreeMap<TicketHash, Fate>;

/// From the first block to the tip, and what waits to be mined.
pub fn of_chain(node: &Dcrd) -> Fates {
    let live: serde_json::Value = node.rpc().get("livetickets", &json!([]));
    let live: HashSet<TicketHash> = live["tickets"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|hash| hash.as_str().expect("a hash").parse().expect("a hash"))
        .collect();
    let mut fates = Fates::new();
    for height in 0..=node.height() {
        apply(&mut fates, node, height);
    }
    for (hash, fate) in &mut fates {
        if fate.status == TicketStatus::Immature && live.contains(hash) {
            fate.status = TicketStatus::Live;
        }
    }
    let waiting: Vec<TicketHash> = node.rpc().get("getrawmempool", &json!([false, "tickets"]));
    for hash in waiting {
        fates.entry(hash).or_insert(Fate {
            status: TicketStatus::Mempool,
            mined: None,
            vote: None,
            revocation: None,
        });
    }
    fates
}

fn apply(fates: &mut Fates, node: &Dcrd, height: u32) {
    let hash: BlockHash = node.rpc().get("getblockhash", &json!([height]));
    let hex: String = node.rpc().get("getblock", &json!([hash, false]));
    let block = Block::from_hex(&hex).expect("a block");
    let at = Height(height);
    for tx in &block.stake {
        if ticket::is_ticket(tx) {
            let ticket = Ticket::parse(tx).expect("a mined ticket is one");
            let fate = Fate {
                status: TicketStatus::Immature,
                mined: Some((hash, at)),
                vote: None,
                revocation: None,
            };
            fates.insert(ticket.hash, fate);
        } else if let Ok(vote) = ParsedVote::parse(tx) {
            let fate = fates.get_mut(&vote.ticket).expect("it was mined before");
            fate.status = TicketStatus::Voted;
            fate.vote = Some((vote.hash, hash, at, vote.bits));
        } else if let Ok(revocation) = revocation::parse(tx) {
            let ticket = revocation.ticket;
            let fate = fates.get_mut(&ticket).expect("it was mined before");
            let mined = fate.mined.map_or(0, |(_, height)| height.0);
            fate.status = if height >= mined + LIFE {
                TicketStatus::Expired
            } else {
                TicketStatus::Missed
            };
            fate.revocation = Some(revocation.hash);
        }
    }
}

fn told(record: TicketRecord) -> (TicketHash, Fate) {
    let fate = Fate {
        status: record.status,
        mined: record.mined,
        vote: record
            .vote
            .map(|vote| (vote.hash, vote.block, vote.height, vote.bits)),
        revocation: record.revocation,
    };
    (record.hash, fate)
}

/// From the voter, as web reads them.
pub fn of_voter(voter: &Role) -> Result<Fates, String> {
    let mut fates = Fates::new();
    let (mut instance, mut sequence): (Option<InstanceId>, u64) = (None, 0);
    loop {
        let page = tickets_since(
            voter,
            &TicketsSince {
                instance,
                sequence,
                limit: 5000,
            },
        )?;
        (instance, sequence) = (Some(page.instance), page.sequence);
        fates.extend(page.tickets.into_iter().map(told));
        if !page.more {
            return Ok(fates);
        }
    }
}

fn tickets_since(voter: &Role, request: &TicketsSince) -> Result<TicketsPage, String> {
    let (endpoint, path) = (voter.endpoint(), format!("{PATH}{TICKETS_SINCE}"));
    let body = serde_json::to_string(request).expect("a request");
    let answer = http::post_secure(
        endpoint.port,
        &endpoint.cert,
        &path,
        &voter.token(),
        &body,
        LIMIT,
    );
    let answer = answer.map_err(|error| error.to_string())?;
    serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))
}

/// From web's database.
pub fn of_web(stage: &Stage) -> Fates {
    let url = Secret::new(stage.database_url.clone());
    let options = Options::new(url, 1, Access::Guest);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let users = i64::try_from(stage.world.users.len()).expect("few users") + 1;
    runtime.block_on(async {
        let store = Store::connect(options).await.expect("the database answers");
        let mut fates = Fates::new();
        for user in 1..=users {
            let tickets = store
                .tickets_of(UserId(user), TicketFilter::default(), 0, 10_000)
                .await;
            fates.extend(tickets.expect("tickets can be read").into_iter().map(told));
        }
        fates
    })
}

/// Every voter and web tell exactly what the chain does. The chain must stand still meanwhile.
pub fn is_told_by_all(stage: &Stage) {
    for voter in 0..stage.world.pool.voters.len() {
        is_told_by_voter(stage, voter);
    }
    is_told_by_web(stage);
}

/// Web tells exactly what the chain does.
pub fn is_told_by_web(stage: &Stage) {
    let node = stage.world.node();
    wait::until("web's tickets to be the chain's", || {
        compare(&of_chain(node), &of_web(stage))
    });
}

/// A voter tells exactly what the chain does.
pub fn is_told_by_voter(stage: &Stage, voter: usize) {
    let role = &stage.world.pool.voters[voter];
    let what = format!("voter {}'s tickets to be the chain's", voter + 1);
    wait::until(&what, || {
        compare(&of_chain(stage.world.node()), &of_voter(role)?)
    });
}

/// The voting wallet has every ticket of the chain.
pub fn is_known_by_wallet(stage: &Stage, node: usize) {
    let wallet = &stage.world.simnet.voting_wallets[node];
    wait::until("the wallet to know all tickets", || {
        // It may have been started anew since it was asked last.
        let rpc = wallet.rpc();
        let all = of_chain(stage.world.node());
        let unknown = all
            .keys()
            .find_map(|hash| rpc.call("gettransaction", &json!([hash])).err());
        unknown.map_or(Ok(()), |error| Err(error.to_string()))
    });
}

fn compare(chain: &Fates, told: &Fates) -> Result<(), String> {
    if chain == told {
        return Ok(());
    }
    let hashes: HashSet<_> = chain.keys().chain(told.keys()).collect();
    let mut differing: Vec<_> = hashes
        .into_iter()
        .filter(|hash| chain.get(*hash) != told.get(*hash))
        .collect();
    differing.sort();
    let mut text = format!("{} of {} tickets differ", differing.len(), chain.len());
    for hash in differing.into_iter().take(3) {
        let _ = write!(
            text,
            "\n{hash}\n  chain {:?}\n  told  {:?}",
            chain.get(hash),
            told.get(hash)
        );
    }
    Err(text)
}

/// How many tickets have this status.
pub fn count(fates: &Fates, status: TicketStatus) -> usize {
    fates.values().filter(|fate| fate.status == status).count()
}
