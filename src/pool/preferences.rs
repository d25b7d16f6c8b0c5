//! How users' tickets vote: setting it, and following the voters' vote version.

use std::sync::Arc;

use super::{Enrolled, Error, Pool, PurchaseInfo, User, VotingError};
use crate::db::NewPreference;
use crate::decred::agenda::Agendas;
use crate::decred::{Height, VoteBits, VoteVersion};
use crate::domain::UserId;
use crate::rpc::wire;

impl Pool {
    /// What a wallet needs to buy tickets. `enrolled` may be newer than the user.
    pub fn purchase_info(&self, user: &User, enrolled: &Enrolled) -> PurchaseInfo {
        let (vote_bits, vote_version) = self.preference_of(user);
        PurchaseInfo {
            fee_address: enrolled.fee_address.clone(),
            fee_percent: self.fee_percent(),
            redeem_script: enrolled.redeem_script.clone(),
            ticket_address: enrolled.ticket_address.clone(),
            vote_bits,
            vote_version,
        }
    }

    /// The fee in force now.
    pub fn fee_percent(&self) -> f64 {
        let height = self.stats().map_or(Height(0), |stats| stats.height);
        self.settings.fee_percent(height)
    }

    /// What a user's tickets vote now: bits chosen for an older version are void.
    pub fn preference_of(&self, user: &User) -> (VoteBits, VoteVersion) {
        match self.agendas() {
            Some(agendas) if user.vote_version < agendas.version => {
                (VoteBits::DEFAULT, agendas.version)
            }
            _ => (user.vote_bits, user.vote_version),
        }
    }

    /// Stores a preference; the voters learn it in the background.
    pub async fn set_vote_bits(&self, user: UserId, bits: VoteBits) -> Result<(), VotingError> {
        // While no voter ever told its agendas, nothing but the default is known to be valid.
        let agendas = self.agendas().map_or_else(none, |agendas| known(&agendas));
        if !agendas.valid_bits(bits) {
            return Err(VotingError::Invalid);
        }
        let stored = self
            .store
            .set_preference(chosen(user, &agendas, bits))
            .await;
        stored
            .map_err(Error::from)?
            .ok_or_else(|| Error::Internal(format!("user {user} is gone")))?;
        self.tables_changed().await;
        Ok(())
    }

    /// Agendas of the current vote version; `None` while no voter ever told them.
    pub fn agendas(&self) -> Option<Arc<wire::Agendas>> {
        self.shown().agendas.clone()
    }

    /// Follows the voters to a higher vote version once all that are reachable, `min_voters` at
    /// least, report the same; then everyone's choices start anew.
    pub(super) async fn agree_on_version(&self) {
        let there = self.database_away_since().is_none();
        if there && let Err(error) = self.follow_version().await {
            self.database_failed("preferences are not reset", &error);
        }
        if let Some(agendas) = self.agendas_to_show() {
            self.shown().agendas = Some(agendas);
        }
        if there && let Err(error) = self.check_bits().await {
            self.database_failed("invalid preferences are not reset", &error);
        }
    }

    async fn follow_version(&self) -> Result<(), Error> {
        // To this one an earlier process, or another one, has moved.
        let stored = self.tables().await?.marks.vote_version;
        let common = self.common_version().filter(|common| *common >= stored);
        let moved = self.shown().moved_to;
        if let Some(version) = common.filter(|common| moved.is_none_or(|moved| *common > moved)) {
            self.move_to(version).await?;
        }
        if stored > VoteVersion(0) {
            let mut shown = self.shown();
            shown.agreed = shown.agreed.max(Some(stored));
        }
        Ok(())
    }

    async fn move_to(&self, version: VoteVersion) -> Result<(), Error> {
        let reset = self.store.reset_preferences(version).await?;
        {
            let mut shown = self.shown();
            shown.moved_to = Some(version);
            shown.agreed = shown.agreed.max(Some(version));
        }
        if reset > 0 {
            tracing::info!(%version, users = reset, "new vote version: preferences were reset");
            let detail = format!("version {version}, {reset} users");
            self.audit("preferences_reset", None, None, &detail).await;
            self.tables_changed().await;
        }
        Ok(())
    }

    /// Looks at all stored bits when other agendas are shown than before.
    async fn check_bits(&self) -> Result<(), Error> {
        let shown = self.agendas();
        let Some(agendas) = shown.filter(|it| self.shown().checked.as_ref() != Some(it)) else {
            return Ok(());
        };
        self.reset_invalid(&known(&agendas)).await?;
        self.shown().checked = Some(agendas);
        Ok(())
    }

    /// Bits that are not valid for the very version they are stored for.
    async fn reset_invalid(&self, agendas: &Agendas) -> Result<(), Error> {
        let is_invalid = |bits| !agendas.valid_bits(bits);
        let invalid = self.users_with_bits(agendas.version, is_invalid);
        let mut any = false;
        for (user, bits) in invalid.await? {
            // The user may have chosen anew since the tables were read.
            let stored = self.store.user(user).await?;
            if stored.is_none_or(|stored| stored.vote_bits != bits) {
                continue;
            }
            any = true;
            tracing::warn!(user.id = %user, %bits, "invalid vote bits reset");
            let new = chosen(user, agendas, VoteBits::DEFAULT);
            self.store.set_preference(new).await?;
        }
        if any {
            self.tables_changed().await;
        }
        Ok(())
    }

    /// The vote version of all reachable voters, if they are enough and agree.
    fn common_version(&self) -> Option<VoteVersion> {
        let versions = self.peers.iter().filter_map(|peer| {
            let view = peer.view();
            let status = view.status.as_ref().filter(|_| view.connected)?;
            Some(status.vote_version)
        });
        let versions: Vec<VoteVersion> = versions.collect();
        let first = *versions.first()?;
        let agree = first > VoteVersion(0)
            && versions.len() >= self.settings.min_voters
            && versions.iter().all(|version| *version == first);
        agree.then_some(first)
    }

    /// Those of the agreed version; before any was agreed on, of the lowest that is reported.
    fn agendas_to_show(&self) -> Option<Arc<wire::Agendas>> {
        let agreed = self.shown().agreed;
        self.peers
            .iter()
            .filter_map(|peer| peer.view().agendas.clone())
            .filter(|agendas| agreed.is_none_or(|agreed| agendas.version == agreed))
            .min_by_key(|agendas| agendas.version)
    }
}

/// A preference with the choices in words that its bits mean.
fn chosen(user_id: UserId, agendas: &Agendas, bits: VoteBits) -> NewPreference {
    let choices = agendas.agendas.iter().filter_map(|agenda| {
        let choice = agenda.choice(bits)?;
        Some((agenda.id.clone(), choice.id.clone()))
    });
    NewPreference {
        user_id,
        version: agendas.version,
        bits,
        choices: choices.collect(),
    }
}

fn none() -> Agendas {
    Agendas {
        version: VoteVersion(0),
        agendas: Vec::new(),
    }
}

/// The wire's agendas as the chain's.
fn known(agendas: &wire::Agendas) -> Agendas {
    Agendas::from(agendas.clone())
}
