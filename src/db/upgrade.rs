//! What is there, and what has to be done to have today's schema. Deciding is pure; only `inspect`
//! and `apply` touch the database.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use diesel::prelude::*;

use super::connection::AnyConnection;
use super::error::Failure;
use super::queries::identity;
use super::{Error, Result, SchemaState, dialect};
use crate::domain::PoolId;

/// Where diesel writes down which migrations were applied.
const APPLIED: &str = "__diesel_schema_migrations";

/// A database as found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Columns by table.
    pub tables: BTreeMap<String, BTreeSet<String>>,
    /// Versions of the migrations that were applied.
    pub applied: BTreeSet<String>,
    /// Versions of those that this program has.
    pub known: BTreeSet<String>,
    pub has_pool_id: bool,
}

/// One thing to do, repeatable after a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    CreateDatabase(String),
    /// Applies the migration of this version.
    Migrate(String),
    MakePoolId,
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::CreateDatabase(name) => write!(f, "create the database {name}"),
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
    /// Tables of another program, which this one cannot take over yet.
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

    pub fn state(&self) -> SchemaState {
        match plan(self) {
            Plan::Newer(_) => SchemaState::Newer,
            Plan::Steps(steps) if steps.is_empty() => SchemaState::Current,
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
    if let Some(version) = facts.applied.difference(&facts.known).last() {
        return Plan::Newer(format!(
            "the database's schema is newer than this program: it has {version}, which this \
             program does not know"
        ));
    }
    let ours = facts.tables.contains_key("pool_identity");
    if facts.applied.is_empty() && !ours && !facts.is_empty() {
        return Plan::Foreign(foreign(facts));
    }
    let mut steps: Vec<Step> = facts
        .known
        .difference(&facts.applied)
        .cloned()
        .map(Step::Migrate)
        .collect();
    if !facts.has_pool_id {
        steps.push(Step::MakePoolId);
    }
    Plan::Steps(steps)
}

fn foreign(facts: &Facts) -> String {
    let tables: Vec<_> = facts.tables.keys().map(String::as_str).collect();
    if facts.tables.contains_key("Users") {
        format!(
            "the database is that of a dcrstakepool before 2.0 (tables {}): this version cannot \
             take it over yet",
            tables.join(", ")
        )
    } else {
        format!(
            "the database holds tables that are not dcrstakepool's: {}",
            tables.join(", ")
        )
    }
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
    facts.has_pool_id =
        facts.tables.contains_key("pool_identity") && identity::find(connection)?.is_some();
    Ok(facts)
}

/// Does one step. A step that another process did meanwhile is done.
pub(super) fn apply(connection: &mut AnyConnection, step: &Step, id: PoolId) -> QueryResult<()> {
    match step {
        // Done by connecting: there is no connection to a database that is not there.
        Step::CreateDatabase(_) => Ok(()),
        Step::Migrate(_) => dialect::apply_next_migration(connection),
        Step::MakePoolId => match identity::find(connection)? {
            Some(_) => Ok(()),
            None => identity::insert(connection, id),
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

    #[test]
    fn a_go_pool_and_a_stranger_are_refused() {
        let go = facts(&["Users", "PasswordReset"], &[], &["0001"], false);
        assert_eq!(go.state(), SchemaState::Older);
        let Plan::Foreign(text) = plan(&go) else {
            panic!("accepted");
        };
        assert!(text.contains("before 2.0"), "{text}");
        let stranger = facts(&["wp_posts"], &[], &["0001"], false);
        let Plan::Foreign(text) = plan(&stranger) else {
            panic!("accepted");
        };
        assert!(text.contains("wp_posts"), "{text}");
    }
}
