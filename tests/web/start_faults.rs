//! What keeps `web` from starting: each fault has its exit code and a message that names the culprit.

use std::path::{Path, PathBuf};
use std::process::Output;

use dcrstakepool::config::{Sources, WebConfig};
use dcrstakepool::decred::params::Network;
use dcrstakepool::domain::PoolId;
use dcrstakepool::tls;
use tempfile::TempDir;
use uuid::Uuid;

use crate::harness::fake_voter::{FakeVoter, RunningVoter, TOKEN};
use crate::harness::program;

const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

/// A configuration of web, and the voters that it names.
pub struct Setting {
    pub voters: Vec<RunningVoter>,
    pub folder: TempDir,
    pub database: String,
    /// A key in which the first voter is configured differently.
    pub differs: Option<&'static str>,
}

impl Setting {
    /// Two honest voters, both of which are needed.
    pub async fn new() -> Self {
        let mut voters = Vec::new();
        for _ in 0..2 {
            voters.push(RunningVoter::start(FakeVoter::new(Network::Simnet, EXTPUB)).await);
        }
        Self {
            voters,
            folder: tempfile::tempdir().expect("folder"),
            database: "sqlite://pool.db".into(),
            differs: None,
        }
    }

    /// The `[[voters]]` sections.
    pub fn sections(&self) -> String {
        let sections = self.voters.iter();
        sections
            .map(|voter| voter.section(self.folder.path()))
            .collect()
    }

    fn text(&self, sections: &str) -> String {
        format!(
            "network = \"simnet\"\n[log]\nfilter = \"trace\"\n\
             [database]\nurl = \"{}\"\n\
             [pool]\nname = \"Test pool\"\nemail = \"admin@example.com\"\nfee_percent = 7.5\n\
             min_voters = 2\n\
             voting_wallet_extpub = \"{EXTPUB}\"\ncold_wallet_extpub = \"{EXTPUB}\"\n\
             [web]\nlisten = \"127.0.0.1:0\"\nbase_url = \"http://pool.example.com\"\n\
             api_secret = \"an-api-secret-that-only-tests-may-use\"\ncaptcha = false\n\
             {sections}",
            self.database
        )
    }

    /// Writes the configuration.
    pub fn configure(&self, sections: &str) -> PathBuf {
        let file = self.folder.path().join("dcrstakepool.toml");
        std::fs::write(&file, self.text(sections)).expect("configuration");
        agree(&self.voters, &file);
        if let Some(key) = self.differs {
            let digest = (key.to_owned(), "another".to_owned());
            let fake = &self.voters[0].fake;
            fake.with(|state| state.status.config.0.extend([digest]));
        }
        file
    }

    /// Runs a role that ends by itself.
    pub async fn run(&self, sections: &str, arguments: &[&str]) -> Output {
        run(&self.configure(sections), arguments).await
    }

    /// Expects that web does not start.
    pub async fn refused(&self, sections: &str, code: i32, expected: &[&str]) {
        let output = self.run(sections, &["web"]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{said}");
        let (_, message) = said.split_once("error: ").expect("a message");
        for expected in expected {
            assert!(message.contains(expected), "{expected:?} is not in: {said}");
        }
        assert!(!message.contains(TOKEN), "{said}");
    }

    pub fn name(&self, voter: usize) -> String {
        self.voters[voter].address.to_string()
    }
}

/// Runs a role with this configuration to its end.
pub async fn run(file: &Path, arguments: &[&str]) -> Output {
    let mut command = program::command(arguments);
    command.arg("--config").arg(file);
    // The scripted voters must be able to answer.
    let work = tokio::task::spawn_blocking(move || program::finish(&mut command));
    work.await.expect("the program runs")
}

/// The voters' `[pool]` is the site's.
fn agree(voters: &[RunningVoter], file: &Path) {
    let sources = Sources {
        file: Some(file.to_owned()),
        ..Sources::default()
    };
    // One of the tests names no voter that could agree.
    let Ok(config) = WebConfig::load(&sources) else {
        return;
    };
    for (voter, peer) in voters.iter().zip(&config.voters) {
        voter.fake.set_config(config.digests(peer));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn too_few_voters_are_named() {
    let setting = Setting::new().await;
    setting.voters[1].stop().await;
    let away = setting.name(1);
    let expected = ["too few voters", "1 of at least 2", &away, "reached"];
    setting.refused(&setting.sections(), 69, &expected).await;

    // That this one is wrong does not keep web from starting: the other one does.
    let wrong = setting.name(0);
    setting.voters[0]
        .fake
        .with(|state| state.status.network = "mainnet".into());
    let expected = ["0 of at least 2", &away, "reached", &wrong, "mainnet"];
    setting.refused(&setting.sections(), 69, &expected).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_voter_that_is_the_wrong_one_is_told_apart() {
    let setting = Setting::new().await;
    let wrong = setting.name(0);
    let other_token = setting
        .sections()
        .replacen(TOKEN, &TOKEN.replace('a', "b"), 1);
    let refuses = ["not the right one", &*wrong, "refuses the token"];
    setting.refused(&other_token, 76, &refuses).await;

    let sections = setting.sections();
    let file = format!("voter-{}.cert", setting.voters[0].address.port());
    let other = tls::self_signed(&["127.0.0.1".to_owned()]).expect("certificate");
    let path = setting.folder.path().join("other.cert");
    std::fs::write(path, other.cert_pem).expect("certificate");
    let other_cert = sections.replace(&file, "other.cert");
    let shows = ["not the right one", &*wrong, "certificate"];
    setting.refused(&other_cert, 76, &shows).await;

    let fake = &setting.voters[0].fake;
    fake.with(|state| state.status.network = "mainnet".into());
    let network = ["not the right one", &*wrong, "mainnet", "simnet"];
    setting.refused(&sections, 76, &network).await;

    let stranger = PoolId(Uuid::new_v4());
    fake.with(|state| {
        state.status.network = "simnet".into();
        state.status.pool_id = Some(stranger);
    });
    let pool = stranger.to_string();
    let belongs = ["not the right one", &*wrong, &*pool];
    setting.refused(&sections, 76, &belongs).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_named_without_its_password() {
    let mut setting = Setting::new().await;
    setting.database = "mysql://pool:hunter2hunter2@127.0.0.1:1/pool".into();
    setting
        .refused(&setting.sections(), 69, &["database"])
        .await;
    let output = setting.run(&setting.sections(), &["web"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("hunter2"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resume_says_that_there_is_nothing_to_resume() {
    let setting = Setting::new().await;
    let sections = setting.sections();
    // Makes the database.
    let stopped = setting.name(0);
    setting.voters[0].stop().await;
    setting.refused(&sections, 69, &[&*stopped]).await;
    let resume = async |arguments: &[&str]| {
        let output = setting.run(&sections, arguments).await;
        let said = format!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output.status.code(), said)
    };
    let (code, said) = resume(&["resume"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("enrolment is not halted"), "{said}");
    let (code, said) = resume(&["resume", "--override", " "]).await;
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = resume(&["resume", "--accept-preferences"]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("no voter refuses"), "{said}");
}
