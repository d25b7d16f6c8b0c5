//! `pool_emails`: each address once, whatever the case of its letters.

use diesel::prelude::*;
use sha2::{Digest as _, Sha256};

use crate::db::connection::AnyConnection;
use crate::db::schema::pool_emails::dsl;

/// SHA-256 hex of the lower-cased address: the same for both databases, whose own comparisons
/// differ.
pub fn fingerprint(email: &str) -> String {
    hex::encode(Sha256::digest(email.trim().to_lowercase()))
}

pub fn owner(connection: &mut AnyConnection, email_hash: &str) -> QueryResult<Option<i64>> {
    dsl::pool_emails
        .find(email_hash)
        .select(dsl::user_id)
        .first(connection)
        .optional()
}

pub fn insert(connection: &mut AnyConnection, email_hash: &str, user_id: i64) -> QueryResult<()> {
    diesel::insert_into(dsl::pool_emails)
        .values((dsl::email_hash.eq(email_hash), dsl::user_id.eq(user_id)))
        .execute(connection)
        .map(drop)
}

/// The addresses that a user had, but this one.
pub fn delete_of_user(connection: &mut AnyConnection, user_id: i64, keep: &str) -> QueryResult<()> {
    diesel::delete(
        dsl::pool_emails
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::email_hash.ne(keep)),
    )
    .execute(connection)
    .map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_does_not_tell_addresses_apart() {
        assert_eq!(
            fingerprint("Ann.Élan@Example.COM "),
            fingerprint("ann.élan@example.com")
        );
        assert_ne!(
            fingerprint("ann@example.com"),
            fingerprint("an@example.com")
        );
        assert_eq!(fingerprint("").len(), 64);
    }
}
