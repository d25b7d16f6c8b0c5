//! Tickets without a fee on today's daemons: ignored, added by a command, voted by every voter, also by
//! voters that were killed and start while web is away.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use dcrstakepool::clock::Clock;
use dcrstakepool::db::{Access, Options, Store};
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::ticket::{self, Commitment, TicketInput};
use dcrstakepool::decred::tx::{OutPoint, Tree};
use dcrstakepool::decred::{Atoms, Network, PayTo, TicketHash, TxHash};
use dcrstakepool::secret::Secret;

use crate::harness::pair::Pair;
use crate::harness::program;
use crate::harness::wait;
use crate::harness::world::World;

/// Bought without a fee, half of which are added by hash while immature, half as all when live.
const CHEAP: usize = 16;
/// More than enough for what the network takes.
const NETWORK_FEE: Atoms = Atoms(30_000);

#[test]
fn tickets_without_a_fee_are_voted_once_they_are_added() {
    let mut url = String::new();
    let mut world = World::open(Pair::Current, "lowfee", 2, |folder| {
        url = format!("sqlite://{}", folder.join("pool.db").display());
        url.clone()
    });
    world.user_joins("ada").submit_address_by_page();
    // Of one user alone the chain could run out of tickets.
    world.user_joins("ben").submit_address_by_api();
    let cheap = buy_without_fee(&mut world);
    shown(
        &mut world,
        "<span class=\"badge bad\">Low fee</span>",
        CHEAP,
    );
    let (early, late) = cheap.split_at(CHEAP / 2);
    added(
        &world,
        early,
        &early.iter().map(String::as_str).collect::<Vec<_>>(),
    );

    world.advance_to(140);
    added(&world, late, &["--all"]);
    shown(
        &mut world,
        "<span class=\"badge info\">Low fee, added</span>",
        CHEAP,
    );
    world.advance_to(150);

    world.pool.web.stop();
    for voter in &mut world.pool.voters {
        voter.kill();
        voter.start_again();
    }
    let restarted = world.height();
    for _ in 0..8 {
        world.mine_one();
    }
    world.pool.web.start_again();

    let cheap: BTreeSet<TicketHash> = cheap
        .iter()
        .map(|hash| hash.parse().expect("a hash"))
        .collect();
    while votes_of(&world, &cheap, restarted) < 3 {
        assert!(world.height() < 260, "the added tickets are never called");
        world.advance_to(world.height() + 1);
    }
    world.advance_to(world.height() + 8);
    world.assert_nothing_missed();
    voted_ones_leave_the_list(&mut world, &url, &cheap);
}

#[derive(Debug, Deserialize)]
struct Coin {
    txid: TxHash,
    vout: u32,
    tree: i8,
    address: String,
    amount: f64,
}

/// Tickets for the user's ticket address that commit nothing to the pool.
fn buy_without_fee(world: &mut World) -> Vec<String> {
    let user = &world.users[0];
    user.wallet.wait_for_height(world.height());
    let difficulty: Value = world.node().rpc().get("getstakedifficulty", &json!([]));
    // The price may rise until they are mined.
    let price = Atoms::from_dcr(difficulty["next"].as_f64().expect("a price") * 2.0);
    let price = price.expect("an amount");
    let coin = Atoms(price.0 + NETWORK_FEE.0);
    let fresh = || (user.wallet.new_address(), coin.to_dcr());
    let amounts: BTreeMap<String, f64> = std::iter::repeat_with(fresh).take(CHEAP).collect();
    assert_eq!(amounts.len(), CHEAP);
    user.wallet.pay(&amounts);
    let coins = wait::until("the coins to be mined", || {
        world.simnet.mine(1);
        // Of none it says null.
        let coins: Option<Vec<Coin>> = user.wallet.rpc().get("listunspent", &json!([1]));
        let coins = coins
            .into_iter()
            .flatten()
            .filter(|coin| amounts.contains_key(&coin.address));
        let coins: Vec<Coin> = coins.collect();
        if coins.len() == CHEAP {
            Ok(coins)
        } else {
            Err(format!("{} are there", coins.len()))
        }
    });
    let info = user.purchase_info();
    let bought: Vec<String> = coins
        .iter()
        .map(|coin| buy(world, coin, price, &info.ticket_address))
        .collect();
    world.mine_until_mined(&bought);
    bought
}

