//! What differs between SQLite and MySQL, each difference a named function.

use std::collections::{BTreeMap, BTreeSet};

use diesel::connection::{AnsiTransactionManager, SimpleConnection as _, TransactionManager};
use diesel::migration::{Migration, MigrationSource as _};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::sqlite::Sqlite;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use super::backup::{self, Column, Table};
use super::connection::AnyConnection;
use super::types::{Grant, GrantedOn, Server};
use super::upgrade::{self, APPLIED};

const MYSQL: EmbeddedMigrations = embed_migrations!("migrations/mysql");
const SQLITE: EmbeddedMigrations = embed_migrations!("migrations/sqlite");

/// Settings of a fresh connection. Whether it leads to a node of a cluster, which must be told to `begin_write`:
/// behind a balancer each connection is asked.
pub fn prepare(connection: &mut AnyConnection) -> QueryResult<bool> {
    match connection {
        // The order matters: switching to WAL already needs the patience of `busy_timeout`.
        AnyConnection::Sqlite(sqlite) => {
            sqlite.batch_execute(
                "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; \
                 PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
            )?;
            Ok(false)
        }
        // Strict: a value that does not fit is an error, never cut off in silence.
        AnyConnection::Mysql(mysql) => {
            mysql.batch_execute(
                "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', \
                 SESSION innodb_lock_wait_timeout = 4",
            )?;
            read_own_cluster_writes(mysql)
        }
    }
}

/// In a Galera cluster a read on this node waits until what other nodes committed before is here. Whether it is one.
fn read_own_cluster_writes(mysql: &mut MysqlConnection) -> QueryResult<bool> {
    let wsrep: Option<Variable> =
        diesel::sql_query("SHOW SESSION VARIABLES WHERE Variable_name = 'wsrep_on'")
            .get_result(mysql)
            .optional()?;
    let in_cluster = wsrep.is_some_and(|variable| variable.value == "ON");
    if in_cluster {
        mysql.batch_execute("SET SESSION wsrep_sync_wait = 1")?;
    }
    Ok(in_cluster)
}

