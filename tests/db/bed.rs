//! A throw-away database of either kind.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use dcrstakepool::db::{Access, Enrolment, Options, SignUp, SignUpOutcome, Store, Verification};
use dcrstakepool::decred::Height;
use dcrstakepool::domain::UserId;
use dcrstakepool::secret::Secret;
use diesel::connection::SimpleConnection as _;
use diesel::sql_types::{BigInt, Nullable, Text};
use diesel::{Connection as _, MysqlConnection, RunQueryDsl as _, SqliteConnection};
use tempfile::TempDir;

use crate::harness::mariadb::MariaDb;
use crate::harness::program;

/// Makes of `async fn NAME(bed: Bed)` a test on each database.
macro_rules! on_both {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::db::bed::Bed::sqlite()).await;
            })*
        }
        mod on_mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name($crate::db::bed::Bed::mariadb()).await;
            })*
        }
    };
}
pub(crate) use on_both;

pub const NOW: i64 = 1_700_000_000;

pub struct Bed {
    pub url: String,
    /// More of the configuration.
    pub more: &'static str,
    server: Option<(&'static MariaDb, String)>,
    folder: TempDir,
}

impl Bed {
    pub fn sqlite() -> Bed {
        let folder = tempfile::tempdir().expect("a folder");
        Bed {
            url: format!("sqlite://{}", folder.path().join("pool.db").display()),
            more: "",
            server: None,
            folder,
        }
    }

    pub fn mariadb() -> Bed {
        let server = MariaDb::shared();
        let database = server.create_database();
        Bed {
            url: server.url(&database),
            more: "",
            server: Some((server, database)),
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.server.is_none()
    }

    pub fn options(&self) -> Options {
        Options::new(Secret::new(self.url.clone()), 10, Access::Owner)
    }

    /// Opened, as it is.
    pub async fn open(&self) -> Store {
        Store::connect(self.options()).await.expect("a store")
    }

    /// Opened, with today's schema.
    pub async fn store(&self) -> Store {
        let store = self.open().await;
        store.require_schema().await.expect("a schema");
        store
    }

    /// A statement that only a test runs.
    pub fn execute(&self, sql: &str) {
        if let Some((server, database)) = &self.server {
            return server.execute(database, sql);
        }
        self.connection()
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// How many rows a table has; `None`: it is not there, or cannot be read now.
    pub fn count(&self, table: &str) -> Option<i64> {
        #[derive(diesel::QueryableByName)]
        struct Count {
            #[diesel(sql_type = BigInt)]
            count: i64,
        }
        let query = diesel::sql_query(format!("SELECT COUNT(*) AS count FROM {table}"));
        let found: diesel::QueryResult<Count> = match &self.server {
            Some((server, database)) => query.get_result(&mut server.connection(database)),
            None => query.get_result(&mut self.connection()),
        };
        found.ok().map(|it| it.count)
    }

    /// How the database would answer.
    pub fn plan(&self, query: &str) -> QueryPlan {
        if let Some((server, database)) = &self.server {
            let rows: Vec<MariaDbStep> = diesel::sql_query(format!("EXPLAIN {query}"))
                .load(&mut server.connection(database))
                .expect("a plan");
            let index = rows.iter().all(|row| row.key.is_some());
            let sorts = rows.iter().any(|row| row.extra.contains("filesort"));
            return QueryPlan { index, sorts };
        }
        let rows: Vec<SqliteStep> = diesel::sql_query(format!("EXPLAIN QUERY PLAN {query}"))
            .load(&mut self.connection())
            .expect("a plan");
        let steps: Vec<&str> = rows.iter().map(|row| row.detail.as_str()).collect();
        let steps = steps.join(";");
        QueryPlan {
            index: steps.contains("SEARCH") && !steps.contains("SCAN"),
            sorts: steps.contains("TEMP B-TREE"),
        }
    }

    /// A connection of another process (SQLite).
    pub fn connection(&self) -> SqliteConnection {
        let path = self.folder.path().join("pool.db");
        SqliteConnection::establish(&path.display().to_string()).expect("a connection")
    }

    /// A connection of another process (MariaDB).
    pub fn server_connection(&self) -> MysqlConnection {
        let (server, database) = self.server.as_ref().expect("MariaDB");
        server.connection(database)
    }

    /// Where SQLite's files are.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Runs the program with this database's configuration.
    pub fn run(&self, arguments: &[&str]) -> Output {
        program::finish(&mut self.command(arguments))
    }

    /// Starts it, and lets it run.
    pub fn start(&self, arguments: &[&str]) -> Child {
        let mut command = self.command(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("the program under test")
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let config = self.folder.path().join("pool.toml");
        std::fs::write(
            &config,
            format!(
                "network = \"simnet\"\n[log]\nfilter = \"trace\"\n[database]\nurl = \"{}\"\n{}",
                self.url, self.more
            ),
        )
        .expect("a configuration");
        let mut command = program::command(arguments);
        command.arg("--config").arg(&config).env_clear();
        command
    }
}

#[derive(Debug)]
pub struct QueryPlan {
    /// Rows are found by an index, not by reading the whole table.
    pub index: bool,
    pub sorts: bool,
}

#[derive(diesel::QueryableByName)]
struct MariaDbStep {
    #[diesel(sql_type = Nullable<Text>)]
    key: Option<String>,
    #[diesel(sql_type = Text, column_name = "Extra")]
    extra: String,
}

#[derive(diesel::QueryableByName)]
struct SqliteStep {
    #[diesel(sql_type = Text)]
    detail: String,
}

pub fn sign_up(email: &str, token_hash: &str) -> SignUp {
    SignUp {
        email: email.to_owned(),
        password_hash: Secret::new("$2a$10$hash"),
        token_hash: token_hash.to_owned(),
        now: NOW,
    }
}

/// What the store takes for a token's hash: hex.
pub fn token_of(email: &str) -> String {
    hex::encode(email)
}

/// A verified user.
pub async fn user(store: &Store, email: &str) -> UserId {
    let token = token_of(email);
    let recorded = store.record_sign_up(sign_up(email, &token)).await;
    assert_eq!(recorded.expect("recorded"), SignUpOutcome::Recorded);
    match store.verify_sign_up(&token, 1000, NOW).await {
        Ok(Verification::Verified(id)) => id,
        other => panic!("{other:?}"),
    }
}

pub fn enrolment(user_id: UserId, variant: u32) -> Enrolment {
    Enrolment {
        user_id,
        pool_pubkey_address: format!("SkPool{user_id}"),
        user_pubkey_address: format!("SkUser{user_id}v{variant}"),
        redeem_script: "51210252ae".into(),
        ticket_address: format!("Sc{user_id}v{variant}"),
        fee_address: format!("Ss{user_id}"),
        height_registered: Height(100 + variant),
    }
}
