//! Whole configurations: layers, faults, secrets.

use std::path::Path;

use super::*;
use crate::decred::Height;
use crate::decred::params::Network;

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const EXAMPLE: &str = include_str!("../../dcrstakepool.toml.example");

/// Any certificate: none of these tests connects.
fn certificate() -> &'static str {
    static PEM: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    PEM.get_or_init(|| {
        crate::tls::self_signed(&["localhost".into()])
            .unwrap()
            .cert_pem
    })
}

/// A folder with a configuration and the certificates that it names.
struct Folder(tempfile::TempDir);

impl Folder {
    fn with(toml: &str) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        folder.write("dcrstakepool.toml", toml);
        for cert in ["voter1.cert", "voter2.cert", "dcrd.cert", "dcrwallet.cert"] {
            folder.write(cert, certificate());
        }
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn sources(&self, environment: &[(&str, &str)]) -> Sources {
        Sources {
            file: Some(self.path().join("dcrstakepool.toml")),
            environment: environment
                .iter()
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            search: Vec::new(),
        }
    }

    fn web(&self, environment: &[(&str, &str)]) -> Result<WebConfig, Invalid> {
        WebConfig::load(&self.sources(environment))
    }

    fn voter(&self) -> Result<VoterConfig, Invalid> {
        VoterConfig::load(&self.sources(&[]))
    }
}

/// A mainnet key of the vectors.
fn vector_key(name: &str) -> String {
    let vectors = include_str!("../../tests/data/vectors/hd_children.json");
    let vectors: serde_json::Value = serde_json::from_str(vectors).unwrap();
    vectors["networks"][0][name].as_str().unwrap().to_owned()
}

/// The example with its placeholders filled in.
fn complete() -> String {
    EXAMPLE
        .replacen("dpubZ…", &vector_key("account_public"), 1)
        .replacen("dpubZ…", &vector_key("branch_public"), 1)
        .replace("user = \"…\"", "user = \"somebody\"")
        .replace("\"…\"", &format!("{TOKEN:?}"))
}

fn reasons(invalid: &Invalid) -> String {
    invalid.to_string()
}

#[test]
fn the_example_with_its_blanks_filled_in_serves_both_roles() {
    let folder = Folder::with(&complete());
    let web = folder.web(&[]).unwrap();
    assert_eq!(web.network, Network::Mainnet);
    assert_eq!(web.voters.len(), 2);
    assert_eq!(web.voters[0].name, "10.0.0.20:9113");
    assert_eq!(web.pool.min_voters, 2);
    assert_eq!(web.web.base_url.link("/x"), "https://pool.example.com/x");
    let database = folder.path().join("pool.db");
    assert_eq!(
        web.database.url.expose(),
        format!("sqlite://{}", database.display())
    );
    let voter = folder.voter().unwrap();
    assert_eq!(voter.voter.cert, folder.path().join("voter.cert"));
    assert_eq!(voter.voter.dcrd.host, "localhost:9109");
    assert!(voter.database.is_none() && voter.warnings.iter().any(|w| w.contains("SQLite")));
    assert_eq!(web.digests(&web.voters[0]), voter.digests());
}

/// Every key that the example shows in a comment is a key, with the value that is the default.
#[test]
fn the_examples_commented_keys_are_real() {
    let uncommented: Vec<_> = complete()
        .lines()
        .map(|line| {
            let key = line.strip_prefix('#').filter(|rest| {
                rest.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')
                    && !rest.starts_with("fees =")
            });
            key.unwrap_or(line).to_owned()
        })
        .collect();
    let uncommented = uncommented.join("\n");
    let given = Folder::with(&uncommented);
    let left_out = Folder::with(&complete());
    let mut given = given.web(&[("DCRSTAKEPOOL__WEB__ASSETS_DIR", "")]).unwrap();
    let left_out = left_out.web(&[]).unwrap();
    assert!(given.mail.take().is_some_and(|mail| mail.port == 587));
    assert_eq!(format!("{:?}", given.web), format!("{:?}", left_out.web));
    assert_eq!(given.pool.closed_message, left_out.pool.closed_message);
    assert_eq!(given.pool.link, left_out.pool.link);
    assert_eq!(format!("{:?}", given.log), format!("{:?}", left_out.log));
}

