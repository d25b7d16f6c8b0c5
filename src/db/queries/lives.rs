//! `Tickets`, of each only when it was bought, and when it voted.

use diesel::prelude::*;

use super::narrow;
use super::tickets::{status_of, verdict_of};
use crate::db::TicketLife;
use crate::db::connection::AnyConnection;
use crate::db::schema::tickets::dsl;
use crate::decred::{Atoms, Height};

type Row = (Option<i64>, String, String, Option<i64>, Option<i64>);

/// Mined at this height or later, or not yet; newest first.
pub fn of_user_since(
    connection: &mut AnyConnection,
    user_id: i64,
    height: i64,
    limit: i64,
) -> QueryResult<Vec<TicketLife>> {
    let rows: Vec<Row> = dsl::tickets
        .filter(dsl::user_id.eq(user_id))
        .filter(dsl::sort_height.ge(height))
        .order((dsl::sort_height.desc(), dsl::hash.desc()))
        .limit(limit)
        .select((
            dsl::mined_height,
            dsl::status,
            dsl::verdict,
            dsl::vote_height,
            dsl::vote_reward,
        ))
        .load(connection)?;
    rows.into_iter().map(read).collect()
}

fn read((mined, status, verdict, voted, reward): Row) -> QueryResult<TicketLife> {
    let height = |value| narrow("Tickets", value).map(Height);
    Ok(TicketLife {
        mined: mined.map(height).transpose()?,
        status: status_of(&status)?,
        verdict: verdict_of(&verdict)?,
        voted: voted.map(height).transpose()?,
        reward: Atoms(reward.unwrap_or(0)),
    })
}
