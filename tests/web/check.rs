//! `dcrstakepool check` beside a running site, a running voter, and where none runs.

use std::path::{Path, PathBuf};

use dcrstakepool::db::{Access, Options, Store};
use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::{VoteBits, VoteVersion};
use dcrstakepool::domain::{Preference, Revision, UserId};
use dcrstakepool::rpc::method;
use dcrstakepool::rpc::wire::Alarm;
use dcrstakepool::secret::Secret;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::alerts::chat_room;
use super::browser::Browser;
use super::site::{API_SECRET, Site, Wish, voting_key, wait_for};
use super::voter_bed::{Bed, TOKEN, vector};
use crate::harness::fake_daemon::PASSWORD;
use crate::harness::mariadb::MariaDb;
use crate::harness::port::free_port;
use crate::harness::process::{Process, read_log};
use crate::harness::program;
use crate::harness::smtp::{Manners, Security, SmtpServer};

/// What a check said.
struct Said {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Said {
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.all()))
    }

    /// Status and text of the first line of that name.
    fn of(&self, name: &str) -> (String, String) {
        let json = self.json();
        let checks = json["checks"].as_array().expect("a list");
        let found = checks.iter().find(|check| check["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no {name} in {}", self.all()));
        let text = |key: &str| found[key].as_str().expect("text").to_owned();
        (text("status"), format!("{} {}", text("text"), text("hint")))
    }

    #[track_caller]
    fn is(&self, name: &str, status: &str, parts: &[&str]) {
        let (found, text) = self.of(name);
        assert_eq!(found, status, "{name}: {}", self.all());
        for part in parts {
            assert!(text.contains(part), "{name}: {part:?} is not in: {text}");
        }
    }

    #[track_caller]
    fn ends_with(&self, code: i32) {
        assert_eq!(self.code, Some(code), "{}", self.all());
        assert_eq!(self.json()["ok"], json!(code == 0), "{}", self.all());
        let every = self.json()["checks"].as_array().expect("a list").clone();
        let failed = every.iter().any(|check| check["status"] == "fail");
        assert_eq!(failed, code == 1, "{}", self.all());
    }

    fn all(&self) -> String {
        format!("{:?} {}\n{}", self.code, self.out, self.err)
    }
}

/// As the umask of the units has it.
fn close(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let closed = std::fs::Permissions::from_mode(0o700);
    std::fs::set_permissions(path, closed).expect("a file of ours");
}

/// The fakes live in this process: they must be able to answer.
async fn check(what: &str, file: &Path, more: &[&str]) -> Said {
    let mut command = program::command(&["check", what, "--config"]);
    command.arg(file).args(more);
    let work = tokio::task::spawn_blocking(move || program::finish(&mut command));
    let output = work.await.expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Said {
        code: output.status.code(),
        out: text(&output.stdout),
        err: text(&output.stderr),
    }
}

