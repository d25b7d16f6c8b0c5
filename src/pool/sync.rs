//! Teaching voters what they lack: scripts and preferences, compared by digest.

use std::sync::Arc;
use std::time::Duration;

use super::voters::{Peer, QUICK};
use super::{Error, Pool};
use crate::db::{EnrolledUser, PreferenceTable};
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
    read_at: i64,
}

impl Pool {
    /// The tables, at most a few seconds old; always with what this process stored.
    pub(super) async fn tables(&self) -> Result<Arc<Tables>, Error> {
        let mut tables = self.tables.lock().await;
        let now = self.clock.unix_seconds();
        if let Some(tables) = &*tables
            && now.saturating_sub(tables.read_at) < TABLES_AGE
        {
            return Ok(Arc::clone(tables));
        }
        let users = self.store.enrolled_users().await?;
        let preferences = self.store.preferences().await?;
        let scripts: Vec<Vec<u8>> = users
            .iter()
            .map(|user| hex::decode(&user.enrolment.redeem_script).unwrap_or_default())
            .collect();
        let fresh = Arc::new(Tables {
            scripts_digest: scripts_digest(scripts.iter().map(Vec::as_slice)),
            preferences_digest: preferences_digest(&preferences.preferences),
            users,
            preferences,
            read_at: now,
        });
        *tables = Some(Arc::clone(&fresh));
        Ok(fresh)
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
        let Some(status) = peer.view().status.clone() else {
            return;
        };
        let tables = match self.tables().await {
            Ok(tables) => tables,
            Err(error) => {
                tracing::warn!(%error, "voters are not brought up to date");
                return;
            }
        };
        if let Err(error) = self.teach_preferences(peer, &status, &tables).await {
            tracing::warn!(voter = peer.name(), %error, "preferences not sent");
        }
        if let Err(error) = self.teach_scripts(peer, &status, &tables).await {
            tracing::warn!(voter = peer.name(), %error, "scripts not sent");
        }
    }

    async fn teach_preferences(
        &self,
        peer: &Peer,
        status: &Status,
        tables: &Tables,
    ) -> Result<(), RpcError> {
        let theirs = &status.preferences;
        let same = theirs.digest == tables.preferences_digest;
        if same && theirs.confirmed && status.pool_id.is_some() {
            peer.view().preferences_refused = None;
            return Ok(());
        }
        let refused_before =
            peer.view().preferences_refused.as_ref() == Some(&tables.preferences_digest);
        if refused_before && theirs.refused.is_some() {
            return Ok(());
        }
        if !same && theirs.confirmed && status.pool_id.is_some() {
            let since = theirs.revision;
            let newer = tables.preferences.preferences.iter();
            let newer: Vec<_> = newer.filter(|p| p.revision > since).cloned().collect();
            let push = self.push(newer, false, false);
            let accepted = peer
                .within(SLOW, peer.voter().set_preferences(push))
                .await?;
            if accepted.digest == tables.preferences_digest {
                return Ok(());
            }
        }
        self.push_all(peer, tables, false).await
    }

    /// Sends all preferences. A refusal is kept, so that it is not tried again without a change.
    async fn push_all(&self, peer: &Peer, tables: &Tables, accept: bool) -> Result<(), RpcError> {
        let push = self.push(tables.preferences.preferences.clone(), true, accept);
        let answer = peer.within(SLOW, peer.voter().set_preferences(push)).await;
        let refused = match &answer {
            Err(RpcError::Refused { code, .. }) => code != code::UNAVAILABLE,
            _ => false,
        };
        let digest = tables.preferences_digest.clone();
        peer.view().preferences_refused = refused.then_some(digest);
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

    /// Sends all preferences to every voter that refused them, with the operator's consent. Names
    /// the voters that took them.
    pub async fn accept_preferences(&self) -> Result<Vec<String>, Error> {
        let tables = self.tables().await?;
        let mut taken = Vec::new();
        for peer in &self.peers {
            if !self.look(peer).await {
                continue;
            }
            let status = peer.view().status.clone();
            if status.is_none_or(|status| status.preferences.refused.is_none()) {
                continue;
            }
            match self.push_all(peer, &tables, true).await {
                Ok(()) => taken.push(peer.name().to_owned()),
                Err(error) => {
                    tracing::error!(voter = peer.name(), %error, "preferences refused again");
                }
            }
        }
        if !taken.is_empty() {
            let detail = taken.join(", ");
            self.audit("preferences_accepted", None, None, &detail)
                .await;
        }
        Ok(taken)
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

/// How a user's script is sent.
pub(super) fn import(user: &EnrolledUser) -> ScriptImport {
    ScriptImport {
        user_id: user.enrolment.user_id,
        key_index: user.key_index,
        redeem_script: user.enrolment.redeem_script.clone(),
        height_registered: user.enrolment.height_registered,
    }
}
