use std::fs;
use std::path::Path;

use super::*;
use crate::config::{Sources, VoterConfig, WebConfig};

const KEY: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

fn site_text() -> String {
    format!(
        "[Application Options]\n; of version 1.5\nsimnet=1\nlisten=:8080\nbaseurl=https://pool.example.com/\n\
         apisecret=an-api-secret-of-an-old-pool-0123456789\ncookiesecret=of-no-use\ncookiesecure=true\n\
         coldwalletextpub={KEY}:10000\nvotingwalletextpub={KEY}\nclosepool=0\nclosepoolmsg=Full, sorry.\n\
         dbhost=10.0.0.5\ndbport=3307\ndbuser=pool\ndbpassword=p@ss/w:rd#1\ndbname=stakepool\n\
         poolemail=ops@example.com\npoolfees=5\npoollink=https://example.com/\nrealipheader=X-Real-IP\n\
         smtphost=mail.example.com:587\nsmtpfrom=ops@example.com\nsmtpusername=ops\nsmtppassword=\"mail \\\"pass\\\"\"\n\
         smtpskipverify=1\nstakepooldhosts=10.0.0.20,10.0.0.21:9200\nstakepooldcerts=one.cert,/two.cert\n\
         adminips=127.0.0.1,192.0.2.1\nadminuserids=1,46\nmaxvotedtickets=500\ndesignation=Alpha\n\
         description=The \"first\" pool\ndebuglevel=warn\npublicpath=public\nminservers=2\nsparkle=1\n"
    )
}

fn voter_text() -> String {
    format!(
        "simnet=1\ncoldwalletextpub={KEY}\npoolfees=7.5\ndbpassword=p@ss/w:rd#1\ndcrdhost=127.0.0.1\ndcrduser=u\n\
         dcrdpassword=dcrd pass\ndcrdcert=~/dcrd/rpc.cert\nwallethost=localhost:1234\nwalletuser=w\n\
         walletpassword=wallet pass\nwalletcert=wallet.cert\nrpclisten=10.0.0.20\ndatadir=/var/pool\n"
    )
}

fn former(file: &str, text: &str) -> Former {
    Former {
        ini: Ini::parse(file, text).unwrap(),
        folder: "/old".into(),
    }
}

fn around(secrets: &Path) -> Surroundings {
    Surroundings {
        secrets: secrets.display().to_string(),
        home: Some("/home/op".into()),
        token: Secret::new("a-token-for-the-voters-0123456789abcdef"),
    }
}

fn fate<'a>(converted: &'a Converted, option: &str) -> Vec<(Fate, &'a str)> {
    let found = converted.findings.iter().filter(|it| it.option == option);
    found.map(|it| (it.fate, it.place.as_str())).collect()
}

/// As the role does.
fn write(converted: &Converted, folder: &Path) -> Sources {
    for (name, secret) in &converted.secrets {
        fs::write(folder.join(name), secret.expose()).unwrap();
    }
    let file = folder.join("dcrstakepool.toml");
    // Certificates are the machine's own matter.
    let cert = crate::tls::self_signed(&["localhost".to_owned()])
        .unwrap()
        .cert_pem;
    fs::write(folder.join("any.cert"), cert).unwrap();
    let any = format!("\"{}\"", folder.join("any.cert").display());
    let mut text = converted.text.clone();
    for old in [
        "/old/one.cert",
        "/two.cert",
        "/home/op/dcrd/rpc.cert",
        "/old/wallet.cert",
    ] {
        text = text.replace(&format!("\"{old}\""), &any);
    }
    fs::write(&file, text).unwrap();
    Sources {
        file: Some(file),
        ..Sources::default()
    }
}

#[test]
fn the_site_s_file_becomes_a_configuration_that_web_takes() {
    let folder = tempfile::tempdir().unwrap();
    let converted = convert(
        Some(&former("a.conf", &site_text())),
        None,
        &around(folder.path()),
    );
    let config = WebConfig::load(&write(&converted, folder.path())).unwrap();
    assert_eq!(
        config.database.url.expose(),
        "mysql://pool:p%40ss%2Fw%3Ard%231@10.0.0.5:3307/stakepool"
    );
    assert_eq!(config.pool.name, "Alpha");
    assert_eq!(config.pool.description, "The \"first\" pool");
    assert_eq!(
        config.web.base_url.url().as_str().trim_end_matches('/'),
        "https://pool.example.com"
    );
    assert_eq!(
        config.web.api_secret.expose(),
        "an-api-secret-of-an-old-pool-0123456789"
    );
    let voters: Vec<_> = config
        .voters
        .iter()
        .map(|voter| voter.url.as_str())
        .collect();
    assert_eq!(
        voters,
        ["https://10.0.0.20:19113/", "https://10.0.0.21:9200/"]
    );
    let mail = config.mail.as_ref().unwrap();
    assert_eq!((mail.host.as_str(), mail.port), ("mail.example.com", 587));
    assert_eq!(mail.password.expose(), "mail \"pass\"");
    for kept_out in [
        "p@ss",
        "rd#1",
        "an-api-secret",
        KEY,
        "mail \\\"pass",
        "of-no-use",
    ] {
        assert!(
            !converted.text.contains(kept_out),
            "{kept_out}: {}",
            converted.text
        );
        assert!(!format!("{:?}", converted.findings).contains(kept_out));
    }
}

