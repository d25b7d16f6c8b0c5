//! `dcrstakepool migrate`: the database's tables, made or brought to this version.

use std::time::Duration;

use anyhow::{Context as _, anyhow};

use super::reissue::{self, Whose};
use super::{Failure, backup, takeover};
use crate::cli::MigrateArgs;
use crate::config::{MigrateConfig, Sources};
use crate::db::{self, Access, Error, Facts, Options, Plan, SchemaState, Step, Store};
use crate::decred::Height;
use crate::pool::TakeOver;
use crate::telemetry;

/// On mainnet no script of a version without `HeightRegistered` has tickets from before. The Go program took it for
/// every network.
const GRANDFATHERED: u32 = 15_346;

/// Looking at all users of a large table on a slow disk takes longer than a page may; whether the database answers at
/// all is found out before.
const LONG: Duration = Duration::from_mins(10);

/// Runs it to its end. Prints each step to standard output before doing it.
pub async fn run(args: MigrateArgs) -> Result<(), Failure> {
    let sources = Sources::of_process(args.role.config.clone());
    let config = MigrateConfig::load(&sources)?;
    telemetry::start(&config.log, &sources).map_err(Failure::config)?;
    for warning in &config.warnings {
        tracing::warn!("{warning}");
    }
    let mut options = Options::new(
        config.database.url.clone(),
        config.database.max_connections,
        access(&args),
    );
    options.deadline = LONG;
    match Store::connect(options.clone()).await {
        Ok(store) => in_turn(&store, &options, &config, &args).await,
        // An SQLite file would have been made: its folder is missing.
        Err(error @ Error::NoDatabase(_)) if config.database.is_sqlite() && !args.dry_run => {
            Err(error.into())
        }
        Err(Error::NoDatabase(reason)) => create(options, &config, &args, &reason).await,
        Err(error) => Err(error.into()),
    }
}

/// Looking leaves no file behind; changing an SQLite database is for its one process.
fn access(args: &MigrateArgs) -> Access {
    if args.dry_run {
        Access::Guest
    } else {
        Access::Owner
    }
}

/// There is no database of that name yet.
async fn create(
    options: Options,
    config: &MigrateConfig,
    args: &MigrateArgs,
    reason: &str,
) -> Result<(), Failure> {
    let name = options
        .database_name()
        .with_context(|| reason.to_owned())
        .map_err(Failure::config)?;
    say(&Step::CreateDatabase(name), args);
    if args.dry_run {
        let steps = steps(db::plan(&Facts::of_nothing()?))?;
        for step in &steps {
            say(step, args);
        }
        return Ok(());
    }
    db::create_database(&options).await?;
    let store = Store::connect(options.clone()).await?;
    in_turn(&store, &options, config, args).await
}

/// What another `migrate` does meanwhile is found done.
async fn in_turn(
    store: &Store,
    options: &Options,
    config: &MigrateConfig,
    args: &MigrateArgs,
) -> Result<(), Failure> {
    let _turn = if args.dry_run {
        None
    } else {
        let waits = || println!("another migrate is at work on this database: waiting for its end");
        Some(db::take_turn(options, waits).await?)
    };
    upgrade(store, config, args).await
}

async fn upgrade(store: &Store, config: &MigrateConfig, args: &MigrateArgs) -> Result<(), Failure> {
    let facts = store.inspect().await?;
    let holds_data = facts.state() != SchemaState::Empty;
    let steps = steps(db::plan(&facts))?;
    let reissue = args.reissue_tokens && holds_data;
    if steps.is_empty() && !reissue {
        println!("the schema is up to date: nothing to do");
        return Ok(());
    }
    let all_tokens = reissue
        .then(|| reissue::needed_issuer(config))
        .transpose()?;
    let mut found = find_users(store, config, &facts).await?;
    if holds_data && !args.dry_run {
        require_backup(store, args).await?;
    }
    let registered = args.grandfathered_height.unwrap_or(GRANDFATHERED);
    for step in &steps {
        say(step, args);
        if args.dry_run {
            if matches!(step, Step::TakeOver(_)) {
                say_tokens(config);
            }
            continue;
        }
        match (step, found.take_if(|_| matches!(step, Step::TakeOver(_)))) {
            (_, Some(found)) => {
                if let Some(issuer) = reissue::issuer(config) {
                    reissue::run(store, &issuer, Whose::Missing).await?;
                }
                takeover::run(store, found).await?;
            }
            _ => store.apply(step, Height(registered)).await?,
        }
    }
    if let Some(issuer) = all_tokens {
        if args.dry_run {
            println!("would give all verified users new API tokens");
        } else {
            reissue::run(store, &issuer, Whose::All).await?;
        }
    }
    if !args.dry_run {
        println!("done");
    }
    Ok(())
}

/// What is known of the users of the Go program, if there are any to be taken over.
async fn find_users(
    store: &Store,
    config: &MigrateConfig,
    facts: &Facts,
) -> Result<Option<TakeOver>, Failure> {
    let Some(version) = facts.former_version() else {
        return Ok(None);
    };
    println!(
        "found: the tables of the Go program, version {version}, with {} users",
        facts.former.users
    );
    for strange in facts.strange() {
        println!("note: the {strange} is not known here: it stays as it is");
    }
    takeover::tell_damaged(&facts.former.damaged);
    takeover::look(store, config, facts).await.map(Some)
}

fn steps(plan: Plan) -> Result<Vec<Step>, Failure> {
    match plan {
        Plan::Steps(steps) => Ok(steps),
        Plan::Newer(reason) | Plan::Foreign(reason) => Err(Failure::config(anyhow!(reason))),
    }
}

/// Nothing prompts: without a word about a backup nothing is changed.
async fn require_backup(store: &Store, args: &MigrateArgs) -> Result<(), Failure> {
    if let Some(file) = &args.backup {
        // All of it: one goes back to where one was.
        let written = backup::write(store, file, true, false).await;
        return written.map_err(|failure| failure.context("nothing was changed"));
    }
    if args.yes_i_have_a_backup {
        return Ok(());
    }
    Err(Failure::failed(anyhow!(
        "the database holds data: nothing was changed; say --backup FILE, or --yes-i-have-a-backup if you made one"
    )))
}

/// What comes with a take-over.
fn say_tokens(config: &MigrateConfig) {
    if reissue::issuer(config).is_some() {
        println!("would give an API token to the verified users that have none");
    } else {
        println!(
            "note: verified users without an API token would get none: web.api_secret and web.base_url say what \
             they are made of"
        );
    }
}

fn say(step: &Step, args: &MigrateArgs) {
    if args.dry_run {
        println!("would {step}");
    } else {
        println!("{step}");
    }
}
