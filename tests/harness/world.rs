//! A pool with its network and its users, and the verbs that stories are told with.

use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

use super::dcrd::Dcrd;
use super::folder::Folder;
use super::ledger::Ledger;
use super::pair::Pair;
use super::pool::Pool;
use super::simnet::Simnet;
use super::user::{Buying, User};
use super::wait;

/// Coins that each user starts with; a ticket costs a small part of one here.
const COINS: f64 = 12.0;

/// Sixteen blocks of maturity, five winners each, twice.
const TICKETS_IN_STOCK: usize = 160;
/// As many of one user as a block takes in all.
const TICKETS_AT_ONCE: u32 = 20;

/// Blocks of one ticket price on simnet.
const PRICE_WINDOW: u32 = 8;
/// So many windows may go by before a purchase is given up.
const BUYS_AGAIN: u32 = 4;

/// Longer than a purchase waits before it looks again whether its split was mined.
const QUIET: Duration = Duration::from_millis(1200);
const GLANCE: Duration = Duration::from_millis(50);

/// Who says something is at work, and gets the time for it however busy the machine is; who says nothing waits
/// for a block, or has ended.
fn wait_while_they_talk(running: &mut [Option<Buying>]) {
    let mut said = 0;
    let mut since = Instant::now();
    while since.elapsed() < QUIET && running.iter_mut().flatten().any(|buying| !buying.ended()) {
        wait::pause(GLANCE);
        let now = running.iter().flatten().map(Buying::said).sum();
        if now != said {
            (said, since) = (now, Instant::now());
        }
    }
}

/// Fields end in this order: users, then the pool, then its daemons, then the folder.
#[derive(Debug)]
pub struct World {
    pub users: Vec<User>,
    pub pool: Pool,
    pub simnet: Simnet,
    pub ledger: Ledger,
    /// How long the last votes on a block are waited for.
    pub patience: Duration,
    /// After each block: a person wants to watch.
    pub pace: Duration,
    folder: Folder,
}

impl World {
    /// A network of daemons and a pool of so many voting nodes on it, without users. `database_url` is
    /// told the folder where a database may live.
    pub fn open(
        pair: Pair,
        name: &str,
        voting_nodes: usize,
        database_url: impl FnOnce(&Path) -> String,
    ) -> Self {
        let folder = Folder::new(name);
        let simnet = Simnet::start(pair, folder.path(), voting_nodes);
        let url = database_url(folder.path());
        let pool = Pool::open(&simnet, folder.path(), &url);
        Self {
            users: Vec::new(),
            pool,
            simnet,
            ledger: Ledger::default(),
            patience: wait::PATIENCE,
            pace: Duration::ZERO,
            folder,
        }
    }

    /// A world whose parts run already.
    pub fn resume(users: Vec<User>, pool: Pool, simnet: Simnet, folder: Folder) -> Self {
        Self {
            users,
            pool,
            simnet,
            ledger: Ledger::default(),
            patience: wait::PATIENCE,
            pace: Duration::ZERO,
            folder,
        }
    }

    /// Ends all its processes, and leaves what they wrote.
    pub fn close(self) -> Folder {
        let Self {
            users,
            pool,
            simnet,
            folder,
            ..
        } = self;
        drop(pool);
        drop(users);
        drop(simnet);
        folder
    }

    /// Someone with a funded wallet joins: signed up, verified, signed in.
    pub fn user_joins(&mut self, name: &str) -> &mut User {
        let wallet = self.simnet.user_wallet();
        self.simnet.fund(&[&wallet], COINS);
        let mut user = User::new(name, wallet, &self.pool, self.folder.path());
        user.join(&self.pool);
        self.users.push(user);
        self.users.last_mut().expect("someone just joined")
    }

    pub fn node(&self) -> &Dcrd {
        self.simnet.node()
    }

    pub fn height(&self) -> u32 {
        self.simnet.height()
    }

