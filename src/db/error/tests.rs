//! Texts as the client library (libmariadb) and the servers word them.

use super::*;

fn database(text: &str) -> Diesel {
    Diesel::DatabaseError(DatabaseErrorKind::Unknown, Box::new(text.to_owned()))
}

fn statement(text: &str) -> Kind {
    Failure::of_statement(&database(text)).kind
}

fn commit(text: &str) -> Kind {
    Failure::of_commit(&database(text)).kind
}

fn connecting(text: &str) -> Kind {
    Failure::of_connecting(&ConnectionError::BadConnection(text.to_owned())).kind
}

#[test]
fn conflicts_between_transactions_are_repeated_whole() {
    for text in [
        "Deadlock found when trying to get lock; try restarting transaction",
        "Lock wait timeout exceeded; try restarting transaction",
        "Record has changed since last read in table 'Users'; try restarting transaction",
        "SAVEPOINT still_there does not exist",
        "database is locked",
    ] {
        assert_eq!(statement(text), Kind::Retry, "{text}");
        assert_eq!(commit(text), Kind::Retry, "{text}");
    }
}

#[test]
fn a_lost_connection_leaves_only_a_commit_unknown() {
    for text in [
        "Server has gone away",
        "MySQL server has gone away",
        "Lost connection to server during query",
        "Lost connection to MySQL server during query",
        "Connection was killed",
        "Query execution was interrupted",
        "Server shutdown in progress",
        "The client was disconnected by the server because of inactivity. See wait_timeout and \
         interactive_timeout for configuring this behavior.",
    ] {
        assert_eq!(statement(text), Kind::Lost, "{text}");
        assert_eq!(commit(text), Kind::Unknown, "{text}");
    }
    for text in [
        "Got error 5 \"Input/output error\" during COMMIT",
        "Error while appending streaming replication fragment(provider status: Not connected to \
         Primary Component)",
        "WSREP has not yet prepared node for application use",
    ] {
        assert_eq!(commit(text), Kind::Unknown, "{text}");
    }
}

#[test]
fn a_failed_rollback_does_not_hide_the_commit() {
    let error = Diesel::RollbackErrorOnCommit {
        rollback_error: Box::new(database("Server has gone away")),
        commit_error: Box::new(database("Lost connection to server during query")),
    };
    assert_eq!(Failure::of_commit(&error).kind, Kind::Unknown);
}

#[test]
fn a_server_that_cannot_serve_is_unavailable() {
    for text in [
        "Can't connect to server on '127.0.0.1' (111)",
        "Can't connect to local server through socket '/run/mysqld/mysqld.sock' (2)",
        "Can't connect to MySQL server on 'db' (110)",
        "Unknown server host 'db.invalid' (-2)",
        "Lost connection to server at 'handshake: reading initial communication packet', system error: 104",
        "Too many connections",
        "User 'pool' has exceeded the 'max_user_connections' resource (current value: 3)",
    ] {
        assert_eq!(connecting(text), Kind::Unavailable, "{text}");
    }
    assert_eq!(
        statement(
            "The MariaDB server is running with the --read-only option so it cannot execute this statement"
        ),
        Kind::Unavailable
    );
}

#[test]
fn a_node_that_lost_its_cluster_is_left_for_another() {
    let text = "WSREP has not yet prepared node for application use";
    assert_eq!(statement(text), Kind::NotPrimary);
    assert_eq!(connecting(text), Kind::NotPrimary);
    let failure = Failure::of_statement(&database(text));
    assert!(!failure.spares_connection());
    assert!(matches!(Error::from(failure), Error::Unavailable(_)));
}

#[test]
fn a_wrong_account_is_not_a_missing_database() {
    for text in [
        "Access denied for user 'pool'@'localhost' (using password: YES)",
        "Access denied for user 'pool'@'%' to database 'stakepool'",
        "Host '10.0.0.9' is not allowed to connect to this MariaDB server",
    ] {
        assert_eq!(connecting(text), Kind::Denied, "{text}");
    }
    assert_eq!(
        statement("SELECT command denied to user 'voter'@'localhost' for table `pool`.`Users`"),
        Kind::Denied
    );
    assert_eq!(connecting("Unknown database 'stakepool'"), Kind::NoDatabase);
    assert_eq!(
        connecting("Unable to open the database file: unable to open database file"),
        Kind::NoDatabase
    );
}

#[test]
fn keys_that_are_taken_are_conflicts() {
    let error = Diesel::DatabaseError(
        DatabaseErrorKind::UniqueViolation,
        Box::new("Duplicate entry '7' for key 'PRIMARY'".to_owned()),
    );
    assert_eq!(Failure::of_statement(&error).kind, Kind::Conflict);
    // Two processes that make the same index.
    assert_eq!(
        statement("Failed to run 0009_ticket_sums with: Duplicate key name 'Tickets_waiting'"),
        Kind::Conflict
    );
}

#[test]
fn anything_else_is_a_fault_to_look_at() {
    assert_eq!(statement("disk I/O error"), Kind::Query);
    assert_eq!(
        statement("Data too long for column 'Email' at row 1"),
        Kind::Query
    );
}
