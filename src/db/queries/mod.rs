//! The statements, a file per table. They know no transaction and no deadline: `store` composes
//! them.

pub mod alerts;
pub mod audit;
pub mod choices;
pub mod counters;
pub mod credentials;
pub mod cursors;
pub mod emails;
pub mod flags;
pub mod former_links;
pub mod former_users;
pub mod half_sign_ins;
pub mod halt;
pub mod identity;
pub mod keys;
pub mod leases;
pub mod limits;
pub mod links;
pub mod low_fee;
pub mod mails;
pub mod news;
pub mod notifications;
pub mod prospects;
pub mod revisions;
pub mod samples;
pub mod saved_scripts;
pub mod second_factors;
pub mod sessions;
pub mod sign;
pub mod sign_ups;
pub mod tickets;
pub mod users;
pub mod vote_times;
pub mod voter_users;

use diesel::result::Error;

/// A stored value that cannot be read: its table and column, and what it says.
pub fn unreadable(place: &str, value: impl std::fmt::Debug) -> Error {
    Error::DeserializationError(format!("{place}: {value:?}").into())
}

/// An integer as the narrower type that it must fit.
pub fn narrow<T: TryFrom<i64>>(place: &str, value: i64) -> Result<T, Error> {
    T::try_from(value).map_err(|_| unreadable(place, value))
}

/// Free text for a column of `limit` characters: its beginning.
pub fn clip(text: &str, limit: usize) -> String {
    text.chars().take(limit).collect()
}
