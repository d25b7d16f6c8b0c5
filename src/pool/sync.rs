//! Teaching voters what they lack: scripts and preferences, compared by digest.

use std::sync::Arc;
use std::time::Duration;

use super::voters::{Peer, QUICK, View};
use super::{Error, Pool};
use crate::db::{EnrolledUser, Marks, PreferenceTable};
use crate::domain::{preferences_digest, scripts_digest};
use crate::rpc::wire::{Empty, ImportRequest, PreferencesPush, ScriptImport, Status, code};
use crate::rpc::{self, Error as RpcError};

/// What is sent to voters is read again after this many seconds: another web process may have
/// changed it.
const TABLES_AGE: i64 = 15;
/// Scripts in one request.
const CHUNK: usize = 500;
/// For an import or a push, in which the wallet takes part.
const SLOW: Duration = Duration::from_mins(1);

/// What every voter must have, with the digests by which it is compared.
#[derive(Debug)]
pub struct Tables {
    pub users: Vec<EnrolledUser>,
    pub scripts_digest: String,
    pub preferences: PreferenceTable,
    pub preferences_digest: String,
    pub marks: Marks,
    read_at: i64,
}

/// A push of all preferences that a voter refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RefusedPush {
    /// Of what was pushed.
    pub digest: String,
    /// The voter's words.
    pub reason: String,
}

