//! A database that knows less than the voters: a backup was restored, or it is the wrong one.
//!
//! Nobody's votes change: voters refuse what is older and never forget a script. What is counted here
//! goes on above what they know, so that no key gets a second user and no later change of a preference
//! is taken for an older one. An operator confirms the database by `resume --accept-preferences`.

use std::sync::Arc;

use super::sync::Tables;
use super::voters::Peer;
use super::{Error, Pool};
use crate::domain::{KeyIndex, Revision};
use crate::rpc::wire::Status;

/// What a voter knows that the tables do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Excess {
    scripts: u64,
    highest_key: Option<KeyIndex>,
    revision: Revision,
}

impl Excess {
    fn of(status: &Status, tables: &Tables) -> Option<Self> {
        let theirs = Self {
            scripts: status.scripts.count,
            highest_key: status.scripts.highest_key_index,
            revision: status.preferences.revision,
        };
        let more = theirs.more_scripts(tables) || theirs.newer_preferences(tables);
        more.then_some(theirs)
    }

    fn more_scripts(&self, tables: &Tables) -> bool {
        self.scripts > tables.users || self.highest_key > tables.highest_key
    }

    fn newer_preferences(&self, tables: &Tables) -> bool {
        self.revision > tables.revision
    }

    /// Scripts beyond those whose lack an operator has confirmed.
    fn unconfirmed_scripts(&self, tables: &Tables) -> bool {
        let lacked = self.scripts.saturating_sub(tables.users);
        let confirmed = tables.marks.scripts_lacked;
        lacked > confirmed || confirmed == 0 && self.highest_key > tables.highest_key
    }

    /// Up to which key the voter may know users whom the tables do not have.
    fn unknown_up_to(&self, tables: &Tables) -> Option<KeyIndex> {
        self.highest_key.filter(|_| self.more_scripts(tables))
    }

    /// Whether numbers that the voter knows would be given away next.
    fn is_above_counters(&self, tables: &Tables) -> bool {
        let marks = &tables.marks;
        let key = self.unknown_up_to(tables);
        key.is_some_and(|key| marks.last_user < i64::from(key.0))
            || marks.last_revision < self.revision
    }
}

impl Pool {
    /// The tables by which a voter is taught. If it knows more than they, they are read again, since
    /// another web process may have stored it; if it still does, numbers are counted on above it.
    pub(super) async fn tables_for(
        &self,
        peer: &Peer,
        status: &Status,
    ) -> Result<Arc<Tables>, Error> {
        let tables = self.tables().await?;
        let seen = peer.view().excess;
        let tables = match Excess::of(status, &tables) {
            // Looked at already, with tables that were younger than the voter's word.
            Some(excess) if seen == Some(excess) => tables,
            Some(_) => self.tables_anew().await?,
            None => tables,
        };
        let excess = Excess::of(status, &tables);
        peer.view().excess = excess;
        match excess {
            Some(excess) if self.collides(&excess, &tables).await? => {
                self.count_on_above(peer, excess).await
            }
            _ => Ok(tables),
        }
    }

    /// Whether a key or revision that the voter knows could be another user's, or was promised to one.
    async fn collides(&self, excess: &Excess, tables: &Tables) -> Result<bool, Error> {
        if excess.is_above_counters(tables) {
            return Ok(true);
        }
        let Some(key) = excess.unknown_up_to(tables) else {
            return Ok(false);
        };
        let lowest = || self.store.lowest_waiting_key();
        let waiting = tables.lowest_waiting_key.get_or_try_init(lowest).await?;
        Ok(waiting.is_some_and(|waiting| waiting <= key))
    }

    /// Sees to it that this database counts above what the voter said last.
    pub(super) async fn count_above(&self, peer: &Peer) {
        let status = peer.view().status.clone();
        let Some(status) = status.filter(|_| peer.view().connected) else {
            return;
        };
        if let Err(error) = self.tables_for(peer, &status).await {
            self.database_failed("not compared with what the voters know", &error);
        }
    }

    async fn count_on_above(&self, peer: &Peer, excess: Excess) -> Result<Arc<Tables>, Error> {
        let Excess {
            highest_key,
            revision,
            ..
        } = excess;
        let tables = self.tables_anew().await?;
        let key = excess.unknown_up_to(&tables);
        let renumbered = self.store.count_on_above(key, revision).await?;
        let detail = format!(
            "{} knows keys up to {} and revisions up to {revision}: counting on above; \
             {renumbered} users without an address got another key",
            peer.name(),
            shown(highest_key),
        );
        tracing::warn!("{detail}");
        self.audit("database_is_older", None, None, &detail).await;
        self.tables_anew().await
    }

    /// What a watcher would find, without acting on it.
    pub(super) fn compare(peer: &Peer, tables: &Tables) {
        let status = peer.view().status.clone();
        let excess = status.and_then(|status| Excess::of(&status, tables));
        peer.view().excess = excess;
        Self::note_ahead(peer, tables);
    }

    /// Keeps for the alarm what this voter knows and the database does not, or does not agree with.
    pub(super) fn note_ahead(peer: &Peer, tables: &Tables) {
        let mut view = peer.view();
        let mut facts = Vec::new();
        if let Some(excess) = view.excess {
            if excess.unconfirmed_scripts(tables) {
                facts.push(format!(
                    "knows {} scripts up to key index {}, the database {} up to {}",
                    excess.scripts,
                    shown(excess.highest_key),
                    tables.users,
                    shown(tables.highest_key),
                ));
            }
            if excess.newer_preferences(tables) {
                facts.push(format!(
                    "holds preferences up to revision {}, the database up to {}",
                    excess.revision, tables.revision,
                ));
            }
        }
        let refused = view.preferences_refused.as_ref();
        if let Some(refused) = refused.filter(|it| it.digest == tables.preferences_digest) {
            facts.push(format!(
                "refuses the database's preferences: {}",
                refused.reason
            ));
        }
        view.ahead = (!facts.is_empty()).then(|| format!("{}. {ADVICE}", facts.join("; ")));
    }

    /// Notes that an operator knows how many scripts this database lacks.
    pub(super) async fn accept_lack_of_scripts(&self, tables: &Tables) -> Result<(), Error> {
        let counts = self.peers.iter().filter_map(|peer| {
            let view = peer.view();
            Some(view.status.as_ref()?.scripts.count)
        });
        let lacked = counts.max().unwrap_or(0).saturating_sub(tables.users);
        if lacked != tables.marks.scripts_lacked {
            self.store.accept_lack_of_scripts(lacked).await?;
        }
        Ok(())
    }
}

const ADVICE: &str = "Was a backup restored, or is it the wrong database? Nobody's votes change; \
    `dcrstakepool resume --accept-preferences` confirms the database";

fn shown(key: Option<KeyIndex>) -> String {
    key.map_or_else(|| "none".to_owned(), |key| key.to_string())
}
