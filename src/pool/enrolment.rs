//! Enrolment: from a public key to a ticket address that every wallet knows.
//!
//! The order makes it safe to be killed at any step: nothing is stored before enough voters have
//! confirmed; then one conditional update stores everything; what a wallet does not import now, its
//! watcher has it import later.

use std::net::IpAddr;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::{Mutex, MutexGuard};

use super::derivation::Derived;
use super::{EnrolError, Enrolled, Error, FULL, NotNow, Pool, gauges, sync};
use crate::db::{self, EnrolledUser, Enrolment};
use crate::decred::Height;
use crate::domain::{KeyIndex, UserId};
use crate::mail::Mail;
use crate::mail::texts::{self, TicketScript};
use crate::rpc::wire::EnrolmentRequest;

/// How long a page waits for the wallets after the user is stored.
const IMPORT: Duration = Duration::from_secs(10);

/// Enrolments for which the voters are asked at a time. They share the voters' connections with all
/// else, so that nobody may make them busy with hundreds.
const LANES: i64 = 16;

/// Every user has a lane: of the same user one enrolment at a time is under way.
#[derive(Debug)]
pub(super) struct Lanes(Vec<Mutex<()>>);

impl Default for Lanes {
    fn default() -> Self {
        Self((0..LANES).map(|_| Mutex::new(())).collect())
    }
}

impl Lanes {
    async fn enter(&self, user: UserId) -> Option<MutexGuard<'_, ()>> {
        let lane = usize::try_from(user.0.rem_euclid(LANES)).ok()?;
        Some(self.0.get(lane)?.lock().await)
    }
}

/// A user who may enrol.
struct Candidate {
    key_index: KeyIndex,
    email: String,
}

impl Pool {
    /// The user says that the redeem script is saved.
    pub async fn note_saved_script(&self, user: UserId) -> Result<(), Error> {
        let now = self.clock.unix_seconds();
        match self.store.note_saved_script(user, now).await {
            // Said twice at once.
            Ok(()) | Err(db::Error::Conflict(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Whether the user must be reminded: should the pool ever be gone, the script is all that is missing.
    pub async fn lacks_saved_script(&self, user: UserId) -> Result<bool, Error> {
        Ok(!self.store.has_saved_script(user).await?)
    }

    /// Enrols: from a public-key address to a ticket address that every wallet knows. The checks come
    /// in the order of the API's table.
    pub async fn enrol(
        &self,
        user: UserId,
        pubkey_address: &str,
        client: Option<IpAddr>,
    ) -> Result<Enrolled, EnrolError> {
        let outcome = self.enrol_uncounted(user, pubkey_address, client).await;
        gauges::count_enrolment(&outcome);
        outcome
    }

    async fn enrol_uncounted(
        &self,
        user: UserId,
        pubkey_address: &str,
        client: Option<IpAddr>,
    ) -> Result<Enrolled, EnrolError> {
        let key_index = self.may_enrol(user).await?.key_index;
        let key = self.derivation.read_key(pubkey_address)?;
        let derived = self.derivation.derive(key_index, &key)?;
        let lane = self.enrolling.enter(user).await;
        // Who had to wait may have an address by now.
        self.may_enrol(user).await?;
        self.ensure_not_halted().await?;
        let request = EnrolmentRequest {
            user_id: user,
            key_index,
            user_pubkey_address: pubkey_address.to_owned(),
        };
        let height = self.confirm(&request, &derived).await?;
        // Another enrolment may have met a disagreement meanwhile.
        self.ensure_not_halted().await?;
        let candidate = self.may_enrol(user).await?;
        if candidate.key_index != key_index {
            return Err(Error::Internal(format!("user {user} got another key: try again")).into());
        }
        let enrolled = EnrolledUser {
            key_index,
            enrolment: row(request, derived, height),
        };
        let mail = self.script_mail(&candidate.email, &enrolled.enrolment, client);
        let queued = self.for_queue(&mail)?;
        let stored = self.store.enrol(enrolled.enrolment.clone(), queued).await;
        if !stored.map_err(Error::from)? {
            return Err(EnrolError::AlreadySubmitted);
        }
        drop(lane);
        self.hand_over(mail);
        tracing::info!(user.id = %user, height = %height, "address submitted");
        let ticket_address = &enrolled.enrolment.ticket_address;
        self.audit("address_submitted", Some(user), client, ticket_address)
            .await;
        self.import_everywhere(&enrolled).await;
        self.tables_changed().await;
        self.numbers_due.notify_one();
        Ok(Enrolled::from(enrolled.enrolment))
    }

    /// Why an address cannot be taken from this user at present, before one was sent: what the page
    /// shows in place of its form.
    pub async fn enrolment_closed(&self) -> Result<Option<String>, Error> {
        if let Some(reason) = self.sign().closed_reason() {
            return Ok(Some(reason));
        }
        Ok(self.store.halt().await?.map(|_| NotNow::Halted.to_string()))
    }

    /// The first rows of the table: already there, closed, full.
    async fn may_enrol(&self, user: UserId) -> Result<Candidate, EnrolError> {
        let stored = self.store.user(user).await.map_err(Error::from)?;
        let stored = stored.ok_or_else(|| Error::Internal(format!("user {user} is gone")))?;
        if stored.enrolment.is_some() {
            return Err(EnrolError::AlreadySubmitted);
        }
        if let Some(reason) = self.sign().closed_reason() {
            return Err(EnrolError::Closed(reason));
        }
        let index = self.store.key_index(user).await.map_err(Error::from)?;
        let index =
            index.ok_or_else(|| Error::Internal(format!("user {user} has no key index")))?;
        if index.0 > self.settings.max_users {
            return Err(EnrolError::Closed(FULL.into()));
        }
        Ok(Candidate {
            key_index: index,
            email: stored.email,
        })
    }

    fn script_mail(&self, email: &str, row: &Enrolment, client: Option<IpAddr>) -> Mail {
        let script = TicketScript {
            redeem_script: &row.redeem_script,
            ticket_address: &row.ticket_address,
            user_pubkey_address: &row.user_pubkey_address,
            pool_pubkey_address: &row.pool_pubkey_address,
        };
        let link = self.settings.link("/address");
        texts::ticket_script(
            &self.settings.name,
            email,
            script,
            &link,
            self.cause(client),
        )
    }

    async fn ensure_not_halted(&self) -> Result<(), EnrolError> {
        match self.store.halt().await.map_err(Error::from)? {
            Some(_) => Err(NotNow::Halted.into()),
            None => Ok(()),
        }
    }

    /// Has all wallets import the script. Who cannot now, will be told again by its watcher.
    async fn import_everywhere(&self, user: &EnrolledUser) {
        let imports = self.peers.iter().map(async |peer| {
            let import = self.import(peer, vec![sync::import(user)]);
            if let Err(error) = peer.within(IMPORT, import).await {
                tracing::warn!(voter = peer.name(), %error, "script not imported yet");
            }
        });
        join_all(imports).await;
    }
}

fn row(request: EnrolmentRequest, derived: Derived, height: Height) -> Enrolment {
    Enrolment {
        user_id: request.user_id,
        pool_pubkey_address: derived.pool_pubkey_address,
        user_pubkey_address: request.user_pubkey_address,
        redeem_script: derived.redeem_script,
        ticket_address: derived.ticket_address,
        fee_address: derived.fee_address,
        height_registered: height,
    }
}
