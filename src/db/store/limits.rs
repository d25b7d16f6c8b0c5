//! How often each account may be used for what costs something: counted here, so that several web
//! processes count together.

use super::{Decision, Store};
use crate::db::changes::Touches;
use crate::db::queries::{emails, limits};
use crate::db::{Account, Allowance, Result};
use crate::domain::Wait;

impl Store {
    /// Counts one use against the account's allowance; `Err` of the inner result: it is used up.
    pub async fn take(&self, allowance: Allowance) -> Result<std::result::Result<(), Wait>> {
        let name = name(&allowance);
        self.decide_on(Touches::Nothing, move |connection, _| {
            let stored = limits::find_to_change(connection, &name)?;
            Ok(match allowance.rate.take(stored, allowance.now) {
                Err(wait) => Decision::Rollback(Err(wait)),
                Ok(after) => {
                    match stored {
                        Some(_) => limits::update(connection, &name, after)?,
                        None => limits::insert(connection, &name, after)?,
                    }
                    Decision::Commit(Ok(()))
                }
            })
        })
        .await
    }

    /// As if one use had not been.
    pub async fn give_back(&self, allowance: Allowance) -> Result<()> {
        let name = name(&allowance);
        self.write_on(Touches::Nothing, move |connection| {
            let Some(stored) = limits::find_to_change(connection, &name)? else {
                return Ok(());
            };
            let before = allowance.rate.give_back(stored, allowance.now);
            limits::update(connection, &name, before)
        })
        .await
    }
}

/// An e-mail address in no other form than its fingerprint: it may be nobody's.
fn name(allowance: &Allowance) -> String {
    match &allowance.account {
        Account::Email(email) => format!("{} {}", allowance.what, emails::fingerprint(email)),
        Account::User(id) => format!("{} {id}", allowance.what),
        Account::Captcha(nonce) => format!("{} {nonce}", allowance.what),
    }
}
