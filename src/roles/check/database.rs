//! The database as a server: its version, what the account may do there, its clock, the age of the backup.

use std::collections::BTreeSet;

use super::findings::Findings;
use crate::clock::Clock;
use crate::config::DatabaseConfig;
use crate::db::{self, Access, Grant, GrantedOn, Options, Server, Store};
use crate::pool::{BACKUP_HOURS, clocks, hints};

/// What web does with its tables.
const WEB_NEEDS: [&str; 4] = ["SELECT", "INSERT", "UPDATE", "DELETE"];
/// Names of privileges that are listed.
const LISTED: usize = 6;

const GRANTS_HINT: &str = "give it an account with no more: deploy/RUNBOOK.md, section 4";

/// Web's own. `ahead`: by how many seconds the server's clock is, if it has another one.
pub async fn of_web(
    store: &Store,
    ahead: Option<i64>,
    findings: &mut Findings,
) -> Result<(), db::Error> {
    if let Some(server) = store.server().await? {
        version(&server.version, findings);
        rights_of_web(&server, findings);
    }
    clock(ahead, findings);
    damaged(&store.damaged_users().await?, findings);
    backup(
        store.backed_up_at().await?,
        Clock::system().unix_seconds(),
        findings,
    );
    Ok(())
}

/// What a voter has of it, which is optional.
pub async fn of_voter(config: &DatabaseConfig, findings: &mut Findings) {
    let options = Options::new(config.url.clone(), 1, Access::Guest);
    let looked = async {
        let store = Store::connect(options).await?;
        let users = store.preferences().await?.preferences.len();
        let before = Clock::system().unix_seconds();
        let theirs = store.server_clock().await?;
        let after = Clock::system().unix_seconds();
        let ahead = theirs.map(|theirs| clocks::ahead(theirs, before, after));
        Ok::<_, db::Error>((users, ahead, store.server().await?))
    };
    match looked.await {
        Ok((users, ahead, server)) => {
            let text = format!("answers; preferences of {users} users can be read");
            findings.ok("database", text);
            if let Some(server) = server {
                version(&server.version, findings);
                rights_of_voter(&server, findings);
            }
            clock(ahead, findings);
        }
        Err(error) => findings.fail(
            "database",
            error.to_string(),
            "mend [database], or leave it out: a voter asks it only when it starts while web is away",
        ),
    }
}

fn version(version: &str, findings: &mut Findings) {
    let maria = version.contains("MariaDB");
    let (kind, least) = if maria {
        ("MariaDB", (10, 5))
    } else {
        ("MySQL", (8, 0))
    };
    let text = format!("{kind} {version}");
    match major_and_minor(version) {
        Some(found) if found >= least => findings.ok("database version", text),
        Some(_) => findings.fail(
            "database version",
            format!("{text} is too old"),
            format!("{kind} {}.{} or later", least.0, least.1),
        ),
        None => findings.warn("database version", text, "which one it is cannot be told"),
    }
}

fn major_and_minor(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

fn rights_of_web(server: &Server, findings: &mut Findings) {
    let name = "database account";
    if server.has_role {
        return findings.ok(name, "has its rights by a role, which is not looked at");
    }
    let granted: BTreeSet<&str> = names(server.grants.iter());
    let missing: Vec<_> = WEB_NEEDS
        .iter()
        .filter(|it| !granted.contains(*it))
        .collect();
    let more: Vec<_> = granted
        .iter()
        .filter(|it| !WEB_NEEDS.contains(it))
        .collect();
    if !missing.is_empty() {
        let text = format!("must also be allowed to {}", listed(&missing));
        findings.fail(name, text, "GRANT it: deploy/RUNBOOK.md, section 4");
    } else if more.is_empty() {
        findings.ok(name, "may do what web needs, and no more");
    } else {
        let text = format!("may do more than web needs: {}", listed(&more));
        findings.warn(name, text, GRANTS_HINT);
    }
}

/// A voter needs some columns and no table.
fn rights_of_voter(server: &Server, findings: &mut Findings) {
    let name = "database account";
    if server.has_role {
        return findings.ok(name, "has its rights by a role, which is not looked at");
    }
    let more = server.grants.iter().map(|grant| match &grant.on {
        GrantedOn::Everything => format!("{} everywhere", grant.privilege),
        GrantedOn::Database => format!("{} in the database", grant.privilege),
        GrantedOn::Table(table) => format!("{} on {table}", grant.privilege),
    });
    let more: Vec<String> = more.collect();
    if more.is_empty() {
        findings.ok(name, "may read the columns that a voter needs, and no more");
    } else {
        let text = format!("may do more than a voter needs: {}", listed(&more));
        findings.warn(name, text, GRANTS_HINT);
    }
}

fn names<'a>(grants: impl Iterator<Item = &'a Grant>) -> BTreeSet<&'a str> {
    grants.map(|grant| grant.privilege.as_str()).collect()
}

/// The first of them.
fn listed<T: ToString>(names: &[T]) -> String {
    let shown: Vec<_> = names.iter().take(LISTED).map(ToString::to_string).collect();
    let left = names.len().saturating_sub(shown.len());
    match left {
        0 => shown.join(", "),
        left => format!("{} and {left} more", shown.join(", ")),
    }
}

