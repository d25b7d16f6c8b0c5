//! `stakepoold.conf`: `[voter]`.

use super::findings::{Fate, Old};
use super::{Former, Surroundings, TOKEN_FILE, path, with_port};
use crate::config::document::Document;
use crate::config::former::address::listen;
use crate::decred::Network;
use crate::secret::Secret;

/// What is not needed any more, and why.
pub const DROPPED: &[(&[&str], &str)] = &[
    (
        &["appdata", "homedir"],
        "paths are relative to the configuration file",
    ),
    (
        &["datadir"],
        "what the voter keeps is new, and made from the chain at the first start: voter.data_dir",
    ),
    (
        &["logdir"],
        "logs go to standard output: the journal keeps them",
    ),
    (&["configfile"], "--config"),
    (&["version"], "--version"),
    (
        &["profile", "cpuprofile", "memprofile"],
        "profiles are made from outside",
    ),
];

const WALLET: &str = "in dcrwallet's own configuration, switch off `enablevoting` and take out every `stakepool…`, \
                      `pooladdress`, `poolfees` option: the voter votes, the wallet only holds keys";

pub fn write(
    old: &mut Old<'_>,
    former: &Former,
    network: Network,
    around: &Surroundings,
    document: &mut Document,
) {
    let params = network.params();
    document.section("[voter]");
    // It had two names.
    let mut addresses = old.take_all("rpclisten", Fate::Converted, "voter.listen");
    addresses.extend(old.take_all("rpclisteners", Fate::Converted, "voter.listen"));
    if addresses.len() > 1 {
        old.remark(
            "rpclisten",
            Fate::Conflicting,
            "the voter listens at one address: the first was taken",
        );
    }
    if addresses.is_empty() {
        let note = "voter.listen: as the Go program did, only this machine is listened to; a web host elsewhere needs \
                    the address by which it reaches this one";
        old.remark("rpclisten", Fate::Missing, note);
    }
    let address = addresses.first().map_or("localhost", String::as_str);
    match listen(address, params.voter_port) {
        Ok(address) => document.text_key("listen", &address),
        Err(problem) => old.remark("rpclisten", Fate::Conflicting, problem),
    }
    if old.take_switch("norpclisten", Fate::Dropped, "web must reach its voters") == Some(true) {
        let note = "web must reach its voters: open voter.listen to it, and to nobody else";
        old.remark("norpclisten", Fate::Conflicting, note);
    }
    for (option, key) in [("rpccert", "cert"), ("rpckey", "key")] {
        let file = old.take(option, Fate::Renamed, &format!("voter.{key}"));
        // Where the Go program had it, so that the copies on the web host stay right.
        let file = path(file.unwrap_or(&format!("rpc.{key}")), former, around);
        document.text_key(key, &file);
    }
    document.comment("The same as on the web host: copy the file from there.");
    document.secret_key("token", TOKEN_FILE, around.token.clone());
    document.text_key("data_dir", "data");
    for (daemon, prefix, port) in [
        ("dcrd", "dcrd", params.dcrd_port),
        ("dcrwallet", "wallet", params.dcrwallet_port),
    ] {
        node(old, (daemon, prefix, port), (former, around), document);
    }
    old.remark("wallethost", Fate::Conflicting, WALLET);
}

/// A daemon beside the voter: its name here, the beginning of its options, and its default port.
fn node(
    old: &mut Old<'_>,
    (daemon, prefix, port): (&str, &str, u16),
    (former, around): (&Former, &Surroundings),
    document: &mut Document,
) {
    document.section(&format!("[voter.{daemon}]"));
    let note = |key: &str| format!("voter.{daemon}.{key}");
    let mut of = |key: &str| old.take(&format!("{prefix}{key}"), Fate::Renamed, &note(key));
    let (host, user, password, cert) = (of("host"), of("user"), of("password"), of("cert"));
    document.text_key("host", &with_port(host.unwrap_or("localhost"), port));
    match user {
        Some(user) => document.text_key("user", user),
        None => old.remark(&format!("{prefix}user"), Fate::Missing, note("user")),
    }
    match password {
        Some(password) => {
            let file = format!("{daemon}_password");
            document.secret_key("password", &file, Secret::new(password));
        }
        None => old.remark(
            &format!("{prefix}password"),
            Fate::Missing,
            note("password"),
        ),
    }
    match cert {
        Some(cert) => document.text_key("cert", &path(cert, former, around)),
        None => old.remark(&format!("{prefix}cert"), Fate::Missing, note("cert")),
    }
}