#[derive(QueryableByName)]
struct Variable {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

/// Whether the other end still answers.
pub fn ping(connection: &mut AnyConnection) -> QueryResult<()> {
    connection.batch_execute("SELECT 1")
}

/// Whether the database answers, and what was asked for: the client library of MariaDB 10.11.18 loses texts (CONC-821), so
/// that keys and addresses would be read as empty.
pub fn try_out(connection: &mut AnyConnection) -> QueryResult<()> {
    const SAID: &str = "every word of this";
    #[derive(QueryableByName)]
    struct Heard {
        #[diesel(sql_type = Text)]
        heard: String,
    }
    let AnyConnection::Mysql(mysql) = connection else {
        return ping(connection);
    };
    let answer: Heard = diesel::sql_query(format!("SELECT '{SAID}' AS heard")).get_result(mysql)?;
    if answer.heard == SAID {
        return Ok(());
    }
    Err(diesel::result::Error::DeserializationError(
        "MariaDB's client library loses texts: upgrade libmariadb3 (10.11.18 has this fault, 10.11.19 not)".into(),
    ))
}

#[derive(QueryableByName)]
struct Moment {
    #[diesel(sql_type = BigInt)]
    now: i64,
}

/// Unix seconds by the database's own clock, which all its users share.
pub fn now(connection: &mut AnyConnection) -> QueryResult<i64> {
    let moment: Moment = match connection {
        AnyConnection::Sqlite(sqlite) => {
            diesel::sql_query("SELECT CAST(strftime('%s', 'now') AS INTEGER) AS now")
                .get_result(sqlite)?
        }
        AnyConnection::Mysql(mysql) => {
            diesel::sql_query("SELECT CAST(UNIX_TIMESTAMP() AS SIGNED) AS now").get_result(mysql)?
        }
    };
    Ok(moment.now)
}

#[derive(QueryableByName)]
struct Word {
    #[diesel(sql_type = Text)]
    word: String,
}

#[derive(QueryableByName)]
struct Privilege {
    #[diesel(sql_type = Text)]
    place: String,
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    kind: String,
}

/// This account, as the tables of privileges name it.
const GRANTEE: &str = "CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''', \
                       SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')";

/// The server, and what the account may do there; `None`: there is no server.
pub fn server(connection: &mut AnyConnection) -> QueryResult<Option<Server>> {
    let AnyConnection::Mysql(mysql) = connection else {
        return Ok(None);
    };
    let version: Word =
        diesel::sql_query("SELECT CAST(VERSION() AS CHAR) AS word").get_result(mysql)?;
    let found: Vec<Privilege> = diesel::sql_query(format!(
        "SELECT 'everything' AS place, '' AS table_name, CAST(privilege_type AS CHAR) AS kind \
         FROM information_schema.user_privileges WHERE grantee = {GRANTEE} \
         UNION SELECT 'database', '', CAST(privilege_type AS CHAR) \
         FROM information_schema.schema_privileges \
         WHERE grantee = {GRANTEE} AND DATABASE() LIKE table_schema \
         UNION SELECT 'table', CAST(table_name AS CHAR), CAST(privilege_type AS CHAR) \
         FROM information_schema.table_privileges \
         WHERE grantee = {GRANTEE} AND table_schema = DATABASE()"
    ))
    .load(mysql)?;
    // Servers without roles do not know the function.
    let role: QueryResult<Word> =
        diesel::sql_query("SELECT CAST(COALESCE(CURRENT_ROLE(), 'NONE') AS CHAR) AS word")
            .get_result(mysql);
    let granted = found.into_iter().filter(|it| it.kind != "USAGE");
    Ok(Some(Server {
        version: version.word,
        has_role: role.is_ok_and(|role| role.word != "NONE"),
        grants: granted.map(read_grant).collect(),
    }))
}

fn read_grant(found: Privilege) -> Grant {
    Grant {
        on: match found.place.as_str() {
            "everything" => GrantedOn::Everything,
            "table" => GrantedOn::Table(found.table_name),
            _ => GrantedOn::Database,
        },
        privilege: found.kind,
    }
}

/// Begins a transaction that will write. SQLite must take the write lock at once: a transaction
/// that reads first and writes later fails whenever another one wrote in between.
///
/// A Galera node rolls transactions back for those of other nodes, and does not always say so: then later
/// statements would be stored each by itself, COMMIT finds nothing to do and answers that all is well, and what
/// was accepted is lost (seen once in some thousand conflicts on MariaDB 10.11.19: no node's write-set cache had
/// the change). There a savepoint shows at the end whether the transaction is the same, and without autocommit
/// nothing of another one is stored.
pub fn begin_write(connection: &mut AnyConnection, in_cluster: bool) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => {
            AnsiTransactionManager::begin_transaction_sql(sqlite, "BEGIN IMMEDIATE")
        }
        AnyConnection::Mysql(mysql) => AnsiTransactionManager::begin_transaction_sql(
            mysql,
            if in_cluster {
                "SET autocommit = 0; BEGIN; SAVEPOINT still_there"
            } else {
                "BEGIN"
            },
        ),
    }
}

/// To be asked before COMMIT in a cluster: fails if the transaction of `begin_write` is not there any more.
pub fn is_still_there(connection: &mut AnyConnection) -> QueryResult<()> {
    connection.batch_execute("RELEASE SAVEPOINT still_there")
}

/// After the end of a transaction in a cluster: reads by themselves see what is there now.
pub fn end_write(connection: &mut AnyConnection) -> QueryResult<()> {
    connection.batch_execute("SET autocommit = 1")
}

/// Begins a transaction that sees everything as it is now, to its end, and writes nothing.
pub fn begin_snapshot(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => AnsiTransactionManager::begin_transaction(sqlite),
        AnyConnection::Mysql(mysql) => {
            mysql.batch_execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")?;
            AnsiTransactionManager::begin_transaction_sql(
                mysql,
                "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
            )
        }
    }
}

/// Settings for rows that bring their own ids.
pub fn prepare_restore(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(()),
        AnyConnection::Mysql(mysql) => mysql
            .batch_execute("SET SESSION sql_mode = CONCAT(@@sql_mode, ',NO_AUTO_VALUE_ON_ZERO')"),
    }
}

pub fn commit(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => AnsiTransactionManager::commit_transaction(sqlite),
        AnyConnection::Mysql(mysql) => AnsiTransactionManager::commit_transaction(mysql),
    }
}

pub fn rollback(connection: &mut AnyConnection) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(sqlite) => AnsiTransactionManager::rollback_transaction(sqlite),
        AnyConnection::Mysql(mysql) => AnsiTransactionManager::rollback_transaction(mysql),
    }
}

#[derive(QueryableByName)]
pub struct ColumnName {
    #[diesel(sql_type = Text)]
    pub table_name: String,
    #[diesel(sql_type = Text)]
    pub column_name: String,
}

