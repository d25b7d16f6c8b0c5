//! `dcrstakepool user`: lists users, shows one, verifies, disables, enables, resets the second factor.

use anyhow::anyhow;

use super::Failure;
use super::guest::Guest;
use crate::cli::{UserArgs, UserCommand};
use crate::pool::{Found, Operator, Person, Pool, User, UserAction};

/// Runs it to its end.
pub async fn run(args: UserArgs) -> Result<(), Failure> {
    let guest = Guest::enter(args.config).await?;
    let pool = &guest.pool;
    let outcome = match args.command {
        UserCommand::List => list(pool).await,
        UserCommand::Show(who) => find(pool, &who.who).await.map(|found| show(&found)),
        UserCommand::Verify(who) => act(pool, &who.who, UserAction::Verify).await,
        UserCommand::Disable(who) => act(pool, &who.who, UserAction::Disable).await,
        UserCommand::Enable(who) => act(pool, &who.who, UserAction::Enable).await,
        UserCommand::ResetSecondFactor(who) => {
            act(pool, &who.who, UserAction::ResetSecondFactor).await
        }
    };
    guest.leave().await;
    outcome
}

async fn list(pool: &Pool) -> Result<(), Failure> {
    for page in 0.. {
        let users = pool.users(page).await.map_err(Failure::failed)?.users;
        if users.is_empty() {
            break;
        }
        for user in users {
            println!("{}", line(&user));
        }
    }
    Ok(())
}

/// Id, state, e-mail and ticket address.
fn line(user: &User) -> String {
    let enrolled = user.enrolled.as_ref();
    let address = enrolled.map_or("no address", |it| it.ticket_address.as_str());
    format!("{}\t{}\t{}\t{address}", user.id, state(user), user.email)
}

fn state(user: &User) -> &'static str {
    match (user.disabled, user.verified) {
        (true, _) => "disabled",
        (false, true) => "verified",
        (false, false) => "unverified",
    }
}

fn show(found: &Found) {
    for user in &found.users {
        println!("user            {}", user.id);
        println!("e-mail          {}", user.email);
        println!("state           {}", state(user));
        println!(
            "second factor   {}",
            if user.second_factor { "on" } else { "off" }
        );
        println!(
            "vote bits       {} of version {}",
            user.vote_bits, user.vote_version
        );
        match &user.enrolled {
            None => println!("ticket address  none submitted yet"),
            Some(enrolled) => {
                println!("ticket address  {}", enrolled.ticket_address);
                println!("fee address     {}", enrolled.fee_address);
                println!("registered at   height {}", enrolled.height_registered);
            }
        }
    }
    if let Some(sign_up) = &found.sign_up {
        println!("e-mail          {}", sign_up.email);
        println!("state           signed up, the link of the mail is not opened yet");
    }
}

async fn find(pool: &Pool, who: &str) -> Result<Found, Failure> {
    let found = pool.find_users(who).await.map_err(Failure::failed)?;
    if found.users.is_empty() && found.sign_up.is_none() {
        return Err(Failure::failed(anyhow!("nobody is found by {who}")));
    }
    Ok(found)
}

async fn act(pool: &Pool, who: &str, action: UserAction) -> Result<(), Failure> {
    let found = find(pool, who).await?;
    let person = match (found.users.first(), found.sign_up) {
        (None, Some(sign_up)) => Person::SignUp(sign_up.email),
        (Some(user), _) => Person::User(user.id),
        (None, None) => return Ok(()),
    };
    let answer = pool.act_on_user(Operator::Command, &person, action).await;
    let answer = answer.map_err(Failure::failed)?;
    if !answer.is_done() {
        return Err(Failure::failed(anyhow!("{answer}")));
    }
    println!("{answer}");
    Ok(())
}
