//! A voter between scripted daemons: it knows the whole life of every ticket, over reorganisations too.

use std::collections::BTreeMap;
use std::time::Duration;

use dcrstakepool::decred::ticket::Ticket;
use dcrstakepool::decred::tx::Transaction;
use dcrstakepool::decred::{Height, TicketHash};
use dcrstakepool::domain::{TicketRecord, TicketStatus};
use dcrstakepool::rpc::Voter as _;
use dcrstakepool::rpc::wire::{TicketsPage, TicketsSince};
use serde_json::{Value, json};

use super::voter_bed::{Bed, Running, own_import, own_ticket};
use super::voter_chain::{Chain, below, bought, own_script, revocation_of, vote_of};
use crate::harness::fake_daemon::Reply;

/// What the voter tells web of tickets, from the beginning.
async fn told(voter: &Running) -> TicketsPage {
    let request = TicketsSince {
        instance: None,
        sequence: 0,
        limit: 1000,
    };
    voter.service.tickets_since(request).await.unwrap()
}

type Records = BTreeMap<TicketHash, TicketRecord>;

async fn records(voter: &Running) -> Records {
    let tickets = told(voter).await.tickets.into_iter();
    tickets.map(|record| (record.hash, record)).collect()
}

async fn until_told(
    voter: &Running,
    what: &str,
    condition: impl Fn(&TicketsPage) -> bool,
) -> TicketsPage {
    for _ in 0..600 {
        let page = told(voter).await;
        if condition(&page) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never: {what}: {:#?}", told(voter).await);
}

fn status(page: &TicketsPage, hash: TicketHash) -> Option<TicketStatus> {
    let ticket = page.tickets.iter().find(|ticket| ticket.hash == hash);
    ticket.map(|ticket| ticket.status)
}

async fn at_the_tip(voter: &Running, chain: &Chain) {
    let height = chain.height();
    let there = |height| {
        move |now: &dcrstakepool::rpc::wire::Status| {
            now.best.as_ref().map(|tip| tip.height) == Some(height)
        }
    };
    voter.until("at the tip", there(height)).await;
}

/// Five blocks: a purchase, the own ticket's vote, another purchase. Then the last `depth` are replaced, and
/// later they come back.
async fn reorganised(depth: usize) {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = Chain::install(&bed.dcrd);
    let own = own_ticket();
    let (first, second) = (bought(1, own_script()), bought(2, own_script()));
    let foreign = bought(3, dcrstakepool::decred::script::PayTo::ScriptHash([9; 20]));
    for stake in [
        vec![],
        vec![first.clone(), foreign],
        vec![vote_of(&own, 483)],
        vec![second.clone()],
        vec![],
    ] {
        chain.grow(stake);
    }
    let voter = bed.start().await.unwrap();
    at_the_tip(&voter, &chain).await;
    let before = records(&voter).await;
    assert_eq!(before.len(), 3);
    assert_eq!(before[&own.hash].status, TicketStatus::Voted);
    assert_eq!(before[&own.hash].vote.as_ref().unwrap().height, Height(483));
    assert_eq!(before[&second.hash()].mined.unwrap().1, Height(484));

    let left = chain.leave(depth);
    for _ in 0..depth {
        chain.grow(vec![]);
    }
    // Unless it is mined already.
    let again = if depth > 1 {
        vec![second.clone()]
    } else {
        vec![]
    };
    chain.grow(again);
    chain.announce(&bed.dcrd);
    at_the_tip(&voter, &chain).await;
    let other = records(&voter).await;
    assert_eq!(other[&first.hash()], before[&first.hash()]);
    let vote_is_gone = depth == 3;
    let expected = if vote_is_gone {
        TicketStatus::Live
    } else {
        TicketStatus::Voted
    };
    assert_eq!(other[&own.hash].status, expected, "depth {depth}");
    assert_eq!(other[&own.hash].vote.is_none(), vote_is_gone);
    let mined = other[&second.hash()].mined.unwrap().1;
    assert_eq!(mined, Height(if depth > 1 { 486 } else { 484 }));

    chain.leave(depth + 1);
    chain.take_up(left);
    chain.grow(vec![]);
    chain.grow(vec![]);
    chain.announce(&bed.dcrd);
    at_the_tip(&voter, &chain).await;
    assert_eq!(records(&voter).await, before, "depth {depth}");
    voter.stop().await;
}

#[tokio::test]
async fn reorganisations_of_depth_one_to_three_undo_and_redo() {
    for depth in 1..=3 {
        reorganised(depth).await;
    }
}

/// Blocks come until the voter says so: each makes it look at the mempool.
async fn grow_until_told(
    bed: &Bed,
    chain: &Chain,
    voter: &Running,
    condition: impl Fn(&TicketsPage) -> bool,
) -> TicketsPage {
    for _ in 0..100 {
        chain.grow(vec![]);
        chain.announce(&bed.dcrd);
        at_the_tip(voter, chain).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        let page = told(voter).await;
        if condition(&page) {
            return page;
        }
    }
    panic!("never: {:#?}", told(voter).await);
}

#[tokio::test]
async fn a_ticket_that_vanishes_unmined_is_forgotten_until_it_is_mined() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = Chain::install(&bed.dcrd);
    chain.know_old(&bought(90, own_script()), 300);
    let waiting = bought(1, own_script());
    let hash = waiting.hash();
    chain.put_into_mempool(vec![waiting.clone()]);
    let voter = bed.start().await.unwrap();
    grow_until_told(&bed, &chain, &voter, |page| {
        status(page, hash) == Some(TicketStatus::Mempool)
    })
    .await;

    chain.put_into_mempool(vec![]);
    let page = grow_until_told(&bed, &chain, &voter, |page| page.gone.contains(&hash)).await;
    assert_eq!(status(&page, hash), None);
    let own = own_ticket().hash;
    assert_eq!(status(&page, own), Some(TicketStatus::Live));

    chain.grow(vec![waiting]);
    chain.announce(&bed.dcrd);
    let page = until_told(&voter, "mined", |page| status(page, hash).is_some()).await;
    assert_eq!(status(&page, hash), Some(TicketStatus::Immature));
    assert!(page.gone.is_empty());

    // A reorganisation leaves its block, and it does not come back to the mempool.
    chain.leave(1);
    chain.grow(vec![]);
    grow_until_told(&bed, &chain, &voter, |page| page.gone.contains(&hash)).await;
    voter.stop().await;
}

/// A ticket of long ago and how it ended.
struct Past {
    ticket: Transaction,
    mined: u32,
    end: Transaction,
    ended: u32,
}

impl Past {
    fn new(number: u8, mined: u32, end: impl Fn(&Transaction) -> Transaction, ended: u32) -> Self {
        let ticket = bought(number, own_script());
        Self {
            end: end(&ticket),
            ticket,
            mined,
            ended,
        }
    }

    fn hash(&self) -> TicketHash {
        self.ticket.hash()
    }
}

/// Voted, missed, expired, and missed lately, in a block that is still followed.
fn pasts(legacy: bool) -> [Past; 4] {
    let vote = |ticket: &Transaction| vote_of(&Ticket::parse(ticket).unwrap(), 430);
    let revoke = |ticket: &Transaction| revocation_of(ticket.hash());
    // Before DCP0009 a missed ticket was revoked when someone got round to it: after its expiry even.
    let revoked = if legacy { 470 } else { 300 };
    [
        Past::new(1, 400, vote, 430),
        Past::new(2, 60, revoke, revoked),
        Past::new(3, 61, revoke, 461),
        Past::new(4, 420, revoke, 499),
    ]
}

fn remember(bed: &Bed, chain: &Chain, pasts: &[Past; 4], legacy: bool) {
    for past in pasts {
        chain.know_old(&past.ticket, past.mined);
        if past.ended < 481 {
            chain.know_old(&past.end, past.ended);
        }
    }
    for height in 481..=500 {
        let ends = pasts.iter().filter(|past| past.ended == height);
        chain.grow(ends.map(|past| past.end.clone()).collect());
    }
    if legacy {
        let expired = json!(pasts[2].hash());
        bed.dcrd.script("existsexpiredtickets", move |params| {
            let asked = params[0].as_array().unwrap();
            let bit = |(at, ticket): (usize, &Value)| u8::from(*ticket == expired) << at;
            let bits: u8 = asked.iter().enumerate().map(bit).sum();
            Reply::Result(json!(hex::encode([bits])))
        });
    } else {
        let gone = "Method not found";
        bed.dcrd.refuse("existsexpiredtickets", -32601, gone);
    }
    let own = json!({"isvalid": true, "ismine": true});
    bed.wallet.answer("validateaddress", own);
}

async fn history(legacy: bool) {
    use TicketStatus::{Expired, Live, Missed, Voted};

    let bed = Bed::new().await;
    let chain = Chain::install(&bed.dcrd);
    let pasts = pasts(legacy);
    remember(&bed, &chain, &pasts, legacy);
    let voter = bed.start().await.unwrap();
    assert!(!voter.status().await.tickets_loaded);
    bed.let_wallet_sync_at(500);
    voter.service.import_scripts(own_import()).await.unwrap();
    voter.until("loaded", |now| now.tickets_loaded).await;
    let statuses = |page: &TicketsPage| pasts.each_ref().map(|past| status(page, past.hash()));
    let all = |statuses: [TicketStatus; 4]| statuses.map(Some);
    until_told(&voter, "how all of them ended", |page| {
        statuses(page) == all([Voted, Missed, Expired, Missed])
    })
    .await;
    let asked = bed.wallet.calls_of("ticketinfo");
    assert!(asked.is_empty(), "it makes today's wallets stand still");

    chain.leave(2);
    for _ in 0..3 {
        chain.grow(vec![]);
    }
    chain.announce(&bed.dcrd);
    at_the_tip(&voter, &chain).await;
    let page = told(&voter).await;
    assert_eq!(statuses(&page), all([Voted, Missed, Expired, Live]));
    voter.stop().await;
}

#[tokio::test]
async fn without_local_state_the_history_comes_from_the_chain() {
    history(false).await;
    history(true).await;
}

#[tokio::test]
async fn a_dcrd_that_gets_its_chain_anew_takes_nothing_back() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = Chain::install(&bed.dcrd);
    for _ in 0..3 {
        chain.grow(vec![]);
    }
    let voter = bed.start().await.unwrap();
    at_the_tip(&voter, &chain).await;
    let before = records(&voter).await;

    // It was given an empty folder.
    let best = json!({"hash": below(7), "height": 7});
    bed.dcrd.answer("getbestblock", best);
    bed.dcrd.answer(
        "getblockchaininfo",
        json!({
            "chain": "simnet", "blocks": 7, "syncheight": 483, "bestblockhash": below(7),
            "initialblockdownload": true,
        }),
    );
    bed.dcrd.answer("getrawmempool", json!([]));
    let asked = bed.dcrd.calls_of("getbestblock").len();
    bed.dcrd.drop_connections();
    bed.dcrd.wait_for_calls("getbestblock", asked + 1).await;
    voter
        .until("an alarm", |now| {
            now.alarms.iter().any(|alarm| alarm.id == "dcrd_behind")
        })
        .await;
    assert_eq!(records(&voter).await, before);

    Chain::install(&bed.dcrd);
    drop(chain);
    voter.stop().await;
}

#[tokio::test]
async fn a_state_of_another_chain_is_verified_ticket_by_ticket() {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let chain = Chain::install(&bed.dcrd);
    let kept = bought(1, own_script());
    chain.grow(vec![kept.clone()]);
    let voter = bed.start().await.unwrap();
    at_the_tip(&voter, &chain).await;
    assert_eq!(records(&voter).await.len(), 2);
    voter.stop().await;

    // Nothing of what the state knows is on the chain that dcrd has now, but for one ticket.
    let chain = Chain::install(&bed.dcrd);
    chain.start_anew();
    chain.know_old(&kept, 400);
    for _ in 0..20 {
        chain.grow(vec![]);
    }
    let voter = bed.start().await.unwrap();
    at_the_tip(&voter, &chain).await;
    let own = own_ticket().hash;
    let page = grow_until_told(&bed, &chain, &voter, |page| {
        page.gone.contains(&own) && status(page, kept.hash()) == Some(TicketStatus::Live)
    })
    .await;
    assert_eq!(page.tickets.len(), 1);
    assert_eq!(page.tickets[0].mined.unwrap().1, Height(400));
    voter.stop().await;
}