/// Every column of every table of this database.
pub fn columns(connection: &mut AnyConnection) -> QueryResult<Vec<ColumnName>> {
    match connection {
        AnyConnection::Sqlite(sqlite) => diesel::sql_query(
            "SELECT m.name AS table_name, c.name AS column_name \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'",
        )
        .load(sqlite),
        // The alias matters: MySQL 8 names these columns in capitals.
        AnyConnection::Mysql(mysql) => {
            let mut found: Vec<ColumnName> = diesel::sql_query(
                "SELECT table_name AS table_name, column_name AS column_name \
                 FROM information_schema.columns WHERE table_schema = DATABASE()",
            )
            .load(mysql)?;
            as_written(mysql, found.iter_mut().map(|it| &mut it.table_name))?;
            Ok(found)
        }
    }
}

#[derive(QueryableByName)]
struct FoldedNames {
    #[diesel(sql_type = BigInt)]
    folded: i64,
}

/// A server may keep the names of tables in lower case (`lower_case_table_names`), and answer to any: here they are as
/// this program writes them.
fn as_written<'a>(
    mysql: &mut MysqlConnection,
    names: impl Iterator<Item = &'a mut String>,
) -> QueryResult<()> {
    let asked: FoldedNames =
        diesel::sql_query("SELECT CAST(@@lower_case_table_names AS SIGNED) AS folded")
            .get_result(mysql)?;
    if asked.folded != 0 {
        for name in names {
            if let Some(written) = upgrade::as_written(name) {
                written.clone_into(name);
            }
        }
    }
    Ok(())
}

#[derive(QueryableByName)]
struct Description {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    column_name: String,
    #[diesel(sql_type = Text)]
    column_kind: String,
    #[diesel(sql_type = BigInt)]
    nullable: i64,
    /// In which order it is in the primary key; 0: it is not.
    #[diesel(sql_type = BigInt)]
    key_place: i64,
}

/// Every table of this database with its columns, in their order.
pub fn described(connection: &mut AnyConnection) -> QueryResult<Vec<Table>> {
    let mut found: Vec<Description> = match connection {
        AnyConnection::Sqlite(sqlite) => diesel::sql_query(
            "SELECT m.name AS table_name, c.name AS column_name, c.type AS column_kind, \
             1 - c.\"notnull\" AS nullable, c.pk AS key_place \
             FROM sqlite_master m JOIN pragma_table_info(m.name) c \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, c.cid",
        )
        .load(sqlite)?,
        AnyConnection::Mysql(mysql) => diesel::sql_query(
            "SELECT c.table_name AS table_name, c.column_name AS column_name, \
             CAST(c.column_type AS CHAR) AS column_kind, \
             CAST(c.is_nullable = 'YES' AS SIGNED) AS nullable, \
             CAST(IF(c.column_key = 'PRI', c.ordinal_position, 0) AS SIGNED) AS key_place \
             FROM information_schema.columns c \
             WHERE c.table_schema = DATABASE() ORDER BY c.table_name, c.ordinal_position",
        )
        .load(mysql)?,
    };
    if let AnyConnection::Mysql(mysql) = connection {
        as_written(mysql, found.iter_mut().map(|it| &mut it.table_name))?;
    }
    let mut tables: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for Description {
        table_name,
        column_name,
        column_kind,
        nullable,
        key_place,
    } in found
    {
        tables.entry(table_name).or_default().push(Column {
            name: column_name,
            kind: backup::Kind::of_type(&column_kind),
            sql_type: column_kind,
            nullable: nullable != 0,
            key: u32::try_from(key_place).unwrap_or(0),
        });
    }
    let tables = tables.into_iter();
    Ok(tables
        .map(|(name, columns)| Table { name, columns })
        .collect())
}

#[derive(QueryableByName)]
struct TableEngine {
    #[diesel(sql_type = Text)]
    table_name: String,
    #[diesel(sql_type = Text)]
    engine_name: String,
}

/// Tables whose changes cannot be taken back, and what keeps them.
pub fn engines_without_transactions(
    connection: &mut AnyConnection,
) -> QueryResult<BTreeMap<String, String>> {
    let AnyConnection::Mysql(mysql) = connection else {
        return Ok(BTreeMap::new());
    };
    let mut found: Vec<TableEngine> = diesel::sql_query(
        "SELECT t.table_name AS table_name, t.engine AS engine_name FROM information_schema.tables t \
         JOIN information_schema.engines e ON e.engine = t.engine \
         WHERE t.table_schema = DATABASE() AND e.transactions <> 'YES'",
    )
    .load(mysql)?;
    as_written(mysql, found.iter_mut().map(|it| &mut it.table_name))?;
    let pairs = found
        .into_iter()
        .map(|table| (table.table_name, table.engine_name));
    Ok(pairs.collect())
}

