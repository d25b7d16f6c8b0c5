//! What goes wrong while a database is taken over, and what is found in some.

use dcrstakepool::db::{Plan, Step, TakenUser, plan};
use dcrstakepool::decred::Height;
use dcrstakepool::domain::{KeyIndex, UserId};
use diesel::connection::SimpleConnection as _;

use super::former::{Former, Version, ends, keys, rows, tables};
use crate::harness::mariadb::MariaDb;
use crate::harness::wait::until;
use crate::web::site::{API_SECRET, voting_key};

const BACKUP: &str = "--yes-i-have-a-backup";
const TABLES: &str =
    "SELECT table_name AS line FROM information_schema.tables WHERE table_schema = DATABASE()";

/// Killed after each of the steps, and in the midst of the last: the next run ends where one without trouble
/// does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_interrupted_is_finished_by_the_next_run() {
    for version in [Version::V001, Version::V150] {
        let whole = Former::of(version);
        ends(&whole.migrate(&[BACKUP]), 0, &["done"]);
        let Plan::Steps(steps) = plan(
            &Former::of(version)
                .store()
                .await
                .inspect()
                .await
                .expect("facts"),
        ) else {
            panic!("{version:?} is refused");
        };
        for done in 1..steps.len() {
            let former = Former::of(version);
            let store = former.store().await;
            for step in &steps[..done] {
                if matches!(step, Step::TakeOver(_)) {
                    let some = TakenUser {
                        id: UserId(7),
                        email: Some("early@example.com".into()),
                        key_index: KeyIndex(431),
                        fee_address: None,
                    };
                    store.take_over(vec![some]).await.expect("some of them");
                } else {
                    store.apply(step, Height(15_346)).await.expect("a step");
                }
            }
            let refusal = store.require_schema().await;
            assert!(
                refusal.is_err(),
                "{version:?} after {done}: web must not start"
            );
            ends(&former.migrate(&[BACKUP]), 0, &["done"]);
            assert_eq!(
                former.taken(),
                whole.taken(),
                "{version:?} after {done} steps"
            );
            ends(&former.migrate(&[]), 0, &["nothing to do"]);
        }
    }
}

#[test]
fn without_the_right_keys_nothing_is_changed() {
    let former = Former::of(Version::V150);
    ends(
        &former.migrate_with("", &[BACKUP]),
        78,
        &["pool.voting_wallet_extpub", "nothing was changed"],
    );
    let other = "spubVXwdiaaE4uC5NM59xj8WydJNVLbNSEswZ5b7gqyKTmfF15ofMe6FNN8WLJotgV4g838G5Do6guEmGLZvNVrWcuzmBL3U5hqFLtZv9u9qNgS";
    let pool = format!(
        "voting_wallet_extpub = \"{other}\"\ncold_wallet_extpub = \"{}\"\n",
        voting_key()
    );
    ends(
        &former.migrate_with(&pool, &[BACKUP]),
        78,
        &["it is of another wallet", "nothing was changed"],
    );
    former.execute("UPDATE Users SET PoolPubKeyAddr = 'SkUnheardOf' WHERE UserId = 2");
    ends(
        &former.migrate(&[BACKUP]),
        78,
        &["these users are not among the first 100000", ": 2"],
    );
    let tables = former.rows(TABLES);
    assert_eq!(tables.len(), 5, "{tables:?}");
}

#[test]
fn strange_things_are_told_and_left_alone() {
    let former = Former::of(Version::V111);
    former.execute(
        "ALTER TABLE Users ADD COLUMN Nickname varchar(20) NULL; CREATE TABLE wiki (id int PRIMARY KEY); \
         UPDATE Users SET Email = NULL WHERE UserId = 5; UPDATE Users SET HeightRegistered = NULL WHERE UserId = 1; \
         INSERT INTO Users (UserId) VALUES (20)",
    );
    let notes = [
        "note: the column Users.Nickname is not known here",
        "note: the table wiki is not known here",
        "note: 2 users without an e-mail address: they cannot sign in: 5, 20",
        "fill the column Users.HeightRegistered where it is empty",
    ];
    ends(&former.migrate(&["--dry-run"]), 0, &notes[..3]);
    ends(&former.migrate(&[BACKUP]), 0, &notes);
    assert_eq!(former.columns("wiki").len(), 1);
    assert!(
        former
            .columns("Users")
            .iter()
            .any(|column| column.starts_with("Nickname"))
    );
}

