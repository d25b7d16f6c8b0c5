//! `web` and its database at start, and with voters that it can do without; and what signals do to a
//! site that runs.

use dcrstakepool::rpc::method;
use dcrstakepool::tls;
use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};
use futures_util::future::join_all;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::site::{Site, Wish};
use super::start_faults::{Setting, run};
use crate::harness::mariadb::MariaDb;
use crate::harness::process::Process;
use crate::harness::program;

/// Two of three voters are needed.
async fn three_voters() -> Site {
    Site::with(Wish {
        voters: 3,
        pool: "min_voters = 2\n",
        ..Wish::default()
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_wrong_voter_beside_enough_good_ones_is_an_alarm() {
    let mut site = three_voters().await;
    site.stop().await;
    site.voters[2]
        .fake
        .with(|state| state.status.network = "mainnet".into());
    site.start_again().await;
    site.logged("it is on mainnet, not on simnet").await;
    assert_eq!(site.browser().get("/readyz").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_voter_with_other_fees_closes_enrolment_and_one_with_another_key_is_wrong() {
    let mut setting = Setting::new().await;
    let name = setting.name(0);
    setting.differs = Some("pool.voting_wallet_extpub");
    let expected = [
        "not the right one",
        &*name,
        "pool.voting_wallet_extpub is not ours",
    ];
    setting.refused(&setting.sections(), 76, &expected).await;

    let mut site = three_voters().await;
    site.stop().await;
    let fees = ("pool.fees".to_owned(), "another".to_owned());
    site.voters[0]
        .fake
        .with(|state| state.status.config.0.extend([fees]));
    site.start_again().await;
    site.logged("configured differently: enrolment is closed")
        .await;
    site.logged("pool.fees").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_may_start_without_voters() {
    let site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 2\n",
        web: "start_without_voters = true\n",
        away: true,
        ..Wish::default()
    })
    .await;
    site.logged("0 of at least 2 voters are there").await;
    site.logged("enrolment is closed until they are").await;
    assert_eq!(site.browser().get("/").await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_cannot_be_opened_is_unavailable_to_every_command() {
    let mut setting = Setting::new().await;
    std::fs::create_dir(setting.folder.path().join("folder.db")).expect("folder");
    for (url, named) in [
        ("mysql://pool:hunter2hunter2@127.0.0.1:1/pool", "database"),
        ("sqlite://missing/pool.db", "missing/pool.db"),
        ("sqlite://folder.db", "folder.db"),
        // Not even root may make a file there.
        ("sqlite:///proc/pool.db", "/proc/pool.db"),
    ] {
        setting.database = url.into();
        let file = setting.configure(&setting.sections());
        let commands = [["web"], ["resume"], ["migrate"]];
        let outputs = commands.iter().map(|command| run(&file, command));
        for output in join_all(outputs).await {
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(69), "{url}: {said}");
            let (_, message) = said.split_once("error: ").expect("a message");
            assert!(message.contains(named), "{url}: {said}");
            assert!(!said.contains("hunter2"), "{said}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_the_account_is_wrong() {
    let server = MariaDb::shared();
    let database = server.create_database();
    let powerless = format!("powerless_{database}");
    let sql = format!("CREATE USER '{powerless}'@'127.0.0.1' IDENTIFIED BY 'hunter2hunter2'");
    server.execute(&database, &sql);
    let mut setting = Setting::new().await;
    for (user, password) in [
        ("root", "hunter2hunter2"),
        ("nobody", "hunter2hunter2"),
        (powerless.as_str(), "hunter2hunter2"),
    ] {
        setting.database = server.url_as(user, password, &database);
        let expected = ["database refuses this account", user];
        setting.refused(&setting.sections(), 76, &expected).await;
        let output = setting.run(&setting.sections(), &["resume"]).await;
        assert_eq!(output.status.code(), Some(76));
        assert!(!String::from_utf8_lossy(&output.stderr).contains("hunter2"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schema_of_another_version_is_refused() {
    let setting = Setting::new().await;
    let sections = setting.sections();
    let output = setting.run(&sections, &["migrate"]).await;
    assert_eq!(output.status.code(), Some(0));
    let file = setting.folder.path().join("pool.db");
    let execute = |sql: &str| {
        let mut database = SqliteConnection::establish(&file.to_string_lossy()).expect("database");
        database.batch_execute(sql).expect(sql);
    };
    execute("INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')");
    setting.refused(&sections, 78, &["newer"]).await;
    for command in ["resume", "migrate"] {
        let output = setting.run(&sections, &[command]).await;
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(78), "{command}: {said}");
        assert!(said.contains("newer"), "{command}: {said}");
    }
    // Only its owner fills an empty one.
    std::fs::remove_file(&file).expect("the database");
    std::fs::write(&file, "").expect("the database");
    let output = setting.run(&sections, &["resume"]).await;
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{said}");
    assert!(said.contains("is empty"), "{said}");
    // What the Go program left.
    execute(
        "CREATE TABLE Users (UserId integer PRIMARY KEY, Email varchar(255), Username varchar(255), Password blob, \
         MultiSigAddress varchar(255), MultiSigScript varchar(255), PoolPubKeyAddr varchar(255), \
         UserPubKeyAddr varchar(255)); INSERT INTO Users (UserId) VALUES (1)",
    );
    let expected = ["older than this program", "run `dcrstakepool migrate`"];
    setting.refused(&sections, 78, &expected).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_ends_when_it_is_told_to() {
    let mut site = Site::start().await;
    for signal in ["-TERM", "-INT"] {
        site.signal(signal);
        assert_eq!(site.ended().await.code(), Some(0), "{}", site.log());
        site.start_again().await;
    }
    // A request under way is waited for, until a second signal.
    let mut request = TcpStream::connect(site.address).await.expect("web");
    let head = "POST /signin HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\
                Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=";
    request.write_all(head.as_bytes()).await.expect("web");
    // Answered behind it: the request has arrived.
    assert_eq!(site.browser().get("/healthz").await.status, 200);
    site.signal("-TERM");
    site.logged("a second signal ends at once").await;
    site.signal("-TERM");
    assert_eq!(site.ended().await.code(), Some(1), "{}", site.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_waits_for_its_voters_can_be_stopped() {
    let setting = Setting::new().await;
    let mut command = program::command(&["web", "--config"]);
    command.arg(setting.configure(&setting.sections()));
    let fake = &setting.voters[0].fake;
    fake.hang(method::STATUS);
    let mut web = Process::start("web", &command, &setting.folder.path().join("log"));
    super::site::wait_for(|| (fake.calls_of(method::STATUS) > 0).then_some(())).await;
    web.signal("TERM");
    let status = tokio::task::block_in_place(|| web.wait());
    assert_eq!(status.code(), Some(0), "{}", web.log());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hang_up_reads_notice_closed_filter_and_certificates_again() {
    let mut site = Site::start().await;
    let mut browser = site.browser();
    assert!(!browser.get("/").await.body.contains("Maintenance at noon"));

    // The first voter comes back with another certificate.
    site.voters[0].stop().await;
    site.voters[0].pair = tls::self_signed(&["127.0.0.1".to_owned()]).expect("certificate");
    site.voters[0].start_again().await;
    site.logged("shows another certificate than the pinned one")
        .await;
    // Who attends to a voter may meet it before its watcher does.
    site.logged("voter is away").await;
    // Written beside the configuration, where the file of the former one was.
    site.voters[0].section(site.folder.path());
    let text = std::fs::read_to_string(site.file()).expect("configuration");
    let changed = text.replace("filter = \"trace\"", "filter = \"info\"").replace(
        "[pool]\n",
        "[pool]\nnotice = \"Maintenance at noon\"\nclosed = true\nclosed_message = \"Gone fishing.\"\n",
    );
    std::fs::write(site.file(), changed).expect("configuration");
    site.signal("-HUP");
    site.logged("configuration read again").await;
    site.logged("another certificate is trusted").await;
    let page = browser.get("/signup").await;
    page.shows("Maintenance at noon");
    page.shows("Gone fishing.");
    let quiet = site.log().matches("DEBUG").count();
    // Both voters are there once more.
    let name = site.voters[0].address.to_string();
    super::site::wait_for(|| {
        let log = site.log();
        let there = log
            .matches("voter is there")
            .filter(|_| log.contains(&name));
        (there.count() > site.voters.len()).then_some(())
    })
    .await;
    assert_eq!(site.log().matches("DEBUG").count(), quiet);

    std::fs::write(site.file(), "network = 7\n").expect("configuration");
    site.signal("-HUP");
    site.logged("configuration not read again").await;
    browser.get("/").await.shows("Maintenance at noon");
    assert_eq!(site.stop().await.code(), Some(0));
}
