//! What befalls the processes of a stage, and the chain that goes on meanwhile.

use std::time::{Duration, Instant};

use dcrstakepool::rpc::wire::Status;

use crate::harness::process::Process;
use crate::harness::voter_rpc;
use crate::harness::wait;

use super::stage::{PACE, Part, Stage, VOTE_LIMIT};

/// Fewer unspent tickets and a scenario buys some.
const TICKETS_IN_STOCK: usize = 160;
/// Of all users together: more than votes eat meanwhile, too few for the price to rise.
const TICKETS_AT_ONCE: usize = 80;

/// What befalls processes.
impl Stage {
    fn process(&mut self, part: Part) -> &mut Process {
        match part {
            Part::Dcrd(n) => self.world.simnet.nodes[n + 1].process(),
            Part::Wallet(n) => self.world.simnet.voting_wallets[n].process(),
            Part::Voter(n) => self.world.pool.voters[n].process(),
            Part::Web => self.world.pool.web.process(),
        }
    }

    /// kill -9.
    pub fn kill(&mut self, part: Part) {
        self.away.insert(part);
        self.process(part).kill();
    }

    /// Asks it to end, and waits for that.
    pub fn stop(&mut self, part: Part) {
        self.away.insert(part);
        self.process(part).stop();
    }

    /// It stays, and does nothing: SIGSTOP.
    pub fn freeze(&mut self, part: Part) {
        self.away.insert(part);
        self.process(part).signal("STOP");
    }

    pub fn thaw(&mut self, part: Part) {
        self.away.remove(&part);
        self.process(part).signal("CONT");
    }

    /// Starts it again after its end, and waits for nothing.
    pub fn start(&mut self, part: Part) {
        self.away.remove(&part);
        match part {
            Part::Dcrd(n) => self.world.simnet.nodes[n + 1].launch_again(),
            Part::Wallet(n) => self.world.simnet.voting_wallets[n].launch_again(),
            Part::Voter(n) => self.world.pool.voters[n].launch_again(),
            Part::Web => self.world.pool.web.launch_again(),
        }
    }
}

/// Looking after processes.
impl Stage {
    /// Starts roles again that end because a daemon is not there yet, as their units do, until all answer.
    pub fn supervise(&mut self) {
        wait::until("all roles to answer", || {
            let mut away = Vec::new();
            for part in [Part::Web]
                .into_iter()
                .chain(self.voters().map(Part::Voter))
            {
                if self.process(part).ended().is_some() {
                    self.start(part);
                }
                let answers = match part {
                    Part::Voter(n) => self.status(n).is_ok(),
                    _ => self.status_page().is_ok(),
                };
                if !answers {
                    away.push(part.to_string());
                }
            }
            wait::pause(Duration::from_millis(200));
            if away.is_empty() {
                Ok(())
            } else {
                Err(format!("away: {}", away.join(", ")))
            }
        });
    }

    /// How a voter says it is.
    pub fn status(&self, voter: usize) -> Result<Status, String> {
        voter_rpc::status(&self.world.pool.voters[voter])
    }
}

/// The chain goes on.
impl Stage {
    /// Mines so many blocks, about one a second, each when its parent has all votes or the time for them
    /// is over (a block cannot be made with less than three). Users buy in between when the chain could
    /// run out of tickets, unless the site is away.
    pub fn mine_for(&mut self, blocks: u32) {
        let end = self.world.height() + blocks;
        while self.world.height() < end {
            let low = self.world.unspent_tickets() < TICKETS_IN_STOCK;
            if low && !self.away.contains(&Part::Web) {
                self.buy();
            } else {
                self.mine_one();
            }
        }
    }

    /// Mines for at least so long.
    pub fn mine_during(&mut self, time: Duration) {
        let start = Instant::now();
        while start.elapsed() < time {
            self.mine_for(1);
        }
    }

    /// Mines until something is so; gives the time until then.
    pub fn mine_until(
        &mut self,
        limit: Duration,
        what: &str,
        mut is_so: impl FnMut(&Self) -> bool,
    ) -> Duration {
        let start = Instant::now();
        while !is_so(self) {
            assert!(
                start.elapsed() < limit,
                "waited {} s for {what}",
                limit.as_secs()
            );
            self.mine_for(1);
        }
        start.elapsed()
    }

    /// One block, all votes on it, and the rest of its second.
    fn mine_one(&mut self) {
        self.world.mine_one();
        let start = Instant::now();
        self.world.simnet.wait_for_votes(VOTE_LIMIT);
        let votes = start.elapsed();
        self.watch.slowest_votes = self.watch.slowest_votes.max(votes);
        wait::pause(PACE.saturating_sub(votes));
    }

    /// Every user buys, at about the pace of a scenario.
    pub fn buy(&mut self) {
        // It may have been started again a moment ago.
        self.world.pool.web.wait_ready();
        self.world.pace = PACE / 2;
        let each = TICKETS_AT_ONCE / self.world.users.len();
        let each = u32::try_from(each).expect("a few tickets");
        self.world.everyone_buys(each);
        self.world.pace = Duration::ZERO;
    }
}