fn buy(world: &World, coin: &Coin, price: Atoms, ticket_address: &str) -> String {
    let pays_to = |address: &str| {
        let address = Address::decode_for(Network::Simnet, address).expect("an address");
        address.pay_to().expect("it can be paid to")
    };
    let value = Atoms::from_dcr(coin.amount).expect("an amount");
    let input = TicketInput {
        spends: OutPoint {
            hash: coin.txid,
            index: coin.vout,
            tree: Tree(coin.tree),
        },
        value,
        commitment: Commitment {
            to: pays_to(&coin.address),
            amount: value,
            fee_limits: 0,
        },
        change_to: PayTo::PubKeyHash([0; 20]),
        change: Atoms(0),
    };
    let ticket = ticket::build(pays_to(ticket_address), price, &[input]).expect("a ticket");
    let user = &world.users[0];
    let signed: Value = user
        .wallet
        .rpc()
        .get("signrawtransaction", &json!([ticket.to_hex()]));
    assert_eq!(signed["complete"], true, "{signed}");
    world
        .node()
        .rpc()
        .get("sendrawtransaction", &json!([signed["hex"]]))
}

/// Waits until the user's page has this badge so many times.
fn shown(world: &mut World, badge: &str, times: usize) {
    let user = &mut world.users[0];
    wait::until(&format!("{times} of {badge}"), || {
        let seen = user.ticket_pages().matches(badge).count();
        if seen == times {
            Ok(())
        } else {
            Err(format!("{seen}"))
        }
    });
}

/// The command adds exactly these tickets, and every voter votes them.
fn added(world: &World, tickets: &[String], arguments: &[&str]) {
    let folder = world.pool.web.folder();
    let mut command = program::command(&["add-invalid-tickets", "--json", "--config"]);
    command
        .arg(folder.join("dcrstakepool.toml"))
        .args(arguments)
        .current_dir(folder);
    let output = program::finish(&mut command);
    assert!(output.status.success(), "{output:#?}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("one object");
    let said = report["tickets"].as_array().expect("tickets");
    let hashes: BTreeSet<_> = said.iter().filter_map(|it| it["hash"].as_str()).collect();
    assert_eq!(hashes, tickets.iter().map(String::as_str).collect());
    for ticket in said {
        assert_eq!(ticket["result"], "added", "{report}");
        let voters = ticket["voters"].as_array().expect("voters");
        assert_eq!(voters.len(), world.pool.voters.len());
        assert!(
            voters.iter().all(|voter| voter["result"] == "votes"),
            "{report}"
        );
    }
}

/// Mined above a height.
fn votes_of(world: &World, tickets: &BTreeSet<TicketHash>, above: u32) -> usize {
    let votes = world.ledger.votes.range(above + 1..);
    let votes = votes.flat_map(|(_, votes)| votes);
    votes.filter(|vote| tickets.contains(&vote.ticket)).count()
}

/// What voted at least six blocks ago is not in force any more, all else is; both are shown as added.
fn voted_ones_leave_the_list(world: &mut World, url: &str, cheap: &BTreeSet<TicketHash>) {
    let deep = world.height() - 5;
    let blocks = world.ledger.votes.range(..=deep);
    let voted: BTreeSet<_> = blocks
        .flat_map(|(_, votes)| votes)
        .map(|vote| vote.ticket)
        .collect();
    let expected: BTreeSet<_> = cheap.difference(&voted).copied().collect();
    assert!(expected.len() < cheap.len());
    wait::until("voted tickets to leave the list", || {
        let listed = in_force(url);
        if listed == expected {
            Ok(())
        } else {
            Err(format!("{} of {}", listed.len(), expected.len()))
        }
    });
    shown(
        world,
        "<span class=\"badge info\">Low fee, added</span>",
        cheap.len(),
    );
}

fn in_force(url: &str) -> BTreeSet<TicketHash> {
    let options = Options::new(Secret::new(url.to_owned()), 1, Access::Guest);
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async {
        let store = Store::connect(options).await.expect("the database answers");
        let list = store.low_fee_in_force(Clock::system().unix_seconds()).await;
        let list = list.expect("the list can be read");
        list.iter().map(|ticket| ticket.ticket_hash).collect()
    })
}
