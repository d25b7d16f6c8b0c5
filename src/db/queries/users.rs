//! `Users`, the Go program's table. Absent text is NULL or empty, depending on who wrote it.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use diesel::prelude::*;
use diesel::sql_types::BigInt;

use super::{narrow, unreadable};
use crate::db::connection::AnyConnection;
use crate::db::schema::{pool_flags, pool_keys, pool_second_factors, users, users::dsl};
use crate::db::{EnrolledUser, Enrolment, User, UserCounts};
use crate::decred::{Height, VoteBits, VoteVersion};
use crate::domain::{KeyIndex, UserId};
use crate::secret::Secret;

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Row {
    user_id: i64,
    email: Option<String>,
    password: Option<Vec<u8>>,
    email_verified: Option<i64>,
    api_token: Option<String>,
    vote_bits: Option<i64>,
    vote_bits_version: Option<i64>,
    #[diesel(embed)]
    addresses: Addresses,
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Addresses {
    multi_sig_address: Option<String>,
    multi_sig_script: Option<String>,
    pool_pub_key_addr: Option<String>,
    user_pub_key_addr: Option<String>,
    user_fee_addr: Option<String>,
    height_registered: Option<i64>,
}

impl Addresses {
    fn read(self, user_id: UserId) -> Option<Enrolment> {
        let ticket_address = self.multi_sig_address.filter(|text| !text.is_empty())?;
        Some(Enrolment {
            user_id,
            pool_pubkey_address: self.pool_pub_key_addr.unwrap_or_default(),
            user_pubkey_address: self.user_pub_key_addr.unwrap_or_default(),
            redeem_script: self.multi_sig_script.unwrap_or_default(),
            ticket_address,
            fee_address: self.user_fee_addr.unwrap_or_default(),
            height_registered: height_registered(user_id.0, self.height_registered),
        })
    }
}

/// What a vote's two columns say; what was never chosen is the default. So is what cannot have been: one damaged row
/// must not stop everybody else.
pub fn vote_choice(
    user_id: i64,
    bits: Option<i64>,
    version: Option<i64>,
) -> (VoteBits, VoteVersion) {
    let bits = sound(user_id, "VoteBits", bits);
    // Bits mean nothing without the version that they are of.
    match sound(user_id, "VoteBitsVersion", version.or(Some(0))) {
        Some(version) => (
            bits.map_or(VoteBits::DEFAULT, VoteBits),
            VoteVersion(version),
        ),
        None => (VoteBits::DEFAULT, VoteVersion(0)),
    }
}

/// 0, from where voters find all tickets, if it is not known.
pub fn height_registered(user_id: i64, height: Option<i64>) -> Height {
    Height(sound(user_id, "HeightRegistered", height).unwrap_or(0))
}

/// A number of a user, if it can be what it should be. Else that is said, once while the process lives.
fn sound<T: TryFrom<i64>>(user_id: i64, column: &'static str, value: Option<i64>) -> Option<T> {
    static TOLD: Mutex<BTreeSet<(i64, &str)>> = Mutex::new(BTreeSet::new());
    let value = value?;
    let sound = T::try_from(value).ok();
    if sound.is_none() {
        let mut told = TOLD.lock().unwrap_or_else(PoisonError::into_inner);
        if told.insert((user_id, column)) {
            tracing::warn!(
                user_id,
                value,
                "Users.{column} is damaged: it counts as not set, until the user or an admin sets it"
            );
        }
    }
    sound
}

/// What other tables say of a user: whether it is disabled, and since when it has a second factor.
type Beside = (Option<i64>, Option<i64>);

fn read(row: Row, (disabled, second_factor): Beside) -> QueryResult<User> {
    let id = UserId(row.user_id);
    let (vote_bits, vote_version) = vote_choice(row.user_id, row.vote_bits, row.vote_bits_version);
    let password = String::from_utf8(row.password.unwrap_or_default())
        .map_err(|_| unreadable("Users.Password of user", row.user_id))?;
    Ok(User {
        id,
        email: row.email.unwrap_or_default(),
        password_hash: Secret::new(password),
        // 1: by a link; 2: was a user before there were links.
        verified: matches!(row.email_verified, Some(1 | 2)),
        disabled: disabled.unwrap_or(0) != 0,
        second_factor: second_factor.is_some(),
        api_token: row
            .api_token
            .filter(|token| !token.is_empty())
            .map(Secret::new),
        enrolment: row.addresses.read(id),
        vote_bits,
        vote_version,
    })
}

pub fn find(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<User>> {
    let found: Option<(Row, Beside)> = dsl::users
        .left_join(pool_flags::table.on(pool_flags::user_id.eq(dsl::user_id)))
        .left_join(pool_second_factors::table.on(pool_second_factors::user_id.eq(dsl::user_id)))
        .filter(dsl::user_id.eq(user_id))
        .select((
            Row::as_select(),
            (
                pool_flags::disabled.nullable(),
                pool_second_factors::since.nullable(),
            ),
        ))
        .first(connection)
        .optional()?;
    found.map(|(row, beside)| read(row, beside)).transpose()
}

/// Newest first. What is skipped is skipped within an index.
pub fn page(connection: &mut AnyConnection, offset: i64, limit: i64) -> QueryResult<Vec<User>> {
    let ids: Vec<i64> = dsl::users
        .select(dsl::user_id)
        .order(dsl::user_id.desc())
        .limit(limit)
        .offset(offset)
        .load(connection)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<(Row, Beside)> = dsl::users
        .left_join(pool_flags::table.on(pool_flags::user_id.eq(dsl::user_id)))
        .left_join(pool_second_factors::table.on(pool_second_factors::user_id.eq(dsl::user_id)))
        .filter(dsl::user_id.eq_any(ids))
        .order(dsl::user_id.desc())
        .select((
            Row::as_select(),
            (
                pool_flags::disabled.nullable(),
                pool_second_factors::since.nullable(),
            ),
        ))
        .load(connection)?;
    rows.into_iter()
        .map(|(row, beside)| read(row, beside))
        .collect()
}

pub fn by_ticket_address(
    connection: &mut AnyConnection,
    address: &str,
) -> QueryResult<Option<i64>> {
    dsl::users
        .filter(dsl::multi_sig_address.eq(address))
        .select(dsl::user_id)
        .first(connection)
        .optional()
}

/// That of an older program; `None`: there is none.
pub fn email_token(connection: &mut AnyConnection, user_id: i64) -> QueryResult<Option<String>> {
    let token: Option<Option<String>> = dsl::users
        .find(user_id)
        .select(dsl::email_token)
        .first(connection)
        .optional()?;
    Ok(token.flatten().filter(|token| !token.is_empty()))
}

pub fn highest_id(connection: &mut AnyConnection) -> QueryResult<i64> {
    let highest: Option<i64> = dsl::users
        .select(dsl::user_id)
        .order(dsl::user_id.desc())
        .first(connection)
        .optional()?;
    Ok(highest.unwrap_or(0))
}

/// A verified user without addresses. Text columns are empty, not NULL: as the Go program writes.
pub fn insert(
    connection: &mut AnyConnection,
    user_id: i64,
    email: &str,
    password_hash: &str,
    vote_version: i64,
) -> QueryResult<()> {
    diesel::insert_into(dsl::users)
        .values((
            (
                dsl::user_id.eq(user_id),
                dsl::email.eq(email),
                dsl::username.eq(email),
                dsl::password.eq(password_hash.as_bytes()),
                dsl::email_verified.eq(1),
                dsl::email_token.eq(""),
                dsl::api_token.eq(""),
                dsl::vote_bits.eq(i64::from(VoteBits::DEFAULT.0)),
                dsl::vote_bits_version.eq(vote_version),
            ),
            (
                dsl::multi_sig_address.eq(""),
                dsl::multi_sig_script.eq(""),
                dsl::pool_pub_key_addr.eq(""),
                dsl::user_pub_key_addr.eq(""),
                dsl::user_fee_addr.eq(""),
                dsl::height_registered.eq(0),
            ),
        ))
        .execute(connection)
        .map(drop)
}

/// Writes the addresses only where there are none.
pub fn enrol(connection: &mut AnyConnection, new: &Enrolment) -> QueryResult<bool> {
    diesel::update(
        dsl::users.filter(dsl::user_id.eq(new.user_id.0)).filter(
            dsl::multi_sig_address
                .is_null()
                .or(dsl::multi_sig_address.eq("")),
        ),
    )
    .set((
        dsl::multi_sig_address.eq(&new.ticket_address),
        dsl::multi_sig_script.eq(&new.redeem_script),
        dsl::pool_pub_key_addr.eq(&new.pool_pubkey_address),
        dsl::user_pub_key_addr.eq(&new.user_pubkey_address),
        dsl::user_fee_addr.eq(&new.fee_address),
        dsl::height_registered.eq(i64::from(new.height_registered.0)),
    ))
    .execute(connection)
    .map(|rows| rows == 1)
}

pub fn enrolled(connection: &mut AnyConnection) -> QueryResult<Vec<EnrolledUser>> {
    let rows: Vec<(i64, Addresses, Option<i64>)> = dsl::users
        .left_join(pool_keys::table.on(pool_keys::user_id.eq(dsl::user_id)))
        .filter(dsl::multi_sig_address.ne(""))
        .order(dsl::user_id)
        .select((
            dsl::user_id,
            Addresses::as_select(),
            pool_keys::key_index.nullable(),
        ))
        .load(connection)?;
    let mut users = Vec::with_capacity(rows.len());
    for (user_id, addresses, index) in rows {
        let index = index.ok_or_else(|| unreadable("pool_keys: no index for user", user_id))?;
        if let Some(enrolment) = addresses.read(UserId(user_id)) {
            users.push(EnrolledUser {
                key_index: KeyIndex(narrow("pool_keys.key_index", index)?),
                enrolment,
            });
        }
    }
    Ok(users)
}

/// Only if `former` is the hash in force.
/// Leaves nothing of the person, and everything that the tickets need. False: `password` is not in force.
pub fn anonymise(
    connection: &mut AnyConnection,
    user_id: i64,
    password: &Secret,
) -> QueryResult<bool> {
    // No address, as it has no @.
    let name = format!("closed-{user_id}");
    diesel::update(
        dsl::users
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::password.eq(password.expose().as_bytes())),
    )
    .set((
        dsl::email.eq(&name),
        dsl::username.eq(&name),
        dsl::password.eq(b"".as_slice()),
        dsl::email_token.eq(""),
        dsl::api_token.eq(""),
    ))
    .execute(connection)
    .map(|rows| rows == 1)
}

pub fn replace_password(
    connection: &mut AnyConnection,
    user_id: i64,
    former: &Secret,
    new: &Secret,
) -> QueryResult<bool> {
    diesel::update(
        dsl::users
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::password.eq(former.expose().as_bytes())),
    )
    .set(dsl::password.eq(new.expose().as_bytes()))
    .execute(connection)
    .map(|rows| rows == 1)
}

