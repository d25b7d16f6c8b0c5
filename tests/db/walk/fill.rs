//! Rows for every table that grows, whatever its columns are.

use diesel::sql_types::{BigInt, Text};
use diesel::{RunQueryDsl as _, sql_query};

use super::super::bed::Bed;
use crate::harness::mariadb::MariaDb;

/// In each table.
pub const ROWS: i64 = 4_000;
/// In one statement.
const AT_ONCE: usize = 500;
/// Who have rows in the tables of users.
const USERS: i64 = 1_000;

/// Tables of a few rows, however large the pool.
const SMALL: [&str; 11] = [
    "__diesel_schema_migrations",
    "pool_alerts",
    "pool_counters",
    "pool_halt",
    "pool_identity",
    "pool_leases",
    "pool_sign",
    "pool_ticket_cursors",
    // Of tickets with too low a fee, which are rare.
    "LowFeeTicket",
    // Of the Go program: nothing is added.
    "EmailChange",
    "PasswordReset",
];

/// Columns of moments that are to come, or were not long ago: the suite's time is long before.
const LATER: [&str; 8] = [
    "created",
    "due",
    "expires",
    "happened",
    "last_seen",
    "noted",
    "used_until",
    "VoteBitsVersion",
];
const LATER_THAN: i64 = 4_000_000_000_000;

/// What columns say that hold one of a few words.
const WORDS: [(&str, &[&str]); 6] = [
    (
        "status",
        &["live", "voted", "voted", "voted", "missed", "expired"],
    ),
    ("verdict", &["good", "good", "good", "low"]),
    ("state", &["sent", "sent", "sent", "waiting"]),
    ("kind", &["voted", "missed", "low_fee"]),
    ("purpose", &["reset", "email"]),
    ("event", &["sign_in", "sign_out", "preferences_changed"]),
];

#[derive(Debug, diesel::QueryableByName)]
struct Column {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    /// Of text: how much there is room for.
    #[diesel(sql_type = BigInt)]
    room: i64,
    #[diesel(sql_type = Text)]
    key: String,
}

#[derive(Debug)]
pub struct Table {
    pub name: String,
    columns: Vec<Column>,
}

/// Those that grow.
pub fn tables(mariadb: &Bed) -> Vec<Table> {
    let database = mariadb.url.rsplit('/').next().expect("a name");
    let columns: Vec<Column> = sql_query(
        "SELECT table_name AS of_table, column_name AS name, data_type, COALESCE(character_maximum_length, 0) AS room, column_key AS `key` \
         FROM information_schema.columns WHERE table_schema = DATABASE() ORDER BY table_name, ordinal_position",
    )
    .load(&mut MariaDb::shared().connection(database))
    .expect("columns");
    let mut tables: Vec<Table> = Vec::new();
    for column in columns {
        if SMALL.contains(&column.of_table.as_str()) {
            continue;
        }
        match tables
            .last_mut()
            .filter(|table| table.name == column.of_table)
        {
            Some(table) => table.columns.push(column),
            None => tables.push(Table {
                name: column.of_table.clone(),
                columns: vec![column],
            }),
        }
    }
    tables
}

impl Table {
    /// The statements that fill it.
    pub fn inserts(&self) -> Vec<String> {
        let names: Vec<_> = self.columns.iter().map(|it| it.name.as_str()).collect();
        let rows: Vec<_> = (1..=ROWS).map(|number| self.row(number)).collect();
        let insert = |rows: &[String]| {
            format!(
                "INSERT INTO {} ({}) VALUES {}",
                self.name,
                names.join(", "),
                rows.join(", ")
            )
        };
        rows.chunks(AT_ONCE).map(insert).collect()
    }

    fn row(&self, number: i64) -> String {
        let values: Vec<_> = self
            .columns
            .iter()
            .map(|column| column.value(number))
            .collect();
        format!("({})", values.join(", "))
    }
}

impl Column {
    fn value(&self, number: i64) -> String {
        let name = self.name.as_str();
        let is_key = self.key == "PRI";
        if self.data_type.ends_with("int") {
            let number = match name {
                "user_id" | "UserId" if !is_key => number % USERS,
                "EmailVerified" | "disabled" => 1,
                "spent" => number % 2,
                "told" => number % 2 * LATER_THAN,
                // Few changed since somebody looked.
                "revision" => i64::from(number % 100 == 0) * number,
                _ if LATER.contains(&name) => LATER_THAN + number,
                _ => number,
            };
            return number.to_string();
        }
        // Few tickets are revoked.
        if name == "revocation" && number % 50 != 0 {
            return "NULL".to_owned();
        }
        let words = WORDS.iter().find(|(column, _)| *column == name && !is_key);
        let text = match words {
            Some((_, words)) => {
                words[usize::try_from(number).expect("small") % words.len()].to_owned()
            }
            None => format!(
                "{:08x}{number:024x}",
                number.wrapping_mul(2_654_435_761) & 0xffff_ffff
            ),
        };
        let room = usize::try_from(self.room).unwrap_or(usize::MAX);
        format!("'{}'", text.get(..room).unwrap_or(&text))
    }
}
