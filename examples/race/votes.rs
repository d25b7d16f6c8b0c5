//! Three voting nodes vote block after block, while a limit is measured between the blocks.

use std::time::{Duration, Instant};

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

const VOTING_NODES: usize = 3;
/// The first measured block comes after it.
const START: u32 = STAKE_VALIDATION + 6;
/// Here tickets are bought for the first blocks.
const STOCK: u32 = 80;
/// A voter remembers 100 blocks.
const COLLECT_EVERY: u32 = 40;
const TELL_EVERY: u32 = 20;
/// A vote that is not there after this time is missed.
const PATIENCE: Duration = Duration::from_secs(20);

pub fn race(options: &Votes) {
    let start = Instant::now();
    println!("three dcrd, dcrwallet and voters, web, and a dcrd alone start on simnet …");
    let mut world = open();
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

fn open() -> World {
    let mut world = World::open(Pair::Current, "race", VOTING_NODES, |folder| {
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
    for number in 1..=options.blocks {
        stock.keep(world);
        world.simnet.wait_for_votes(PATIENCE);
        // The pool has voted and rests.
        limit.measure(world.node());
        world.mine_one();
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

struct Report {
    summary: Summary,
    by_voter: Vec<(Samples, usize)>,
    measured: (usize, usize),
}

impl Report {
    fn of(world: &World, limit: &Limit, watch: &Watch, first: u32, blocks: u32) -> Self {
        let (mut ours, mut own_part) = (Samples::default(), Samples::default());
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
            let sent = block.votes.iter().map(|vote| vote.sent_us).max();
            own_part.add(sent.unwrap_or(0));
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
        Self {
            summary: Summary {
                blocks,
                votes: votes.sum(),
                missed: world.ledger.missed_from(first),
                ours_ms,
                limit_ms,
                ratio_median: (ours_ms.median / limit_ms.median * 100.0).round() / 100.0,
                own_part_us: own_part.micros(),
                signer: watch.signer(),
            },
            by_voter,
            measured: (ours.len(), limit.samples.len()),
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
            own_part_us,
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
        let (ours, limit) = self.measured;
        row("notification to last vote accepted", ours_ms, "ms", ours);
        row("limit: dcrd alone, votes at hand", limit_ms, "ms", limit);
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
