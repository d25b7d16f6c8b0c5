//! `pool_identity`: one row.

use diesel::prelude::*;
use uuid::Uuid;

use super::unreadable;
use crate::db::connection::AnyConnection;
use crate::db::schema::pool_identity::dsl;
use crate::domain::PoolId;

const ROW: i64 = 1;

pub fn find(connection: &mut AnyConnection) -> QueryResult<Option<PoolId>> {
    let text: Option<String> = dsl::pool_identity
        .find(ROW)
        .select(dsl::pool_id)
        .first(connection)
        .optional()?;
    text.map(|text| match Uuid::parse_str(&text) {
        Ok(id) => Ok(PoolId(id)),
        Err(_) => Err(unreadable("pool_identity.pool_id", text)),
    })
    .transpose()
}

pub fn insert(connection: &mut AnyConnection, id: PoolId) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_identity)
        .values((dsl::id.eq(ROW), dsl::pool_id.eq(id.to_string())))
        .execute(connection)
        .map(drop)
}
