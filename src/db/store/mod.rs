//! The store's methods, a file per concern.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use diesel::QueryResult;
use uuid::Uuid;

use super::changes::{Changes, Touches};
use super::connection::{self, AnyConnection, Location};
use super::pool::Pool;
use super::queries::identity;
use super::transaction::{self, Decision};
use super::upgrade::{self, Facts, Needs, Plan, Step};
use super::{Access, Error, Options, Pace, Result, SchemaState, Server, dialect, lock};
use crate::decred::Height;
use crate::domain::PoolId;

mod accounts;
mod alerts;
mod backup;
mod enrolment;
mod leases;
mod limits;
mod links;
mod low_fee;
mod mails;
mod marks;
mod news;
mod operations;
mod preferences;
mod samples;
mod second_factors;
mod sessions;
mod takeover;
mod tickets;
mod users;
mod vote_times;
mod voter_users;

/// At start a database that does not answer is reported after this long.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Changing tables takes as long as it takes.
const UPGRADE_LIMIT: Duration = Duration::from_hours(6);

/// A database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Store(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    pool: Pool,
    limit: Duration,
    name: String,
    access: Access,
    changes: Changes,
    /// By several processes, perhaps.
    shared: bool,
    /// Held as long as the store lives.
    _lock: Option<File>,
}

/// How often parts of a step may turn out to be done by another process.
const BESIDE_OTHERS: u32 = 10;

impl Store {
    /// Opens the database and makes sure that it answers; for `Access::Owner` it makes an SQLite
    /// file that is missing. Says nothing about the schema: see `require_schema`.
    pub async fn connect(options: Options) -> Result<Store> {
        let location = Location::parse(&options.url)?;
        let lock = match (&location, options.access) {
            (Location::Sqlite(path), Access::Owner) => Some(lock::take(path)?),
            (Location::Sqlite(path), Access::Guest) if !path.exists() => {
                let path = path.display();
                return Err(Error::NoDatabase(format!(
                    "{path}{}",
                    connection::MIGRATE_MAKES_IT
                )));
            }
            _ => None,
        };
        let store = Store(Arc::new(Inner {
            name: location.name(),
            shared: matches!(location, Location::Mysql { .. }),
            access: options.access,
            changes: Changes::default(),
            pool: Pool::new(location, options.max_connections.max(1)),
            limit: options.deadline,
            _lock: lock,
        }));
        let limit = CONNECT_LIMIT.min(options.deadline);
        transaction::read(&store.0.pool, limit, dialect::try_out).await?;
        Ok(store)
    }

    /// Which schema the database has.
    pub async fn schema_state(&self) -> Result<SchemaState> {
        Ok(self.inspect().await?.state())
    }

    /// What is there, for `plan`.
    pub async fn inspect(&self) -> Result<Facts> {
        self.read(upgrade::inspect).await
    }

    /// Does one step of a plan. Safe to repeat. `registered`: see `Needs`.
    pub async fn apply(&self, step: &Step, registered: Height) -> Result<()> {
        let step = step.clone();
        let needs = Needs {
            pool_id: PoolId(Uuid::new_v4()),
            registered,
        };
        let done = transaction::alter(&self.0.pool, UPGRADE_LIMIT, move |connection| {
            upgrade::apply(connection, &step, needs)
        });
        Ok(done.await?)
    }

    /// Is content with today's schema; its owner makes it in an empty database. Refuses any other
    /// (`Error::Schema`).
    pub async fn require_schema(&self) -> Result<()> {
        match self.schema_state().await? {
            SchemaState::Current => Ok(()),
            SchemaState::Empty if self.0.access == Access::Owner => self.make_schema().await,
            SchemaState::Empty => Err(Error::Schema(format!(
                "{} is empty: run `dcrstakepool migrate`, or start web",
                self.0.name
            ))),
            SchemaState::Older | SchemaState::Newer => Err(self.refusal().await?),
        }
    }

    async fn make_schema(&self) -> Result<()> {
        if let Plan::Steps(steps) = upgrade::plan(&self.inspect().await?) {
            for step in &steps {
                tracing::info!(%step, "database");
                self.apply_beside_others(step).await?;
            }
        }
        Ok(())
    }

