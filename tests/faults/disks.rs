//! A voter's folder on a full disk, and a voter whose folder is gone.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::wait;
use crate::network::claims;

use super::base;
use super::stage::{Part, Stage};
use super::truth;
use super::wallets::has_alarm;

/// Blocks while something is wrong.
const BLOCKS: u32 = 5;
const BALLAST: &str = "ballast";

/// The disk of one voter's folder is full. It votes all the same, alone too; it does not say that it keeps
/// a new user's script, and keeps it by itself when there is room.
#[test]
#[ignore = "for --all"]
fn a_full_disk_costs_no_vote_and_no_script() {
    let mut stage = Stage::open("disk");
    stage.stop(Part::Voter(1));
    let disk = SmallDisk::under(&stage.world.pool.voters[1].folder().join("data"));
    stage.start(Part::Voter(1));
    stage.supervise();
    stage.becomes_normal();

    disk.fill();
    stage.mine_for(2);
    has_alarm(&stage, 1, "state_not_saved");
    stage.stop(Part::Voter(0));
    stage.mine_for(BLOCKS);
    stage.start(Part::Voter(0));
    stage.supervise();
    let scripts = stage.status(1).expect("a status").scripts.count;
    stage.world.user_joins("cleo").submit_address_by_page();
    let log = stage.world.pool.web.log();
    let refusal = "the voter cannot write its state";
    assert!(log.contains(refusal), "web was not told");
    stage.mine_for(1);

    disk.empty();
    let recovery = stage.becomes_normal();
    stage.stop(Part::Web);
    stage.kill(Part::Voter(1));
    stage.start(Part::Voter(1));
    let what = "the voter to be back with the new script, without web";
    wait::until(what, || match stage.status(1)?.scripts.count {
        now if now == scripts + 1 => Ok(()),
        now => Err(format!("{now} scripts, {scripts} before the new one")),
    });
    stage.start(Part::Web);
    stage.supervise();
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell("a full disk under a voter's folder", recovery);
}

/// The folder is removed while the voter is down: scripts and preferences come back from web, tickets with
/// their whole past from wallet and chain. What web shows stays, also when it reads that voter's tickets.
#[test]
#[ignore = "for --all"]
fn a_voter_whose_folder_is_gone_learns_everything_again() {
    let mut stage = Stage::open("gone");
    stage.stop(Part::Voter(1));
    fs::remove_dir_all(stage.world.pool.voters[1].folder().join("data")).expect("a folder");
    stage.mine_for(2);
    stage.start(Part::Voter(1));
    stage.supervise();
    let recovery = stage.becomes_normal();
    truth::is_told_by_all(&stage);

    stage.stop(Part::Voter(0));
    stage.mine_for(BLOCKS);
    truth::is_told_by_web(&stage);
    let from = stage.watch.from;
    let world = &mut stage.world;
    world.ledger.read(world.simnet.node());
    for (user, choice) in [(0, "yes"), (1, "no")] {
        let bits = claims::bits_of_choice(world, choice);
        let address = world.users[user].purchase_info().ticket_address;
        let votes: Vec<_> = world
            .ledger
            .votes_of(&address)
            .filter(|(height, _)| *height >= from)
            .collect();
        assert!(!votes.is_empty(), "no vote of {}", world.users[user].email);
        let other = votes.iter().find(|(_, vote)| vote.bits.0 != bits);
        assert!(other.is_none(), "not as chosen ({bits}): {other:?}");
    }
    stage.start(Part::Voter(0));
    stage.supervise();
    stage.becomes_normal();
    truth::is_told_by_all(&stage);
    stage.nothing_was_lost();
    stage.tell("a voter's folder removed while it was down", recovery);
}

/// A file system of a few MB, mounted over a folder with what lies there. Needs root.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn under(folder: &Path) -> Self {
        let kept = folder.with_extension("before");
        base::copy(folder, &kept);
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs"])
            .arg(folder)
            .status()
            .expect("mount");
        assert!(
            status.success(),
            "a small file system cannot be mounted at {}: this test needs root",
            folder.display()
        );
        let disk = Self(folder.to_owned());
        base::copy(&kept, folder);
        disk
    }

    fn fill(&self) {
        let mut file = File::create(self.0.join(BALLAST)).expect("a file");
        let block = vec![1; 4096];
        while file.write_all(&block).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.0.join(BALLAST)).expect("the ballast");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // The voter may have it open still.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
