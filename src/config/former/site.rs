//! `dcrstakepool.conf`: `[web]`, `[mail]`, `[[voters]]`.

use std::net::IpAddr;

use super::address::{host_and_port, listen};
use super::findings::{Fate, Old};
use super::{Former, Surroundings, TOKEN_FILE, path, with_port};
use crate::config::document::Document;
use crate::decred::Network;
use crate::secret::Secret;

const NO_WALLETS: &str = "web reaches no wallet: only each voter does";
const OWN_CAPTCHA: &str = "the captcha is drawn here: web.captcha";

/// What is not needed any more, and why.
pub const DROPPED: &[(&[&str], &str)] = &[
    (
        &["cookiesecret"],
        "sessions are in the database, under random names",
    ),
    (
        &["publicpath", "templatepath"],
        "pages are part of the program; web.assets_dir brands them",
    ),
    (
        &["logdir"],
        "logs go to standard output: the journal keeps them",
    ),
    (
        &["datadir"],
        "what the pool keeps is in the database: database.url",
    ),
    (&["service"], "services of Windows are not made"),
    (
        &["maxvotedtickets", "maxvotedage"],
        "/tickets shows all, by pages",
    ),
    (&["enablestakepoold"], "voters are always asked"),
    (
        &[
            "wallethosts",
            "walletusers",
            "walletpasswords",
            "walletcerts",
        ],
        NO_WALLETS,
    ),
    (&["recaptchasecret", "recaptchasitekey"], OWN_CAPTCHA),
    (&["configfile"], "--config"),
    (&["version"], "--version"),
    (
        &["profile", "cpuprofile", "memprofile"],
        "profiles are made from outside",
    ),
];

pub fn write(
    old: &mut Old<'_>,
    former: &Former,
    network: Network,
    around: &Surroundings,
    document: &mut Document,
) {
    web(old, document);
    mail(old, former, around, document);
    voters(old, former, network, around, document);
}

fn web(old: &mut Old<'_>, document: &mut Document) {
    document.section("[web]");
    let address = old.take("listen", Fate::Converted, "web.listen");
    match listen(address.unwrap_or(":8000"), 8000) {
        Ok(address) => document.list_key("listen", &[address]),
        Err(problem) => old.remark("listen", Fate::Conflicting, problem),
    }
    let base_url = old.take("baseurl", Fate::Renamed, "web.base_url");
    let base_url = base_url.unwrap_or("http://127.0.0.1:8000");
    document.comment(
        "API tokens are bound to it: should it ever change, keep this one in former_base_urls.",
    );
    document.text_key("base_url", base_url.trim_end_matches('/'));
    match old.take("apisecret", Fate::Renamed, "web.api_secret") {
        Some(secret) => document.secret_key("api_secret", "api_secret", Secret::new(secret)),
        None => old.remark(
            "apisecret",
            Fate::Missing,
            "web.api_secret: without the old one all API tokens are void",
        ),
    }
    let secure = old.take_switch("cookiesecure", Fate::Renamed, "web.cookie_secure");
    document.raw("cookie_secure", &secure.unwrap_or(false).to_string());
    if let Some(header) = old.take("realipheader", Fate::Renamed, "web.real_ip_header") {
        document.text_key("real_ip_header", header);
        let note = "is believed only of web.trusted_proxies, by default those on this machine; the Go program \
                    believed everybody";
        old.remark("realipheader", Fate::Conflicting, note);
    }
    // Of these the Go program read the first line only: whoever stands on another was no admin.
    let ips = old.take_first("adminips", Fate::Renamed, "web.admin_ips");
    let (ips, names): (Vec<_>, Vec<_>) =
        ips.into_iter().partition(|ip| ip.parse::<IpAddr>().is_ok());
    if !names.is_empty() {
        let note = "holds something that is no address of a client, which was left out";
        old.remark("adminips", Fate::Conflicting, note);
    }
    if !ips.is_empty() {
        document.list_key("admin_ips", &ips);
    }
    let ids = old.take_first("adminuserids", Fate::Renamed, "web.admin_user_ids");
    if ids.iter().all(|id| id.parse::<i64>().is_ok()) {
        document.raw("admin_user_ids", &format!("[{}]", ids.join(", ")));
    } else {
        old.remark(
            "adminuserids",
            Fate::Conflicting,
            "holds something that is not a number",
        );
    }
}

