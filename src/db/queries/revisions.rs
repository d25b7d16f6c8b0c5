//! `pool_revisions`: which change of the preferences each user's is, joined with the columns of
//! `Users` that a voter's account may read.

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::users::vote_choice;
use crate::db::connection::AnyConnection;
use crate::db::schema::{pool_revisions, pool_revisions::dsl, users};
use crate::decred::{VoteBits, VoteVersion};
use crate::domain::{Preference, Revision, UserId};

type Row = (i64, Option<String>, Option<i64>, Option<i64>, Option<i64>);

/// Of all enrolled users.
pub fn all(connection: &mut AnyConnection) -> QueryResult<Vec<Preference>> {
    let rows: Vec<Row> = users::table
        .left_join(pool_revisions::table.on(dsl::user_id.eq(users::user_id)))
        .filter(users::multi_sig_address.ne(""))
        .order(users::user_id)
        .select((
            users::user_id,
            users::multi_sig_address,
            users::vote_bits,
            users::vote_bits_version,
            dsl::revision.nullable(),
        ))
        .load(connection)?;
    Ok(rows.into_iter().map(read).collect())
}

/// Of enrolled users, those newer than `revision`.
pub fn since(connection: &mut AnyConnection, revision: i64) -> QueryResult<Vec<Preference>> {
    let rows: Vec<Row> = users::table
        .inner_join(pool_revisions::table.on(dsl::user_id.eq(users::user_id)))
        .filter(users::multi_sig_address.ne(""))
        .filter(dsl::revision.gt(revision))
        .order(users::user_id)
        .select((
            users::user_id,
            users::multi_sig_address,
            users::vote_bits,
            users::vote_bits_version,
            dsl::revision.nullable(),
        ))
        .load(connection)?;
    Ok(rows.into_iter().map(read).collect())
}

fn read((user_id, address, bits, version, revision): Row) -> Preference {
    let (bits, version) = vote_choice(user_id, bits, version);
    Preference {
        user_id: UserId(user_id),
        ticket_address: address.unwrap_or_default(),
        version,
        bits,
        revision: Revision(revision.unwrap_or(0)),
    }
}

pub fn set(connection: &mut AnyConnection, user_id: i64, revision: i64) -> QueryResult<()> {
    let rows = diesel::update(dsl::pool_revisions.find(user_id))
        .set(dsl::revision.eq(revision))
        .execute(connection)?;
    if rows == 0 {
        diesel::insert_into(dsl::pool_revisions)
            .values((dsl::user_id.eq(user_id), dsl::revision.eq(revision)))
            .execute(connection)?;
    }
    Ok(())
}

const OLDER: &str = "(VoteBitsVersion IS NULL OR VoteBitsVersion < ?)";

/// Default bits, `version` and `revision` for everyone of an older version. Returns how many.
pub fn reset(
    connection: &mut AnyConnection,
    version: VoteVersion,
    revision: i64,
) -> QueryResult<usize> {
    let version = i64::from(version.0);
    diesel::sql_query(format!(
        "UPDATE pool_revisions SET revision = ? \
         WHERE user_id IN (SELECT UserId FROM Users WHERE {OLDER})"
    ))
    .bind::<BigInt, _>(revision)
    .bind::<BigInt, _>(version)
    .execute(connection)?;
    diesel::sql_query(format!(
        "INSERT INTO pool_revisions (user_id, revision) SELECT UserId, ? FROM Users \
         WHERE {OLDER} AND UserId NOT IN (SELECT user_id FROM pool_revisions)"
    ))
    .bind::<BigInt, _>(revision)
    .bind::<BigInt, _>(version)
    .execute(connection)?;
    diesel::sql_query(format!(
        "UPDATE Users SET VoteBits = ?, VoteBitsVersion = ? WHERE {OLDER}"
    ))
    .bind::<BigInt, _>(i64::from(VoteBits::DEFAULT.0))
    .bind::<BigInt, _>(version)
    .bind::<BigInt, _>(version)
    .execute(connection)
}
