//! Servers that are away, refuse, drop connections, or say nothing.

use std::time::Duration;

use dcrstakepool::db::{Access, Error, Options, Store};
use dcrstakepool::secret::Secret;
use diesel::RunQueryDsl as _;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::BigInt;

use super::accounts::task;
use super::bed::{Bed, NOW, enrolment, on_both, sign_up, user};
use crate::harness::mariadb::MariaDb;

on_both!(
    more_calls_than_connections_wait,
    a_dropped_call_stores_nothing_later
);

fn options(url: String) -> Options {
    Options::new(Secret::new(url), 4, Access::Owner)
}

async fn refused(url: String) -> Error {
    Store::connect(options(url)).await.unwrap_err()
}

#[tokio::test]
async fn each_fault_at_start_has_its_own_error() {
    let server = MariaDb::shared();
    let database = server.create_database();
    let missing = refused(server.url("no_such_database")).await;
    assert!(matches!(missing, Error::NoDatabase(_)), "{missing:?}");
    let wrong = refused(server.url_as("root", "wrong", &database)).await;
    assert!(matches!(wrong, Error::Denied(_)), "{wrong:?}");
    assert!(!wrong.to_string().contains(":wrong"), "{wrong}");
    server.execute(
        &database,
        &format!("CREATE USER 'nothing_{database}'@'127.0.0.1'"),
    );
    let user = format!("nothing_{database}");
    let powerless = refused(server.url_as(&user, "", &database)).await;
    assert!(matches!(powerless, Error::Denied(_)), "{powerless:?}");
    let away = refused("mysql://root@127.0.0.1:1/pool".into()).await;
    assert!(matches!(away, Error::Unavailable(_)), "{away:?}");
    let away = refused("mysql://root@localhost/pool?unix_socket=/nonexistent".into()).await;
    assert!(matches!(away, Error::Unavailable(_)), "{away:?}");
    let unknown = refused("mysql://root@no-such-host.invalid/pool".into()).await;
    assert!(matches!(unknown, Error::Unavailable(_)), "{unknown:?}");
    let folder = refused("sqlite:///nonexistent/pool.db".into()).await;
    assert!(matches!(folder, Error::NoDatabase(_)), "{folder:?}");
    let url = refused("postgres://x@y/z".into()).await;
    assert!(matches!(url, Error::Url(_)), "{url:?}");
}

#[tokio::test]
async fn the_unix_socket_works() {
    let server = MariaDb::shared();
    let database = server.create_database();
    let store = Store::connect(options(server.socket_url(&database)))
        .await
        .unwrap();
    store.require_schema().await.unwrap();
}

#[tokio::test]
async fn a_text_file_is_no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("pool.db");
    std::fs::write(&path, "not a database ".repeat(100)).unwrap();
    let error = refused(format!("sqlite://{}", path.display())).await;
    assert!(error.to_string().contains("not a database"), "{error}");
}

async fn more_calls_than_connections_wait(bed: Bed) {
    let mut few = bed.options();
    few.max_connections = 2;
    let store = Store::connect(few).await.unwrap();
    store.require_schema().await.unwrap();
    let tasks: Vec<_> = (0..40)
        .map(|_| {
            let store = store.clone();
            task(async move { store.user_counts().await })
        })
        .collect();
    for task in tasks {
        task.await.unwrap().unwrap();
    }
}

/// Whoever gave up on a call must not find it done an hour later.
async fn a_dropped_call_stores_nothing_later(bed: Bed) {
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    for _ in 0..20 {
        let call = store.enrol(enrolment(ann, 0), None);
        let _ = tokio::time::timeout(Duration::from_micros(1), call).await;
    }
    // Done before it was dropped, or never: in any case whole.
    let stored = store.user(ann).await.unwrap().unwrap().enrolment;
    assert!(stored.is_none() || stored == Some(enrolment(ann, 0)));
    assert!(store.enrol(enrolment(ann, 1), None).await.unwrap() != stored.is_some());
}

#[derive(diesel::QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

