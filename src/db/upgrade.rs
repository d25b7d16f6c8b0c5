//! What is there, and what has to be done to have today's schema. Deciding is pure; only `inspect`
//! and `apply` touch the database.

use std::collections::BTreeSet;
use std::fmt;

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::error::Failure;
use super::former::{self, Column, Former, Tables};
use super::queries::identity;
use super::{Error, Result, SchemaState, backup, dialect};
use crate::decred::Height;
use crate::domain::PoolId;

/// Where diesel writes down which migrations were applied.
pub(super) const APPLIED: &str = "__diesel_schema_migrations";

/// Those of this program whose names have capitals.
const CAPITALS: [&str; 2] = ["Tickets", "Samples"];

/// Tables of this program.
pub(super) fn is_ours(table: &str) -> bool {
    table.starts_with("pool_") || CAPITALS.contains(&table) || table == APPLIED
}

/// The name of a table whatever its case is, if it is one with capitals.
pub(super) fn as_written(table: &str) -> Option<&'static str> {
    let mut names = former::TABLES.into_iter().chain(CAPITALS);
    names.find(|name| name.eq_ignore_ascii_case(table))
}

/// A database as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    pub tables: Tables,
    /// Versions of the migrations that were applied.
    pub applied: BTreeSet<String>,
    /// Versions of those that this program has.
    pub known: BTreeSet<String>,
    pub has_pool_id: bool,
    /// The users, as far as the Go program made them.
    pub former: Former,
}

/// One thing to do, repeatable after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    CreateDatabase(String),
    /// Adds a column that later versions of the Go program have.
    AddColumn(Column),
    /// Applies the migration of this version.
    Migrate(String),
    /// Gives those who have nothing in a column what they would have.
    Fill(Column),
    /// Makes our own rows for the users of the Go program. Needs more than the database: see
    /// `Store::take_over`.
    TakeOver(u64),
    MakePoolId,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::CreateDatabase(name) => write!(f, "create the database {name}"),
            Step::AddColumn(column) => write!(f, "add the column Users.{}", column.name),
            Step::Fill(column) => {
                write!(f, "fill the column Users.{} where it is empty", column.name)
            }
            Step::TakeOver(users) => {
                write!(f, "take over the Go program's users, of {users} in all")
            }
            Step::Migrate(version) => write!(f, "create the tables of schema {version}"),
            Step::MakePoolId => write!(f, "give the pool an id"),
        }
    }
}

/// What became of looking at a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Empty: nothing to do.
    Steps(Vec<Step>),
    /// Made by a program that knows more.
    Newer(String),
    /// Tables of another program, or such as cannot be worked with.
    Foreign(String),
}

impl Facts {
    /// Of a database that is not there.
    pub fn of_nothing() -> Result<Facts> {
        let known = dialect::known_migrations()
            .map_err(|error| Error::from(Failure::of_statement(&error)))?;
        Ok(Facts {
            known,
            ..Facts::default()
        })
    }

    /// Tables other than diesel's list of migrations, which an interrupted first run leaves alone.
    fn is_empty(&self) -> bool {
        self.tables.keys().all(|table| table == APPLIED)
    }

    /// Which versions of the Go program made the tables, while there are users to be taken over.
    pub fn former_version(&self) -> Option<&'static str> {
        let waits = self.former.waits();
        waits.then(|| former::version(&self.tables))
    }

    /// Columns and tables that are nobody's: they are left alone.
    pub fn strange(&self) -> Vec<String> {
        former::strange(&self.tables)
    }

    pub fn state(&self) -> SchemaState {
        match plan(self) {
            Plan::Newer(_) => SchemaState::Newer,
            Plan::Steps(steps) if steps.is_empty() => SchemaState::Current,
            Plan::Steps(_) if self.former.waits() => SchemaState::Older,
            // Nothing was finished: an empty database, or one whose making was interrupted before the id,
            // which comes last.
            Plan::Steps(steps) if self.applied.is_empty() || steps.contains(&Step::MakePoolId) => {
                SchemaState::Empty
            }
            Plan::Steps(_) | Plan::Foreign(_) => SchemaState::Older,
        }
    }
}