#[test]
fn tables_without_transactions_are_refused_with_the_remedy() {
    let former = Former::of(Version::V111);
    former.execute("ALTER TABLE Users ENGINE=MyISAM");
    ends(
        &former.migrate(&[BACKUP]),
        78,
        &["ALTER TABLE Users ENGINE=InnoDB"],
    );
    former.execute("ALTER TABLE Users ENGINE=InnoDB");
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
}

/// As a server whose default is MyISAM, or Aria, makes them for the Go program.
#[test]
fn empty_tables_without_transactions_are_refused_too() {
    for engine in ["MyISAM", "Aria"] {
        let former = Former::empty();
        former.execute(&tables(Version::V150).replace("InnoDB", engine));
        let one = ["is of the engine", engine, "ENGINE=InnoDB"];
        for arguments in [&[][..], &[BACKUP], &["--dry-run"]] {
            ends(&former.migrate(arguments), 78, &one);
        }
        for table in ["Users", "PasswordReset", "EmailChange", "LowFeeTicket"] {
            former.execute(&format!("ALTER TABLE {table} ENGINE=InnoDB"));
        }
        // Its sessions are nothing to this program.
        ends(&former.migrate(&[]), 0, &["done"]);
    }
}

#[test]
fn other_character_sets_are_read_as_they_are() {
    for charset in ["latin1", "utf8mb3"] {
        let former = Former::of(Version::V111);
        former.execute(&format!(
            "ALTER TABLE Users CONVERT TO CHARACTER SET {charset}"
        ));
        former.execute("UPDATE Users SET Email = 'Jörg@example.com' WHERE UserId = 5");
        ends(&former.migrate(&[BACKUP]), 0, &["done"]);
        let found = former.rows("SELECT Email AS line FROM Users WHERE UserId = 5");
        assert_eq!(found, ["Jörg@example.com"]);
        let owners = former.rows(&format!(
            "SELECT CAST(user_id AS CHAR) AS line FROM pool_emails WHERE email_hash = SHA2('{}', 256)",
            "jörg@example.com"
        ));
        assert_eq!(owners, ["5"], "{charset}");
    }
}

#[test]
fn an_account_that_may_not_change_tables_is_told_so() {
    let former = Former::of(Version::V001);
    let name = format!("reader_{}", former.database);
    former.execute(&format!(
        "CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'pw'; GRANT SELECT, INSERT, UPDATE ON {}.* TO '{name}'@'127.0.0.1'",
        former.database
    ));
    let output = former.migrate_as((&name, "pw"), &[BACKUP]);
    ends(&output, 76, &["denied"]);
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
}

/// As on Windows, and where somebody chose so: `Users` comes back as `users`.
#[test]
fn a_server_that_keeps_names_in_lower_case_holds_the_same_tables() {
    let server: &'static MariaDb = Box::leak(Box::new(MariaDb::start_with(&[
        "--lower-case-table-names=1",
    ])));
    let former = Former::on(server);
    former.execute(&tables(Version::V150));
    former.execute(&rows(Version::V150));
    former.execute("INSERT INTO LowFeeTicket (TicketHash) VALUES ('abc')");
    assert_eq!(former.rows(TABLES).len(), 5);
    ends(&former.migrate(&[BACKUP]), 0, &["of 7 in all", "done"]);
    ends(&former.migrate(&[]), 0, &["nothing to do"]);
    let keys = "SELECT CAST(COUNT(*) AS CHAR) AS line FROM pool_keys";
    assert_eq!(former.rows(keys), ["7"]);
    // A backup has none of these.
    former.execute("UPDATE Users SET EmailToken = ''");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup").display().to_string();
    ends(
        &former.back_up(&file),
        0,
        &[
            "Users: 7 rows",
            "LowFeeTicket: 1 rows",
            "Tickets: ",
            "Samples: ",
        ],
    );
    let back = Former::on(server);
    ends(&back.restore(&file), 0, &["done: start web"]);
    assert_eq!(back.taken(), former.taken());
}

