//! The database goes away for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::harness::http;

use super::base::Database;
use super::stage::Stage;
use super::truth;

const AWAY: Duration = Duration::from_secs(20);

/// What web answered while the database was away.
#[derive(Debug, Default)]
struct Answers {
    by_status: BTreeMap<u16, usize>,
    slowest: Duration,
}

/// It stays, and answers nothing, as behind a silent partition.
#[test]
#[ignore = "for --all"]
fn a_frozen_database_costs_no_vote() {
    let mut stage = Stage::open_on("frozendb", Database::MariaDb);
    server(&mut stage).freeze();
    let answers = goes_on(&mut stage);
    server(&mut stage).thaw();
    is_back(stage, "SIGSTOP of the database", &answers);
}

#[test]
#[ignore = "for --all"]
fn a_killed_database_costs_no_vote() {
    let mut stage = Stage::open_on("killeddb", Database::MariaDb);
    server(&mut stage).kill();
    let answers = goes_on(&mut stage);
    server(&mut stage).start_again();
    is_back(stage, "kill -9 of the database", &answers);
}

fn server(stage: &mut Stage) -> &mut crate::harness::mariadb::MariaDb {
    stage.server.as_mut().expect("a stage with a server")
}

/// The chain goes on; pages come from caches, or say that they cannot come now.
fn goes_on(stage: &mut Stage) -> Answers {
    let (start, mut answers) = (Instant::now(), Answers::default());
    while start.elapsed() < AWAY {
        stage.mine_for(1);
        for path in [
            "/",
            "/stats",
            "/signin",
            "/api/v2/stats",
            "/api/v2/getpurchaseinfo",
        ] {
            let asked = Instant::now();
            let port = stage.world.pool.web.port();
            let answer = http::request(port, path, &[("Authorization", "Bearer x.y.z")], None)
                .unwrap_or_else(|error| panic!("{path}: {error}"));
            answers.slowest = answers.slowest.max(asked.elapsed());
            assert!(
                matches!(answer.status, 200 | 401 | 503),
                "{path}: {} {}",
                answer.status,
                answer.body
            );
            *answers.by_status.entry(answer.status).or_default() += 1;
        }
    }
    answers
}

fn is_back(mut stage: Stage, what: &str, answers: &Answers) {
    let recovery = stage.becomes_normal();
    for user in &mut stage.world.users {
        assert!(user.page("/settings").contains(&user.email), "signed out");
        assert!(!user.purchase_info().ticket_address.is_empty());
    }
    stage.world.user_joins("cleo").submit_address_by_page();
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        &format!(
            "{what} for {} s: answers by status {:?}, slowest {:.1} s",
            AWAY.as_secs(),
            answers.by_status,
            answers.slowest.as_secs_f64()
        ),
        recovery,
    );
}
