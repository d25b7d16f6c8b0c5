//! The users of the Go program become ours: the part of `migrate` that needs the pool's keys.

use std::collections::BTreeSet;

use anyhow::anyhow;

use super::Failure;
use crate::config::MigrateConfig;
use crate::db::{Facts, FormerUser, Store};
use crate::domain::UserId;
use crate::pool::{FormerKeys, TakeOver, TakeOverError};

/// Users in one transaction.
const BATCH: u32 = 500;
/// Users of a kind that are named.
const NAMED: usize = 20;
/// Said after so many users.
const PROGRESS: usize = 10_000;

/// Finds out what is to be written, and says what an operator should know. Changes nothing.
pub async fn look(
    store: &Store,
    config: &MigrateConfig,
    facts: &Facts,
) -> Result<TakeOver, Failure> {
    let Some((voting, cold)) = &config.extpubs else {
        return Err(Failure::config(anyhow!(
            "pool.voting_wallet_extpub and pool.cold_wallet_extpub are needed to find whose keys are whose \
             (`dcrstakepool import-config` takes them from dcrstakepool.conf); nothing was changed"
        )));
    };
    let keys = FormerKeys::new(config.network, voting.expose(), cold.expose());
    let keys = keys.map_err(Failure::config)?;
    let users = all(store, facts).await?;
    let progress = |index| {
        if index > 0 {
            println!("looked at {index} keys");
        }
    };
    let found = keys.take_over(&users, progress).map_err(refused)?;
    tell(&found);
    Ok(found)
}

/// Writes it. May be interrupted at any moment, and begun again.
pub async fn run(store: &Store, found: TakeOver) -> Result<(), Failure> {
    let (mut done, all) = (0_usize, found.users.len());
    let last = found.users.last().map_or(UserId(0), |user| user.id);
    let batch = usize::try_from(BATCH).unwrap_or(1);
    for users in found.users.chunks(batch) {
        store.take_over(users.to_vec()).await?;
        let before = done / PROGRESS;
        done = done.saturating_add(users.len());
        if done / PROGRESS > before {
            println!("{done} of {all} users");
        }
    }
    store.finish_take_over(last, found.highest_key).await?;
    Ok(())
}

async fn all(store: &Store, facts: &Facts) -> Result<Vec<FormerUser>, Failure> {
    let mut users: Vec<FormerUser> = Vec::new();
    loop {
        let after = users.last().map_or(UserId(i64::MIN), |user| user.id);
        let page = store.former_users(facts, after, 5_000).await?;
        if page.is_empty() {
            return Ok(users);
        }
        users.extend(page);
    }
}

fn refused(error: TakeOverError) -> Failure {
    match error {
        TakeOverError::Pool(error) => Failure::failed(error),
        other => Failure::config(anyhow!(other).context("nothing was changed")),
    }
}

fn tell(found: &TakeOver) {
    let pairs = |pairs: &[(UserId, UserId)]| {
        let pairs = pairs
            .iter()
            .map(|(user, owner)| format!("{user} (as {owner})"));
        named(&pairs.collect::<Vec<_>>())
    };
    let users =
        |users: &[UserId]| named(&users.iter().map(ToString::to_string).collect::<Vec<_>>());
    let keys = found
        .elsewhere
        .iter()
        .map(|(user, key)| format!("{user} (key {})", key.0));
    let keys = named(&keys.collect::<Vec<_>>());
    for (count, what, who) in [
        (
            found.elsewhere.len(),
            "users whose key has another number: recorded",
            keys,
        ),
        (
            found.same_email.len(),
            "users with the e-mail address of another account, which keeps it; an admin must give them another",
            pairs(&found.same_email),
        ),
        (
            found.no_email.len(),
            "users without an e-mail address: they cannot sign in",
            users(&found.no_email),
        ),
        (
            found.other_fee_address.len(),
            "users whose fees go to an address that is not the cold wallet's today: it stays theirs; if the cold \
             wallet was changed once, name the old key in pool.former_cold_wallet_extpubs",
            users(&found.other_fee_address),
        ),
    ] {
        if count > 0 {
            println!("note: {count} {what}: {who}");
        }
    }
}

/// Users whose rows something else wrote, or spoilt.
pub fn tell_damaged(users: &BTreeSet<i64>) {
    if !users.is_empty() {
        let ids: Vec<_> = users.iter().map(ToString::to_string).collect();
        println!(
            "note: {} users with a number in VoteBits (0 to 65535), VoteBitsVersion or HeightRegistered (0 to \
             4294967295) that cannot be: it stays and counts as not set, so they vote by the default until they \
             choose anew; put a right one there with web stopped: {}",
            users.len(),
            named(&ids)
        );
    }
}

fn named(all: &[String]) -> String {
    let shown = all.get(..NAMED).unwrap_or(all).join(", ");
    match all.len().saturating_sub(NAMED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
