//! What web and voters must agree on: `[log]`, `[database]`, `[pool]`.

use url::Url;

use super::findings::{Fate, Old};
use crate::config::document::Document;
use crate::secret::Secret;

/// The files there are.
pub struct Files<'o, 'a> {
    pub site: Option<&'o mut Old<'a>>,
    pub voter: Option<&'o mut Old<'a>>,
}

impl<'a> Files<'_, 'a> {
    /// The site's value, else the daemon's; of two that differ the site's, and a finding.
    fn take(&mut self, option: &str, fate: Fate, note: &str) -> Option<&'a str> {
        let of = |old: &mut Option<&mut Old<'a>>| old.as_mut()?.take(option, fate, note);
        let (ours, theirs) = (of(&mut self.site), of(&mut self.voter));
        if let (Some(one), Some(other), Some(old)) = (ours, theirs, &mut self.voter)
            && one != other
        {
            let note = "the site has another value, which was taken: they must be alike";
            old.remark(option, Fate::Conflicting, note);
        }
        ours.or(theirs)
    }

    fn remark(&mut self, option: &str, fate: Fate, note: &str) {
        if let Some(old) = self.site.as_mut().or(self.voter.as_mut()) {
            old.remark(option, fate, note);
        }
    }
}

pub fn write(mut files: Files<'_, '_>, document: &mut Document) {
    log(&mut files, document);
    database(&mut files, document);
    pool(&mut files, document);
}

fn log(files: &mut Files<'_, '_>, document: &mut Document) {
    let Some(level) = files.take("debuglevel", Fate::Renamed, "log.filter") else {
        return;
    };
    let filter = match level {
        "critical" => "error",
        known @ ("trace" | "debug" | "info" | "warn" | "error") => known,
        _ => {
            let note = "levels of subsystems have no counterpart: log.filter is \"info\", see the example file";
            files.remark("debuglevel", Fate::Conflicting, note);
            "info"
        }
    };
    document.section("[log]");
    document.text_key("filter", filter);
}

fn database(files: &mut Files<'_, '_>, document: &mut Document) {
    let mut take = |option| files.take(option, Fate::Converted, "database.url");
    let (host, tcp) = (take("dbhost"), take("dbport"));
    let (name, user, password) = (take("dbname"), take("dbuser"), take("dbpassword"));
    // A daemon may have none; the site has the Go program's defaults.
    if files.site.is_none() && host.is_none() && password.is_none() {
        return;
    }
    if password.is_none() {
        let note = "database.url: it goes between user and host, behind a colon";
        files.remark("dbpassword", Fate::Missing, note);
    }
    // MySQL clients take the name for the socket of this machine, whatever port is given; the Go program did not.
    let host = match host {
        None | Some("localhost") => "127.0.0.1",
        Some(host) => host,
    };
    let server = (host, tcp.unwrap_or("3306"));
    let account = (user.unwrap_or("stakepool"), password);
    if let Some(url) = url(server, account, name.unwrap_or("stakepool")) {
        document.section("[database]");
        document.comment("mysql://USER:PASSWORD@HOST:PORT/NAME");
        document.secret_key("url", "database_url", url);
    } else {
        let note = "host, port and name do not make an address: set database.url yourself";
        files.remark("dbhost", Fate::Conflicting, note);
    }
}

fn url(
    (host, port): (&str, &str),
    (user, password): (&str, Option<&str>),
    database: &str,
) -> Option<Secret> {
    // What looks like an escape is none yet, and the setters leave it alone.
    let plain = |text: &str| text.replace('%', "%25");
    let mut url = Url::parse("mysql://localhost/").ok()?;
    url.set_host(Some(host)).ok()?;
    url.set_port(Some(port.parse().ok()?)).ok()?;
    url.set_username(&plain(user)).ok()?;
    url.set_password(password.map(plain).as_deref()).ok()?;
    url.set_path(&plain(database));
    Some(Secret::new(url))
}

fn pool(files: &mut Files<'_, '_>, document: &mut Document) {
    document.section("[pool]");
    if let Some(old) = &mut files.site {
        names(old, document);
    }
    let percent = files.take("poolfees", Fate::Renamed, "pool.fee_percent");
    // The site's default and the daemon's were not the same.
    let default = if files.site.is_some() { "7.5" } else { "5" };
    match percent.unwrap_or(default).parse::<f64>() {
        Ok(percent) if percent.is_finite() => document.raw("fee_percent", &percent.to_string()),
        _ => files.remark("poolfees", Fate::Conflicting, "is not a number"),
    }
    if percent.is_none() && files.site.is_none() {
        let note = "pool.fee_percent: the daemon's default was taken; the site's was 7.5, and both must be alike";
        files.remark("poolfees", Fate::Missing, note);
    }
    document.comment("The keys of the voting wallets' account 0 and of the cold wallet.");
    for (option, key, note) in [
        (
            "votingwalletextpub",
            "voting_wallet_extpub",
            "pool.voting_wallet_extpub",
        ),
        (
            "coldwalletextpub",
            "cold_wallet_extpub",
            "pool.cold_wallet_extpub",
        ),
    ] {
        // As dcrwallet's option has it: the number of addresses behind a colon.
        let value = files.take(option, Fate::Renamed, note);
        if let Some(value) = value.and_then(|value| value.split(':').next()) {
            document.secret_key(key, key, Secret::new(value));
        } else {
            let note = format!("{note}: it is in dcrstakepool.conf, convert both files together");
            files.remark(option, Fate::Missing, &note);
        }
    }
    if let Some(old) = &mut files.site {
        switches(old, document);
    }
}

fn names(old: &mut Old<'_>, document: &mut Document) {
    for (option, key, note) in [
        ("designation", "name", "pool.name"),
        ("description", "description", "pool.description"),
        ("poollink", "link", "pool.link"),
    ] {
        if let Some(value) = old.take(option, Fate::Renamed, note) {
            document.text_key(key, value);
        }
    }
    let email = old.take("poolemail", Fate::Renamed, "pool.email");
    if email.is_none() {
        old.remark(
            "poolemail",
            Fate::Missing,
            "pool.email: the Go program showed admin@example.com",
        );
    }
    document.text_key("email", email.unwrap_or("admin@example.com"));
}

fn switches(old: &mut Old<'_>, document: &mut Document) {
    if let Some(closed) = old.take_switch("closepool", Fate::Renamed, "pool.closed") {
        document.raw("closed", &closed.to_string());
    }
    if let Some(message) = old.take("closepoolmsg", Fate::Renamed, "pool.closed_message") {
        document.text_key("closed_message", message);
    }
    let min = old.take("minservers", Fate::Renamed, "pool.min_voters");
    match min.map(str::parse::<u32>) {
        Some(Ok(min)) if min > 0 => document.raw("min_voters", &min.to_string()),
        Some(_) => old.remark("minservers", Fate::Conflicting, "is not a number from 1 on"),
        None => {}
    }
}