#[test]
fn each_option_has_its_fate_and_place() {
    let converted = convert(
        Some(&former("a.conf", &site_text())),
        None,
        &around(Path::new("/s")),
    );
    for (option, fates) in [
        ("apisecret", vec![(Fate::Renamed, "a.conf:6")]),
        ("cookiesecret", vec![(Fate::Dropped, "a.conf:7")]),
        ("dbpassword", vec![(Fate::Converted, "a.conf:16")]),
        (
            "smtpskipverify",
            vec![
                (Fate::Dropped, "a.conf:26"),
                (Fate::Conflicting, "a.conf:26"),
            ],
        ),
        ("minservers", vec![(Fate::Renamed, "a.conf:36")]),
        ("sparkle", vec![(Fate::Unknown, "a.conf:37")]),
    ] {
        assert_eq!(fate(&converted, option), fates, "{option}");
    }
    let lines = site_text()
        .lines()
        .filter(|line| line.contains('='))
        .count();
    let places: std::collections::BTreeSet<_> =
        converted.findings.iter().map(|it| &it.place).collect();
    assert_eq!(places.len(), lines, "no line is passed over");
    assert!(
        fate(&converted, "dbhost")
            .iter()
            .all(|(fate, _)| *fate == Fate::Converted)
    );
}

#[test]
fn both_files_make_one_configuration_for_a_voter_too() {
    let folder = tempfile::tempdir().unwrap();
    let (site, voter) = (
        former("a.conf", &site_text()),
        former("b.conf", &voter_text()),
    );
    let converted = convert(Some(&site), Some(&voter), &around(folder.path()));
    let sources = write(&converted, folder.path());
    let config = VoterConfig::load(&sources).unwrap();
    assert_eq!(config.voter.listen.to_string(), "10.0.0.20:19113");
    assert_eq!(config.voter.dcrd.host, "127.0.0.1:19556");
    assert_eq!(config.voter.dcrwallet.host, "localhost:1234");
    assert_eq!(config.voter.dcrd.password.expose(), "dcrd pass");
    assert!(
        config
            .voter
            .token
            .matches(WebConfig::load(&sources).unwrap().voters[0].token.expose())
    );
    assert_eq!(
        fate(&converted, "poolfees"),
        [
            (Fate::Renamed, "a.conf:19"),
            (Fate::Renamed, "b.conf:3"),
            (Fate::Conflicting, "b.conf:3")
        ]
    );
    assert_eq!(fate(&converted, "datadir"), [(Fate::Dropped, "b.conf:14")]);
    let wallet = converted
        .findings
        .iter()
        .filter(|it| it.option == "wallethost");
    assert!(
        wallet
            .clone()
            .any(|it| it.fate == Fate::Conflicting && it.note.contains("enablevoting"))
    );
}

#[test]
fn what_is_missing_is_said() {
    let converted = convert(
        None,
        Some(&former("b.conf", &voter_text())),
        &around(Path::new("/s")),
    );
    assert_eq!(
        fate(&converted, "votingwalletextpub"),
        [(Fate::Missing, "")]
    );
    assert!(converted.text.contains("fee_percent = 7.5\n"));
    let converted = convert(Some(&former("a.conf", "")), None, &around(Path::new("/s")));
    for option in [
        "apisecret",
        "coldwalletextpub",
        "votingwalletextpub",
        "stakepooldhosts",
        "smtphost",
    ] {
        assert_eq!(fate(&converted, option), [(Fate::Missing, "")], "{option}");
    }
    assert!(converted.text.starts_with("# dcrstakepool, converted"));
    assert!(converted.text.contains("network = \"mainnet\"\n"));
}

#[test]
fn the_last_of_two_values_was_in_force() {
    let text = "testnet=0\ntestnet=1\nsmtphost=localhost:25\nsmtphost=\"\"\n";
    let converted = convert(
        Some(&former("a.conf", text)),
        None,
        &around(Path::new("/s")),
    );
    assert!(converted.text.contains("network = \"testnet\"\n"));
    assert!(!converted.text.contains("[mail]"));
}

