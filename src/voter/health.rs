//! When a daemon is well enough: what raises an alarm, and keeps a voter out of enrolments; pure.

use crate::decred::Height;
use crate::decred::params::{Network, Params};
use crate::node::dcrd::ChainInfo;
use crate::node::dcrwallet::WalletInfo;

/// A daemon may be so many blocks behind.
const MAY_LAG: u32 = 2;
/// The tip is old when it came so many target times ago.
const OLD_AFTER: i64 = 12;

/// Whether dcrd has the chain that its peers have.
pub fn is_synced(info: &ChainInfo) -> bool {
    let lag = info.sync_height.saturating_sub(i64::from(info.blocks.0));
    !info.initial_block_download && lag <= i64::from(MAY_LAG)
}

/// Why dcrd is not up to date, if it is not.
pub fn dcrd_behind(info: &ChainInfo) -> Option<String> {
    (!is_synced(info)).then(|| {
        let height = info.blocks;
        format!("dcrd is at block {height} and does not have the whole chain")
    })
}

/// Whether the best block is so old that dcrd must be cut off from the network, although it believes to have
/// the whole chain. On simnet blocks come when someone wants them.
pub fn tip_old(params: &Params, tip_time: i64, now: i64) -> Option<String> {
    if params.network == Network::Simnet {
        return None;
    }
    let age = now.saturating_sub(tip_time);
    let limit = OLD_AFTER.saturating_mul(i64::from(params.target_block_secs));
    (age > limit).then(|| format!("dcrd's best block is {} minutes old", age.div_euclid(60)))
}

/// Why the wallet cannot vouch for an enrolment, if it cannot.
pub fn wallet_unready(info: &WalletInfo, height: Height, best: Height) -> Option<String> {
    if !info.unlocked {
        return Some("dcrwallet is locked".to_owned());
    }
    if !info.daemon_connected && !info.spv {
        return Some("dcrwallet is not connected to its dcrd".to_owned());
    }
    (height.0.saturating_add(MAY_LAG) < best.0)
        .then(|| format!("dcrwallet is at block {height}, dcrd at {best}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::VoteVersion;
    use crate::decred::hash::Hash;

    fn chain(blocks: u32, sync_height: i64, initial_block_download: bool) -> ChainInfo {
        ChainInfo {
            chain: "mainnet".into(),
            blocks: Height(blocks),
            sync_height,
            best_block: Hash::ZERO,
            chain_work: String::new(),
            initial_block_download,
        }
    }

    #[test]
    fn dcrd_may_lag_two_blocks() {
        assert_eq!(dcrd_behind(&chain(100, 102, false)), None);
        assert_eq!(dcrd_behind(&chain(100, 0, false)), None);
        assert!(dcrd_behind(&chain(100, 103, false)).is_some());
        assert!(dcrd_behind(&chain(100, 100, true)).is_some());
    }

    #[test]
    fn a_tip_is_old_after_twelve_target_times() {
        for (network, limit) in [(Network::Mainnet, 3600), (Network::Testnet, 1440)] {
            let old = |age: i64| tip_old(network.params(), 1_000_000, 1_000_000 + age);
            assert_eq!(old(limit), None);
            assert_eq!(old(-5), None, "a miner's clock may be ahead");
            assert!(old(limit + 1).is_some());
        }
        let simnet = Network::Simnet.params();
        assert_eq!(tip_old(simnet, 0, 1_000_000), None);
    }

    #[test]
    fn a_wallet_vouches_when_it_is_unlocked_connected_and_not_behind() {
        let well = WalletInfo {
            daemon_connected: true,
            spv: false,
            unlocked: true,
            coin_type: 0,
            vote_bits: crate::decred::VoteBits(1),
            vote_bits_extended: String::new(),
            vote_version: VoteVersion(12),
            voting: false,
        };
        let unready =
            |info: &WalletInfo, height| wallet_unready(info, Height(height), Height(100)).is_some();
        assert!(!unready(&well, 98) && !unready(&well, 101));
        assert!(unready(&well, 97));
        let locked = WalletInfo {
            unlocked: false,
            ..well.clone()
        };
        assert!(unready(&locked, 100));
        let mut alone = well;
        alone.daemon_connected = false;
        assert!(unready(&alone, 100));
        alone.spv = true;
        assert!(!unready(&alone, 100));
    }
}
