//! What is true of a stage in the end, and what was measured.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::time::{Duration, Instant};

use dcrstakepool::rpc::wire::{Status, VoteOutcome};

use crate::harness::configs::MONITOR_TOKEN;
use crate::harness::http;
use crate::harness::ledger::WINNERS;
use crate::harness::wait;
use crate::network::claims;

use super::stage::{PACE, Stage, VOTE_LIMIT};

/// For everything to be normal again.
const RECOVERY_LIMIT: Duration = Duration::from_mins(2);

impl Stage {
    /// Goes on with the chain until every voter votes all again, knows all, and has no alarm, and web says
    /// the same. Gives the time that this took.
    pub fn becomes_normal(&mut self) -> Duration {
        let start = Instant::now();
        loop {
            self.mine_for(1);
            let Err(reason) = self.is_normal() else {
                return start.elapsed();
            };
            assert!(
                start.elapsed() < RECOVERY_LIMIT,
                "not normal after {} s: {reason}",
                RECOVERY_LIMIT.as_secs()
            );
        }
    }

    /// Asks for a second: the last block is fresh.
    fn is_normal(&self) -> Result<(), String> {
        let start = Instant::now();
        loop {
            match self.looks_normal() {
                Err(_) if start.elapsed() < PACE => wait::pause(Duration::from_millis(100)),
                outcome => return outcome,
            }
        }
    }

    /// Fails when an accident is not felt anywhere: then the scenario proves nothing.
    pub fn feels_something(&self) {
        assert!(self.looks_normal().is_err(), "all is normal in an accident");
    }

    fn looks_normal(&self) -> Result<(), String> {
        let tip = self.world.node().best_hash();
        for voter in self.voters() {
            let status = self.status(voter)?;
            is_well(&status, &tip).map_err(|reason| format!("voter {}: {reason}", voter + 1))?;
        }
        let page = self.status_page()?;
        if page.contains("RPC Status: OK") {
            Ok(())
        } else {
            Err(format!("web: {page}"))
        }
    }

    /// `/status` of web, as a monitor reads it.
    pub fn status_page(&self) -> Result<String, String> {
        let bearer = format!("Bearer {MONITOR_TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("Accept", "text/html")];
        let answer = http::request(self.world.pool.web.port(), "/status", &headers, None);
        answer
            .map(|page| page.body)
            .map_err(|error| error.to_string())
    }

    /// No vote is missing since the stage was opened, and web shows the tickets of the chain.
    pub fn nothing_was_lost(&mut self) {
        self.world.simnet.wait_for_votes(VOTE_LIMIT);
        let url = self.database_url.clone();
        claims::tickets_agree(&mut self.world, &url);
        let missed = self.world.ledger.missed_from(self.watch.from);
        let blocks = self.blocks();
        assert_eq!(missed, 0, "votes missing in {blocks} blocks");
    }

    fn blocks(&self) -> u32 {
        (self.world.ledger.height() + 1).saturating_sub(self.watch.from)
    }

    /// Blocks since the stage was opened that this voter voted all winners of, with the time of the log line.
    fn voted_by(&self, voter: usize) -> BTreeMap<u32, String> {
        let log = self.world.pool.voters[voter].log();
        let lines = log.lines().filter(|line| line.contains("block is voted"));
        lines
            .filter_map(|line| {
                let height = line.split("block.height=").nth(1)?;
                let height: u32 = height.split(' ').next()?.parse().ok()?;
                let time = line.split(' ').next()?.to_owned();
                (height >= self.watch.from).then_some((height, time))
            })
            .collect()
    }

    /// Writes what was measured where no test hides it.
    pub fn tell(&self, scenario: &str, recovery: Duration) {
        let voted: Vec<_> = self.voters().map(|n| self.voted_by(n)).collect();
        let shares: Vec<_> = self
            .voters()
            .map(|n| {
                let first = voted[n].iter().filter(|(height, time)| {
                    voted
                        .iter()
                        .all(|other| other.get(height).is_none_or(|t| *time <= t))
                });
                let (first, all) = (first.count(), voted[n].len());
                format!("voter {} voted {all} blocks, {first} first", n + 1)
            })
            .collect();
        let line = format!(
            "\nmeasured: {scenario}: {} blocks, {} missed; normal after {:.1} s; {}; slowest votes {:.1} s; \
             stage open after {:.1} s\n",
            self.blocks(),
            self.world.ledger.missed_from(self.watch.from),
            recovery.as_secs_f64(),
            shares.join("; "),
            self.watch.slowest_votes.as_secs_f64(),
            self.watch.opened.as_secs_f64(),
        );
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

/// A voter with nothing to complain about, that has voted for the tip.
fn is_well(status: &Status, tip: &str) -> Result<(), String> {
    if let Some(alarm) = status.alarms.first() {
        return Err(format!("alarm {}: {}", alarm.id, alarm.message));
    }
    if !(status.dcrd.connected && status.dcrd.synced) {
        return Err(format!("{:?}", status.dcrd));
    }
    if !(status.wallet.connected && status.wallet.daemon_connected) {
        return Err(format!("{:?}", status.wallet));
    }
    if !status.tickets_loaded {
        return Err("its tickets are not loaded".to_owned());
    }
    let round = status
        .blocks
        .iter()
        .find(|round| round.hash.to_string() == tip);
    let round = round.ok_or("it knows no winners of the tip")?;
    let good = |outcome| matches!(outcome, VoteOutcome::Accepted | VoteOutcome::AlreadyKnown);
    let votes = round.votes.iter().filter(|vote| good(vote.outcome)).count();
    if votes == WINNERS {
        Ok(())
    } else {
        Err(format!("it has {votes} votes on the tip"))
    }
}
