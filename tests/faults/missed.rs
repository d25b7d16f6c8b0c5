//! What a voter could not be told comes to it when its line to web heals.

use std::time::Duration;

use crate::network::claims;

use super::stage::{Part, Stage};

/// A user joins, chooses, and buys while web does not reach one of the voters; afterwards that voter alone
/// votes as all users chose last.
#[test]
fn a_voter_learns_scripts_and_preferences_that_web_could_not_bring() {
    let mut stage = Stage::open("missed-web");
    let (yes, no) = (
        claims::bits_of_choice(&stage.world, "yes"),
        claims::bits_of_choice(&stage.world, "no"),
    );
    stage.lines[0].web.cut();
    stage.world.user_joins("cyd").submit_address_by_api();
    stage.world.users[2].set_vote_bits_by_api(no);
    stage.world.users[0].set_vote_bits_by_api(no);
    stage.world.users[1].set_vote_bits_by_api(yes);
    stage.buy();
    stage.lines[0].web.heal();
    let recovery = stage.becomes_normal();

    stage.kill(Part::Voter(1));
    let from = stage.world.height() + 1;
    stage.mine_for(6);
    let address = stage.world.users[2].purchase_info().ticket_address;
    stage.mine_until(
        Duration::from_mins(3),
        "the newcomer's first vote",
        |stage| stage.world.ledger.votes_of(&address).next().is_some(),
    );
    stage.start(Part::Voter(1));
    stage.becomes_normal();
    stage.nothing_was_lost();
    for (user, bits) in [(0, no), (1, yes), (2, no)] {
        let user = &stage.world.users[user];
        let address = user.purchase_info().ticket_address;
        let votes = stage.world.ledger.votes_of(&address);
        let late: Vec<_> = votes.filter(|(height, _)| *height > from).collect();
        assert!(!late.is_empty(), "no vote of {}", user.email);
        for (height, vote) in late {
            assert_eq!(vote.bits.0, bits, "{} in block {height}", user.email);
        }
    }
    stage.tell(
        "a user joins, chooses and buys while web does not reach voter 1, which then votes alone",
        recovery,
    );
}