#[test]
fn no_key_is_without_effect() {
    let folder = Folder::with(&complete());
    let on = [
        ("DCRSTAKEPOOL__WEB__METRICS_LISTEN", "127.0.0.1:1"),
        ("DCRSTAKEPOOL__WEB__CAPTCHA", "true"),
        ("DCRSTAKEPOOL__WEB__ASSETS_DIR", "."),
        ("DCRSTAKEPOOL__WEB__LIMITS__ADDRESS_PER_HOUR", "5"),
        ("DCRSTAKEPOOL__MAIL__HOST", "localhost"),
        ("DCRSTAKEPOOL__MAIL__FROM", "a@example.com"),
    ];
    let warnings = folder.web(&on).unwrap().warnings;
    for key in ["assets_dir", "captcha", "metrics_listen", "limits", "mail"] {
        assert!(!warnings.iter().any(|it| it.contains(key)), "{warnings:?}");
    }
}

#[test]
fn the_environment_wins_over_the_file() {
    let folder = Folder::with(&complete());
    let web = folder
        .web(&[
            ("DCRSTAKEPOOL__WEB__LISTEN", "127.0.0.1:1, unix:web.sock"),
            ("DCRSTAKEPOOL__WEB__COOKIE_SECURE", "false"),
            ("DCRSTAKEPOOL__WEB__ADMIN_USER_IDS", "3,4"),
            ("DCRSTAKEPOOL__POOL__FEE_PERCENT", "5"),
            ("DCRSTAKEPOOL__VOTERS__0__URL", "https://other"),
            ("UNRELATED", "x"),
        ])
        .unwrap();
    assert_eq!(
        web.web.listen,
        [
            ListenAddress::Tcp("127.0.0.1:1".parse().unwrap()),
            ListenAddress::Unix(folder.path().join("web.sock")),
        ]
    );
    assert!(!web.web.cookie_secure);
    assert_eq!(web.web.admin_user_ids.len(), 2);
    assert_eq!(web.pool.fee_percent_at(Height(9)).to_string(), "5");
    assert_eq!(web.voters[0].name, "other:9113");
    assert_eq!(web.voters[1].name, "10.0.0.21:9113");
}

#[test]
fn all_problems_come_at_once_with_place_key_and_reason() {
    let broken = complete()
        .replace(
            "fee_percent = 7.5",
            "fee_percent = 7.555\nmax_users = \"many\"",
        )
        .replace("base_url = \"https://pool.example.com\"", "bse_url = \"x\"")
        .replace("https://10.0.0.21:9113", "http://10.0.0.21:9113");
    let folder = Folder::with(&format!("netwrk = 1\n{broken}"));
    let error = folder
        .web(&[
            ("DCRSTAKEPOOL__WEB__CAPTCHA", "maybe"),
            ("DCRSTAKEPOOL__WEB__LISTN", "x"),
            ("DCRSTAKEPOOL_WEB__LISTEN", "x"),
        ])
        .unwrap_err();
    let text = reasons(&error);
    let file = folder.path().join("dcrstakepool.toml");
    let file = file.display();
    for expected in [
        format!("{file}: netwrk: unknown key"),
        format!("{file}: web.bse_url: unknown key"),
        format!("{file}: web.base_url: is missing"),
        format!("{file}: pool.fee_percent: 7.555 has more than two decimals"),
        format!("{file}: pool.max_users: must be a whole number"),
        format!("{file}: voters[1].url: \"http://10.0.0.21:9113\" is not https://HOST:PORT"),
        "DCRSTAKEPOOL__WEB__CAPTCHA: web.captcha: must be true or false".to_owned(),
        "DCRSTAKEPOOL__WEB__LISTN: web.listn: unknown key".to_owned(),
        "DCRSTAKEPOOL_WEB__LISTEN: names no key".to_owned(),
    ] {
        assert!(text.contains(&expected), "{expected} not in\n{text}");
    }
    assert_eq!(error.0.len(), 9, "{text}");
}

