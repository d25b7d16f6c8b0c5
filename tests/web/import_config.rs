//! `import-config`, as an operator of the Go program runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Output;

use dcrstakepool::config::{Sources, WebConfig};

use super::site::voting_key;
use crate::harness::program;

fn run(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = program::command(&["import-config"]);
    program::finish(command.args(arguments).current_dir(folder))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn old_files(folder: &Path) {
    let key = voting_key();
    let site = format!(
        "[Application Options]\nsimnet=1\nbaseurl=https://pool.example.com\n\
         apisecret=hunter2-hunter2-hunter2-hunter2-hunter2\nvotingwalletextpub={key}\ncoldwalletextpub={key}\n\
         dbpassword=hunter3\nstakepooldhosts=127.0.0.1\nstakepooldcerts=stakepoold.cert\nadminips=127.0.0.1\n\
         cookiesecret=hunter4\n"
    );
    fs::write(folder.join("dcrstakepool.conf"), site).expect("folder");
    let voter = "simnet=1\ndcrduser=u\ndcrdpassword=hunter5\ndcrdcert=d.cert\nwalletuser=w\nwalletpassword=hunter6\n\
                 walletcert=w.cert\n";
    fs::write(folder.join("stakepoold.conf"), voter).expect("folder");
    let pair = dcrstakepool::tls::self_signed(&["localhost".to_owned()]).expect("certificate");
    fs::write(folder.join("stakepoold.cert"), pair.cert_pem).expect("folder");
}

#[test]
fn the_old_files_become_a_configuration_and_files_of_secrets() {
    let folder = tempfile::tempdir().expect("folder");
    old_files(folder.path());
    let output = run(folder.path(), &["dcrstakepool.conf", "stakepoold.conf"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let toml = text(&output.stdout);
    assert!(!(toml.clone() + &told).contains("hunter"), "{toml}{told}");
    for line in [
        "renamed      apisecret             web.api_secret  (dcrstakepool.conf:4)",
        "dropped      cookiesecret          sessions are in the database, under random names  (dcrstakepool.conf:11)",
        "to look at: those that are conflicting, unknown or missing",
    ] {
        assert!(told.contains(line), "{told}");
    }
    let secrets = folder.path().join("secrets");
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    assert_eq!(mode(&secrets), 0o700);
    assert_eq!(mode(&secrets.join("api_secret")), 0o600);
    assert_eq!(
        fs::read_to_string(secrets.join("dcrd_password")).expect("there"),
        "hunter5"
    );

    // Elsewhere it works as well: it names whole paths.
    let file = folder.path().join("new.toml");
    fs::write(&file, &toml).expect("folder");
    let sources = Sources {
        file: Some(file),
        ..Sources::default()
    };
    let config = WebConfig::load(&sources).unwrap_or_else(|error| panic!("{error}\n{toml}"));
    assert!(
        config
            .web
            .api_secret
            .matches("hunter2-hunter2-hunter2-hunter2-hunter2")
    );
    assert_eq!(
        config.database.url.expose(),
        "mysql://stakepool:hunter3@127.0.0.1:3306/stakepool"
    );

    let again = run(folder.path(), &["dcrstakepool.conf", "stakepoold.conf"]);
    assert_eq!(text(&again.stdout), toml, "the voters' token stays");
    assert!(text(&again.stderr).contains("api_secret is there already"));
}

#[test]
fn secrets_that_are_there_are_never_overwritten() {
    let folder = tempfile::tempdir().expect("folder");
    old_files(folder.path());
    let secrets = folder.path().join("mine");
    fs::create_dir(&secrets).expect("folder");
    fs::write(secrets.join("api_secret"), "another").expect("folder");
    let output = run(
        folder.path(),
        &["dcrstakepool.conf", "--secrets-dir", "mine"],
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("mine/api_secret; nothing was written"));
    assert!(output.stdout.is_empty());
    assert_eq!(fs::read_dir(&secrets).expect("folder").count(), 1);
}

#[test]
fn a_dry_run_only_tells_and_mistakes_are_told_whole() {
    let folder = tempfile::tempdir().expect("folder");
    old_files(folder.path());
    let output = run(folder.path(), &["dcrstakepool.conf", "--dry-run"]);
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0));
    assert!(!folder.path().join("secrets").exists());

    fs::write(
        folder.path().join("broken.conf"),
        "hunter2\nlisten=\"hunter2\n",
    )
    .expect("folder");
    let output = run(folder.path(), &["broken.conf"]);
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{told}");
    assert!(
        told.contains("broken.conf:1: is not NAME=VALUE") && told.contains("broken.conf:2: "),
        "{told}"
    );
    assert!(!told.contains("hunter2"));

    let output = run(folder.path(), &["nowhere.conf"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("nowhere.conf"));
    let output = run(folder.path(), &["dcrstakepool.conf", "dcrstakepool.conf"]);
    assert_eq!(output.status.code(), Some(2));
}
