//! What can be voted on: agendas of a vote version, as dcrd tells them, and which bits are valid.

use serde::{Deserialize, Serialize};

use super::types::{VoteBits, VoteVersion};

/// Approves the previous block; users never clear it.
const BLOCK_VALID: u16 = 1;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    pub description: String,
    /// Within the agenda's mask.
    pub bits: u16,
    #[serde(rename = "isabstain")]
    pub is_abstain: bool,
    #[serde(rename = "isno")]
    pub is_no: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agenda {
    pub id: String,
    pub description: String,
    pub mask: u16,
    pub status: String,
    pub choices: Vec<Choice>,
}

impl Agenda {
    /// What `bits` choose here.
    pub fn choice(&self, bits: VoteBits) -> Option<&Choice> {
        self.choices
            .iter()
            .find(|choice| choice.bits == bits.0 & self.mask)
    }
}

/// All agendas of one vote version; none is a valid state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agendas {
    pub version: VoteVersion,
    pub agendas: Vec<Agenda>,
}

impl Agendas {
    /// Bit 0 is set, the masked bits of each agenda are one of its choices, and no other bit is set.
    pub fn valid_bits(&self, bits: VoteBits) -> bool {
        let known = self
            .agendas
            .iter()
            .fold(BLOCK_VALID, |known, agenda| known | agenda.mask);
        bits.0 & BLOCK_VALID != 0
            && bits.0 & !known == 0
            && self
                .agendas
                .iter()
                .all(|agenda| agenda.choice(bits).is_some())
    }

    /// The bits to vote with: the user's if they were chosen for this version and are valid, else the
    /// default.
    pub fn effective(&self, version: VoteVersion, bits: VoteBits) -> VoteBits {
        if version == self.version && self.valid_bits(bits) {
            bits
        } else {
            VoteBits::DEFAULT
        }
    }
}
