//! What a story claims in the end, each checked against the chain.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use dcrstakepool::db::{Access, Options, Store, TicketFilter};
use dcrstakepool::decred::{TicketHash, TxHash};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, UserId};
use dcrstakepool::secret::Secret;

use crate::harness::user::User;
use crate::harness::wait;
use crate::harness::world::World;

/// The version of votes that the voting wallets make.
pub fn vote_version(world: &World) -> u64 {
    let info: Value = world.simnet.voting_wallets[0]
        .rpc()
        .get("walletinfo", &json!([]));
    info["voteversion"].as_u64().expect("walletinfo says it")
}

/// The bits of one choice of the first agenda, with the bit that approves the block before.
pub fn bits_of_choice(world: &World, choice: &str) -> u16 {
    let version = vote_version(world);
    let info: Value = world.node().rpc().get("getvoteinfo", &json!([version]));
    let choices = info["agendas"][0]["choices"]
        .as_array()
        .expect("there is an agenda");
    let found = choices.iter().find(|known| known["id"] == choice);
    let bits = found
        .and_then(|known| known["bits"].as_u64())
        .expect("a choice of that name");
    1 | u16::try_from(bits).expect("sixteen bits")
}

/// Every mined vote of the user's tickets carries these bits and the wallets' version.
pub fn votes_carry(world: &World, user: &User, bits: u16) {
    let version = vote_version(world);
    let address = user.purchase_info().ticket_address;
    let mut count = 0;
    for (height, vote) in world.ledger.votes_of(&address) {
        assert_eq!(vote.bits.0, bits, "{} in block {height}", vote.hash);
        assert_eq!(
            u64::from(vote.version.0),
            version,
            "{} in block {height}",
            vote.hash
        );
        count += 1;
    }
    assert!(count > 0, "no vote of {} in the chain", user.email);
}

type Tickets = BTreeMap<TicketHash, Option<TxHash>>;

/// The user's tickets, each with its mined vote, as the chain has them.
fn on_chain(world: &World, user: &User) -> Tickets {
    let address = user.purchase_info().ticket_address;
    let votes = world.ledger.votes_of(&address);
    let spent: BTreeMap<_, _> = votes.map(|(_, vote)| (vote.ticket, vote.hash)).collect();
    let own = world
        .ledger
        .tickets
        .iter()
        .filter(|(_, own)| **own == address);
    own.map(|(hash, _)| (*hash, spent.get(hash).copied()))
        .collect()
}

/// Database and site show exactly the tickets of the chain, which of them voted, and no fee too low.
pub fn tickets_agree(world: &mut World, database_url: &str) {
    world.ledger.read(world.simnet.node());
    let chain: Vec<_> = world
        .users
        .iter()
        .map(|user| on_chain(world, user))
        .collect();
    for (number, tickets) in (1..).zip(&chain) {
        wait::until("the database to have the chain's tickets", || {
            let stored = stored_tickets(database_url, UserId(number));
            let low = stored
                .iter()
                .find(|ticket| ticket.verdict == FeeVerdict::Low);
            assert!(low.is_none(), "every ticket paid the fee, but {low:?}");
            let stored: Tickets = stored
                .into_iter()
                .map(|ticket| (ticket.hash, ticket.vote.map(|vote| vote.hash)))
                .collect();
            if stored == *tickets {
                return Ok(());
            }
            let votes = |tickets: &Tickets| tickets.values().flatten().count();
            Err(format!(
                "user {number}: {} tickets and {} votes of {} and {}",
                stored.len(),
                votes(&stored),
                tickets.len(),
                votes(tickets)
            ))
        });
    }
    for (user, tickets) in world.users.iter_mut().zip(&chain) {
        let pages = user.ticket_pages();
        for hash in tickets.keys() {
            assert!(
                pages.contains(&hash.to_string()),
                "/tickets of {} lacks {hash}",
                user.email
            );
        }
    }
}

/// The user's, as the database has them.
pub fn stored_tickets(database_url: &str, user: UserId) -> Vec<TicketRecord> {
    let options = Options::new(Secret::new(database_url.to_owned()), 1, Access::Guest);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::connect(options).await.expect("the database answers");
        store
            .tickets_of(user, TicketFilter::default(), 0, 10_000)
            .await
            .expect("tickets can be read")
    })
}

/// The public numbers agree with the chain.
pub fn stats_agree(world: &World) {
    let voted = world.ledger.vote_count() as u64;
    wait::until("the public numbers", || {
        let stats = world.users[0].stats();
        if stats["Voted"].as_u64() == Some(voted) && stats["Missed"].as_u64() == Some(0) {
            return Ok(());
        }
        Err(format!("{voted} votes in the chain, stats say {stats}"))
    });
}
