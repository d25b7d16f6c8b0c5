//! Users of the Go program while they are taken over: many at a time.

use std::collections::BTreeSet;

use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable, Text};

use super::emails::fingerprint;
use super::narrow;
use crate::db::connection::AnyConnection;
use crate::db::former::{Tables, lacking};
use crate::db::schema::{pool_emails, pool_keys, pool_revisions};
use crate::db::{FormerUser, TakenUser};
use crate::domain::{KeyIndex, UserId};

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = BigInt)]
    id: i64,
    #[diesel(sql_type = Nullable<Text>)]
    email: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    verified: Option<i64>,
    #[diesel(sql_type = Nullable<Text>)]
    ticket_address: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    pool_key: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    fee_address: Option<String>,
    #[diesel(sql_type = Nullable<BigInt>)]
    key_index: Option<i64>,
}

/// Those with higher ids than `after`, by id; of whatever version the tables are.
pub fn page(
    connection: &mut AnyConnection,
    tables: &Tables,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<FormerUser>> {
    let lacks = |name: &str| lacking(tables).iter().any(|column| column.name == name);
    let verified = if lacks("EmailVerified") {
        "CAST(NULL AS SIGNED)"
    } else {
        "u.EmailVerified"
    };
    let fee_address = if lacks("UserFeeAddr") {
        "CAST(NULL AS CHAR)"
    } else {
        "u.UserFeeAddr"
    };
    let (key_index, keys) = if tables.contains_key("pool_keys") {
        (
            "k.key_index",
            "LEFT JOIN pool_keys k ON k.user_id = u.UserId",
        )
    } else {
        ("CAST(NULL AS SIGNED)", "")
    };
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT u.UserId AS id, u.Email AS email, {verified} AS verified, \
         u.MultiSigAddress AS ticket_address, u.PoolPubKeyAddr AS pool_key, \
         {fee_address} AS fee_address, {key_index} AS key_index \
         FROM Users u {keys} WHERE u.UserId > ? ORDER BY u.UserId LIMIT ?"
    ))
    .bind::<BigInt, _>(after)
    .bind::<BigInt, _>(limit)
    .load(connection)?;
    let read = |row: Row| {
        let narrow = |index| narrow("pool_keys.key_index", index).map(KeyIndex);
        Ok(FormerUser {
            id: UserId(row.id),
            email: row.email.unwrap_or_default(),
            verified: row.verified != Some(0),
            ticket_address: row.ticket_address.unwrap_or_default(),
            pool_pubkey_address: row.pool_key.unwrap_or_default(),
            fee_address: row.fee_address.unwrap_or_default(),
            key_index: row.key_index.map(narrow).transpose()?,
        })
    };
    rows.into_iter().map(read).collect()
}

/// Makes what they lack of our own rows, by a few statements for all of them. What is there stays, so that it can be
/// repeated.
pub fn take_over(
    connection: &mut AnyConnection,
    taken: &[TakenUser],
    revision: i64,
) -> QueryResult<()> {
    let ids: Vec<i64> = taken.iter().map(|user| user.id.0).collect();
    let with_keys: BTreeSet<i64> = those(
        pool_keys::table
            .filter(pool_keys::user_id.eq_any(ids.clone()))
            .select(pool_keys::user_id)
            .load(connection)?,
    );
    let with_revisions: BTreeSet<i64> = those(
        pool_revisions::table
            .filter(pool_revisions::user_id.eq_any(ids.clone()))
            .select(pool_revisions::user_id)
            .load(connection)?,
    );
    let with_emails: BTreeSet<i64> = those(
        pool_emails::table
            .filter(pool_emails::user_id.eq_any(ids))
            .select(pool_emails::user_id)
            .load(connection)?,
    );
    let without = |there: &BTreeSet<i64>| {
        taken
            .iter()
            .filter(|user| !there.contains(&user.id.0))
            .collect::<Vec<_>>()
    };
    add_keys(connection, &without(&with_keys))?;
    add_revisions(connection, &without(&with_revisions), revision)?;
    add_emails(connection, &without(&with_emails))?;
    set_fee_addresses(connection, taken)
}

/// Rows of so many values by one statement.
fn rows(values: &str, count: usize) -> String {
    vec![values; count].join(", ")
}

fn add_keys(connection: &mut AnyConnection, users: &[&TakenUser]) -> QueryResult<()> {
    if users.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO pool_keys (user_id, key_set, key_index) VALUES {}",
        rows(&format!("(?, {}, ?)", super::keys::KEY_SET), users.len())
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for user in users {
        statement = statement
            .bind::<BigInt, _>(user.id.0)
            .bind::<BigInt, _>(i64::from(user.key_index.0));
    }
    statement.execute(connection).map(drop)
}

fn add_revisions(
    connection: &mut AnyConnection,
    users: &[&TakenUser],
    revision: i64,
) -> QueryResult<()> {
    if users.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO pool_revisions (user_id, revision) VALUES {}",
        rows(&format!("(?, {revision})"), users.len())
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for user in users {
        statement = statement.bind::<BigInt, _>(user.id.0);
    }
    statement.execute(connection).map(drop)
}

fn add_emails(connection: &mut AnyConnection, users: &[&TakenUser]) -> QueryResult<()> {
    let known = users.iter().filter_map(|user| {
        let email = user.email.as_ref()?;
        Some((fingerprint(email), user.id.0))
    });
    let known: Vec<(String, i64)> = known.collect();
    if known.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "INSERT INTO pool_emails (email_hash, user_id) VALUES {}",
        rows("(?, ?)", known.len())
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for (hash, user) in known {
        statement = statement.bind::<Text, _>(hash).bind::<BigInt, _>(user);
    }
    statement.execute(connection).map(drop)
}

/// Where there is none.
fn set_fee_addresses(connection: &mut AnyConnection, users: &[TakenUser]) -> QueryResult<()> {
    let lacking = users
        .iter()
        .filter_map(|user| Some((user.id.0, user.fee_address.as_ref()?)));
    let lacking: Vec<(i64, &String)> = lacking.collect();
    if lacking.is_empty() {
        return Ok(());
    }
    let sql = format!(
        "UPDATE Users SET UserFeeAddr = CASE UserId {} END \
         WHERE UserId IN ({}) AND (UserFeeAddr IS NULL OR UserFeeAddr = '')",
        vec!["WHEN ? THEN ?"; lacking.len()].join(" "),
        rows("?", lacking.len())
    );
    let mut statement = diesel::sql_query(sql).into_boxed();
    for (user, address) in &lacking {
        statement = statement.bind::<BigInt, _>(*user).bind::<Text, _>(*address);
    }
    for (user, _) in &lacking {
        statement = statement.bind::<BigInt, _>(*user);
    }
    statement.execute(connection).map(drop)
}

fn those(ids: Vec<i64>) -> BTreeSet<i64> {
    ids.into_iter().collect()
}