/// Ends all connections to a database but our own.
fn kill_connections(server: &MariaDb, database: &str) -> usize {
    let mut connection = server.connection("mysql");
    let others: Vec<Number> = diesel::sql_query(format!(
        "SELECT CAST(id AS SIGNED) AS number FROM information_schema.processlist \
         WHERE db = '{database}'"
    ))
    .load(&mut connection)
    .unwrap();
    for other in &others {
        // It may have ended by itself.
        let _ = connection.batch_execute(&format!("KILL {}", other.number));
    }
    others.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_connections_are_replaced() {
    let bed = Bed::mariadb();
    let store = bed.store().await;
    let server = MariaDb::shared();
    let database = bed.url.rsplit('/').next().unwrap().to_owned();
    let ann = user(&store, "ann@example.com").await;
    for _ in 0..3 {
        assert!(kill_connections(server, &database) > 0);
        store.user(ann).await.unwrap().unwrap();
        kill_connections(server, &database);
        store.set_disabled(ann, false).await.unwrap();
    }
}

/// Connections die at any moment of fifty verifications: none is half done.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_killed_at_work_leave_nothing_half_done() {
    let bed = Bed::mariadb();
    let store = bed.store().await;
    let server = MariaDb::shared();
    let database = bed.url.rsplit('/').next().unwrap().to_owned();
    for n in 0..50 {
        let new = sign_up(&format!("user{n}@example.com"), &format!("t{n}"));
        store.record_sign_up(new).await.unwrap();
    }
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let store = store.clone();
            task(async move { store.verify_sign_up(&format!("t{n}"), 1000, NOW).await })
        })
        .collect();
    while !tasks.iter().all(tokio::task::JoinHandle::is_finished) {
        let database = database.clone();
        tokio::task::spawn_blocking(move || kill_connections(server, &database))
            .await
            .unwrap();
        tokio::time::sleep(Duration::from_millis(15)).await;
    }
    for task in tasks {
        // Killed too often to go on, or done; a doubtful one is read below.
        if let Err(error) = task.await.unwrap() {
            assert!(
                matches!(error, Error::Unavailable(_) | Error::OutcomeUnknown(_)),
                "{error:?}"
            );
        }
    }
    for n in 0..50 {
        let again = store.verify_sign_up(&format!("t{n}"), 1000, NOW).await;
        let id = match again.unwrap() {
            dcrstakepool::db::Verification::Verified(id)
            | dcrstakepool::db::Verification::Already(id) => id,
            other => panic!("{other:?}"),
        };
        assert_eq!(
            store.user(id).await.unwrap().unwrap().email,
            format!("user{n}@example.com")
        );
        assert!(store.key_index(id).await.unwrap().is_some());
    }
    assert_eq!(store.user_counts().await.unwrap().total, 50);
}

/// Two transactions that lock each other's rows: the server ends one, which is repeated.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deadlock_is_repeated() {
    let bed = Bed::mariadb();
    let store = bed.store().await;
    let ann = user(&store, "ann@example.com").await;
    let server = MariaDb::shared();
    let database = bed.url.rsplit('/').next().unwrap().to_owned();
    let mut other = server.connection(&database);
    other
        .batch_execute("BEGIN; UPDATE Users SET Username = 'x' WHERE UserId = 1")
        .unwrap();
    // Ours now holds the counter and waits for the user.
    let call = {
        let store = store.clone();
        task(async move { store.enrol(enrolment(ann, 0), None).await })
    };
    wait_for_a_lock(server, &call).await;
    // A transaction that changed more rows is the one that survives.
    let rows: Vec<_> = (100..120).map(|id| format!("({id}, 0, 0)")).collect();
    let made = format!("INSERT INTO pool_flags VALUES {};", rows.join(","));
    let finish = tokio::task::spawn_blocking(move || {
        other
            .batch_execute(&format!(
                "{made} UPDATE pool_counters SET value = value + 1 WHERE name = 'revision'; COMMIT"
            ))
            .unwrap();
    });
    finish.await.unwrap();
    assert!(call.await.unwrap().unwrap());
}

/// Until some transaction waits for a row, or the call is over.
async fn wait_for_a_lock<T>(server: &'static MariaDb, call: &tokio::task::JoinHandle<T>) {
    while !call.is_finished() {
        let waiting: Vec<Number> = diesel::sql_query(
            "SELECT COUNT(*) AS number FROM information_schema.innodb_trx \
             WHERE trx_state = 'LOCK WAIT'",
        )
        .load(&mut server.connection("mysql"))
        .unwrap();
        if waiting[0].number > 0 {
            return;
        }
        // The server refreshes this table only if nobody has read it for 100 ms.
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
}

/// A server that says nothing costs each call its deadline and no more, and is used again when it
/// speaks. On a server of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_silent_server_is_unavailable_and_comes_back() {
    let server = MariaDb::start();
    let database = server.create_database();
    let mut options = options(server.url(&database));
    options.deadline = Duration::from_millis(500);
    options.max_connections = 2;
    let patient = Options {
        deadline: Duration::from_secs(30),
        ..options.clone()
    };
    Store::connect(patient)
        .await
        .unwrap()
        .require_schema()
        .await
        .unwrap();
    let store = Store::connect(options).await.unwrap();
    answers_in_the_end(&store).await;
    server.freeze();
    // More calls than connections: a hanging one must not keep its place.
    for _ in 0..5 {
        let error = store.user_counts().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
        let error = store.clear_halt().await.unwrap_err();
        assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
    }
    server.thaw();
    answers_in_the_end(&store).await;
}

/// The deadline of half a second may be short for a busy machine: a few tries are given.
async fn answers_in_the_end(store: &Store) {
    let mut tries = 0;
    while let Err(error) = store.user_counts().await {
        tries += 1;
        assert!(tries < 60, "{error:?}");
    }
    while let Err(error) = store.clear_halt().await {
        tries += 1;
        assert!(tries < 60, "{error:?}");
    }
}