/// What brings `facts` to today's schema.
pub fn plan(facts: &Facts) -> Plan {
    if facts.tables.contains_key(backup::UNFINISHED) {
        return Plan::Foreign(
            "a restore into this database was interrupted: run `dcrstakepool restore` again, it begins anew"
                .into(),
        );
    }
    if let Some(version) = facts.applied.difference(&facts.known).last() {
        return Plan::Newer(format!(
            "the database's schema is newer than this program: it has {version}, which this \
             program does not know"
        ));
    }
    let ours = facts.tables.contains_key("pool_identity");
    if facts.applied.is_empty() && !ours && !facts.is_empty() && !former::is_former(&facts.tables) {
        return Plan::Foreign(foreign(facts));
    }
    if let Some((table, engine)) = facts.former.engines.first_key_value() {
        return Plan::Foreign(format!(
            "the table {table} is of the engine {engine}, which knows no transactions: after a backup, \
             ALTER TABLE {table} ENGINE=InnoDB"
        ));
    }
    let lacking = former::lacking(&facts.tables);
    let mut steps: Vec<Step> = lacking.iter().copied().map(Step::AddColumn).collect();
    let pending = facts.known.difference(&facts.applied).cloned();
    steps.extend(pending.map(Step::Migrate));
    if facts.former.waits() {
        let empty = |column: &Column| {
            lacking.contains(column) || facts.former.unfilled.contains(column.name)
        };
        steps.extend(former::COLUMNS.into_iter().filter(empty).map(Step::Fill));
        steps.push(Step::TakeOver(facts.former.users));
    }
    if !facts.has_pool_id {
        steps.push(Step::MakePoolId);
    }
    Plan::Steps(steps)
}

fn foreign(facts: &Facts) -> String {
    let tables: Vec<_> = facts.tables.keys().map(String::as_str).collect();
    format!(
        "the database holds tables that are not dcrstakepool's: {}",
        tables.join(", ")
    )
}

pub(super) fn inspect(connection: &mut AnyConnection) -> QueryResult<Facts> {
    let mut facts = Facts {
        known: dialect::known_migrations()?,
        ..Facts::default()
    };
    for column in dialect::columns(connection)? {
        facts
            .tables
            .entry(column.table_name)
            .or_default()
            .insert(column.column_name);
    }
    if facts.tables.contains_key(APPLIED) {
        facts.applied = applied::table
            .select(applied::version)
            .load(connection)?
            .into_iter()
            .collect();
    }
    facts.former = former::inspect(connection, &facts.tables)?;
    facts.has_pool_id =
        facts.tables.contains_key("pool_identity") && identity::find(connection)?.is_some();
    Ok(facts)
}

/// What a step may need beside the database.
#[derive(Debug, Clone, Copy)]
pub struct Needs {
    /// For a pool that has none yet.
    pub pool_id: PoolId,
    /// Scripts that were registered before that was written down may have tickets from here on.
    pub registered: Height,
}

/// Does one step. A step that another process did meanwhile is done.
pub(super) fn apply(connection: &mut AnyConnection, step: &Step, needs: Needs) -> QueryResult<()> {
    match step {
        // Done by connecting: there is no connection to a database that is not there. Users are taken
        // over by who has the pool's keys.
        Step::CreateDatabase(_) | Step::TakeOver(_) => Ok(()),
        Step::AddColumn(column) => former::add(connection, *column),
        Step::Fill(column) => former::fill(connection, *column, needs.registered.0),
        Step::Migrate(_) => dialect::apply_next_migration(connection),
        Step::MakePoolId => match identity::find(connection)? {
            Some(_) => Ok(()),
            None => identity::insert(connection, needs.pool_id),
        },
    }
}

mod applied {
    diesel::table! {
        #[sql_name = "__diesel_schema_migrations"]
        applied_migrations (version) {
            version -> Text,
        }
    }
    pub use self::applied_migrations::{table, version};
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(tables: &[&str], applied: &[&str], known: &[&str], has_pool_id: bool) -> Facts {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Facts {
            tables: tables
                .iter()
                .map(|name| ((*name).to_owned(), BTreeSet::new()))
                .collect(),
            applied: set(applied),
            known: set(known),
            has_pool_id,
            former: Former::default(),
        }
    }

    #[test]
    fn an_empty_database_gets_everything() {
        let found = facts(&[], &[], &["0001", "0002"], false);
        assert_eq!(
            plan(&found),
            Plan::Steps(vec![
                Step::Migrate("0001".into()),
                Step::Migrate("0002".into()),
                Step::MakePoolId
            ])
        );
        assert_eq!(found.state(), SchemaState::Empty);
    }

