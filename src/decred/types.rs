//! Quantities of the chain as types, so that a height is never an amount.

use std::fmt;

use serde::{Deserialize, Serialize};

/// An amount of money in atoms; 1 DCR = 100,000,000 atoms. Signed, as on the wire.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Atoms(pub i64);

impl Atoms {
    pub const PER_COIN: i64 = 100_000_000;

    pub fn checked_add(self, other: Atoms) -> Option<Atoms> {
        self.0.checked_add(other.0).map(Atoms)
    }

    pub fn checked_sub(self, other: Atoms) -> Option<Atoms> {
        self.0.checked_sub(other.0).map(Atoms)
    }

    /// A JSON amount in DCR, as the daemons write it; `None` when it is not a finite number in range.
    pub fn from_dcr(dcr: f64) -> Option<Atoms> {
        let atoms = (dcr * 1e8).round();
        // 2^53: up to here every atom has its own double, and the whole supply is below it.
        (atoms.is_finite() && atoms.abs() <= 9_007_199_254_740_992.0)
            .then_some(())
            .map(|()| Atoms(exact(atoms)))
    }

    /// In DCR, for JSON fields whose unit is DCR.
    #[expect(clippy::cast_precision_loss, reason = "the supply is below 2^53 atoms")]
    pub fn to_dcr(self) -> f64 {
        self.0 as f64 / 1e8
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the caller checked the range"
)]
fn exact(atoms: f64) -> i64 {
    atoms as i64
}

/// In DCR with eight decimals: `21.00000001`.
impl fmt::Display for Atoms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let abs = self.0.unsigned_abs();
        let coin = Self::PER_COIN.unsigned_abs();
        write!(f, "{sign}{}.{:08}", abs / coin, abs % coin)
    }
}

/// The height of a block; the genesis block has 0.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Height(pub u32);

impl fmt::Display for Height {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a ticket votes: bit 0 approves the previous block, the others choose on agendas.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VoteBits(pub u16);

impl VoteBits {
    /// The previous block is valid, no choice on any agenda.
    pub const DEFAULT: VoteBits = VoteBits(1);
}

impl Default for VoteBits {
    fn default() -> Self {
        Self::DEFAULT
    }
}

impl fmt::Display for VoteBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#06x}", self.0)
    }
}

/// The stake version that agendas belong to.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct VoteVersion(pub u32);

impl fmt::Display for VoteVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_survive_the_daemons_json() {
        assert_eq!(Atoms::from_dcr(0.0002), Some(Atoms(20_000)));
        assert_eq!(Atoms::from_dcr(-1.000_000_01), Some(Atoms(-100_000_001)));
        assert_eq!(Atoms::from_dcr(f64::NAN), None);
        assert_eq!(Atoms::from_dcr(1e300), None);
        assert_eq!(Atoms(-100_000_001).to_string(), "-1.00000001");
    }
}
