//! Voting nodes vote block after block, while a limit is measured between the blocks.

use std::time::{Duration, Instant};

use dcrstakepool::rpc::wire::VoteReport;

use super::harness::folder::Folder;
use super::harness::ledger::STAKE_VALIDATION;
use super::harness::pair::Pair;
use super::harness::world::World;
use super::limit::Limit;
use super::numbers::{Samples, Spread, Summary};
use super::options::Votes;
use super::pressure::Pressure;
use super::restarts::Restarts;
use super::stock::Stock;
use super::watch::Watch;

/// The first measured block comes after it.
const START: u32 = STAKE_VALIDATION + 6;
/// Here tickets are bought for the first blocks.
const STOCK: u32 = 80;
/// A voter remembers 100 blocks.
const COLLECT_EVERY: u32 = 40;
const TELL_EVERY: u32 = 20;
/// What a vote says of its way, in microseconds from the notification: the last of a block counts.
const STEPS: [fn(&VoteReport) -> u64; 3] = [
    |vote| vote.looked_up_us,
    |vote| vote.signed_us,
    |vote| vote.sent_us,
];
/// A block is voted by then, or late.
const VOTING: Duration = Duration::from_millis(120);
/// A vote that is not there after this time is missed.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn race(options: &Votes) {
    let start = Instant::now();
    println!(
        "{} × dcrd, dcrwallet and voter, web, and a dcrd alone start on simnet …",
        options.voters
    );
    let mut world = open(options.voters);
    println!("mining to block {START} …");
    world.advance_to(STOCK);
    Stock::fill(&mut world);
    world.advance_to(START);
    let folder = Folder::new("race-limit");
    let mut limit = Limit::open(folder.path());
    let mut watch = match Watch::on(&world.pool.voters) {
        Ok(watch) => watch,
        Err(error) => {
            eprintln!("the voters cannot be watched: {error}");
            return;
        }
    };
    let pressure = options
        .under_load
        .then(|| Pressure::on(&world.pool, folder.path()));
    if let Some(Err(error)) = &pressure {
        eprintln!("there is no load: {error}");
        return;
    }
    let mut restarts = Restarts::new(options.restart_every, options.seed);
    let first = world.height() + 1;
    println!(
        "{} blocks from {first} on; --seed {} repeats the choices",
        options.blocks, options.seed
    );
    run(options, &mut world, &mut limit, &mut watch, &mut restarts);
    drop(pressure);
    watch.collect_all();
    let report = Report::of(&world, &limit, &watch, first, options.blocks);
    report.tell(&watch, &restarts, start.elapsed());
    if options.json
        && let Ok(line) = serde_json::to_string(&report.summary)
    {
        drop((watch, limit, world));
        println!("{line}");
    }
}

fn open(voters: usize) -> World {
    let mut world = World::open(Pair::Current, "race", voters, |folder| {
        format!("sqlite://{}", folder.join("pool.db").display())
    });
    world.patience = PATIENCE;
    world.simnet.by_work = true;
    world.user_joins("ann").submit_address_by_page();
    world.user_joins("bob").submit_address_by_api();
    world
}

fn run(
    options: &Votes,
    world: &mut World,
    limit: &mut Limit,
    watch: &mut Watch,
    restarts: &mut Restarts,
) {
    let mut stock = Stock::default();
    limit.follow(world.node());
    world.pace = VOTING;
    for number in 1..=options.blocks {
        stock.keep(world);
        world.simnet.wait_for_votes(PATIENCE);
        // The pool has voted and rests.
        limit.measure(world.node());
        vote_undisturbed(world);
        restarts.after_block(number, world, watch);
        if number.is_multiple_of(COLLECT_EVERY) {
            watch.collect_all();
        }
        if number.is_multiple_of(TELL_EVERY) {
            println!(
                "block {:5}   {:4} tickets waiting   {} votes missed",
                world.height(),
                world.unspent_tickets(),
                world.ledger.missed()
            );
        }
    }
}