impl Pool {
    /// The tables, at most a few seconds old; always with what this process stored.
    pub(super) async fn tables(&self) -> Result<Arc<Tables>, Error> {
        let mut tables = self.tables.lock().await;
        let now = self.clock.unix_seconds();
        if let Some(tables) = &*tables
            // From the future: the clock was set back.
            && (0..TABLES_AGE).contains(&now.saturating_sub(tables.read_at))
        {
            return Ok(Arc::clone(tables));
        }
        let fresh = self.read_tables().await?;
        *tables = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    /// The tables as they are now.
    pub(super) async fn tables_anew(&self) -> Result<Arc<Tables>, Error> {
        let mut tables = self.tables.lock().await;
        let fresh = self.read_tables().await?;
        *tables = Some(Arc::clone(&fresh));
        Ok(fresh)
    }

    async fn read_tables(&self) -> Result<Arc<Tables>, Error> {
        let now = self.clock.unix_seconds();
        let marks = self.store.marks().await?;
        let users = self.store.enrolled_users().await?;
        let preferences = self.store.preferences().await?;
        let scripts: Vec<Vec<u8>> = users
            .iter()
            .map(|user| hex::decode(&user.enrolment.redeem_script).unwrap_or_default())
            .collect();
        Ok(Arc::new(Tables {
            scripts_digest: scripts_digest(scripts.iter().map(Vec::as_slice)),
            preferences_digest: preferences_digest(&preferences.preferences),
            users,
            preferences,
            marks,
            read_at: now,
        }))
    }

    /// Something was stored that voters must learn.
    pub(super) async fn tables_changed(&self) {
        *self.tables.lock().await = None;
        for peer in &self.peers {
            peer.wake();
        }
    }

    /// Sends a voter what it lacks. Preferences first: votes depend on them.
    pub(super) async fn teach(&self, peer: &Peer) {
        let status = peer.view().status.clone();
        let Some(status) = status.filter(|_| self.database_away_since().is_none()) else {
            return;
        };
        let tables = match self.tables_for(peer, &status).await {
            Ok(tables) => tables,
            Err(error) => {
                return self.database_failed("voters are not brought up to date", &error);
            }
        };
        if let Err(error) = self.teach_preferences(peer, &status, &tables).await {
            tracing::warn!(voter = peer.name(), %error, "preferences not sent");
        }
        if let Err(error) = self.teach_scripts(peer, &status, &tables).await {
            tracing::warn!(voter = peer.name(), %error, "scripts not sent");
        }
        Self::note_ahead(peer, &tables);
        self.note_reasons();
    }

    async fn teach_preferences(
        &self,
        peer: &Peer,
        status: &Status,
        tables: &Tables,
    ) -> Result<(), RpcError> {
        let theirs = &status.preferences;
        let settled = theirs.confirmed && theirs.refused.is_none() && status.pool_id.is_some();
        if settled && in_sync(&peer.view(), tables, &theirs.digest) {
            peer.view().preferences_refused = None;
            return Ok(());
        }
        let refused_before = match &peer.view().preferences_refused {
            Some(refused) => refused.digest == tables.preferences_digest,
            None => false,
        };
        if refused_before && theirs.refused.is_some() {
            return Ok(());
        }
        // First what is new: a voter that will refuse the whole takes at least later changes, and is
        // told that it need not wait. Another process may have mended what it refused.
        if status.pool_id.is_some() {
            let since = theirs.revision;
            let newer = tables.preferences.preferences.iter();
            let newer: Vec<_> = newer.filter(|p| p.revision > since).cloned().collect();
            let push = self.push(newer, false, false);
            let accepted = peer
                .within(SLOW, peer.voter().set_preferences(push))
                .await?;
            if in_sync(&peer.view(), tables, &accepted.digest) {
                peer.view().preferences_refused = None;
                return Ok(());
            }
        }
        // Another process may have changed something since the tables were read.
        let fresh = self.tables_anew().await.ok();
        self.push_all(peer, fresh.as_deref().unwrap_or(tables), false)
            .await
    }

    /// Sends all preferences. A refusal is kept, so that it is not tried again without a change.
    async fn push_all(&self, peer: &Peer, tables: &Tables, accept: bool) -> Result<(), RpcError> {
        let push = self.push(tables.preferences.preferences.clone(), true, accept);
        let answer = peer.within(SLOW, peer.voter().set_preferences(push)).await;
        let digest = tables.preferences_digest.clone();
        let mut view = peer.view();
        view.preferences_refused = match &answer {
            Err(RpcError::Refused { code, message }) if code != code::UNAVAILABLE => {
                let reason = message.clone();
                Some(RefusedPush { digest, reason })
            }
            Ok(accepted) => {
                // It may hold users that the database has not, and keeps them.
                view.preferences_taught = Some((digest, accepted.digest.clone()));
                None
            }
            Err(_) => None,
        };
        answer.map(drop)
    }

    fn push(
        &self,
        preferences: Vec<crate::domain::Preference>,
        full: bool,
        accept: bool,
    ) -> PreferencesPush {
        PreferencesPush {
            pool_id: self.id,
            full,
            preferences,
            accept,
        }
    }

    /// Makes this database the one that counts, with the operator's consent: sends all preferences to
    /// every voter that refused them, holds newer ones or belongs to another pool. Names the voters that
    /// took them.
    pub async fn accept_preferences(&self) -> Result<Vec<String>, Error> {
        let tables = self.tables_anew().await?;
        let mut taken = Vec::new();
        for peer in &self.peers {
            if !self.must_be_accepted(peer, &tables).await {
                continue;
            }
            match self.push_all(peer, &tables, true).await {
                Ok(()) => taken.push(peer.name().to_owned()),
                Err(error) => {
                    tracing::error!(voter = peer.name(), %error, "preferences refused again");
                }
            }
        }
        for peer in &self.peers {
            self.look(peer).await;
        }
        self.accept_lack_of_scripts(&tables).await?;
        if !taken.is_empty() {
            let detail = taken.join(", ");
            self.audit("preferences_accepted", None, None, &detail)
                .await;
        }
        Ok(taken)
    }

    /// Whether the voter is there and does not agree with this database.
    async fn must_be_accepted(&self, peer: &Peer, tables: &Tables) -> bool {
        if self.look(peer).await {
            return peer.view().status.as_ref().is_some_and(|status| {
                let theirs = &status.preferences;
                theirs.refused.is_some() || theirs.revision > tables.preferences.revision
            });
        }
        // Of our network, but of another pool until now.
        let status = peer.within(QUICK, peer.voter().status(Empty {})).await;
        status.is_ok_and(|status| {
            let other_pool = status.pool_id.is_some_and(|id| id != self.id);
            other_pool && status.network == self.settings.network.to_string()
        })
    }

    async fn teach_scripts(
        &self,
        peer: &Peer,
        status: &Status,
        tables: &Tables,
    ) -> Result<(), RpcError> {
        let pair = (tables.scripts_digest.clone(), status.scripts.digest.clone());
        // A voter never forgets a script, so it may hold more than the database does.
        if pair.0 == pair.1 || peer.view().scripts_taught.as_ref() == Some(&pair) {
            return Ok(());
        }
        for chunk in tables.users.chunks(CHUNK) {
            let scripts = chunk.iter().map(import).collect();
            self.import(peer, scripts).await?;
        }
        let registry = peer
            .within(QUICK, peer.voter().script_registry(Empty {}))
            .await?;
        peer.view().scripts_taught = Some((pair.0, registry.digest));
        Ok(())
    }

    /// Has a wallet import scripts. Its refusal halts enrolment.
    pub(super) async fn import(
        &self,
        peer: &Peer,
        scripts: Vec<ScriptImport>,
    ) -> Result<(), rpc::Error> {
        let request = ImportRequest {
            pool_id: self.id,
            scripts,
        };
        let answer = peer
            .within(SLOW, peer.voter().import_scripts(request))
            .await;
        if let Err(RpcError::Refused { code, message }) = &answer
            && code == code::DISAGREES
        {
            self.halt_enrolment(peer.name(), message).await;
        }
        let outcome = answer?;
        if outcome.imported() > 0 {
            tracing::info!(
                voter = peer.name(),
                imported = outcome.imported(),
                already = outcome.scripts.len().saturating_sub(outcome.imported()),
                rescan_from = outcome.rescan_from.map(|height| height.0),
                "scripts imported"
            );
        }
        Ok(())
    }
}

/// Whether a voter with this digest of preferences has all of ours.
pub(super) fn in_sync(view: &View, tables: &Tables, theirs: &str) -> bool {
    let ours = &tables.preferences_digest;
    let taught = view.preferences_taught.as_ref();
    theirs == ours || taught.is_some_and(|taught| (&taught.0, taught.1.as_str()) == (ours, theirs))
}

/// How a user's script is sent.
pub(super) fn import(user: &EnrolledUser) -> ScriptImport {
    ScriptImport {
        user_id: user.enrolment.user_id,
        key_index: user.key_index,
        redeem_script: user.enrolment.redeem_script.clone(),
        height_registered: user.enrolment.height_registered,
    }
}