#[test]
fn an_unknown_section_from_the_environment_names_the_variable() {
    let folder = Folder::with(&complete());
    let error = folder
        .web(&[("DCRSTAKEPOOL__WEBB__LISTEN", "x")])
        .unwrap_err();
    assert!(reasons(&error).contains("DCRSTAKEPOOL__WEBB__LISTEN: webb.listen: unknown key"));
}

#[test]
fn a_secret_may_live_in_a_file_of_its_own() {
    let inline = format!("api_secret = {TOKEN:?}");
    let folder = Folder::with(&complete().replace(&inline, "api_secret_file = \"secret\""));
    let missing = folder.web(&[]).unwrap_err();
    assert!(
        reasons(&missing).contains("web.api_secret_file: "),
        "{missing}"
    );
    assert_eq!(missing.0.len(), 1, "{missing}");
    folder.write("secret", &format!("{TOKEN}!\n"));
    let secret = |web: WebConfig| web.web.api_secret.expose().to_owned();
    assert_eq!(secret(folder.web(&[]).unwrap()), format!("{TOKEN}!"));
    let environment = [(
        "DCRSTAKEPOOL__WEB__API_SECRET",
        "from the environment, long enough",
    )];
    assert_eq!(secret(folder.web(&environment).unwrap()), environment[0].1);

    let both = complete().replace(&inline, &format!("{inline}\napi_secret_file = \"secret\""));
    let both = Folder::with(&both).web(&[]).unwrap_err();
    assert!(
        reasons(&both).contains("web.api_secret: give it or api_secret_file"),
        "{both}"
    );
}

#[test]
fn a_readable_file_with_secrets_is_warned_about() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = Folder::with(&complete());
    let file = folder.path().join("dcrstakepool.toml");
    let warned = |mode| {
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = folder.web(&[]).unwrap().warnings;
        warnings
            .iter()
            .any(|warning| warning.contains("can read it"))
    };
    assert!(warned(0o644));
    assert!(!warned(0o640));
}

#[test]
fn no_secret_is_ever_printed() {
    let mysql = "mysql://pool:hunter2@localhost/pool";
    let mail = "\n[mail]\nhost = \"h\"\nfrom = \"a@b\"\nusername = \"u\"\npassword = \"hunter3\"\n";
    let toml = complete().replace("sqlite://pool.db", mysql) + mail;
    let folder = Folder::with(&toml);
    let printed = format!(
        "{:?} {:?}",
        folder.web(&[]).unwrap(),
        folder.voter().unwrap()
    );
    for secret in ["hunter", TOKEN, "dpub"] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
    // Nor by messages, whatever is wrong with them.
    let broken = toml
        .replace(mysql, "mysqll://hunter2")
        .replace(TOKEN, "hunter4")
        .replace("dpub", "hunter5");
    let folder = Folder::with(&broken);
    let text = format!(
        "{} {}",
        folder.web(&[]).unwrap_err(),
        folder.voter().unwrap_err()
    );
    assert!(!text.contains("hunter"), "{text}");
    let folder = Folder::with("network = \"simnet\"\n[voter]\ntoken = \"hunter2\nx = 1");
    let text = reasons(&folder.voter().unwrap_err());
    assert!(
        text.contains("line 3") && !text.contains("hunter2"),
        "{text}"
    );
}

