//! `pool_ticket_cursors`: how far each voter's tickets were read.

use diesel::prelude::*;
use uuid::Uuid;

use super::{narrow, unreadable};
use crate::db::TicketCursor;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_ticket_cursors::dsl;
use crate::domain::InstanceId;

pub fn find(connection: &mut AnyConnection, voter: &str) -> QueryResult<TicketCursor> {
    let row: Option<(String, i64)> = dsl::pool_ticket_cursors
        .find(voter)
        .select((dsl::instance, dsl::sequence))
        .first(connection)
        .optional()?;
    let Some((instance, sequence)) = row else {
        return Ok(TicketCursor::default());
    };
    let instance = Uuid::parse_str(&instance)
        .map_err(|_| unreadable("pool_ticket_cursors.instance", instance))?;
    Ok(TicketCursor {
        instance: Some(InstanceId(instance)),
        sequence: narrow("pool_ticket_cursors.sequence", sequence)?,
    })
}

pub fn set(
    connection: &mut AnyConnection,
    voter: &str,
    instance: InstanceId,
    sequence: i64,
) -> QueryResult<()> {
    let rows = diesel::update(dsl::pool_ticket_cursors.find(voter))
        .set((
            dsl::instance.eq(instance.to_string()),
            dsl::sequence.eq(sequence),
        ))
        .execute(connection)?;
    if rows == 0 {
        diesel::insert_into(dsl::pool_ticket_cursors)
            .values((
                dsl::voter.eq(voter),
                dsl::instance.eq(instance.to_string()),
                dsl::sequence.eq(sequence),
            ))
            .execute(connection)?;
    }
    Ok(())
}
