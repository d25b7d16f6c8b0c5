//! The database goes away for a while.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::harness::http::{self, Response};
use crate::harness::mariadb::MariaDb;

use super::base::Database;
use super::stage::Stage;
use super::truth;

const AWAY: Duration = Duration::from_secs(20);

/// What web answered while the database was away.
#[derive(Debug, Default)]
struct Answers {
    by_status: BTreeMap<u16, usize>,
    slowest: (Duration, &'static str),
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

fn server(stage: &mut Stage) -> &mut MariaDb {
    stage.server.as_mut().expect("a stage with a server")
}

/// The chain goes on; pages come from caches, or say that they cannot come now.
fn goes_on(stage: &mut Stage) -> Answers {
    let (start, mut answers) = (Instant::now(), Answers::default());
    while start.elapsed() < AWAY {
        stage.mine_for(1);
        let port = stage.world.pool.web.port();
        for path in ["/", "/stats", "/signin", "/api/v2/stats"] {
            answers.take(path, || {
                http::request(port, path, &[], None).expect("an answer")
            });
        }
        let user = &mut stage.world.users[0];
        for path in ["/tickets", "/settings"] {
            answers.take(path, || user.open(path));
        }
    }
    answers
}

impl Answers {
    fn take(&mut self, path: &'static str, ask: impl FnOnce() -> Response) {
        let asked = Instant::now();
        let answer = ask();
        let took = asked.elapsed();
        assert!(
            matches!(answer.status, 200 | 503),
            "{path}: {} {}",
            answer.status,
            answer.body
        );
        *self.by_status.entry(answer.status).or_default() += 1;
        if took > self.slowest.0 {
            self.slowest = (took, path);
        }
    }
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
            "{what} for {} s: answers by status {:?}, the slowest {} in {:.1} s",
            AWAY.as_secs(),
            answers.by_status,
            answers.slowest.1,
            answers.slowest.0.as_secs_f64()
        ),
        recovery,
    );
}
