//! The limit: the same signed votes, pipelined straight into a dcrd that has nothing else to do. It gets them
//! when it has just taken their block, as voters do; every other time some milliseconds later, at rest.

use std::path::Path;
use std::time::{Duration, Instant};

use dcrstakepool::decred::Transaction;
use dcrstakepool::decred::vote::ParsedVote;
use serde_json::{Value, json};

use super::harness::dcrd::Dcrd;
use super::harness::pair::Pair;
use super::harness::wait;
use super::numbers::Samples;

/// After a block, until dcrd has done all that follows from it.
const REST: Duration = Duration::from_millis(100);

#[derive(Debug)]
pub struct Limit {
    node: Dcrd,
    next: u32,
    pub samples: Samples,
    pub at_rest: Samples,
}

impl Limit {
    pub fn open(folder: &Path) -> Self {
        Self {
            node: Dcrd::alone(Pair::Current, "limit", &folder.join("limit")),
            next: 1,
            samples: Samples::default(),
            at_rest: Samples::default(),
        }
    }

    /// Gives it all blocks that `pool` has.
    pub fn follow(&mut self, pool: &Dcrd) {
        let tip = pool.height();
        while self.next <= tip {
            let hash: String = pool.rpc().get("getblockhash", &json!([self.next]));
            let block: String = pool.rpc().get("getblock", &json!([hash, false]));
            let answer: Value = self.node.rpc().get("submitblock", &json!([block]));
            assert!(answer.is_null(), "block {}: {answer}", self.next);
            self.next += 1;
        }
    }

    /// Sends the votes on the tip that `pool` has, and takes the time from the first byte to the last
    /// answer.
    pub fn measure(&mut self, pool: &Dcrd) {
        let votes = votes_on_tip(pool);
        let params: Vec<_> = votes.iter().map(|vote| json!([vote])).collect();
        self.follow(pool);
        let rests = self.next.is_multiple_of(2);
        if rests {
            wait::pause(REST);
        }
        let start = Instant::now();
        let answers = self.node.rpc().call_all("sendrawtransaction", &params);
        let micros = start.elapsed().as_micros();
        match answers {
            Ok(_) => {
                let samples = if rests {
                    &mut self.at_rest
                } else {
                    &mut self.samples
                };
                samples.add(micros.try_into().unwrap_or(u64::MAX));
            }
            Err(error) => eprintln!("the limit's dcrd at {}: {error}", self.next - 1),
        }
    }
}

/// In hex, from the mempool.
fn votes_on_tip(pool: &Dcrd) -> Vec<String> {
    let tip = pool.best_hash();
    let hashes: Vec<String> = pool.rpc().get("getrawmempool", &json!([false, "votes"]));
    let raw = hashes.iter().filter_map(|hash| {
        let hex = pool.rpc().call("getrawtransaction", &json!([hash])).ok()?;
        hex.as_str().map(str::to_owned)
    });
    raw.filter(|hex| {
        let tx = Transaction::from_hex(hex).ok();
        let vote = tx.and_then(|tx| ParsedVote::parse(&tx).ok());
        vote.is_some_and(|vote| vote.block.to_string() == tip)
    })
    .collect()
}