/// Makes a MySQL database; an SQLite file is made by opening it.
pub fn create_database(connection: &mut AnyConnection, name: &str) -> QueryResult<()> {
    match connection {
        AnyConnection::Sqlite(_) => Ok(()),
        AnyConnection::Mysql(mysql) => mysql.batch_execute(&format!(
            "CREATE DATABASE IF NOT EXISTS `{name}` DEFAULT CHARACTER SET utf8mb4"
        )),
    }
}

/// Versions of the embedded migrations: the same for both (a test says so).
pub fn known_migrations() -> QueryResult<BTreeSet<String>> {
    let all: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().map_err(of_migration)?;
    Ok(all.iter().map(|m| m.name().version().to_string()).collect())
}

/// Where diesel writes down what it applied, as it would make it itself, but for what the server's defaults may be.
fn make_list_of_migrations(mysql: &mut MysqlConnection) -> QueryResult<()> {
    mysql.batch_execute(&format!(
        "CREATE TABLE IF NOT EXISTS {APPLIED} (version varchar(50) NOT NULL PRIMARY KEY, \
         run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4"
    ))
}

/// Applies the oldest migration that was not applied yet, if there is one.
pub fn apply_next_migration(connection: &mut AnyConnection) -> QueryResult<()> {
    fn apply<DB, C>(connection: &mut C, source: EmbeddedMigrations) -> MigrationResult
    where
        DB: diesel::backend::Backend,
        C: MigrationHarness<DB>,
    {
        match connection.pending_migrations(source)?.first() {
            Some(migration) => connection.run_migration(migration).map(drop),
            None => Ok(()),
        }
    }
    match connection {
        AnyConnection::Sqlite(sqlite) => apply(sqlite, SQLITE),
        AnyConnection::Mysql(mysql) => {
            make_list_of_migrations(mysql)?;
            apply(mysql, MYSQL)
        }
    }
    .map_err(of_migration)
}

/// Applies those of `versions` that were not applied yet, oldest first.
pub fn apply_migrations(
    connection: &mut AnyConnection,
    versions: &BTreeSet<String>,
) -> QueryResult<()> {
    fn apply<DB, C>(
        connection: &mut C,
        source: EmbeddedMigrations,
        versions: &BTreeSet<String>,
    ) -> MigrationResult
    where
        DB: diesel::backend::Backend,
        C: MigrationHarness<DB>,
    {
        for migration in connection.pending_migrations(source)? {
            if versions.contains(&migration.name().version().to_string()) {
                connection.run_migration(&migration)?;
            }
        }
        Ok(())
    }
    if versions.is_empty() {
        return Ok(());
    }
    match connection {
        AnyConnection::Sqlite(sqlite) => apply(sqlite, SQLITE, versions),
        AnyConnection::Mysql(mysql) => {
            make_list_of_migrations(mysql)?;
            apply(mysql, MYSQL, versions)
        }
    }
    .map_err(of_migration)
}

type MigrationResult = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// The database's own error out of the migration library's wrapping.
fn of_migration(error: Box<dyn std::error::Error + Send + Sync>) -> diesel::result::Error {
    use diesel::result::{DatabaseErrorKind, Error};
    match error.downcast::<Error>() {
        Ok(plain) => *plain,
        // The library's type is private; its text ends with the database's.
        Err(wrapped) => {
            Error::DatabaseError(DatabaseErrorKind::Unknown, Box::new(wrapped.to_string()))
        }
    }
}

#[cfg(test)]
mod tests {
    use diesel::mysql::Mysql;

    use super::*;

    #[test]
    fn both_databases_have_the_same_migrations() {
        let mysql: Vec<Box<dyn Migration<Mysql>>> = MYSQL.migrations().unwrap();
        let sqlite: Vec<Box<dyn Migration<Sqlite>>> = SQLITE.migrations().unwrap();
        let mysql: Vec<_> = mysql.iter().map(|m| m.name().to_string()).collect();
        let sqlite: Vec<_> = sqlite.iter().map(|m| m.name().to_string()).collect();
        assert_eq!(mysql, sqlite);
    }
}
