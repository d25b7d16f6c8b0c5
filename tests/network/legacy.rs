//! A pool on the last daemons whose wallet buys pool tickets by itself, with SQLite.

use serde_json::json;

use crate::harness::pair::Pair;
use crate::harness::user::User;
use crate::harness::world::World;

use super::{by_hand, claims};

/// Before, the wallet computes a fee of nothing and refuses.
const WALLET_BUYS_FROM: u32 = 144;

#[test]
fn wallets_of_old_buy_and_their_tickets_are_voted() {
    let mut url = String::new();
    let mut world = World::open(Pair::Legacy, "legacy", 2, |folder| {
        url = format!("sqlite://{}", folder.join("pool.db").display());
        url.clone()
    });
    world.user_joins("ada").submit_address_by_page();
    world.user_joins("ben").submit_address_by_api();
    let by_hand = by_hand::buy(&mut world);

    world.advance_to(WALLET_BUYS_FROM);
    let bought: Vec<_> = world
        .users
        .iter()
        .flat_map(|user| wallet_buys(user, 5))
        .collect();
    world.mine_until_mined(&bought);
    world.advance_to(175);
    by_hand::is_voted(&mut world, &url, by_hand);

    world.assert_nothing_missed();
    claims::votes_carry(&world, &world.users[0], 1);
    claims::votes_carry(&world, &world.users[1], 1);
    claims::tickets_agree(&mut world, &url);
}

/// `purchaseticket` as wallets and Decrediton of that time did.
fn wallet_buys(user: &User, count: u32) -> Vec<String> {
    let info = user.purchase_info();
    let order = json!([
        "default",
        1.0,
        1,
        info.ticket_address,
        count,
        info.fee_address,
        info.fee_percent,
        0
    ]);
    user.wallet.rpc().get("purchaseticket", &order)
}
