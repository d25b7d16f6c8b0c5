//! A database as a version of the Go program left it, written from the description of its tables.

use std::fmt::Write as _;
use std::process::{Command, Output};
use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dcrstakepool::db::{Access, Options, Store};
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::params::Network;
use dcrstakepool::secret::Secret;
use diesel::RunQueryDsl as _;
use diesel::sql_types::{Nullable, Text};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use tempfile::TempDir;

use crate::harness::mariadb::MariaDb;
use crate::harness::program;
use crate::web::site::{API_SECRET, voting_key};

pub const PASSWORD: &str = "a password from before";
/// The fee address of a cold wallet that is gone.
pub const FORMER_FEE_ADDRESS: &str = "SsWKp7wtdTZYabYFYSc9cnxhwFEjA5g4pFc";
pub const EMAIL_TOKEN: &str = "0123456789abcdef0123456789abcdef";
pub const RESET_TOKEN: &str = "abcdef0123456789abcdef0123456789";

/// Versions whose tables differ, the oldest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    V001,
    V002,
    V004,
    V100,
    V111,
    V150,
}

pub const VERSIONS: [Version; 6] = [
    Version::V001,
    Version::V002,
    Version::V004,
    Version::V100,
    Version::V111,
    Version::V150,
];

impl Version {
    /// As `migrate` calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::V001 => "0.0.1",
            Self::V002 => "0.0.2",
            Self::V004 => "0.0.3 or 0.0.4",
            Self::V100 => "1.0.0",
            Self::V111 => "1.1.1",
            Self::V150 => "1.2 to 1.5",
        }
    }

    /// The columns of `Users` and their types, in the order they came.
    fn columns(self) -> Vec<(&'static str, &'static str)> {
        let text = "varchar(255) NULL";
        let number = "bigint NULL";
        let mut columns = vec![
            ("UserId", "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY"),
            ("Email", text),
            ("Username", text),
            ("Password", "mediumblob NULL"),
            ("MultiSigAddress", text),
            ("MultiSigScript", text),
            ("PoolPubKeyAddr", text),
            ("UserPubKeyAddr", text),
        ];
        let since = [
            (Self::V002, vec![("HeightRegistered", number)]),
            (
                Self::V004,
                vec![("EmailVerified", number), ("EmailToken", text)],
            ),
            (Self::V100, vec![("APIToken", text)]),
            (
                Self::V111,
                vec![
                    ("UserFeeAddr", text),
                    ("VoteBits", number),
                    ("VoteBitsVersion", number),
                ],
            ),
        ];
        let there = since.into_iter().filter(|(version, _)| *version <= self);
        columns.extend(there.flat_map(|(_, columns)| columns));
        columns
    }
}

/// A user of that time.
#[derive(Debug, Clone, Copy)]
pub struct Person {
    pub id: i64,
    pub email: &'static str,
    /// 0 no, 1 yes.
    verified: i64,
    /// Of the pool's key in the script, if there is one.
    pub key: Option<u32>,
    fee_address: Option<&'static str>,
}

const fn person(id: i64, email: &'static str, key: Option<u32>) -> Person {
    Person {
        id,
        email,
        verified: 1,
        key,
        fee_address: None,
    }
}

/// With gaps, a key elsewhere, an address used twice, and one that is not verified.
pub const PEOPLE: [Person; 7] = [
    person(1, "admin@example.com", Some(1)),
    person(2, "Kim@Example.com", Some(2)),
    Person {
        verified: 0,
        ..person(3, "new@example.com", None)
    },
    person(5, "waits@example.com", None),
    person(7, "early@example.com", Some(431)),
    person(8, "kim@example.com", None),
    Person {
        fee_address: Some(FORMER_FEE_ADDRESS),
        ..person(12, "old@example.com", Some(12))
    },
];

impl Person {
    /// Redeem script and ticket address.
    pub fn script(&self) -> Option<(RedeemScript, String)> {
        let pool = key(self.key?);
        let script = RedeemScript::new(
            &pool,
            &key(2_000_000 + u32::try_from(self.id).expect("small")),
        );
        let address = script.address(Network::Simnet).to_string();
        Some((script, address))
    }

    /// As the Go program made them.
    pub fn api_token(&self) -> String {
        self.api_token_of("http://pool.example.com")
    }

