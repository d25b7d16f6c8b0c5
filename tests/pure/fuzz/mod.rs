//! Decoders fed with damaged copies of real input. `examples/fuzz.rs` runs them for as long as one likes; the
//! pure ring runs a few thousand executions of each, always the same.

mod corpus;
mod json;
mod mutate;
pub mod random;
mod stake;
mod state;
mod transaction;

use std::any::Any;
use std::fmt::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};

use mutate::Mutator;
use random::Random;

/// Something that reads bytes from outside.
pub trait Target {
    fn name(&self) -> &'static str;

    /// Real inputs, which it accepts.
    fn corpus(&self) -> &[Vec<u8>];

    /// Reads a damaged copy of `corpus()[seed]`. True: it was accepted all the same. Panics when a promise
    /// is broken.
    fn run(&self, seed: usize, input: &[u8]) -> bool;
}

/// All targets, or the one that is called so.
pub fn targets(name: &str) -> Vec<Box<dyn Target>> {
    let all: [Box<dyn Target>; 4] = [
        Box::new(state::StateFiles::new()),
        Box::new(json::Frames::new()),
        Box::new(transaction::Transactions::new()),
        Box::new(stake::StakeTransactions::new()),
    ];
    all.into_iter()
        .filter(|target| name == "all" || target.name() == name)
        .collect()
}

/// An input that broke a promise.
#[derive(Debug)]
pub struct Finding {
    pub execution: u64,
    /// The index in the corpus that the input was made of.
    pub seed: usize,
    pub message: String,
    pub input: Vec<u8>,
}

/// What some executions brought.
#[derive(Debug, Default)]
pub struct Outcome {
    pub executions: u64,
    pub accepted: u64,
    pub findings: Vec<Finding>,
}

/// Runs executions `range` of the sequence that `seed` begins: each is made from its own number, so that
/// one can be repeated alone.
pub fn run(target: &dyn Target, seed: u64, range: std::ops::Range<u64>, outcome: &mut Outcome) {
    let mut mutator = Mutator::new(target.corpus());
    for execution in range {
        let mut random = Random::new(seed ^ execution.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (seed, input) = mutator.next(&mut random);
        outcome.executions += 1;
        match catch_unwind(AssertUnwindSafe(|| target.run(seed, input))) {
            Ok(accepted) => outcome.accepted += u64::from(accepted),
            Err(reason) => {
                let message = message(reason.as_ref());
                let input = input.to_vec();
                outcome.findings.push(Finding {
                    execution,
                    seed,
                    message,
                    input,
                });
            }
        }
    }
}

fn message(reason: &(dyn Any + Send)) -> String {
    let text = reason
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| reason.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without words").to_owned()
}

impl Finding {
    pub fn describe(&self) -> String {
        let mut text = format!(
            "execution {}, from corpus {}: {}\n",
            self.execution, self.seed, self.message
        );
        let _ = write!(text, "{}", hex::encode(&self.input));
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The same inputs at each run, and both kinds among them: what is accepted and what is refused.
    fn holds(name: &str, executions: u64) {
        for target in targets(name) {
            for (seed, input) in target.corpus().iter().enumerate() {
                assert!(target.run(seed, input), "{name}: corpus {seed} is refused");
            }
            let mut outcome = Outcome::default();
            run(target.as_ref(), 1, 0..executions, &mut outcome);
            let findings: Vec<_> = outcome.findings.iter().map(Finding::describe).collect();
            assert!(findings.is_empty(), "{}", findings.join("\n"));
            assert!(
                outcome.accepted > 0 && outcome.accepted < executions,
                "{name}: {} of {executions} are accepted",
                outcome.accepted
            );
        }
    }

    #[test]
    fn damaged_state_files_never_panic_nor_vote_what_is_not_ours() {
        holds("state", 3_000);
    }

    #[test]
    fn damaged_frames_never_panic() {
        holds("json", 20_000);
    }

    #[test]
    fn damaged_transactions_are_refused_or_encode_to_the_same_bytes() {
        holds("transaction", 20_000);
    }

    #[test]
    fn damaged_tickets_votes_and_blocks_never_panic() {
        holds("ticket", 10_000);
    }
}
