//! What dcrd's answer to `sendrawtransaction` means for a vote.

use super::error::{Error, code};
use crate::decred::{Atoms, TxHash};

/// The table of outcomes. dcrd has one code (−1) for all broken rules, so its text must be read;
/// the texts are those of recorded answers and of dcrd's `mempool` and `blockchain` packages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    Accepted(TxHash),
    /// The same bytes are known: another node sent them.
    AlreadyKnown,
    /// Another vote of this ticket, with other bits, votes on this block.
    AlreadyVoted,
    /// Our idea of the subsidy is wrong: ask again, rebuild, send.
    WrongSubsidy {
        /// What dcrd would take, if it says so.
        expected: Option<Atoms>,
        reason: String,
    },
    /// Nothing can be done: ticket spent or not live, block too old, enough votes.
    Useless {
        reason: String,
    },
    /// Any other refusal; the reason is dcrd's.
    Refused {
        code: i64,
        reason: String,
    },
    /// No answer: whether dcrd has it is unknown. Send again.
    Unknown(Error),
}

const ALREADY_VOTED: &str = "already votes on block";
const WRONG_SUBSIDY: &str = "vote subsidy input value";
const USELESS: [&str; 5] = [
    "votes on old block height",
    // … more than five votes of the ticket.
    "in the pool with more than",
    "of unknown or fully-spent transaction",
    "does not exist or has already been spent",
    "before required ticket maturity",
];

impl SendOutcome {
    /// Reads an answer to `sendrawtransaction`.
    pub fn of(answer: Result<TxHash, Error>) -> Self {
        match answer {
            Ok(hash) => SendOutcome::Accepted(hash),
            Err(Error::Rpc { code, message, .. }) => Self::refused(code, message),
            Err(error) => SendOutcome::Unknown(error),
        }
    }

    fn refused(code: i64, reason: String) -> Self {
        // −40 whatever the text: dcrd also gives it to a transaction that a recent block holds, with the
        // text of the rule that it breaks since then.
        if code == code::DUPLICATE_TRANSACTION {
            SendOutcome::AlreadyKnown
        } else if code != code::MISC {
            SendOutcome::Refused { code, reason }
        } else if reason.contains(ALREADY_VOTED) {
            SendOutcome::AlreadyVoted
        } else if reason.contains(WRONG_SUBSIDY) {
            SendOutcome::WrongSubsidy {
                expected: expected_subsidy(&reason),
                reason,
            }
        } else if USELESS.iter().any(|text| reason.contains(text)) {
            SendOutcome::Useless { reason }
        } else {
            SendOutcome::Refused { code, reason }
        }
    }
}

/// The number at the end of `… value of A is not B`.
fn expected_subsidy(reason: &str) -> Option<Atoms> {
    let (_, expected) = reason.rsplit_once(" is not ")?;
    expected.trim().parse().ok().map(Atoms)
}

#[cfg(test)]
mod tests {
    use super::super::Peer;
    use super::*;

    fn outcome(code: i64, message: &str) -> SendOutcome {
        SendOutcome::of(Err(Error::Rpc {
            peer: Peer {
                name: "dcrd",
                host: "h:1".into(),
            },
            method: "sendrawtransaction",
            code,
            message: message.to_owned(),
        }))
    }

    fn recorded(path: &str) -> SendOutcome {
        let path = format!("{}/tests/data/{path}.json", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(&path).unwrap();
        let sample: serde_json::Value = serde_json::from_str(&text).unwrap();
        let answer = sample["response"].clone();
        match answer["error"]["code"].as_i64() {
            Some(code) => outcome(code, answer["error"]["message"].as_str().unwrap()),
            None => SendOutcome::of(Ok(serde_json::from_value(answer["result"].clone()).unwrap())),
        }
    }

    #[test]
    fn recorded_answers_mean_what_the_table_says() {
        for path in [
            "legacy/dcrd-sendrawtransaction-duplicate-vote",
            "legacy/dcrd-sendrawtransaction-known",
            "current/d_sendrawtransaction_vote",
        ] {
            assert_eq!(recorded(path), SendOutcome::AlreadyKnown, "{path}");
        }
        assert_eq!(
            recorded("legacy/own-votes-d_sendrawtransaction_ERR_other_bits_same_ticket_block"),
            SendOutcome::AlreadyVoted
        );
        for path in [
            "current/d_sendrawtransaction_ERR_dcp0010_subsidy",
            "current/d_sendrawtransaction_ERR_stakebase_valuein_0",
        ] {
            let outcome = recorded(path);
            let SendOutcome::WrongSubsidy { expected, .. } = outcome else {
                panic!("{path}: {outcome:?}");
            };
            assert_eq!(expected, Some(Atoms(8_811_881_188)), "{path}");
        }
        for path in [
            "current/d_sendrawtransaction_ERR_unknown_block",
            "legacy/dcrd-sendrawtransaction-not-a-winner",
        ] {
            assert!(matches!(recorded(path), SendOutcome::Accepted(_)), "{path}");
        }
        for path in [
            "current/d_sendrawtransaction_ERR_empty_stakebase_sigscript",
            "current/d_sendrawtransaction_ERR_feelimit_exceeded",
            "current/d_sendrawtransaction_ERR_shortfall_without_limit",
            "current/d_sendrawtransaction_ERR_tv_with_version1",
            "legacy/dcrd-sendrawtransaction-bad",
        ] {
            assert!(
                matches!(recorded(path), SendOutcome::Refused { .. }),
                "{path}"
            );
        }
    }

    #[test]
    fn texts_of_dcrd_that_mean_nothing_can_be_done() {
        for text in [
            "rejected transaction aa: transaction aa votes on old block height of 100 which is before \
             the current cutoff height of 103",
            "rejected transaction aa: transaction bb:0 in the pool with more than 5 votes",
            "rejected transaction aa: orphan transaction aa references outputs of unknown or \
             fully-spent transaction bb",
            "rejected transaction aa: orphan transaction aa references output bb:0 of unknown or \
             fully-spent transaction",
            "rejected transaction aa: ticket output bb:0 referenced by vote aa:1 either does not \
             exist or has already been spent",
        ] {
            assert!(
                matches!(outcome(-1, text), SendOutcome::Useless { .. }),
                "{text}"
            );
        }
        assert!(matches!(
            outcome(-1, "rejected transaction aa: anything else"),
            SendOutcome::Refused { code: -1, .. }
        ));
    }
}