#[test]
fn of_two_at_once_one_waits_for_the_other() {
    let former = Former::of(Version::V150);
    let turn = "CONCAT('dcrstakepool.', MD5(DATABASE()))";
    let mut other = MariaDb::shared().connection(&former.database);
    other
        .batch_execute(&format!("SELECT GET_LOCK({turn}, 0)"))
        .unwrap();
    // Who only looks waits for nobody.
    ends(&former.migrate(&["--dry-run"]), 0, &["would take over"]);
    std::thread::scope(|threads| {
        // Ends before the threads do, also when this fails.
        let mut other = other;
        let waiting = "SELECT CAST(id AS CHAR) AS line FROM information_schema.processlist \
                       WHERE db = DATABASE() AND state = 'User lock'";
        let runs = [1, 2, 3].map(|number| {
            let run = threads.spawn(|| former.migrate(&[BACKUP]));
            until("all of them", || {
                let found = former.rows(waiting).len();
                (found == number)
                    .then_some(())
                    .ok_or(format!("{found} wait"))
            });
            run
        });
        assert_eq!(former.rows(TABLES).len(), 5);
        other
            .batch_execute(&format!("SELECT RELEASE_LOCK({turn})"))
            .unwrap();
        let runs = runs.map(|run| run.join().unwrap());
        let mut found = Vec::new();
        for run in &runs {
            ends(run, 0, &["another migrate is at work"]);
            found.push(String::from_utf8_lossy(&run.stdout).contains("nothing to do"));
        }
        found.sort_unstable();
        assert_eq!(found, [false, true, true]);
    });
    let whole = Former::of(Version::V150);
    ends(&whole.migrate(&[BACKUP]), 0, &["done"]);
    assert_eq!(former.taken(), whole.taken());
}

/// What else was written into the Go program's table is told with the user's id, and stops nobody.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_row_stops_nobody_else() {
    let former = Former::of(Version::V150);
    former.execute(
        "UPDATE Users SET VoteBits = 70000 WHERE UserId = 2; UPDATE Users SET VoteBits = -5 WHERE UserId = 5; \
         UPDATE Users SET VoteBitsVersion = -1, HeightRegistered = -7 WHERE UserId = 12",
    );
    let note = ["note: 3 users with a number in VoteBits", ": 2, 5, 12"];
    ends(&former.migrate(&["--dry-run"]), 0, &note);
    ends(&former.migrate(&[BACKUP]), 0, &note);
    let store = former.store().await;
    let damaged: Vec<_> = store.damaged_users().await.unwrap().into_iter().collect();
    assert_eq!(damaged, [2, 5, 12]);
    let users = store.users(0, 100).await.unwrap();
    let of = |id| users.iter().find(|user| user.id == UserId(id)).unwrap();
    let choice = |id| (of(id).vote_bits.0, of(id).vote_version.0);
    assert_eq!(users.len(), 7);
    assert_eq!(choice(1), (5, 12));
    assert_eq!(
        (choice(2), choice(5), choice(12)),
        ((1, 12), (1, 12), (1, 0))
    );
    let pushed = store.voter_users(UserId(0), 100).await.unwrap();
    let pushed: Vec<_> = pushed
        .iter()
        .map(|user| {
            (
                user.preference.user_id.0,
                user.preference.bits.0,
                user.height_registered.0,
            )
        })
        .collect();
    assert_eq!(pushed, [(1, 5, 150), (2, 1, 150), (7, 5, 150), (12, 1, 0)]);
    assert_eq!(store.enrolled_users().await.unwrap().len(), 4);
    assert_eq!(store.preferences().await.unwrap().preferences.len(), 4);
    let stays = former
        .rows("SELECT CAST(VoteBits AS CHAR) AS line FROM Users WHERE UserId IN (2, 5) ORDER BY 1");
    assert_eq!(stays, ["-5", "70000"]);
}

#[test]
fn the_list_of_migrations_is_as_the_other_tables_whatever_the_server_s_defaults() {
    let former = Former::empty();
    former.execute(&format!(
        "ALTER DATABASE {} CHARACTER SET latin1",
        former.database
    ));
    ends(&former.migrate(&[]), 0, &["done"]);
    let kinds = former.rows(
        "SELECT DISTINCT CONCAT(engine, ' ', SUBSTRING_INDEX(table_collation, '_', 1)) AS line \
         FROM information_schema.tables WHERE table_schema = DATABASE()",
    );
    assert_eq!(kinds, ["InnoDB utf8mb4"]);
}

#[test]
fn a_dry_run_tells_of_new_api_tokens() {
    let former = Former::of(Version::V004);
    let none = "note: verified users without an API token would get none";
    ends(&former.migrate(&["--dry-run"]), 0, &[none]);
    let web = format!(
        "{}[web]\napi_secret = \"{API_SECRET}\"\nbase_url = \"https://pool.example.com\"\n",
        keys()
    );
    let gives = "would give an API token to the verified users that have none";
    ends(&former.migrate_with(&web, &["--dry-run"]), 0, &[gives]);
    ends(
        &former.migrate_with(&web, &[BACKUP]),
        0,
        &["users have a new API token"],
    );
}
