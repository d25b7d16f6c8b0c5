//! The clocks of the roles jump an hour back and forth.

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::wait;

use super::stage::{NODES, Part, Stage};
use super::truth;

/// Where Debian's package `faketime` puts it: `/usr/lib/TRIPLET/faketime`.
const LIBRARY: &str = "faketime/libfaketime.so.1";
const BLOCKS: u32 = 4;

/// The wall clock, that is: the monotonic one, which deadlines are counted by, does not jump on any machine.
#[test]
#[ignore = "for --all"]
fn jumping_clocks_cost_no_vote_and_no_session() {
    let mut stage = Stage::open("clock");
    let clock = stage.world.pool.web.folder().join("clock");
    set(&clock, "+0");
    let library = library();
    let variables = [
        ("LD_PRELOAD", library.to_str().expect("a plain path")),
        (
            "FAKETIME_TIMESTAMP_FILE",
            clock.to_str().expect("a plain path"),
        ),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let parts = (0..NODES).map(Part::Voter).chain([Part::Web]);
    for part in parts {
        stage.stop(part);
        let role = match part {
            Part::Voter(n) => &mut stage.world.pool.voters[n],
            _ => &mut stage.world.pool.web,
        };
        role.set_environment(&variables);
        stage.start(part);
        stage.supervise();
    }
    stage.becomes_normal();

    for offset in ["+3600", "-3600", "+3600", "+0"] {
        set(&clock, offset);
        stage.mine_for(BLOCKS);
        for user in &mut stage.world.users {
            let page = user.page("/settings");
            assert!(page.contains(&user.email), "signed out at {offset}");
            assert!(!user.purchase_info().ticket_address.is_empty());
        }
    }
    has_jumped(&stage);
    set(&clock, "-3600");
    let newcomer = stage.world.user_joins("cleo");
    newcomer.submit_address_by_page();
    newcomer.set_vote_bits_by_api(1);
    set(&clock, "+0");
    let recovery = stage.becomes_normal();
    stage.world.users[2].page("/settings");
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell(
        "clocks of voters and web jump an hour back and forth",
        recovery,
    );
}

fn set(clock: &Path, offset: &str) {
    let new = clock.with_extension("new");
    fs::write(&new, format!("{offset}\n")).expect("a file can be written");
    fs::rename(new, clock).expect("a file can be renamed");
}

/// The log lines of a role that no jump reached would prove nothing.
fn has_jumped(stage: &Stage) {
    wait::until("the log to show another hour", || {
        let log = stage.world.pool.voters[0].log();
        let hours: std::collections::BTreeSet<_> = log
            .lines()
            .filter(|line| line.starts_with("20"))
            .filter_map(|line| line.get(..13))
            .collect();
        if hours.len() >= 3 {
            Ok(())
        } else {
            Err(format!("hours: {hours:?}"))
        }
    });
}

fn library() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").expect("/usr/lib").flatten();
    folders
        .map(|folder| folder.path().join(LIBRARY))
        .find(|path| path.exists())
        .expect("libfaketime is missing: install the package faketime")
}
