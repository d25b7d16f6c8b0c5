//! Web dies in the middle of an enrolment: the user has an address that all wallets know, or none and can
//! submit again.

use std::time::Duration;

use serde_json::{Value, json};

use crate::harness::wait;

use super::stage::{NODES, Part, Stage};

/// When web dies.
#[derive(Debug, Clone, Copy)]
enum Moment {
    /// So long after the address was sent.
    After(Duration),
    /// One wallet does not answer: while it is asked whether it derives the same.
    Asking,
    /// The same: when the user is stored, and that wallet has not got the script.
    Stored,
}

#[test]
#[ignore = "for --all"]
fn web_may_die_at_any_moment_of_an_enrolment() {
    let mut stage = Stage::open("enrol");
    let early = [0, 2, 5, 8, 12, 20, 40, 80].map(|ms| Moment::After(Duration::from_millis(ms)));
    let moments = [Moment::Asking, Moment::Stored].into_iter().chain(early);
    let (mut with, mut without) = (0, 0);
    let mut newcomer = None;
    for (number, moment) in (1..).zip(moments) {
        let user = *newcomer.get_or_insert_with(|| {
            stage.world.user_joins(&format!("user{number}"));
            stage.world.users.len() - 1
        });
        dies_at(&mut stage, user, moment);
        stage.mine_for(1);
        match stage.world.users[user].ticket_address() {
            Some(address) => {
                all_wallets_know(&stage, &address);
                newcomer = None;
                with += 1;
            }
            None => without += 1,
        }
        match moment {
            Moment::Asking => assert_eq!(with, 0, "stored before all were asked"),
            Moment::Stored => assert_eq!(with, 1, "not stored"),
            Moment::After(_) => {}
        }
    }
    let user = newcomer.unwrap_or_else(|| {
        stage.world.user_joins("last");
        stage.world.users.len() - 1
    });
    stage.world.users[user].submit_address_by_page();
    let address = stage.world.users[user].purchase_info().ticket_address;
    all_wallets_know(&stage, &address);
    let recovery = stage.becomes_normal();
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "web killed in {} enrolments: {with} with an address that all wallets know, {without} with none",
            with + without
        ),
        recovery,
    );
}

/// Web is killed, and started again; wallets answer again.
fn dies_at(stage: &mut Stage, user: usize, moment: Moment) {
    let submission = stage.world.users[user].submission();
    let log = stage.world.pool.web.log().len();
    if !matches!(moment, Moment::After(_)) {
        stage.freeze(Part::Wallet(1));
    }
    let sent = std::thread::spawn(submission);
    match moment {
        Moment::After(time) => wait::pause(time),
        Moment::Asking => wait::pause(Duration::from_secs(1)),
        Moment::Stored => wait::until("the user to be stored", || {
            let said = stage.world.pool.web.log().split_off(log);
            said.contains("address submitted").then_some(()).ok_or("no")
        }),
    }
    stage.kill(Part::Web);
    let _ = sent.join();
    stage.thaw(Part::Wallet(1));
    stage.start(Part::Web);
    stage.supervise();
}

fn all_wallets_know(stage: &Stage, address: &str) {
    for node in 0..NODES {
        let wallet = &stage.world.simnet.voting_wallets[node];
        wait::until(&format!("wallet {} to know {address}", node + 1), || {
            let known: Value = wallet.rpc().get("validateaddress", &json!([address]));
            if known["ismine"] == json!(true) {
                Ok(())
            } else {
                Err(known)
            }
        });
    }
}
