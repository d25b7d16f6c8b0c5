//! The tables of the Go program through its versions, as they are found: which columns its table `Users` lacks
//! in each, what goes into them, and whether there are users that this program has not taken over.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::connection::AnyConnection;
use super::queries::counters;
use super::{dialect, upgrade};

/// Every version has these.
const ALWAYS: [&str; 8] = [
    "UserId",
    "Email",
    "Username",
    "Password",
    "MultiSigAddress",
    "MultiSigScript",
    "PoolPubKeyAddr",
    "UserPubKeyAddr",
];

/// A column that versions of the Go program added to `Users`, and the value of who was a user before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub name: &'static str,
    sql_type: &'static str,
    value: Value,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Value {
    Number(i64),
    Nothing,
    /// The height that is given, with a script; 0 without.
    Height,
}

impl Column {
    const fn number(name: &'static str, value: Value) -> Self {
        Self {
            name,
            sql_type: "bigint",
            value,
        }
    }

    const fn text(name: &'static str) -> Self {
        Self {
            name,
            sql_type: "varchar(255)",
            value: Value::Nothing,
        }
    }

    /// As the Go program's ORM makes it.
    fn add(&self) -> String {
        format!(
            "ALTER TABLE Users ADD COLUMN {} {} NULL",
            self.name, self.sql_type
        )
    }

    /// Only where there is nothing: can be repeated.
    fn fill(&self, height: u32) -> Vec<String> {
        let Column { name, .. } = self;
        let empty = |value: &str| format!("UPDATE Users SET {name} = {value} WHERE {name} IS NULL");
        match self.value {
            Value::Number(number) => vec![empty(&number.to_string())],
            Value::Nothing => vec![empty("''")],
            Value::Height => vec![
                format!("{} AND MultiSigScript <> ''", empty(&height.to_string())),
                empty("0"),
            ],
        }
    }
}

/// From 0.0.2 to 1.1.1 on, in their order.
pub const COLUMNS: [Column; 7] = [
    Column::number("HeightRegistered", Value::Height),
    // 2: was a user before addresses were verified.
    Column::number("EmailVerified", Value::Number(2)),
    Column::text("EmailToken"),
    Column::text("APIToken"),
    Column::text("UserFeeAddr"),
    Column::number("VoteBits", Value::Number(1)),
    // The wallets' version resets it.
    Column::number("VoteBitsVersion", Value::Number(0)),
];

/// Tables of the Go program, at most.
pub const TABLES: [&str; 5] = [
    "Users",
    "EmailChange",
    "PasswordReset",
    "LowFeeTicket",
    "Session",
];

/// Those without its sessions.
pub const DATA: [&str; 4] = ["Users", "EmailChange", "PasswordReset", "LowFeeTicket"];

/// What is known of users.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Former {
    /// The highest id of all users, and the highest that this program knows of.
    pub highest: i64,
    pub counted: i64,
    /// While some are to be taken over: how many users there are.
    pub users: u64,
    /// And columns that are NULL for some of them.
    pub unfilled: BTreeSet<&'static str>,
    /// Those whose stored votes or height cannot be what the Go program wrote.
    pub damaged: BTreeSet<i64>,
    /// Tables of the Go program without transactions, and their engines; but for its sessions, which stay as they
    /// are.
    pub engines: BTreeMap<String, String>,
}

impl Former {
    /// Whether there are users that this program has not made, and has not taken over.
    pub fn waits(&self) -> bool {
        self.highest > self.counted
    }
}

/// Columns by table.
pub type Tables = BTreeMap<String, BTreeSet<String>>;

/// Whether the tables are those of the Go program, of whatever version.
pub fn is_former(tables: &Tables) -> bool {
    let users = tables.get("Users");
    users.is_some_and(|columns| ALWAYS.iter().all(|name| columns.contains(*name)))
}

/// What the version lacks that made them.
pub fn lacking(tables: &Tables) -> Vec<Column> {
    let Some(users) = tables.get("Users").filter(|_| is_former(tables)) else {
        return Vec::new();
    };
    COLUMNS
        .into_iter()
        .filter(|column| !users.contains(column.name))
        .collect()
}

