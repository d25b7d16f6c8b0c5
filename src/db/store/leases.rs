//! Work that one of several processes does.

use super::Store;
use crate::db::changes::Touches;
use crate::db::queries::leases;
use crate::db::{Result, dialect};

impl Store {
    /// Takes or renews a lease for so many seconds of the database's clock. False: somebody else has it.
    pub async fn hold_lease(&self, name: &str, holder: &str, seconds: i64) -> Result<bool> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write_on(Touches::Nothing, move |connection| {
            let now = dialect::now(connection)?;
            let until = now.saturating_add(seconds);
            if leases::take(connection, &name, &holder, now, until)? {
                return Ok(true);
            }
            if leases::is_there(connection, &name)? {
                return Ok(false);
            }
            // Of two that come first, one is repeated and finds the other's row.
            leases::insert(connection, &name, &holder, until)?;
            Ok(true)
        })
        .await
    }

    /// Lets the next one have it at once.
    pub async fn give_back_lease(&self, name: &str, holder: &str) -> Result<()> {
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.write_on(Touches::Nothing, move |connection| {
            leases::give_back(connection, &name, &holder)
        })
        .await
    }
}
