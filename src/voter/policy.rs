//! Which bits and which version a ticket votes; pure.

use crate::decred::agenda::Agendas;
use crate::decred::{VoteBits, VoteVersion};
use crate::domain::Preference;

/// What a ticket votes, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    pub bits: VoteBits,
    pub version: VoteVersion,
    pub reason: Reason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The owner's own bits.
    Chosen,
    /// It was cast with these bits: only the same bytes are sent again.
    CastBefore,
    /// The owner never chose.
    NoPreference,
    /// The owner chose for the agendas of another version.
    OtherVersion,
    /// The stored bits mean nothing for this version's agendas: someone must look.
    Invalid,
}

/// The owner's bits if they were chosen for `version` and are valid for its agendas, else the default.
/// While dcrd has not told the agendas of this version, stored bits are believed: web checked them.
pub fn choose(
    preference: Option<&Preference>,
    version: VoteVersion,
    agendas: Option<&Agendas>,
) -> Choice {
    let agendas = agendas.filter(|agendas| agendas.version == version);
    let (bits, reason) = match preference {
        None => (VoteBits::DEFAULT, Reason::NoPreference),
        Some(held) if held.version != version => (VoteBits::DEFAULT, Reason::OtherVersion),
        Some(held) if agendas.is_some_and(|agendas| !agendas.valid_bits(held.bits)) => {
            (VoteBits::DEFAULT, Reason::Invalid)
        }
        Some(held) => (held.bits, Reason::Chosen),
    };
    Choice {
        bits,
        version,
        reason,
    }
}