    #[test]
    fn what_a_crash_left_is_finished() {
        // Killed within the first migration, before it was written down, and after; and within the next.
        for found in [
            facts(&[APPLIED], &[], &["0001"], false),
            facts(&[APPLIED, "pool_identity"], &[], &["0001"], false),
            facts(
                &[APPLIED, "pool_identity", "Users"],
                &["0001"],
                &["0001"],
                false,
            ),
            facts(
                &[APPLIED, "pool_identity", "Users"],
                &["0001"],
                &["0001", "0002"],
                false,
            ),
        ] {
            assert_eq!(found.state(), SchemaState::Empty, "{found:?}");
            let Plan::Steps(steps) = plan(&found) else {
                panic!("refused: {found:?}");
            };
            assert_eq!(steps.last(), Some(&Step::MakePoolId));
        }
    }

    #[test]
    fn today_s_schema_needs_nothing() {
        let found = facts(
            &[APPLIED, "pool_identity", "Users"],
            &["0001"],
            &["0001"],
            true,
        );
        assert_eq!(plan(&found), Plan::Steps(Vec::new()));
        assert_eq!(found.state(), SchemaState::Current);
    }

    #[test]
    fn older_and_newer_are_told_apart() {
        let tables = [APPLIED, "pool_identity", "Users"];
        let older = facts(&tables, &["0001"], &["0001", "0002"], true);
        assert_eq!(
            plan(&older),
            Plan::Steps(vec![Step::Migrate("0002".into())])
        );
        assert_eq!(older.state(), SchemaState::Older);
        let newer = facts(&tables, &["0001", "0002"], &["0001"], true);
        assert_eq!(newer.state(), SchemaState::Newer);
    }

    /// Of the Go program, with 5 users; `lacks` are the columns that its version did not have.
    fn go_pool(lacks: &[&str]) -> Facts {
        let mut found = facts(&["Users", "PasswordReset"], &[], &["0001"], false);
        let columns = "UserId Email Username Password MultiSigAddress MultiSigScript PoolPubKeyAddr UserPubKeyAddr \
                       UserFeeAddr HeightRegistered EmailVerified EmailToken APIToken VoteBits VoteBitsVersion";
        let columns = columns
            .split(' ')
            .filter(|name| !lacks.contains(name))
            .map(str::to_owned);
        found.tables.insert("Users".into(), columns.collect());
        found.former.highest = 7;
        found.former.users = 5;
        found
    }

    fn words(facts: &Facts) -> Vec<String> {
        match plan(facts) {
            Plan::Steps(steps) => steps.iter().map(ToString::to_string).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_go_pool_is_taken_over() {
        let found = go_pool(&[]);
        assert_eq!(found.state(), SchemaState::Older);
        let expected = [
            "create the tables of schema 0001",
            "take over the Go program's users, of 5 in all",
            "give the pool an id",
        ];
        assert_eq!(words(&found), expected);
        let found = go_pool(&["VoteBits", "VoteBitsVersion"]);
        let expected = [
            "add the column Users.VoteBits",
            "add the column Users.VoteBitsVersion",
            "create the tables of schema 0001",
            "fill the column Users.VoteBits where it is empty",
            "fill the column Users.VoteBitsVersion where it is empty",
            "take over the Go program's users, of 5 in all",
            "give the pool an id",
        ];
        assert_eq!(words(&found), expected);
    }

    #[test]
    fn users_that_the_go_program_made_since_are_taken_over_too() {
        let mut found = go_pool(&[]);
        found.applied.insert("0001".into());
        found.has_pool_id = true;
        found.former.counted = 7;
        assert_eq!(found.state(), SchemaState::Current);
        found.former.highest = 8;
        assert_eq!(found.state(), SchemaState::Older);
        assert_eq!(
            words(&found),
            ["take over the Go program's users, of 5 in all"]
        );
    }

    #[test]
    fn strangers_and_tables_without_transactions_are_refused() {
        let stranger = facts(&["wp_posts", "Users"], &[], &["0001"], false);
        let Plan::Foreign(text) = plan(&stranger) else {
            panic!("accepted");
        };
        assert!(text.contains("wp_posts"), "{text}");
        let mut old = go_pool(&[]);
        old.former.engines.insert("Users".into(), "MyISAM".into());
        let Plan::Foreign(text) = plan(&old) else {
            panic!("accepted");
        };
        assert!(text.contains("ALTER TABLE Users ENGINE=InnoDB"), "{text}");
    }
}