/// Mines a block. Meanwhile users' wallets stand still and nobody asks dcrd whether the votes are there: neither
/// shares a processor with a voting node elsewhere.
fn vote_undisturbed(world: &mut World) {
    signal_wallets(world, "STOP");
    world.mine_one();
    signal_wallets(world, "CONT");
}

fn signal_wallets(world: &mut World, signal: &str) {
    for user in &mut world.users {
        user.wallet.process().signal(signal);
    }
}

struct Report {
    summary: Summary,
    by_voter: Vec<(Samples, usize)>,
    measured: (usize, usize, usize),
}

impl Report {
    fn of(world: &World, limit: &Limit, watch: &Watch, first: u32, blocks: u32) -> Self {
        let mut ours = Samples::default();
        let mut steps = [(); 3].map(|()| Samples::default());
        let mut by_voter: Vec<_> = world
            .pool
            .voters
            .iter()
            .map(|_| (Samples::default(), 0))
            .collect();
        for (voter, block) in watch.blocks_from(first) {
            let Some(last) = block.last_accepted_us else {
                continue;
            };
            ours.add(last);
            for (samples, step) in steps.iter_mut().zip(STEPS) {
                samples.add(block.votes.iter().map(step).max().unwrap_or(0));
            }
            if let Some((samples, votes)) = by_voter.get_mut(voter) {
                samples.add(last);
                *votes += block.votes.len();
            }
        }
        let votes = world
            .ledger
            .votes
            .range(first..)
            .map(|(_, votes)| votes.len());
        let (ours_ms, limit_ms) = (ours.millis(), limit.samples.millis());
        let [looked_up_us, signed_us, own_part_us] = steps.each_ref().map(Samples::micros);
        Self {
            summary: Summary {
                blocks,
                votes: votes.sum(),
                missed: world.ledger.missed_from(first),
                ours_ms,
                limit_ms,
                ratio_median: (ours_ms.median / limit_ms.median * 100.0).round() / 100.0,
                looked_up_us,
                signed_us,
                own_part_us,
                limit_at_rest_ms: limit.at_rest.millis(),
                signer: watch.signer(),
            },
            by_voter,
            measured: (ours.len(), limit.samples.len(), limit.at_rest.len()),
        }
    }

    fn tell(&self, watch: &Watch, restarts: &Restarts, took: Duration) {
        let Summary {
            blocks,
            votes,
            missed,
            ours_ms,
            limit_ms,
            ratio_median,
            looked_up_us,
            signed_us,
            own_part_us,
            limit_at_rest_ms,
            signer,
        } = &self.summary;
        println!(
            "\n{blocks} blocks, {votes} votes, {missed} missed, {} s",
            took.as_secs()
        );
        println!("                                        median      p99");
        let row = |what: &str, spread: &Spread, unit: &str, count: usize| {
            println!(
                "{what:34} {:10.2} {:8.2} {unit}   ({count} measured)",
                spread.median, spread.p99
            );
        };
        let (ours, limit, at_rest) = self.measured;
        row("notification to last vote accepted", ours_ms, "ms", ours);
        row("limit: dcrd alone, votes at hand", limit_ms, "ms", limit);
        row("the same, dcrd at rest", limit_at_rest_ms, "ms", at_rest);
        row("received to looked up", looked_up_us, "µs", ours);
        row("received to signed", signed_us, "µs", ours);
        row("own part: received to written", own_part_us, "µs", ours);
        println!("ratio of medians {ratio_median}, signer: {signer}");
        let firsts = watch.firsts();
        for ((number, (samples, votes)), first) in (1..).zip(&self.by_voter).zip(firsts) {
            let spread = samples.millis();
            println!(
                "voter {number}: {} blocks, {votes} votes, first with {first}; {:.2} ms median, {:.2} ms p99",
                samples.len(),
                spread.median,
                spread.p99
            );
        }
        let recoveries = watch.recoveries();
        let spread = recoveries.millis();
        println!(
            "{} killed, {} stopped; from start to first vote {:.0} ms median, {} ms at most ({} measured)",
            restarts.killed,
            restarts.stopped,
            spread.median,
            recoveries.worst_millis(),
            recoveries.len()
        );
    }
}
