//! A whole pool on a network of its own, to look at or as a check: `scripts/demo [--check]`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::json;

#[path = "../tests/harness/mod.rs"]
#[expect(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "the tests' own modules; a failure ends the demo with its reason"
)]
mod harness;

use harness::interrupts;
use harness::pair::Pair;
use harness::user::PASSWORD;
use harness::wait::Interrupted;
use harness::world::World;

/// Some way past block 144, from which on the chain stands still without the pool's votes.
const CHECK_HEIGHT: u32 = 204;
/// From here on a person watches.
const WATCH_HEIGHT: u32 = 140;
const WATCH_PACE: Duration = Duration::from_secs(3);
/// A vote that is not there after this time is missed.
const VOTE_PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let story = match arguments.as_slice() {
        [] => watch,
        ["--check"] => check,
        _ => {
            eprintln!("usage: scripts/demo [--check]");
            return ExitCode::from(2);
        }
    };
    interrupts::obey();
    // Processes and folders end with the story, however it ends.
    match catch_unwind(AssertUnwindSafe(story)) {
        Ok(code) => code,
        Err(reason) if reason.is::<Interrupted>() => {
            eprintln!("stopped; nothing is left behind");
            ExitCode::from(130)
        }
        Err(_) => ExitCode::FAILURE,
    }
}

fn open() -> World {
    println!("starting two dcrd, three dcrwallet, two voters and web on simnet …");
    let mut world = World::open(Pair::Current, "demo", 2, |folder| {
        format!("sqlite://{}", folder.join("pool.db").display())
    });
    world.patience = VOTE_PATIENCE;
    world
}

/// The whole story without a person.
fn check() -> ExitCode {
    let start = Instant::now();
    let mut world = open();
    world.user_joins("demo").submit_address_by_page();
    world.user_joins("friend").submit_address_by_api();
    println!("two users joined; buying tickets and mining to block {CHECK_HEIGHT} …");
    for height in (40..=CHECK_HEIGHT).step_by(41) {
        world.advance_to(height);
        tell(&world);
    }
    let ledger = &world.ledger;
    let missed = ledger.missed();
    let summary = json!({
        "height": ledger.height(),
        "votes": ledger.vote_count(),
        "missed": missed,
        "blocks_with_5_votes": ledger.blocks_with_all_votes(),
        "wall_seconds": start.elapsed().as_secs(),
        "users": world.users.len(),
        "tickets": ledger.tickets.len(),
    });
    drop(world);
    println!("{summary}");
    if missed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs until Ctrl-C.
fn watch() -> ExitCode {
    let mut world = open();
    world.user_joins("demo").submit_address_by_page();
    println!("buying tickets and mining to block {WATCH_HEIGHT} …");
    world.advance_to(WATCH_HEIGHT);
    if let Some(user) = world.users.first() {
        println!("\n    {}/signin", world.pool.url());
        println!("    e-mail    {}", user.email);
        println!("    password  {PASSWORD}\n");
    }
    println!("From block 144 on the chain moves only while the pool votes. Ctrl-C ends it all.\n");
    world.pace = WATCH_PACE;
    loop {
        let next = world.height() + 1;
        world.advance_to(next);
        tell(&world);
    }
}

fn tell(world: &World) {
    let ledger = &world.ledger;
    println!(
        "block {:4}   {:4} tickets   {:4} votes   {} missed",
        ledger.height(),
        ledger.tickets.len(),
        ledger.vote_count(),
        ledger.missed()
    );
}