    /// Mines up to `height`, and has everyone buy as long as the chain could run out of tickets: then
    /// dcrd makes no blocks any more. May go a few blocks too far while a purchase is mined.
    pub fn advance_to(&mut self, height: u32) {
        while self.height() < height {
            if self.unspent_tickets() < TICKETS_IN_STOCK {
                self.everyone_buys(TICKETS_AT_ONCE);
            } else {
                self.mine_one();
            }
        }
    }

    /// Bought and not voted yet.
    pub fn unspent_tickets(&self) -> usize {
        self.ledger
            .tickets
            .len()
            .saturating_sub(self.ledger.vote_count())
    }

    /// Mines one block; gives the number of votes on the one before.
    pub fn mine_one(&mut self) -> usize {
        let votes = self.simnet.mine_voted(self.patience);
        if !self.pace.is_zero() {
            wait::pause(self.pace);
        }
        self.ledger.read(self.simnet.node());
        votes
    }

    /// Every user buys `count` tickets with the program's own tool; the chain goes on until they are
    /// mined.
    ///
    /// A ticket that is not mined within the window of its price is lost, and its money is free again:
    /// so it begins early in one, and as people do, buys again what was lost, or what a purchase that broke off left.
    pub fn everyone_buys(&mut self, count: u32) {
        let mut wanted = vec![count; self.users.len()];
        for _ in 0..BUYS_AGAIN {
            let bought = self.buy_early(&wanted);
            let window = self.window();
            while self.window() == window && self.unmined(bought.iter().flatten()) > 0 {
                self.mine_one();
            }
            for (wanted, bought) in wanted.iter_mut().zip(&bought) {
                let mined = bought.len() - self.unmined(bought);
                *wanted = wanted.saturating_sub(u32::try_from(mined).expect("a few tickets"));
            }
            if wanted.iter().all(|wanted| *wanted == 0) {
                return;
            }
        }
        panic!("after {BUYS_AGAIN} windows tickets are not mined, by user: {wanted:?}");
    }

    /// The tickets that each user bought, in the order of the users.
    fn buy_early(&mut self, wanted: &[u32]) -> Vec<Vec<String>> {
        while (self.height() + 1) % PRICE_WINDOW >= PRICE_WINDOW / 4 {
            self.mine_one();
        }
        for user in &self.users {
            user.wallet.wait_for_height(self.simnet.height());
        }
        let each = self.users.iter().zip(wanted);
        let mut running: Vec<Option<Buying>> = each
            .map(|(user, count)| (*count > 0).then(|| user.start_buying(&self.pool, *count)))
            .collect();
        wait_while_they_talk(&mut running);
        while running.iter_mut().flatten().any(|buying| !buying.ended()) {
            self.mine_one();
            wait_while_they_talk(&mut running);
        }
        let published = |buying: Option<Buying>| buying.map(Buying::published).unwrap_or_default();
        running.into_iter().map(published).collect()
    }

    /// Which window of one ticket price the next block lies in.
    fn window(&self) -> u32 {
        (self.height() + 1) / PRICE_WINDOW
    }

    fn unmined<'a>(&self, tickets: impl IntoIterator<Item = &'a String>) -> usize {
        let mined: HashSet<_> = self
            .ledger
            .tickets
            .keys()
            .map(ToString::to_string)
            .collect();
        tickets
            .into_iter()
            .filter(|ticket| !mined.contains(*ticket))
            .count()
    }

    /// Mines the few blocks that these tickets wait for: one takes twenty at most, and often fewer.
    pub fn mine_until_mined(&mut self, tickets: &[String]) {
        for _ in 0..8 + tickets.len() / 8 {
            self.ledger.read(self.simnet.node());
            if self.unmined(tickets) == 0 {
                return;
            }
            self.mine_one();
        }
        panic!("tickets are not mined: {tickets:?}");
    }

    /// Fails when a vote is missing in any block that needs votes.
    pub fn assert_nothing_missed(&self) {
        let missed = self.ledger.missed();
        assert_eq!(
            missed,
            0,
            "votes missing up to height {}",
            self.ledger.height()
        );
    }
}