    /// Other web processes, which start at the same time, may do it or parts of it first.
    async fn apply_beside_others(&self, step: &Step) -> Result<()> {
        for _ in 0..BESIDE_OTHERS {
            match self.apply(step, Height(0)).await {
                Err(Error::Conflict(text)) => tracing::debug!("done elsewhere: {text}"),
                done => return done,
            }
        }
        self.apply(step, Height(0)).await
    }

    async fn refusal(&self) -> Result<Error> {
        Ok(Error::Schema(match upgrade::plan(&self.inspect().await?) {
            Plan::Newer(text) | Plan::Foreign(text) => text,
            Plan::Steps(_) => format!(
                "the schema of {} is older than this program: run `dcrstakepool migrate`",
                self.0.name
            ),
        }))
    }

    /// Whether other processes like this one may use it too: an SQLite file has one owner.
    pub fn is_shared(&self) -> bool {
        self.0.shared
    }

    /// Which pool this database is of: made with the schema.
    pub async fn pool_id(&self) -> Result<PoolId> {
        self.read(identity::find)
            .await?
            .ok_or_else(|| Error::Schema("the pool has no id: run `dcrstakepool migrate`".into()))
    }

    /// Whether the database serves now. A row is read, since a node of a cluster that has lost the others
    /// answers what needs none.
    pub async fn ping(&self) -> Result<()> {
        self.read(identity::find).await.map(drop)
    }

    /// The clock of the database's machine, unix seconds; `None`: it is this one.
    pub async fn server_clock(&self) -> Result<Option<i64>> {
        if !self.0.shared {
            return Ok(None);
        }
        self.read(dialect::now).await.map(Some)
    }

    /// The server behind it, and what the account may do there; `None`: there is none.
    pub async fn server(&self) -> Result<Option<Server>> {
        self.read(dialect::server).await
    }

    /// How fast it answered this process so far.
    pub fn pace(&self) -> Pace {
        self.0.pool.pace()
    }

    async fn read<T, F>(&self, query: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> QueryResult<T> + Send + Sync + 'static,
    {
        Ok(transaction::read(&self.0.pool, self.0.limit, query).await?)
    }

    /// How often this process may have changed accounts or sessions.
    pub fn changes_of_accounts(&self) -> u64 {
        self.0.changes.of_accounts()
    }

    /// How often this process may have changed tickets.
    pub fn changes_of_tickets(&self) -> u64 {
        self.0.changes.of_tickets()
    }

    /// See `transaction::write`.
    async fn decide<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection, bool) -> QueryResult<Decision<T>> + Send + Sync + 'static,
    {
        self.decide_on(Touches::All, change).await
    }

    /// As `decide`, for what leaves alone more than it touches.
    async fn decide_on<T, F>(&self, touches: Touches, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection, bool) -> QueryResult<Decision<T>> + Send + Sync + 'static,
    {
        let _noted = self.0.changes.under_way(touches);
        Ok(transaction::write(&self.0.pool, self.0.limit, change).await?)
    }

    /// A change that always commits.
    async fn write<T, F>(&self, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> QueryResult<T> + Send + Sync + 'static,
    {
        self.write_on(Touches::All, change).await
    }

    /// As `write`, for what leaves alone more than it touches.
    async fn write_on<T, F>(&self, touches: Touches, change: F) -> Result<T>
    where
        T: Send + 'static,
        F: Fn(&mut AnyConnection) -> QueryResult<T> + Send + Sync + 'static,
    {
        let change =
            move |connection: &mut AnyConnection, _| change(connection).map(Decision::Commit);
        self.decide_on(touches, change).await
    }
}

/// Makes a MySQL database that is missing, if the account may. An SQLite file is made by
/// `Store::connect`.
pub async fn create_database(options: &Options) -> Result<()> {
    let Location::Mysql {
        server, database, ..
    } = Location::parse(&options.url)?
    else {
        return Ok(());
    };
    let made = tokio::task::spawn_blocking(move || connection::create_database(&server, &database));
    match tokio::time::timeout(CONNECT_LIMIT, made).await {
        Ok(Ok(result)) => Ok(result?),
        Ok(Err(error)) => Err(Error::Query(error.to_string())),
        Err(_) => Err(Error::Unavailable("no answer".into())),
    }
}