#[test]
fn any_text_stays_a_configuration_that_can_be_read() {
    use proptest::prelude::*;

    proptest!(|(name in "\\PC{0,40}", message in ".{0,40}")| {
        let line = |option: &str, value: &str| {
            let quoted = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n").replace('\r', "\\r");
            format!("{option}=\"{quoted}\"\n")
        };
        let text = line("designation", &name) + &line("closepoolmsg", &message);
        let converted = convert(Some(&former("a.conf", &text)), None, &around(Path::new("/s")));
        let read = config::Config::builder()
            .add_source(config::File::from_str(&converted.text, config::FileFormat::Toml))
            .build()
            .unwrap();
        if !name.is_empty() {
            prop_assert_eq!(read.get_string("pool.name").unwrap(), name);
        }
        if !message.is_empty() {
            prop_assert_eq!(read.get_string("pool.closed_message").unwrap(), message);
        }
    });
}

fn voter_without(line: &str) -> String {
    let text = voter_text();
    assert!(text.contains(line));
    text.replace(line, "")
}

fn database_of(converted: &Converted) -> &str {
    let mut secrets = converted.secrets.iter();
    let (_, url) = secrets.find(|(name, _)| name == "database_url").unwrap();
    url.expose()
}

#[test]
fn what_looks_like_an_escape_in_a_password_stays_what_it_is() {
    let text = "dbuser=a%b\ndbpassword=abc%41def\ndbhost=localhost\ndbport=3307\n";
    let converted = convert(Some(&former("a.conf", text)), None, &around(Path::new("s")));
    // And `localhost` is the machine, as in the Go program: MySQL clients would take the socket.
    assert_eq!(
        database_of(&converted),
        "mysql://a%25b:abc%2541def@127.0.0.1:3307/stakepool"
    );
    let none = convert(
        Some(&former("a.conf", "dbuser=a\n")),
        None,
        &around(Path::new("s")),
    );
    assert_eq!(fate(&none, "dbpassword"), [(Fate::Missing, "")]);
}

#[test]
fn only_the_first_line_of_admins_was_ever_in_force() {
    let text =
        "adminips=192.0.2.1,localhost\nadminips=192.0.2.2\nadminuserids=1\nadminuserids=99\n";
    let converted = convert(Some(&former("a.conf", text)), None, &around(Path::new("s")));
    assert!(
        converted.text.contains("admin_ips = [\"192.0.2.1\"]"),
        "{}",
        converted.text
    );
    assert!(
        converted.text.contains("admin_user_ids = [1]"),
        "{}",
        converted.text
    );
    assert_eq!(
        fate(&converted, "adminuserids"),
        [(Fate::Renamed, "a.conf:3"), (Fate::Dropped, "a.conf:4")]
    );
}

#[test]
fn a_daemon_that_named_no_address_stays_with_its_machine() {
    let text = voter_without("rpclisten=10.0.0.20\n").replace("poolfees=7.5\n", "");
    let converted = convert(
        None,
        Some(&former("b.conf", &text)),
        &around(Path::new("s")),
    );
    assert!(
        converted.text.contains("listen = \"127.0.0.1:19113\""),
        "{}",
        converted.text
    );
    assert_eq!(fate(&converted, "rpclisten"), [(Fate::Missing, "")]);
    // Its own default of the fee, too.
    assert!(
        converted.text.contains("fee_percent = 5\n"),
        "{}",
        converted.text
    );
    assert_eq!(fate(&converted, "poolfees"), [(Fate::Missing, "")]);
}

#[test]
fn what_cannot_be_read_is_told_and_not_written() {
    let text = "poolfees=nan\nlisten=pool.example.com:8000\nsmtphost=[::1]:mail\nservice=x\ndatadir=y\n\
                smtpcert=$HOME/x.cert\n";
    let converted = convert(Some(&former("a.conf", text)), None, &around(Path::new("s")));
    let file = ::config::File::from_str(&converted.text, ::config::FileFormat::Toml);
    let read = ::config::Config::builder().add_source(file).build();
    assert!(read.is_ok(), "{read:?}");
    for option in ["poolfees", "listen", "smtphost"] {
        let fates = fate(&converted, option);
        assert!(
            fates.iter().any(|(fate, _)| *fate == Fate::Conflicting),
            "{option}: {fates:?}"
        );
    }
    for option in ["service", "datadir"] {
        assert!(
            fate(&converted, option)
                .iter()
                .all(|(fate, _)| *fate == Fate::Dropped),
            "{option}"
        );
    }
    for line in [
        "host = \"::1\"",
        "port = 25",
        "ca_cert = \"/home/op/x.cert\"",
    ] {
        assert!(converted.text.contains(line), "{line}: {}", converted.text);
    }
}