    /// The same, while the pool was at this address.
    pub fn api_token_of(&self, base_url: &str) -> String {
        let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
        let head = part(r#"{"alg":"HS256","typ":"JWT"}"#);
        let claims = format!(
            r#"{{"iat":1500000000,"iss":"{base_url}","loggedInAs":{}}}"#,
            self.id
        );
        let signed = format!("{head}.{}", part(&claims));
        let mut mac = Hmac::<Sha256>::new_from_slice(API_SECRET.as_bytes()).expect("a key");
        mac.update(signed.as_bytes());
        format!(
            "{signed}.{}",
            URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
        )
    }

    fn value(&self, column: &str, password: &str) -> String {
        let text = |text: &str| format!("'{text}'");
        let script = self.script();
        let pubkey = |index: u32| Address::pubkey(Network::Simnet, &key(index)).to_string();
        let with_script = |value: String| {
            if script.is_some() {
                text(&value)
            } else {
                text("")
            }
        };
        match column {
            "UserId" => self.id.to_string(),
            "Email" | "Username" => text(self.email),
            "Password" => text(password),
            "MultiSigAddress" => {
                with_script(script.as_ref().map(|it| it.1.clone()).unwrap_or_default())
            }
            "MultiSigScript" => {
                with_script(script.as_ref().map(|it| it.0.to_hex()).unwrap_or_default())
            }
            "PoolPubKeyAddr" => with_script(self.key.map(pubkey).unwrap_or_default()),
            "UserPubKeyAddr" => {
                with_script(pubkey(2_000_000 + u32::try_from(self.id).expect("small")))
            }
            "UserFeeAddr" => text(self.fee_address.unwrap_or("")),
            "HeightRegistered" => if script.is_some() { "150" } else { "0" }.to_owned(),
            "EmailVerified" => self.verified.to_string(),
            "EmailToken" => text(if self.verified == 0 { EMAIL_TOKEN } else { "" }),
            "APIToken" => text(&self.api_token()),
            "VoteBits" => "5".to_owned(),
            "VoteBitsVersion" => "12".to_owned(),
            other => panic!("no such column: {other}"),
        }
    }
}

fn key(index: u32) -> dcrstakepool::decred::key::PublicKey {
    let account = ExtendedPubKey::parse(Network::Simnet, &voting_key()).expect("key");
    let branch = account.external_branch().expect("branch");
    branch.key(index).expect("key")
}

/// A database of that time, and where it is.
pub struct Former {
    server: &'static MariaDb,
    pub database: String,
    folder: TempDir,
}

impl Former {
    pub fn of(version: Version) -> Self {
        let former = Self::empty();
        former.execute(&tables(version));
        former.execute(&rows(version));
        former
    }

    pub fn empty() -> Self {
        Self::on(MariaDb::shared())
    }

    /// An empty one on this server.
    pub fn on(server: &'static MariaDb) -> Self {
        Self {
            database: server.create_database(),
            server,
            folder: tempfile::tempdir().expect("a folder"),
        }
    }

    pub fn url(&self) -> String {
        self.server.url(&self.database)
    }

    pub fn execute(&self, sql: &str) {
        self.server.execute(&self.database, sql);
    }

    /// Runs `migrate` with the pool's keys in its configuration.
    pub fn migrate(&self, arguments: &[&str]) -> Output {
        self.migrate_with(&keys(), arguments)
    }

    /// Runs it with these lines in `[pool]`.
    pub fn migrate_with(&self, pool: &str, arguments: &[&str]) -> Output {
        self.run("migrate", &self.url(), pool, arguments)
    }

    /// As another account of the server.
    pub fn migrate_as(&self, (user, password): (&str, &str), arguments: &[&str]) -> Output {
        let url = self.server.url_as(user, password, &self.database);
        self.run("migrate", &url, &keys(), arguments)
    }

    /// Fills it from a backup.
    pub fn restore(&self, file: &str) -> Output {
        self.run("restore", &self.url(), &keys(), &[file])
    }

    /// Writes a backup of it.
    pub fn back_up(&self, file: &str) -> Output {
        self.run("backup", &self.url(), &keys(), &[file])
    }

    pub fn server(&self) -> &'static MariaDb {
        self.server
    }

    fn run(&self, command: &str, url: &str, pool: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(command, url, pool, arguments);
        command.output().expect("the program")
    }

    /// The program with this database, if it is known there by this URL.
    pub fn command(&self, command: &str, url: &str, pool: &str, arguments: &[&str]) -> Command {
        let config = self.folder.path().join("pool.toml");
        let text = format!("network = \"simnet\"\n[database]\nurl = \"{url}\"\n[pool]\n{pool}");
        std::fs::write(&config, text).expect("a configuration");
        let mut command = program::command(&[command]);
        command.args(arguments).arg("--config").arg(&config);
        command
    }

    pub async fn store(&self) -> Store {
        let options = Options::new(Secret::new(self.url()), 5, Access::Owner);
        Store::connect(options).await.expect("a store")
    }

    /// All rows of a query.
    pub fn load<T>(&self, sql: &str) -> Vec<T>
    where
        T: diesel::deserialize::FromSqlRow<diesel::sql_types::Untyped, diesel::mysql::Mysql>
            + diesel::QueryableByName<diesel::mysql::Mysql>
            + 'static,
    {
        diesel::sql_query(sql)
            .load(&mut self.server.connection(&self.database))
            .unwrap_or_else(|error| panic!("{sql}: {error}"))
    }

