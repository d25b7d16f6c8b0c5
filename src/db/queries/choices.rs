//! `pool_agenda_choices`: preferences in words.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_agenda_choices::dsl;
use crate::decred::VoteVersion;

pub fn find(
    connection: &mut AnyConnection,
    user_id: i64,
    version: VoteVersion,
) -> QueryResult<Vec<(String, String)>> {
    dsl::pool_agenda_choices
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::version.eq(i64::from(version.0)))
        .order(dsl::agenda_id)
        .select((dsl::agenda_id, dsl::choice_id))
        .load(connection)
}

/// The choices of one version, in place of those there were.
pub fn replace(
    connection: &mut AnyConnection,
    user_id: i64,
    version: VoteVersion,
    choices: &[(String, String)],
) -> QueryResult<()> {
    let version = i64::from(version.0);
    diesel::delete(
        dsl::pool_agenda_choices
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::version.eq(version)),
    )
    .execute(connection)?;
    for (agenda, choice) in choices {
        diesel::insert_into(dsl::pool_agenda_choices)
            .values((
                dsl::user_id.eq(user_id),
                dsl::version.eq(version),
                dsl::agenda_id.eq(agenda),
                dsl::choice_id.eq(choice),
            ))
            .execute(connection)?;
    }
    Ok(())
}
