//! What a voter could not be told comes to it when its line to web heals.

use std::time::Duration;

use crate::network::claims;

use super::stage::{Part, Stage};

/// A user joins and chooses, another one chooses anew, and all buy while web does not reach one of the voters;
/// afterwards that voter alone votes as they chose last. (A third change within the hour would be an alarm.)
#[test]
fn a_voter_learns_scripts_and_preferences_that_web_could_not_bring() {
    let mut stage = Stage::open("missed-web");
    let no = claims::bits_of_choice(&stage.world, "no");
    stage.lines[0].web.cut();
    stage.world.user_joins("cyd").submit_address_by_api();
    stage.world.users[2].set_vote_bits_by_api(no);
    stage.world.users[0].set_vote_bits_by_api(no);
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
    for user in [0, 2] {
        let user = &stage.world.users[user];
        let address = user.purchase_info().ticket_address;
        let votes = stage.world.ledger.votes_of(&address);
        let late: Vec<_> = votes.filter(|(height, _)| *height > from).collect();
        assert!(!late.is_empty(), "no vote of {}", user.email);
        for (height, vote) in late {
            assert_eq!(vote.bits.0, no, "{} in block {height}", user.email);
        }
    }
    stage.tell(
        "a user joins, chooses and buys while web does not reach voter 1, which then votes alone",
        recovery,
    );
}
