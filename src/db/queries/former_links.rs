//! `PasswordReset` and `EmailChange`, the Go program's tables: links that it mailed. Only read, and deleted with
//! the account.

use diesel::prelude::*;

use crate::db::connection::AnyConnection;
use crate::db::schema::{email_change, password_reset};

/// A link that is not too old.
pub(in crate::db) struct FormerLink {
    pub user_id: i64,
    /// Unix seconds.
    pub created: i64,
    /// The address to change to; else empty.
    pub email: String,
}

pub fn reset(
    connection: &mut AnyConnection,
    token: &str,
    now: i64,
) -> QueryResult<Option<FormerLink>> {
    use password_reset::dsl;

    let row: Option<(Option<i64>, Option<i64>)> = dsl::password_reset
        .filter(dsl::token.eq(token))
        .filter(dsl::expires.gt(now))
        .order(dsl::password_reset_id.desc())
        .select((dsl::user_id, dsl::created))
        .first(connection)
        .optional()?;
    Ok(row.and_then(|(user_id, created)| {
        Some(FormerLink {
            user_id: user_id?,
            created: created.unwrap_or(0),
            email: String::new(),
        })
    }))
}

pub fn email_change(
    connection: &mut AnyConnection,
    token: &str,
    now: i64,
) -> QueryResult<Option<FormerLink>> {
    use email_change::dsl;

    let row: Option<(Option<i64>, Option<i64>, Option<String>)> = dsl::email_change
        .filter(dsl::token.eq(token))
        .filter(dsl::expires.gt(now))
        .order(dsl::email_change_id.desc())
        .select((dsl::user_id, dsl::created, dsl::new_email))
        .first(connection)
        .optional()?;
    Ok(row.and_then(|(user_id, created, email)| {
        Some(FormerLink {
            user_id: user_id?,
            created: created.unwrap_or(0),
            email: email?,
        })
    }))
}

pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64) -> QueryResult<()> {
    diesel::delete(password_reset::table.filter(password_reset::user_id.eq(user_id)))
        .execute(connection)?;
    diesel::delete(email_change::table.filter(email_change::user_id.eq(user_id)))
        .execute(connection)
        .map(drop)
}