/// Which versions made such tables.
pub fn version(tables: &Tables) -> &'static str {
    let lacks = |name: &str| lacking(tables).iter().any(|column| column.name == name);
    if lacks("HeightRegistered") {
        "0.0.1"
    } else if lacks("EmailVerified") {
        "0.0.2"
    } else if lacks("APIToken") {
        "0.0.3 or 0.0.4"
    } else if lacks("VoteBits") || lacks("VoteBitsVersion") || lacks("UserFeeAddr") {
        "1.0.0"
    } else if !tables.contains_key("LowFeeTicket") {
        "1.1.1"
    } else {
        "1.2 to 1.5"
    }
}

/// What nobody's tables have: kept as it is.
pub fn strange(tables: &Tables) -> Vec<String> {
    let known: BTreeSet<&str> = ALWAYS
        .into_iter()
        .chain(COLUMNS.map(|column| column.name))
        .collect();
    let columns = tables.get("Users").into_iter().flatten();
    let columns = columns.filter(|name| !known.contains(name.as_str()));
    let others = tables
        .keys()
        .filter(|name| !TABLES.contains(&name.as_str()) && !upgrade::is_ours(name));
    columns
        .map(|name| format!("column Users.{name}"))
        .chain(others.map(|name| format!("table {name}")))
        .collect()
}

#[derive(QueryableByName)]
struct Number {
    #[diesel(sql_type = BigInt)]
    number: i64,
}

fn number(connection: &mut AnyConnection, sql: &str) -> QueryResult<i64> {
    let found: Number = diesel::sql_query(format!("SELECT {sql}")).get_result(connection)?;
    Ok(found.number)
}

/// Looks at the users of a database that has such tables.
pub fn inspect(connection: &mut AnyConnection, tables: &Tables) -> QueryResult<Former> {
    if !is_former(tables) {
        return Ok(Former::default());
    }
    let mut former = Former {
        highest: number(connection, "COALESCE(MAX(UserId), 0) AS number FROM Users")?,
        ..Former::default()
    };
    if tables.contains_key("pool_counters") {
        former.counted = counters::find(connection, counters::USER_ID)?.unwrap_or(0);
    }
    // Also of one without users: web would make them in such tables.
    former.engines = dialect::engines_without_transactions(connection)?;
    former
        .engines
        .retain(|table, _| DATA.contains(&table.as_str()));
    if !former.waits() {
        return Ok(former);
    }
    let users = number(connection, "COUNT(*) AS number FROM Users")?;
    former.users = users.unsigned_abs();
    let there = tables.get("Users");
    for column in COLUMNS {
        let name = column.name;
        let empty = || format!("COUNT(*) AS number FROM Users WHERE {name} IS NULL");
        if there.is_some_and(|columns| columns.contains(name)) && number(connection, &empty())? > 0
        {
            former.unfilled.insert(name);
        }
    }
    former.damaged = damaged(connection, |name| {
        there.is_some_and(|columns| columns.contains(name))
    })?;
    Ok(former)
}

/// Users with a number that does not fit where it belongs; `has`: which columns there are.
pub fn damaged(
    connection: &mut AnyConnection,
    has: impl Fn(&str) -> bool,
) -> QueryResult<BTreeSet<i64>> {
    let ranges = [
        ("VoteBits", i64::from(u16::MAX)),
        ("VoteBitsVersion", i64::from(u32::MAX)),
        ("HeightRegistered", i64::from(u32::MAX)),
    ];
    let outside: Vec<_> = ranges
        .into_iter()
        .filter(|(name, _)| has(name))
        .map(|(name, most)| format!("{name} NOT BETWEEN 0 AND {most}"))
        .collect();
    if outside.is_empty() {
        return Ok(BTreeSet::new());
    }
    let sql = format!(
        "SELECT UserId AS number FROM Users WHERE {}",
        outside.join(" OR ")
    );
    let found: Vec<Number> = diesel::sql_query(sql).load(connection)?;
    Ok(found.into_iter().map(|it| it.number).collect())
}

pub fn add(connection: &mut AnyConnection, column: Column) -> QueryResult<()> {
    diesel::sql_query(column.add())
        .execute(connection)
        .map(drop)
}

pub fn fill(connection: &mut AnyConnection, column: Column, height: u32) -> QueryResult<()> {
    for sql in column.fill(height) {
        diesel::sql_query(sql).execute(connection)?;
    }
    Ok(())
}
