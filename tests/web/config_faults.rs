//! Every fault of a configuration ends the real binary with exit code 78 and a message that names file,
//! key and reason, and no secret.

use std::path::Path;
use std::process::Stdio;

use dcrstakepool::tls;

use crate::harness::program;

const TOKEN: &str = "a-token-that-only-tests-may-use-0123456789";

/// How the binary ended.
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

/// Runs the binary with an environment of its own.
pub fn run(args: &[&str], environment: &[(&str, &str)]) -> Run {
    let mut command = program::command(args);
    command
        .env_clear()
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .current_dir(std::env::temp_dir());
    let output = program::finish(&mut command);
    Run {
        code: output.status.code().expect("no signal"),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A key of the vectors; network 0 is mainnet, 1 testnet, 2 simnet.
fn key(network: usize, name: &str) -> String {
    let text = include_str!("../data/vectors/hd_children.json");
    let json: serde_json::Value = serde_json::from_str(text).expect("vectors");
    let key = &json["networks"][network][name];
    key.as_str().expect("a key").to_owned()
}

/// A simnet configuration in which nothing is wrong, and nothing is running.
fn sound(folder: &Path) -> String {
    let cert = tls::self_signed(&["localhost".into()]).expect("certificate");
    std::fs::write(folder.join("any.cert"), cert.cert_pem).expect("folder");
    format!(
        r#"network = "simnet"
[pool]
fee_percent = 7.5
voting_wallet_extpub = "{voting}"
cold_wallet_extpub = "{cold}"
[web]
listen = "127.0.0.1:0"
base_url = "http://127.0.0.1:8000"
api_secret = "{TOKEN}"
[[voters]]
url = "https://127.0.0.1:1"
cert = "any.cert"
token = "{TOKEN}"
[voter]
listen = "127.0.0.1:0"
token = "{TOKEN}"
[voter.dcrd]
host = "127.0.0.1:1"
user = "u"
password = "{TOKEN}"
cert = "any.cert"
[voter.dcrwallet]
host = "127.0.0.1:1"
user = "u"
password = "{TOKEN}"
cert = "any.cert"
"#,
        voting = key(2, "account_public"),
        cold = key(2, "branch_public"),
    )
}

/// Runs a role on the sound configuration after one edit.
fn edited(role: &str, from: &str, to: &str) -> Run {
    let folder = tempfile::tempdir().expect("folder");
    let toml = sound(folder.path());
    assert!(toml.contains(from), "{from} is not in the configuration");
    let file = folder.path().join("pool.toml");
    std::fs::write(&file, toml.replacen(from, to, 1)).expect("folder");
    run(&[role, "--config", &file.display().to_string()], &[])
}

/// Expects exit code 78 and all of these texts in the message.
fn refused(role: &str, from: &str, to: &str, expected: &[&str]) {
    let run = edited(role, from, to);
    assert_eq!(run.code, 78, "{role} {to}: {}", run.stderr);
    let head = "error: the configuration cannot be used:";
    assert!(run.stderr.starts_with(head), "{}", run.stderr);
    for text in expected.iter().chain(&["pool.toml: "]) {
        assert!(run.stderr.contains(text), "{text} not in\n{}", run.stderr);
    }
    for secret in [TOKEN, "spub", "dpub", "sprv"] {
        assert!(!run.stderr.contains(secret), "{secret} in\n{}", run.stderr);
    }
}

#[test]
fn a_sound_configuration_gets_past_the_configuration() {
    for role in ["web", "voter"] {
        let run = edited(role, "7.5", "5");
        assert!(![2, 78].contains(&run.code) || !run.stderr.contains("cannot be used"));
        assert!(!run.stderr.contains(TOKEN), "{}", run.stderr);
    }
}

#[test]
fn keys_that_are_wrong() {
    refused(
        "web",
        "fee_percent",
        "fee_procent",
        &["pool.fee_procent: unknown key"],
    );
    refused(
        "voter",
        "fee_percent = 7.5",
        "",
        &["pool.fee_percent: is missing"],
    );
    refused(
        "web",
        "= 7.5",
        "= \"much\"",
        &["pool.fee_percent: must be a number"],
    );
    refused(
        "web",
        "= 7.5",
        "= 107",
        &["pool.fee_percent: 107 is not between 0 and 100"],
    );
    refused(
        "web",
        "base_url",
        "#base_url",
        &["web.base_url: is missing"],
    );
    refused(
        "web",
        "base_url = \"http:",
        "base_url = \"ftp:",
        &["web.base_url: must begin"],
    );
    refused(
        "web",
        "\"127.0.0.1:0\"",
        "\"8000\"",
        &["web.listen: ", "ADDRESS:PORT"],
    );
}

#[test]
fn values_that_are_wrong() {
    refused(
        "web",
        "\"simnet\"",
        "\"regtest\"",
        &["network: ", "none of mainnet"],
    );
    refused(
        "web",
        "[web]",
        "[web]\nadmin_ips = [\"me\"]",
        &["web.admin_ips: \"me\""],
    );
    refused(
        "web",
        "https://127.0.0.1:1",
        "127.0.0.1:1",
        &["voters[0].url: "],
    );
    refused(
        "web",
        "[[voters]]",
        "[voters]",
        &["voters: must be a list of tables"],
    );
    refused(
        "voter",
        "user = \"u\"",
        "",
        &["voter.dcrd.user: is missing"],
    );
    refused(
        "voter",
        "[voter]",
        "[voter]\nsigner = \"hsm\"",
        &["voter.signer: "],
    );
    refused(
        "web",
        "[web]",
        "[log]\nfilter = \"=,\"\n[web]",
        &["log.filter: "],
    );
}

#[test]
fn secrets_that_are_wrong_are_not_repeated() {
    refused(
        "web",
        &format!("token = \"{TOKEN}\""),
        "token = \"short\"",
        &["voters[0].token: must have at least 32 characters"],
    );
    refused(
        "web",
        &format!("api_secret = \"{TOKEN}\""),
        "",
        &["web.api_secret: is missing"],
    );
    let file = "api_secret_file = \"nowhere\"";
    refused(
        "web",
        &format!("api_secret = \"{TOKEN}\""),
        file,
        &["web.api_secret_file: "],
    );
    refused(
        "voter",
        &format!("password = \"{TOKEN}\""),
        "password = 5",
        &["voter.dcrd.password: must be text"],
    );
}

#[test]
fn extended_keys_of_the_wrong_kind_or_network() {
    let voting = key(2, "account_public");
    let private = key(2, "account_private");
    refused(
        "voter",
        &voting,
        &private,
        &["voting_wallet_extpub: this is an extended PRIVATE key"],
    );
    let mainnet = key(0, "account_public");
    refused(
        "voter",
        &voting,
        &mainnet,
        &["an extended public key of mainnet, not of simnet"],
    );
    refused(
        "web",
        &voting,
        "Ssomething",
        &["pool.voting_wallet_extpub: "],
    );
    refused(
        "web",
        &voting,
        "",
        &["pool.voting_wallet_extpub: is missing"],
    );
}

#[test]
fn certificates_that_are_not_there() {
    let line = "cert = \"any.cert\"";
    refused(
        "web",
        line,
        "cert = \"none.cert\"",
        &["voters[0].cert: ", "none.cert"],
    );
    refused(
        "web",
        line,
        "cert = \"pool.toml\"",
        &["voters[0].cert: ", "is not PEM"],
    );
}

#[test]
fn files_that_cannot_be_read() {
    refused("web", "[pool]", "[pool", &["TOML parse error at line 2"]);
    for role in ["web", "voter", "migrate", "resume"] {
        let run = run(&[role, "--config", "/nowhere/pool.toml"], &[]);
        assert_eq!(run.code, 78, "{role}: {}", run.stderr);
        assert!(
            run.stderr.contains("/nowhere/pool.toml: cannot be read"),
            "{}",
            run.stderr
        );
    }
    let named = run(&["web"], &[("DCRSTAKEPOOL_CONFIG", "/nowhere/pool.toml")]);
    assert_eq!(named.code, 78);
    assert!(named.stderr.contains("/nowhere/pool.toml: cannot be read"));
    let none = run(&["web"], &[("HOME", "/nowhere")]);
    assert_eq!(none.code, 78);
    let searched = "/nowhere/.config/dcrstakepool/dcrstakepool.toml";
    assert!(
        none.stderr.contains("no configuration file at"),
        "{}",
        none.stderr
    );
    assert!(none.stderr.contains(searched), "{}", none.stderr);
}

#[test]
fn variables_that_name_no_key() {
    let folder = tempfile::tempdir().expect("folder");
    let file = folder.path().join("pool.toml");
    std::fs::write(&file, sound(folder.path())).expect("folder");
    let file = file.display().to_string();
    for (name, text) in [
        ("DCRSTAKEPOOL__WEB__LISTN", "web.listn: unknown key"),
        (
            "DCRSTAKEPOOL__WEB__CAPTCHA",
            "web.captcha: must be true or false",
        ),
        ("DCRSTAKEPOOL__", "names no key"),
        ("DCRSTAKEPOOL_WEB__LISTEN", "names no key"),
    ] {
        let run = run(&["web"], &[("DCRSTAKEPOOL_CONFIG", &file), (name, "x")]);
        assert_eq!(run.code, 78, "{name}: {}", run.stderr);
        let expected = format!("environment variable {name}: {text}");
        assert!(
            run.stderr.contains(&expected),
            "{expected} not in\n{}",
            run.stderr
        );
    }
}

#[test]
fn all_at_once() {
    let run = edited(
        "voter",
        "fee_percent = 7.5",
        "fee_percent = -1\nmax_users = 0\nx = 1",
    );
    assert_eq!(run.code, 78);
    for key in ["pool.fee_percent: ", "pool.max_users: ", "pool.x: "] {
        assert!(run.stderr.contains(key), "{key} not in\n{}", run.stderr);
    }
    assert_eq!(run.stderr.lines().count(), 4, "{}", run.stderr);
}