fn mail(old: &mut Old<'_>, former: &Former, around: &Surroundings, document: &mut Document) {
    let host = old.take("smtphost", Fate::Converted, "mail.host, mail.port");
    let from = old.take("smtpfrom", Fate::Renamed, "mail.from");
    let user = old.take("smtpusername", Fate::Renamed, "mail.username");
    let password = old.take("smtppassword", Fate::Renamed, "mail.password");
    let whole = old.take_switch("usesmtps", Fate::Converted, "mail.tls");
    let cert = old.take("smtpcert", Fate::Renamed, "mail.ca_cert");
    if old.take_switch(
        "smtpskipverify",
        Fate::Dropped,
        "certificates are always checked",
    ) == Some(true)
    {
        let note = "certificates are always checked: give the server's own, or its authority, as mail.ca_cert";
        old.remark("smtpskipverify", Fate::Conflicting, note);
    }
    let Some(host) = host else {
        old.remark(
            "smtphost",
            Fate::Missing,
            "[mail]: without it mails, with their links, go to the log",
        );
        return;
    };
    let (host, port) = host_and_port(host);
    let port = match port {
        None | Some("smtp") => 25,
        Some("submission") => 587,
        Some("submissions" | "smtps") => 465,
        Some(port) => port.parse::<u16>().unwrap_or_else(|_| {
            old.remark(
                "smtphost",
                Fate::Conflicting,
                "has no number for a port: 25 was taken",
            );
            25
        }),
    };
    // The Go program took STARTTLS where it was offered.
    let local = ["localhost", "127.0.0.1", "::1"].contains(&host);
    let tls = match whole {
        Some(true) => "tls",
        _ if local => "none",
        _ => "starttls",
    };
    document.section("[mail]");
    document.text_key("host", host);
    document.raw("port", &port.to_string());
    document.text_key("tls", tls);
    match from {
        Some(from) => document.text_key("from", from),
        None => old.remark("smtpfrom", Fate::Missing, "mail.from"),
    }
    if let Some(user) = user {
        document.text_key("username", user);
    }
    if let Some(password) = password {
        document.secret_key("password", "mail_password", Secret::new(password));
    }
    if let Some(cert) = cert {
        document.text_key("ca_cert", &path(cert, former, around));
    }
}

fn voters(
    old: &mut Old<'_>,
    former: &Former,
    network: Network,
    around: &Surroundings,
    document: &mut Document,
) {
    let hosts = old.take_all("stakepooldhosts", Fate::Converted, "[[voters]] url");
    let certs = old.take_all("stakepooldcerts", Fate::Converted, "[[voters]] cert");
    if hosts.is_empty() {
        old.remark(
            "stakepooldhosts",
            Fate::Missing,
            "[[voters]]: one section for each voting node",
        );
    }
    if hosts.len() != certs.len() {
        let note = format!(
            "{} hosts and {} certificates: each host needs its own",
            hosts.len(),
            certs.len()
        );
        old.remark("stakepooldcerts", Fate::Conflicting, note);
    }
    for (index, host) in hosts.iter().enumerate() {
        document.section("[[voters]]");
        let host = with_port(host, network.params().voter_port);
        document.text_key("url", &format!("https://{host}"));
        let cert = certs.get(index).map(|cert| path(cert, former, around));
        let named = format!("voter{}.cert", index.saturating_add(1));
        document.text_key("cert", &cert.unwrap_or(named));
        document.secret_key("token", TOKEN_FILE, around.token.clone());
    }
}
