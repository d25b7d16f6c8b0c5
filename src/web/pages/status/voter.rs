//! One voter: how it is connected, its alarms, its facts, its votes.

use maud::{Markup, html};

use super::{alarms, facts, votes};
use crate::pool::VoterReport;
use crate::web::pages::components::{badge, notice};

/// `place`: its number among the voters, from 1.
pub fn card(voter: &VoterReport, place: usize, now: i64) -> Markup {
    let (kind, word) = match (voter.connected, voter.able) {
        (true, true) => ("good", "connected"),
        (true, false) => ("warn", "connected, not able to vote as it should"),
        (false, _) => ("bad", "away"),
    };
    let name = name(voter);
    html! {
        section.voter {
            h3 { (name) " " (badge(kind, word)) }
            @if let Some(problem) = &voter.problem { (notice("bad", problem)) }
            @if !voter.differing_keys.is_empty() {
                (notice("bad", &format!("Configured differently: {}.", voter.differing_keys.join(", "))))
            }
            @match &voter.status {
                None => p { "Has not reported yet." },
                Some(status) => {
                    @if !voter.connected { p.hint { "What it said last:" } }
                    @if !status.alarms.is_empty() { (alarms(&status.alarms, now)) }
                    (votes::recent(&status.blocks, Some(&format!("/status?voter={place}"))))
                    (facts::groups(voter, status, now))
                }
            }
        }
    }
}

/// Its blocks one by one.
pub fn blocks(voter: &VoterReport) -> Markup {
    html! {
        section.voter {
            h2 { "Blocks one by one" }
            h3 { (name(voter)) }
            @match &voter.status {
                None => p { "Has not reported yet." },
                Some(status) => {
                    (votes::recent(&status.blocks, None))
                    (votes::key())
                    (votes::table(&status.blocks))
                }
            }
            p { a href="/status" { "All voters" } }
        }
    }
}

fn name(voter: &VoterReport) -> &str {
    voter.name.trim_start_matches("https://")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use crate::decred::{Hash, Height, VoteVersion};
    use crate::domain::{InstanceId, PoolId, Revision, TicketCounts};
    use crate::rpc::wire::*;

    /// Of a healthy voter.
    pub fn status() -> Status {
        Status {
            instance: InstanceId(uuid::Uuid::from_u128(1)),
            pool_id: Some(PoolId(uuid::Uuid::from_u128(2))),
            network: "testnet3".into(),
            version: "2.0.0 (0123456789ab)".into(),
            best: Some(Tip {
                hash: Hash([5; 32]),
                height: Height(924_200),
                chain_work: "ff".into(),
                time: 900,
            }),
            dcrd: DcrdStatus {
                connected: true,
                version: "2.1.0".into(),
                synced: true,
            },
            wallet: WalletStatus {
                connected: true,
                version: "2.1.0".into(),
                unlocked: true,
                daemon_connected: true,
                height: Some(Height(924_200)),
                voting: false,
            },
            vote_version: VoteVersion(12),
            tickets: TicketCounts::default(),
            tickets_loaded: true,
            unread_from: None,
            preferences: PreferencesStatus {
                revision: Revision(4_001),
                count: 4_001,
                digest: String::new(),
                confirmed: true,
                refused: None,
            },
            scripts: ScriptRegistry {
                count: 4_001,
                highest_key_index: None,
                digest: String::new(),
            },
            config: ConfigDigests(BTreeMap::new()),
            rescan: None,
            signer: SignerKind::Memory,
            blocks: Vec::new(),
            alarms: Vec::new(),
            clock: None,
        }
    }
}