/// Checks until the answer is this one.
async fn until(what: &str, file: &Path, good: impl Fn(&Said) -> bool) -> Said {
    let mut said = check(what, file, &["--json"]).await;
    for _ in 0..200 {
        if good(&said) {
            return said;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        said = check(what, file, &["--json"]).await;
    }
    panic!("never: {}", said.all());
}

/// A voter's bed whose chain ends where its state does, and its configuration with a known port.
async fn bed() -> (Bed, PathBuf) {
    let bed = Bed::new().await;
    bed.leave_state(5);
    let best = json!({"hash": Hash([2; 32]), "height": 480});
    bed.dcrd.answer("getbestblock", best);
    let file = bed.configuration();
    let text = std::fs::read_to_string(&file).expect("configuration");
    let listen = format!("listen = \"0.0.0.0:{}\"\n", free_port());
    std::fs::write(&file, text.replace("listen = \"127.0.0.1:0\"\n", &listen)).expect("folder");
    (bed, file)
}

async fn running(bed: &Bed, file: &Path) -> Process {
    let mut command = program::command(&["voter", "--config"]);
    command.arg(file);
    let log = bed.folder.path().join("log");
    let process = Process::start("voter", &command, &log);
    wait_for(|| read_log(&log).contains("voter is ready").then_some(())).await;
    process
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_voter_answers_for_itself_and_its_alarms_fail() {
    let (bed, file) = bed().await;
    let mut process = running(&bed, &file).await;
    close(&bed.folder.path().join("data"));
    let well = until("voter", &file, |said| {
        said.code == Some(0) && said.of("dcrd").0 == "ok" && said.of("dcrwallet").0 == "ok"
    })
    .await;
    well.ends_with(0);
    well.is("voter", "ok", &["runs", "on simnet"]);
    well.is("dcrd", "ok", &["connected", "at block 485"]);
    well.is("signer", "ok", &["in memory"]);
    well.is("votes", "ok", &["0 own winners"]);
    // Nobody has sent any since the start.
    well.is("preferences", "warn", &["1 users", "not confirmed"]);
    well.is("clock", "ok", &["dcrd's peers"]);
    well.is("txindex", "ok", &[]);
    well.is("files", "ok", &[]);
    let text = include_str!("../data/current/d_getinfo.json");
    let recorded: Value = serde_json::from_str(text).expect("JSON");
    let mut info = recorded["response"]["result"].clone();
    info["timeoffset"] = json!(-90);
    bed.dcrd.answer("getinfo", info);
    let late = check("voter", &file, &["--json"]).await;
    late.ends_with(1);
    late.is("clock", "fail", &["-90 s", "timedatectl"]);
    bed.dcrd
        .answer("getinfo", recorded["response"]["result"].clone());

    let text = include_str!("../data/current/w_walletinfo.json");
    let recorded: Value = serde_json::from_str(text).expect("JSON");
    let mut info = recorded["response"]["result"].clone();
    info["unlocked"] = json!(false);
    bed.wallet.answer("walletinfo", info);
    let locked = until("voter", &file, |said| said.code == Some(1)).await;
    locked.ends_with(1);
    locked.is("dcrwallet", "fail", &["locked", "walletpassphrase"]);
    let person = check("voter", &file, &[]).await;
    assert_eq!(person.code, Some(1));
    assert!(
        person.out.contains("\nFAIL  dcrwallet  "),
        "{}",
        person.all()
    );
    assert!(person.err.starts_with("error: 1 of "), "{}", person.all());

    // The file was changed since the start.
    let config = std::fs::read_to_string(&file).expect("configuration");
    std::fs::write(
        &file,
        config.replace("fee_percent = 7.5", "fee_percent = 5"),
    )
    .expect("folder");
    let changed = check("voter", &file, &["--json"]).await;
    assert!(
        changed.out.contains("another value of pool.fees"),
        "{}",
        changed.all()
    );
    let other = config.replace(TOKEN, &"0".repeat(40));
    std::fs::write(&file, other).expect("folder");
    let stranger = check("voter", &file, &["--json"]).await;
    stranger.ends_with(1);
    stranger.is("voter", "fail", &["refuses the token"]);
    process.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_voter_its_daemons_and_its_state_are_looked_at() {
    let (bed, file) = bed().await;
    let before = check("voter", &file, &["--json"]).await;
    before.ends_with(0);
    before.is("voter", "warn", &["does not run", "dcrstakepool voter"]);
    before.is("dcrd", "ok", &["txindex"]);
    before.is("clock", "ok", &["dcrd's peers"]);
    before.is("chain", "ok", &["complete"]);
    before.is("dcrwallet", "ok", &["unlocked", "voting key"]);
    let counts = "1 scripts, 1 users' preferences, 1 tickets";
    before.is("state", "ok", &[counts]);

    // Also while another process holds the folder, and without changing anything in it.
    let state = bed.folder.path().join("data/tickets.state");
    let text = std::fs::read(&state).expect("a state");
    std::fs::write(&state, &text[..text.len() / 2]).expect("folder");
    let lock = std::fs::File::create(bed.folder.path().join("data/lock")).expect("folder");
    lock.lock().expect("a lock");
    bed.wallet.answer("getmasterpubkey", json!(other_key()));
    bed.dcrd.close(true);
    let trouble = check("voter", &file, &["--json"]).await;
    trouble.ends_with(1);
    trouble.is("state", "fail", &["tickets.state", "checksum"]);
    trouble.is("dcrwallet", "fail", &["voting_wallet_extpub"]);
    trouble.is("dcrd", "fail", &["is unavailable", "start it"]);
    assert_eq!(
        std::fs::read(&state).expect("a state").len(),
        text.len() / 2
    );
    for secret in [TOKEN, PASSWORD, &vector("/account_public"), &other_key()] {
        assert!(!trouble.all().contains(secret), "{}", trouble.all());
    }
}

/// A good key that is not the pool's.
fn other_key() -> String {
    let text = include_str!("../data/current/w_getmasterpubkey.json");
    let recorded: Value = serde_json::from_str(text).expect("JSON");
    let key = recorded["response"]["result"].as_str();
    let key = key.expect("a key").to_owned();
    assert_ne!(key, voting_key());
    key
}

async fn two_voters() -> Site {
    Site::with(Wish {
        voters: 2,
        pool: "min_voters = 1\n",
        ..Wish::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn beside_a_running_site_every_voter_is_asked() {
    let site = two_voters().await;
    let file = site.file();
    let name = |voter: usize| format!("voter {}", site.voters[voter].address);
    close(&site.folder.path().join("pool.db"));
    let well = until("web", &file, |said| !said.out.contains("are not those")).await;
    well.ends_with(0);
    well.is("database", "ok", &["answers"]);
    well.is("enrolment", "ok", &["not halted"]);
    well.is("voters", "ok", &["2 of 2"]);
    well.is(&name(0), "ok", &["at block 200"]);
    well.is("fee addresses", "ok", &[]);
    well.is("users", "ok", &["can be read"]);
    well.is("files", "ok", &[]);
    well.is(
        "backup",
        "warn",
        &["never was one", "dcrstakepool-backup.timer"],
    );

    site.voters[0].fake.with(|state| {
        state.status.alarms.push(Alarm {
            id: "wallet_locked".into(),
            message: "dcrwallet is locked".into(),
            since: 1,
        });
        state.status.wallet.unlocked = false;
        state.status.clock = Some(1_000);
    });
    site.voters[1].stop().await;
    let trouble = check("web", &file, &["--json"]).await;
    trouble.ends_with(1);
    trouble.is(&name(0), "fail", &["cannot do its work"]);
    trouble.is(&name(1), "fail", &["cannot be reached", "check voter"]);
    trouble.is("voters", "fail", &["0 of 2 can vote, at least 1 must"]);
    trouble.is("wallet_locked", "fail", &["is locked", "walletpassphrase"]);
    let clock = format!("the clock of {} is ", site.voters[0].address);
    assert!(trouble.out.contains(&clock), "{}", trouble.all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_site_is_asked_and_a_mail_and_an_alert_are_tried() {
    let mails = SmtpServer::start(Security::Plain, Manners::default()).await;
    let mut tasks = JoinSet::new();
    let (port, said) = chat_room(&mut tasks).await;
    let site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 1\n",
        mail: format!(
            "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"none\"\nfrom = \"pool@example.com\"\n\
             [alerts]\nmail = [\"ops@example.com\"]\nwebhook = \"http://127.0.0.1:{port}/room\"\n",
            mails.port
        ),
        ..Wish::default()
    })
    .await;
    let trials = [
        "--json",
        "--send-test-mail",
        "kim@example.com",
        "--send-test-alert",
    ];
    let nowhere = check("web", &site.file(), &trials).await;
    nowhere.is("site", "warn", &["http://pool.example.com/healthz"]);
    nowhere.is("test mail", "ok", &["kim@example.com"]);
    nowhere.is("test alert", "ok", &["by webhook and to ops@example.com"]);
    let to: Vec<_> = mails.taken().iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(to, ["kim@example.com", "ops@example.com"]);
    let told = said.lock().expect("words").join("\n");
    assert!(told.contains("\"event\":\"test\""), "{told}");

    let here = format!("http://{}", site.address);
    site.edit("http://pool.example.com", &here);
    let found = check("web", &site.file(), &["--json"]).await;
    found.is("site", "ok", &[&here]);
    // Something else is there, and nobody takes the test alert.
    site.edit(&here, &format!("http://127.0.0.1:{port}"));
    site.edit("/room", "/nowhere");
    let wrong = check("web", &site.file(), &trials).await;
    wrong.ends_with(1);
    wrong.is("site", "fail", &["not by this program"]);
    wrong.is("test alert", "fail", &["webhook: it answered 404"]);
    wrong.is("test mail", "ok", &[]);

    let voter = check("voter", &site.file(), &["--send-test-alert"]).await;
    assert_eq!(voter.code, Some(2), "{}", voter.all());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn api_tokens_that_open_nothing_are_counted() {
    let site = two_voters().await;
    let mut kim = Browser::new_user(&site, "kim@example.com").await;
    kim.api_token().await;
    let file = site.file();
    check("web", &file, &["--json"])
        .await
        .is("API tokens", "ok", &["all 1 are good"]);
    site.edit("http://pool.example.com", "https://new.example.com");
    let moved = check("web", &file, &["--json"]).await;
    let words = [
        "1 of 1 were issued by http://pool.example.com",
        "former_base_urls",
    ];
    moved.is("API tokens", "warn", &words);
    site.edit(API_SECRET, &"0".repeat(40));
    let other = check("web", &file, &["--json"]).await;
    other.is("API tokens", "warn", &["1 of 1 were made with another"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_and_a_difference_are_told_and_looking_changes_nothing() {
    let mut site = two_voters().await;
    let name = format!("voter {}", site.voters[0].address);
    site.stop().await;
    let fees = ("pool.fees".to_owned(), "another".to_owned());
    site.voters[0]
        .fake
        .with(|state| state.status.config.0.extend([fees]));
    let url = site.folder.path().join("pool.db");
    let mut database = SqliteConnection::establish(&url.to_string_lossy()).expect("database");
    let halt =
        "INSERT INTO pool_halt (id, since, voter, reason) VALUES (1, 7, 'v1', 'another key')";
    database.batch_execute(halt).expect(halt);
    // A backup of last night was put back.
    let newer = Preference {
        user_id: UserId(4),
        ticket_address: vector("/children/1/ticket_address"),
        version: VoteVersion(12),
        bits: VoteBits(5),
        revision: Revision(99),
    };
    site.voters[1]
        .fake
        .with(|state| state.preferences.insert(4, newer));
    let said = check("web", &site.file(), &["--json"]).await;
    said.ends_with(1);
    assert!(
        said.out.contains("holds preferences up to revision 99"),
        "{}",
        said.all()
    );
    said.is(&name, "fail", &["pool.fees", "nobody can enrol"]);
    said.is(
        "enrolment",
        "fail",
        &["v1: another key", "dcrstakepool resume"],
    );
    // Nothing was sent to anybody by only looking.
    for method in [method::SET_PREFERENCES, method::IMPORT_SCRIPTS] {
        let before = site.voters[1].fake.calls_of(method);
        check("web", &site.file(), &[]).await;
        assert_eq!(site.voters[1].fake.calls_of(method), before, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_is_away_fails_and_a_bad_configuration_ends_with_78() {
    let site = two_voters().await;
    let away = "mysql://pool:hunter2hunter2@127.0.0.1:1/pool";
    site.edit("sqlite://pool.db", away);
    let said = check("web", &site.file(), &["--json"]).await;
    said.ends_with(1);
    said.is("database", "fail", &["database", "database.url"]);
    let name = format!("voter {}", site.voters[0].address);
    said.is(&name, "ok", &["answers"]);
    assert!(!said.all().contains("hunter2"), "{}", said.all());

    site.edit("network = \"simnet\"", "network = 7");
    for what in ["web", "voter"] {
        let said = check(what, &site.file(), &["--json"]).await;
        assert_eq!(said.code, Some(78), "{}", said.all());
        assert!(
            said.err.contains("network") && said.out.is_empty(),
            "{}",
            said.all()
        );
    }
    let said = check("nobody", &site.file(), &[]).await;
    assert_eq!(said.code, Some(2), "{}", said.all());
}

const DATABASE_PASSWORD: &str = "a-password-of-the-database";

/// A database with today's tables, and an account there with these rights (`{}`: the account); its URL.
async fn account(server: &MariaDb, grants: &[&str]) -> (String, String, String) {
    let database = server.create_database();
    let all = Secret::new(server.url(&database));
    let store = Store::connect(Options::new(all, 1, Access::Owner)).await;
    let store = store.expect("a store");
    store.require_schema().await.expect("a schema");
    let user = format!("only_{database}");
    let name = format!("'{user}'@'127.0.0.1'");
    let create = format!("CREATE USER {name} IDENTIFIED BY '{DATABASE_PASSWORD}'");
    server.execute(&database, &create);
    for grant in grants {
        server.execute(&database, &grant.replace("{}", &name));
    }
    let url = server.url_as(&user, DATABASE_PASSWORD, &database);
    (database, name, url)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_of_the_database_and_web_s_account_there_are_looked_at() {
    let server = MariaDb::shared();
    let grants = ["GRANT SELECT, INSERT, UPDATE, DELETE ON * TO {}"];
    let (database, name, url) = account(server, &grants).await;
    let site = two_voters().await;
    site.edit("sqlite://pool.db", &url);
    let said = check("web", &site.file(), &["--json"]).await;
    said.is("database version", "ok", &["MariaDB"]);
    said.is("database account", "ok", &["no more"]);
    said.is("database clock", "ok", &["agrees"]);
    server.execute(&database, &format!("GRANT DROP ON * TO {name}"));
    let said = check("web", &site.file(), &["--json"]).await;
    said.is("database account", "warn", &["DROP", "section 4"]);
    server.execute(&database, &format!("REVOKE DELETE ON * FROM {name}"));
    let said = check("web", &site.file(), &["--json"]).await;
    said.is("database account", "fail", &["DELETE"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_s_account_at_the_database_is_looked_at() {
    let server = MariaDb::shared();
    let grants = [
        "GRANT SELECT (UserId, MultiSigAddress, VoteBits, VoteBitsVersion) ON Users TO {}",
        "GRANT SELECT (user_id, revision) ON pool_revisions TO {}",
        "GRANT SELECT (id, pool_id) ON pool_identity TO {}",
    ];
    let (database, name, url) = account(server, &grants).await;
    let (_bed, file) = bed().await;
    let config = std::fs::read_to_string(&file).expect("configuration");
    let config = format!("{config}\n[database]\nurl = \"{url}\"\n");
    std::fs::write(&file, &config).expect("folder");
    let said = check("voter", &file, &["--json"]).await;
    said.is("database", "ok", &["preferences of 0 users"]);
    said.is("database account", "ok", &["no more"]);
    said.is("database clock", "ok", &["agrees"]);
    server.execute(&database, &format!("GRANT SELECT ON Users TO {name}"));
    let said = check("voter", &file, &["--json"]).await;
    said.is("database account", "warn", &["SELECT on Users"]);
    let wrong = config.replace(DATABASE_PASSWORD, "another-password");
    std::fs::write(&file, wrong).expect("folder");
    let said = check("voter", &file, &["--json"]).await;
    said.is("database", "fail", &["[database]"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn money_in_the_wallet_and_a_certificate_that_ends_are_alarms_of_a_voter() {
    let (bed, file) = bed().await;
    let text = include_str!("../data/current/w_getbalance.json");
    let recorded: Value = serde_json::from_str(text).expect("JSON");
    let mut balances = recorded["response"]["result"].clone();
    balances["balances"][0]["total"] = json!(1.5);
    bed.wallet.answer("getbalance", balances);
    let key = rcgen::KeyPair::generate().expect("a key");
    let mut certificate =
        rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
    let days = time::Duration::days(5) + time::Duration::hours(1);
    certificate.not_after = time::OffsetDateTime::now_utc() + days;
    let certificate = certificate.self_signed(&key).expect("a certificate");
    let folder = bed.folder.path();
    std::fs::write(folder.join("voter.key"), key.serialize_pem()).expect("folder");
    std::fs::write(folder.join("voter.cert"), certificate.pem()).expect("folder");
    let mut process = running(&bed, &file).await;
    let said = until("voter", &file, |said| {
        said.out.contains("wallet owns") && said.out.contains("certificate_expires")
    })
    .await;
    said.ends_with(1);
    said.is(
        "dcrwallet",
        "fail",
        &["owns 1.50000000 coins", "cold wallet"],
    );
    let words = ["the certificate of voter is good for 5 days", "renew it"];
    said.is("certificate_expires", "fail", &words);
    process.stop();
}
