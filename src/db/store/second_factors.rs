//! Second factors, and browsers that owe a code. A code is taken by a condition in the database, so that of
//! several web processes one takes it.

use diesel::QueryResult;

use super::{Decision, Store};
use crate::db::changes::Touches;
use crate::db::connection::AnyConnection;
use crate::db::queries::{half_sign_ins, second_factors, sessions};
use crate::db::{
    HALF_SIGN_IN_SECS, HalfSignIn, NewSecondFactor, Result, SecondFactor, SecondProof, SecondUse,
};
use crate::domain::UserId;

impl Store {
    /// `None`: a password is enough for this user.
    pub async fn second_factor(&self, id: UserId) -> Result<Option<SecondFactor>> {
        self.read(move |connection| second_factors::find(connection, id.0))
            .await
    }

    /// Turns it on and ends the other sessions. False: it is on already.
    pub async fn turn_on_second_factor(&self, new: NewSecondFactor) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            let id = new.user_id.0;
            if let Some(there) = second_factors::find(connection, id)? {
                // Ours already, if an earlier try was committed after all.
                let ours = doubtful && there.seed.matches(new.seed.expose());
                return Ok(Decision::Rollback(ours));
            }
            let row = second_factors::Row {
                user_id: id,
                seed: new.seed.expose(),
                last_step: new.step,
                last_use: "",
                since: new.now,
            };
            second_factors::insert(connection, &row)?;
            second_factors::replace_codes(connection, id, &new.code_hashes)?;
            sessions::delete_of_user(connection, id, &new.keep_session)?;
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// False: it was off.
    pub async fn turn_off_second_factor(&self, id: UserId) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            half_sign_ins::delete_of_user(connection, id.0)?;
            let off = second_factors::delete_of_user(connection, id.0)?;
            Ok(Decision::Commit(off || doubtful))
        })
        .await
    }

    /// Other recovery codes: the old ones are void. False: it is off.
    pub async fn replace_recovery_codes(
        &self,
        id: UserId,
        code_hashes: Vec<String>,
    ) -> Result<bool> {
        self.decide(move |connection, _| {
            if second_factors::find(connection, id.0)?.is_none() {
                return Ok(Decision::Rollback(false));
            }
            second_factors::replace_codes(connection, id.0, &code_hashes)?;
            Ok(Decision::Commit(true))
        })
        .await
    }

    /// Takes a code. False: it was used before.
    pub async fn use_second_factor(&self, second: SecondUse) -> Result<bool> {
        self.decide(move |connection, doubtful| {
            Ok(if take(connection, &second, doubtful)? {
                Decision::Commit(true)
            } else {
                Decision::Rollback(false)
            })
        })
        .await
    }

    /// Remembers for some minutes that a browser gave the user's password.
    pub async fn begin_half_sign_in(&self, token_hash: &str, id: UserId, now: i64) -> Result<()> {
        let token_hash = token_hash.to_owned();
        self.write_on(Touches::Nothing, move |connection| {
            // There already if this is repeated after a commit of unknown outcome.
            if half_sign_ins::user(connection, &token_hash, now)?.is_some() {
                return Ok(());
            }
            let expires = now.saturating_add(HALF_SIGN_IN_SECS);
            half_sign_ins::insert(connection, &token_hash, id.0, expires)
        })
        .await
    }

    /// Whose password that browser gave, if it still may bring the code.
    pub async fn half_sign_in(&self, token_hash: &str, now: i64) -> Result<Option<UserId>> {
        let token_hash = token_hash.to_owned();
        self.read(move |connection| {
            let user = half_sign_ins::user(connection, &token_hash, now)?;
            Ok(user.map(UserId))
        })
        .await
    }

    /// Takes a code and ends the half sign-in, both or neither.
    pub async fn complete_half_sign_in(
        &self,
        token_hash: &str,
        second: SecondUse,
        now: i64,
    ) -> Result<HalfSignIn> {
        let token_hash = token_hash.to_owned();
        self.decide(move |connection, doubtful| {
            let id = second.user_id.0;
            if doubtful && second_factors::was_last_used_by(connection, id, &second.mark)? {
                return Ok(Decision::Rollback(HalfSignIn::Completed));
            }
            if !half_sign_ins::spend(connection, &token_hash, id, now)? {
                return Ok(Decision::Rollback(HalfSignIn::Over));
            }
            Ok(if take(connection, &second, false)? {
                Decision::Commit(HalfSignIn::Completed)
            } else {
                Decision::Rollback(HalfSignIn::Refused)
            })
        })
        .await
    }
}

/// `doubtful`: an earlier try may have done so.
fn take(connection: &mut AnyConnection, second: &SecondUse, doubtful: bool) -> QueryResult<bool> {
    let (id, mark) = (second.user_id.0, second.mark.as_str());
    let taken = match &second.proof {
        SecondProof::Step(step) => second_factors::take_step(connection, id, *step, mark)?,
        SecondProof::Recovery(hash) => second_factors::take_code(connection, id, hash, mark)?,
    };
    Ok(taken || (doubtful && second_factors::was_last_used_by(connection, id, mark)?))
}