fn clock(ahead: Option<i64>, findings: &mut Findings) {
    let Some(ahead) = ahead else {
        return;
    };
    match clocks::wrong("the database", ahead) {
        Some(text) => findings.fail("database clock", text, hints::for_alarm("clock_wrong")),
        None => findings.ok("database clock", "agrees with this machine's"),
    }
}

/// A voter's clock, as web has it.
pub fn clock_of_voter(name: &str, ahead: Option<i64>, findings: &mut Findings) {
    if let Some(text) = ahead.and_then(|ahead| clocks::wrong(name, ahead)) {
        findings.fail(
            format!("voter {name}"),
            text,
            hints::for_alarm("clock_wrong"),
        );
    }
}

/// Others do not notice.
fn damaged(users: &BTreeSet<i64>, findings: &mut Findings) {
    if users.is_empty() {
        return findings.ok("users", "their votes can be read");
    }
    let users: Vec<_> = users.iter().collect();
    let text = format!(
        "VoteBits, VoteBitsVersion or HeightRegistered cannot be, and counts as not set, of: {}",
        listed(&users)
    );
    let hint = "put a right number there with web stopped, or let them choose anew";
    findings.warn("users", text, hint);
}

fn backup(backed_up: Option<i64>, now: i64, findings: &mut Findings) {
    let Some(at) = backed_up else {
        let text = "there never was one: without it a lost disk is a lost pool";
        let hint = "systemctl enable --now dcrstakepool-backup.timer, or dcrstakepool backup FILE";
        return findings.warn("backup", text, hint);
    };
    let hours = now.saturating_sub(at).div_euclid(3600);
    let text = format!("the last one is {hours} hours old");
    if hours < BACKUP_HOURS {
        findings.ok("backup", text);
    } else {
        findings.fail("backup", text, hints::for_alarm("backup_old"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(look: impl FnOnce(&mut Findings)) -> String {
        let mut findings = Findings::new();
        look(&mut findings);
        findings.to_string()
    }

    #[test]
    fn a_version_is_judged_by_its_kind() {
        for (text, mark) in [
            ("10.11.6-MariaDB-0+deb12u1", "ok"),
            ("11.4.2-MariaDB", "ok"),
            ("10.5.0-MariaDB", "ok"),
            ("10.4.34-MariaDB-log", "FAIL"),
            ("8.0.36-0ubuntu0.22.04.1", "ok"),
            ("9.1.0", "ok"),
            ("5.7.44", "FAIL"),
            ("new", "warn"),
        ] {
            let said = said(|findings| version(text, findings));
            assert!(said.starts_with(mark), "{text}: {said}");
        }
    }

    fn server(grants: &[(&str, GrantedOn)]) -> Server {
        let grants = grants.iter().map(|(privilege, on)| Grant {
            on: on.clone(),
            privilege: (*privilege).into(),
        });
        Server {
            version: String::new(),
            has_role: false,
            grants: grants.collect(),
        }
    }

    #[test]
    fn an_account_may_have_too_little_or_too_much() {
        let of = |privileges: &[&str]| {
            let grants: Vec<_> = privileges
                .iter()
                .map(|it| (*it, GrantedOn::Database))
                .collect();
            said(|findings| rights_of_web(&server(&grants), findings))
        };
        assert!(of(&WEB_NEEDS).starts_with("ok"));
        let less = of(&["SELECT", "INSERT", "UPDATE", "DROP"]);
        assert!(less.contains("must also be allowed to DELETE"), "{less}");
        let more = of(&[&WEB_NEEDS[..], &["DROP", "CREATE"]].concat());
        assert!(
            more.starts_with("warn") && more.contains("CREATE, DROP"),
            "{more}"
        );

        let voter = |grants| said(|findings| rights_of_voter(&server(grants), findings));
        assert!(voter(&[]).starts_with("ok"));
        let whole = voter(&[("SELECT", GrantedOn::Table("Users".into()))]);
        assert!(
            whole.starts_with("warn") && whole.contains("SELECT on Users"),
            "{whole}"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        assert_eq!(listed(&["a", "b"]), "a, b");
        assert_eq!(listed(&[1; 8]), "1, 1, 1, 1, 1, 1 and 2 more");
    }

    #[test]
    fn a_backup_that_never_was_is_a_warning_and_an_old_one_a_fault() {
        let of = |at| said(|findings| backup(at, 1_000_000, findings));
        assert!(of(None).starts_with("warn"));
        assert!(of(Some(1_000_000 - 48 * 3600 + 1)).starts_with("ok"));
        assert!(of(Some(1_000_000 - 48 * 3600)).starts_with("FAIL"));
    }

    #[test]
    fn users_whose_votes_cannot_be_are_named() {
        let of = |ids: &[i64]| said(|findings| damaged(&ids.iter().copied().collect(), findings));
        assert!(of(&[]).starts_with("ok"));
        let some = of(&[7, 2]);
        assert!(
            some.starts_with("warn") && some.contains("of: 2, 7"),
            "{some}"
        );
    }

    #[test]
    fn a_clock_is_right_or_not() {
        assert!(said(|findings| clock(Some(3), findings)).starts_with("ok"));
        let wrong = said(|findings| clock(Some(-90), findings));
        assert!(wrong.contains("90 s behind"), "{wrong}");
    }
}
