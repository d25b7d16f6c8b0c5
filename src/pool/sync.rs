//! Teaching voters what they lack: scripts and preferences, compared by digest.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;

use super::held::Held;
use super::voters::{Peer, QUICK, View};
use super::{Error, Pool};
use crate::db::{EnrolledUser, Marks, VoterUser};
use crate::decred::{VoteBits, VoteVersion};
use crate::domain::{KeyIndex, Revision, UserId};
use crate::rpc::wire::{Empty, ImportRequest, PreferencesPush, ScriptImport, Status, code};
use crate::rpc::{self, Error as RpcError};

/// What is sent to voters is read again after this many seconds: another web process may have
/// changed it.
const TABLES_AGE: i64 = 15;
/// Scripts in one request.
const CHUNK: u32 = 500;
/// Users read at once.
const PAGE: u32 = 2_000;
/// All users are read again after this many seconds.
const WHOLE_AGE: i64 = 600;
/// For an import or a push, in which the wallet takes part.
const SLOW: Duration = Duration::from_mins(1);

/// What every voter must have, as digests by which it is compared.
#[derive(Debug)]
pub struct Tables {
    /// Enrolled users.
    pub users: u64,
    pub highest_key: Option<KeyIndex>,
    /// The newest preference's.
    pub revision: Revision,
    pub scripts_digest: String,
    pub preferences_digest: String,
    pub marks: Marks,
    /// Of who has no address yet; looked up only where a voter knows more than these tables.
    pub lowest_waiting_key: OnceCell<Option<KeyIndex>>,
    read_at: i64,
}

/// The tables, and what they are made of.
#[derive(Debug, Default)]
pub(super) struct TableKeeper {
    held: Held,
    /// When all of it was read, unix seconds; `None`: it must be.
    whole_at: Option<i64>,
    /// `None`: something changed.
    pub now: Option<Arc<Tables>>,
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
        let mut keeper = self.tables.lock().await;
        let now = self.clock.unix_seconds();
        if let Some(tables) = &keeper.now
            // From the future: the clock was set back.
            && (0..TABLES_AGE).contains(&now.saturating_sub(tables.read_at))
        {
            return Ok(Arc::clone(tables));
        }
        self.read_tables(&mut keeper).await
    }

    /// The tables as they are now.
    pub(super) async fn tables_anew(&self) -> Result<Arc<Tables>, Error> {
        let mut keeper = self.tables.lock().await;
        self.read_tables(&mut keeper).await
    }

    /// Reads what changed; now and then all, as another program might have changed something without
    /// telling.
    async fn read_tables(&self, keeper: &mut TableKeeper) -> Result<Arc<Tables>, Error> {
        let now = self.clock.unix_seconds();
        let marks = self.store.marks().await?;
        let age = keeper.whole_at.map(|at| now.saturating_sub(at));
        if age.is_some_and(|age| (0..WHOLE_AGE).contains(&age)) {
            let since = keeper.held.revision();
            for user in self.store.voter_users_since(since).await? {
                keeper.held.take(&user);
            }
        } else {
            keeper.whole_at = None;
            keeper.held = self.read_all_users().await?;
            // Who chose while the pages were read.
            for user in self.store.voter_users_since(marks.last_revision).await? {
                keeper.held.take(&user);
            }
            keeper.whole_at = Some(now);
        }
        let held = &keeper.held;
        let tables = Arc::new(Tables {
            users: held.users(),
            highest_key: held.highest_key(),
            revision: held.revision(),
            scripts_digest: held.scripts_digest(),
            preferences_digest: held.preferences_digest(),
            marks,
            lowest_waiting_key: OnceCell::new(),
            read_at: now,
        });
        keeper.now = Some(Arc::clone(&tables));
        Ok(tables)
    }

    /// Page by page: nobody's memory holds all of them. One is read while the one before is taken in.
    async fn read_all_users(&self) -> Result<Held, Error> {
        let mut held = Held::default();
        let mut page = self.store.voter_users(UserId(0), PAGE).await?;
        while let Some(last) = page.last() {
            let reading = self.store.voter_users(last.preference.user_id, PAGE);
            let taking = async {
                for user in &page {
                    held.take(user);
                }
            };
            let (next, ()) = tokio::join!(reading, taking);
            page = next?;
        }
        Ok(held)
    }

    /// Users whose stored bits are meant for this version and are not valid, as far as the tables know.
    pub(super) async fn users_with_bits(
        &self,
        version: VoteVersion,
        is_wanted: impl Fn(VoteBits) -> bool,
    ) -> Result<Vec<(UserId, VoteBits)>, Error> {
        self.tables().await?;
        let keeper = self.tables.lock().await;
        Ok(keeper.held.with_bits(version, is_wanted).collect())
    }

    /// Something was stored that voters must learn.
    pub(super) async fn tables_changed(&self) {
        self.tables.lock().await.now = None;
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
            let newer = self.store.preferences_since(theirs.revision).await;
            let newer = newer.map_err(|error| unreadable(peer, &error))?;
            let push = self.push(newer.preferences, false, false);
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
        let all = self.store.preferences().await;
        let all = all.map_err(|error| unreadable(peer, &error))?;
        let push = self.push(all.preferences, true, accept);
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
                theirs.refused.is_some() || theirs.revision > tables.revision
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
        let mut after = UserId(0);
        loop {
            let page = self.store.voter_users(after, CHUNK).await;
            let page = page.map_err(|error| unreadable(peer, &error))?;
            let Some(last) = page.last() else { break };
            after = last.preference.user_id;
            self.import(peer, page.into_iter().map(script).collect())
                .await?;
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

/// A voter that is not taught because the database does not answer.
fn unreadable(peer: &Peer, error: &crate::db::Error) -> RpcError {
    RpcError::Unavailable {
        voter: peer.name().to_owned(),
        reason: format!("not taught: {error}"),
    }
}

/// Whether a voter with this digest of preferences has all of ours.
pub(super) fn in_sync(view: &View, tables: &Tables, theirs: &str) -> bool {
    let ours = &tables.preferences_digest;
    let taught = view.preferences_taught.as_ref();
    theirs == ours || taught.is_some_and(|taught| (&taught.0, taught.1.as_str()) == (ours, theirs))
}

fn script(user: VoterUser) -> ScriptImport {
    ScriptImport {
        user_id: user.preference.user_id,
        key_index: user.key_index,
        redeem_script: user.redeem_script,
        height_registered: user.height_registered,
    }
}

/// How the script of a user who just enrolled is sent.
pub(super) fn import(user: &EnrolledUser) -> ScriptImport {
    ScriptImport {
        user_id: user.enrolment.user_id,
        key_index: user.key_index,
        redeem_script: user.enrolment.redeem_script.clone(),
        height_registered: user.enrolment.height_registered,
    }
}