    /// The same, a line each.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        #[derive(diesel::QueryableByName)]
        struct Line {
            #[diesel(sql_type = Nullable<Text>)]
            line: Option<String>,
        }
        let lines: Vec<Line> = self.load(sql);
        lines
            .into_iter()
            .map(|line| line.line.unwrap_or_else(|| "NULL".into()))
            .collect()
    }

    /// Columns of the Go program's tables, with type and default.
    pub fn columns(&self, table: &str) -> Vec<String> {
        self.rows(&format!(
            "SELECT CONCAT_WS(' ', column_name, column_type, is_nullable, column_key, column_default) AS line \
             FROM information_schema.columns WHERE table_schema = DATABASE() AND table_name = '{table}' \
             ORDER BY column_name"
        ))
    }

    /// What our own rows say of each user.
    pub fn taken(&self) -> Vec<String> {
        self.rows(
            "SELECT CONCAT_WS(' ', u.UserId, k.key_index, e.email_hash, r.revision > 0, u.UserFeeAddr, \
             u.HeightRegistered, u.EmailVerified, u.EmailToken, u.VoteBits, u.VoteBitsVersion) AS line \
             FROM Users u LEFT JOIN pool_keys k ON k.user_id = u.UserId \
             LEFT JOIN pool_emails e ON e.user_id = u.UserId \
             LEFT JOIN pool_revisions r ON r.user_id = u.UserId ORDER BY u.UserId",
        )
    }
}

/// As operators have them: both of the same wallet here, which only earns a warning.
pub fn keys() -> String {
    let key = voting_key();
    format!("voting_wallet_extpub = \"{key}\"\ncold_wallet_extpub = \"{key}\"\n")
}

pub fn tables(version: Version) -> String {
    let mut sql = String::new();
    let mut table = |name: &str, columns: &[(&str, &str)]| {
        let columns: Vec<_> = columns
            .iter()
            .map(|(name, kind)| format!("{name} {kind}"))
            .collect();
        let _ = write!(
            sql,
            "CREATE TABLE {name} ({}) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;",
            columns.join(", ")
        );
    };
    let (text, number) = ("varchar(255) NULL", "bigint NULL");
    let id = "bigint NOT NULL AUTO_INCREMENT PRIMARY KEY";
    let expiring = [("Token", text), ("Created", number), ("Expires", number)];
    table("Users", &version.columns());
    table(
        "PasswordReset",
        &[
            &[("PasswordResetID", id), ("UserId", number)][..],
            &expiring,
        ]
        .concat(),
    );
    if version >= Version::V004 {
        let first = [
            ("EmailChangeID", id),
            ("UserId", number),
            ("NewEmail", text),
        ];
        table("EmailChange", &[&first[..], &expiring].concat());
    }
    if version >= Version::V150 {
        table(
            "LowFeeTicket",
            &[
                ("LowFeeTicketID", id),
                ("AddedByUid", number),
                ("TicketAddress", text),
                ("TicketHash", text),
                ("TicketExpiry", number),
                ("Voted", number),
                ("Created", number),
                ("Expires", number),
            ],
        );
        let first = [
            ("SessionID", id),
            ("Data", "mediumblob NULL"),
            ("UserId", number),
        ];
        table("Session", &[&first[..], &expiring].concat());
    }
    sql
}

/// Cheap, in the form that the Go program wrote, and the same in all databases of this process.
static HASH: LazyLock<String> = LazyLock::new(|| {
    let hash = bcrypt::hash_with_result(PASSWORD, 4).expect("a hash");
    hash.format_for_version(bcrypt::Version::TwoA)
});

pub fn rows(version: Version) -> String {
    let columns = version.columns();
    let names: Vec<_> = columns.iter().map(|(name, _)| *name).collect();
    let people = PEOPLE.iter().map(|person| {
        let values: Vec<_> = names.iter().map(|name| person.value(name, &HASH)).collect();
        format!("({})", values.join(", "))
    });
    let people: Vec<_> = people.collect();
    format!(
        "INSERT INTO Users ({}) VALUES {};\
         INSERT INTO PasswordReset (UserId, Token, Created, Expires) VALUES (12, '{RESET_TOKEN}', 1500000000, 4000000000);",
        names.join(", "),
        people.join(", ")
    )
}

/// Ends with this code and says these words.
#[track_caller]
pub fn ends(output: &Output, code: i32, words: &[&str]) {
    let text = format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(output.status.code(), Some(code), "{text}");
    for words in words {
        assert!(text.contains(words), "{words:?} is not in {text}");
    }
}