#[test]
fn fees_follow_their_schedule() {
    let with = |fees: &str| {
        let toml = complete().replace("fee_percent = 7.5", fees);
        Folder::with(&toml).web(&[]).map(|web| web.pool)
    };
    let pool =
        with("fees = [{ from_height = 0, percent = 7.5 }, { from_height = 9, percent = 5 }]");
    let pool = pool.unwrap();
    let at = |height| pool.fee_percent_at(Height(height)).to_string();
    assert_eq!(
        (at(0), at(8), at(9)),
        ("7.5".into(), "7.5".into(), "5".into())
    );
    for bad in [
        "",
        "fees = []",
        "fees = [{ from_height = 1, percent = 5 }]",
        "fees = [{ from_height = 0, percent = 5 }, { from_height = 0, percent = 6 }]",
        "fees = [{ from_height = 0 }]",
        "fees = [{ from_height = 0, percent = 101 }]",
        "fee_percent = -1",
        "fee_percent = 5\nfees = [{ from_height = 0, percent = 5 }]",
        "fee_percent = nan",
    ] {
        let error = with(bad).expect_err(bad);
        assert!(reasons(&error).contains("pool.fee"), "{bad}: {error}");
        assert_eq!(error.0.len(), 1, "{bad}: {error}");
    }
}

#[test]
fn too_few_voters_can_never_enrol_anybody() {
    let folder = Folder::with(&complete().replace("#min_voters = 2", "min_voters = 3"));
    let error = folder.web(&[]).unwrap_err();
    assert!(
        reasons(&error).contains("voters: 2 given, but pool.min_voters is 3"),
        "{error}"
    );
    let web = folder.web(&[("DCRSTAKEPOOL__WEB__START_WITHOUT_VOTERS", "true")]);
    assert!(
        web.unwrap()
            .warnings
            .iter()
            .any(|it| it.contains("nobody can enrol"))
    );
}

#[test]
fn without_a_file_the_places_that_were_searched_are_named() {
    let sources = Sources {
        search: vec!["/nowhere/dcrstakepool.toml".into()],
        ..Sources::default()
    };
    let error = WebConfig::load(&sources).unwrap_err();
    assert!(reasons(&error).contains("no configuration file at /nowhere/dcrstakepool.toml"));
    let missing = Sources {
        file: Some("/nowhere/x.toml".into()),
        ..sources
    };
    let text = reasons(&WebConfig::load(&missing).unwrap_err());
    assert!(text.contains("/nowhere/x.toml: cannot be read"), "{text}");
}

#[test]
fn a_key_of_the_wrong_kind_or_network_is_told_apart() {
    let voting = vector_key("account_public");
    let with = |key: &str, network: &str| {
        let toml = complete()
            .replacen(&voting, key, 1)
            .replace("\"mainnet\"", &format!("{network:?}"));
        reasons(&Folder::with(&toml).web(&[]).unwrap_err())
    };
    let private = with(&vector_key("account_private"), "mainnet");
    assert!(private.contains("pool.voting_wallet_extpub: this is an extended PRIVATE key"));
    assert!(!private.contains("dprv"), "{private}");
    let network = with(&voting, "simnet");
    assert!(
        network.contains("voting_wallet_extpub: an extended public key of mainnet, not of simnet")
    );
    let changed = with(&voting.replacen('6', "7", 1), "mainnet");
    assert!(changed.contains("checksum"), "{changed}");
}

#[test]
fn a_certificate_that_is_missing_or_none_is_named_with_its_origin() {
    let folder = Folder::with(&complete());
    folder.write("voter1.cert", "not PEM");
    folder.write(
        "voter2.cert",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    );
    std::fs::remove_file(folder.path().join("dcrd.cert")).unwrap();
    let web = reasons(&folder.web(&[]).unwrap_err());
    assert!(
        web.contains("voters[0].cert: ") && web.contains("voter1.cert is not PEM"),
        "{web}"
    );
    assert!(
        web.contains("voters[1].cert: ") && web.contains("copy it from the voter"),
        "{web}"
    );
    let voter = reasons(&folder.voter().unwrap_err());
    assert!(
        voter.contains("voter.dcrd.cert: ") && voter.contains("rpc.cert"),
        "{voter}"
    );
}