/// Whatever the former one was. False: there is no such user.
pub fn set_password(
    connection: &mut AnyConnection,
    user_id: i64,
    new: &Secret,
) -> QueryResult<bool> {
    diesel::update(dsl::users.find(user_id))
        .set(dsl::password.eq(new.expose().as_bytes()))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// False: there is no such user.
pub fn set_email(connection: &mut AnyConnection, user_id: i64, email: &str) -> QueryResult<bool> {
    diesel::update(dsl::users.find(user_id))
        .set(dsl::email.eq(email))
        .execute(connection)
        .map(|rows| rows == 1)
}

/// Compares and sets: of two who renew at once one wins, and the other sees it.
pub fn replace_api_token(
    connection: &mut AnyConnection,
    user_id: i64,
    former: &str,
    token: &str,
) -> QueryResult<bool> {
    let stored: Option<Option<String>> = dsl::users
        .find(user_id)
        .select(dsl::api_token)
        .first(connection)
        .optional()?;
    let Some(stored) = stored else {
        return Ok(false);
    };
    if stored.as_deref().unwrap_or_default() != former {
        return Ok(false);
    }
    let user = dsl::users.filter(dsl::user_id.eq(user_id));
    let rows = match &stored {
        Some(text) => diesel::update(user.filter(dsl::api_token.eq(text)))
            .set(dsl::api_token.eq(token))
            .execute(connection)?,
        None => diesel::update(user.filter(dsl::api_token.is_null()))
            .set(dsl::api_token.eq(token))
            .execute(connection)?,
    };
    Ok(rows == 1)
}

/// Those of verified users with higher ids than `after`, by id. Closed accounts, whose address has no @, get none.
pub fn api_tokens(
    connection: &mut AnyConnection,
    after: i64,
    limit: i64,
) -> QueryResult<Vec<(i64, Option<String>)>> {
    dsl::users
        .filter(dsl::user_id.gt(after))
        .filter(dsl::email_verified.eq_any([1, 2]))
        .filter(dsl::email.like("%@%"))
        .order(dsl::user_id)
        .limit(limit)
        .select((dsl::user_id, dsl::api_token))
        .load(connection)
}

/// The user that an older program left unverified with this token.
pub fn by_email_token(connection: &mut AnyConnection, token: &str) -> QueryResult<Option<i64>> {
    dsl::users
        .filter(dsl::email_token.eq(token))
        .filter(dsl::email_verified.eq(0))
        .select(dsl::user_id)
        .first(connection)
        .optional()
}

/// As the Go program does: the token goes.
pub fn mark_verified(connection: &mut AnyConnection, user_id: i64) -> QueryResult<bool> {
    diesel::update(
        dsl::users
            .filter(dsl::user_id.eq(user_id))
            .filter(dsl::email_verified.eq(0)),
    )
    .set((dsl::email_verified.eq(1), dsl::email_token.eq("")))
    .execute(connection)
    .map(|rows| rows == 1)
}

pub fn set_vote(
    connection: &mut AnyConnection,
    user_id: i64,
    bits: VoteBits,
    version: VoteVersion,
) -> QueryResult<bool> {
    diesel::update(dsl::users.find(user_id))
        .set((
            dsl::vote_bits.eq(i64::from(bits.0)),
            dsl::vote_bits_version.eq(i64::from(version.0)),
        ))
        .execute(connection)
        .map(|rows| rows == 1)
}

pub fn ticket_address(connection: &mut AnyConnection, user_id: i64) -> QueryResult<String> {
    let address: Option<String> = dsl::users
        .find(user_id)
        .select(dsl::multi_sig_address)
        .first(connection)?;
    Ok(address.unwrap_or_default())
}

#[derive(QueryableByName)]
struct Counts {
    #[diesel(sql_type = BigInt)]
    total: i64,
    #[diesel(sql_type = BigInt)]
    active: i64,
}

/// Reads the whole table, once.
pub fn counts(connection: &mut AnyConnection) -> QueryResult<UserCounts> {
    let counts: Counts = diesel::sql_query(
        "SELECT COUNT(*) AS total, \
         CAST(COALESCE(SUM(CASE WHEN MultiSigAddress <> '' THEN 1 ELSE 0 END), 0) AS SIGNED) AS active FROM Users",
    )
    .get_result(connection)?;
    Ok(UserCounts {
        total: narrow("count of Users", counts.total)?,
        active: narrow("count of Users", counts.active)?,
    })
}
