//! What voters must know of the users: keys and scripts, joined with how they vote.

use diesel::prelude::*;

use super::users::{height_registered, vote_choice};
use super::{narrow, unreadable};
use crate::db::VoterUser;
use crate::db::connection::AnyConnection;
use crate::db::schema::{pool_keys, pool_revisions, users, users::dsl};
use crate::domain::{KeyIndex, Preference, Revision, UserId};

type Row = (
    (i64, Option<String>, Option<String>, Option<i64>),
    (Option<i64>, Option<i64>),
    Option<i64>,
    Option<i64>,
);

/// Those of `Row`.
#[diesel::dsl::auto_type(no_type_alias)]
fn columns() -> _ {
    (
        (
            dsl::user_id,
            dsl::multi_sig_address,
            dsl::multi_sig_script,
            dsl::height_registered,
        ),
        (dsl::vote_bits, dsl::vote_bits_version),
        pool_keys::key_index.nullable(),
        pool_revisions::revision.nullable(),
    )
}

/// Enrolled users with a higher id than `after`, by id.
pub fn page(connection: &mut AnyConnection, after: i64, limit: i64) -> QueryResult<Vec<VoterUser>> {
    let rows: Vec<Row> = dsl::users
        .left_join(pool_keys::table.on(pool_keys::user_id.eq(dsl::user_id)))
        .left_join(pool_revisions::table.on(pool_revisions::user_id.eq(dsl::user_id)))
        .filter(dsl::multi_sig_address.ne(""))
        .filter(dsl::user_id.gt(after))
        .order(dsl::user_id)
        .limit(limit)
        .select(columns())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

/// Enrolled users whose preference is newer than `revision`. Whoever enrols gets a revision too.
pub fn since(connection: &mut AnyConnection, revision: i64) -> QueryResult<Vec<VoterUser>> {
    let rows: Vec<Row> = users::table
        .inner_join(pool_revisions::table.on(pool_revisions::user_id.eq(dsl::user_id)))
        .left_join(pool_keys::table.on(pool_keys::user_id.eq(dsl::user_id)))
        .filter(dsl::multi_sig_address.ne(""))
        .filter(pool_revisions::revision.gt(revision))
        .order(dsl::user_id)
        .select(columns())
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

fn read(row: Row) -> QueryResult<VoterUser> {
    let ((user_id, address, script, height), (bits, version), index, revision) = row;
    let (bits, version) = vote_choice(user_id, bits, version);
    let index = index.ok_or_else(|| unreadable("pool_keys: no index for user", user_id))?;
    Ok(VoterUser {
        key_index: KeyIndex(narrow("pool_keys.key_index", index)?),
        redeem_script: script.unwrap_or_default(),
        height_registered: height_registered(user_id, height),
        preference: Preference {
            user_id: UserId(user_id),
            ticket_address: address.unwrap_or_default(),
            version,
            bits,
            revision: Revision(revision.unwrap_or(0)),
        },
    })
}
