//! A MariaDB server of the test's own, on a free loopback port, in a folder of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, MysqlConnection};

/// The account with all rights that tests' programs use.
pub(super) const USER: &str = "pool";
pub(super) const PASSWORD: &str = "the-password-of-the-database";

/// Names a folder in which servers write down all that they are told, each in a file of its own.
pub const GENERAL_LOGS: &str = "GENERAL_LOGS";

const START_LIMIT: Duration = Duration::from_mins(1);

/// Starts the server, says its process id, and waits until our end of its input is closed: so the
/// server ends with the test's process, however that ends. The folder is kept if a test left `keep`.
const KEEPER: &str = r#"
dir=$1; shift
"$@" >"$dir/server.log" 2>&1 </dev/null &
pid=$!
echo "$pid"
read -r _
kill -9 "$pid"
wait "$pid" 2>/dev/null
[ -e "$dir/keep" ] || rm -rf "$dir"
"#;

#[derive(Debug)]
pub struct MariaDb {
    keeper: Child,
    pid: u32,
    port: u16,
    dir: PathBuf,
    /// More of the command line.
    options: &'static [&'static str],
}

impl MariaDb {
    /// The server that all tests share, each with a database of its own.
    pub fn shared() -> &'static MariaDb {
        static SHARED: OnceLock<MariaDb> = OnceLock::new();
        SHARED.get_or_init(MariaDb::start)
    }

    /// A server for a test that stops or breaks it.
    pub fn start() -> MariaDb {
        Self::start_with(&[])
    }

    /// A server that is set up in another way.
    pub fn start_with(options: &'static [&'static str]) -> MariaDb {
        let dir = tempfile::Builder::new()
            .prefix("dcrstakepool-mariadb-")
            .tempdir()
            .expect("a folder")
            .keep();
        install(&dir, &dir.join("data"), is_root().then_some("root"));
        let port = free_port();
        let (keeper, pid) = launch(&dir, port, options);
        let server = MariaDb {
            keeper,
            pid,
            port,
            dir,
            options,
        };
        server.wait_until_it_answers();
        for host in ["%", "localhost"] {
            let user = format!("{USER}@'{host}'");
            server.execute(
                "mysql",
                &format!(
                    "CREATE USER {user} IDENTIFIED BY '{PASSWORD}';\
                     GRANT ALL ON *.* TO {user} WITH GRANT OPTION"
                ),
            );
        }
        server
    }

    /// kill -9.
    pub fn kill(&self) {
        self.signal("KILL");
    }

    /// Starts it again after `kill`, with the same data and port.
    pub fn start_again(&mut self) {
        self.keep_folder();
        self.end();
        let _ = fs::remove_file(self.dir.join("keep"));
        (self.keeper, self.pid) = launch(&self.dir, self.port, self.options);
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        let started = Instant::now();
        while let Err(error) = MysqlConnection::establish(&self.root_url("mysql")) {
            if started.elapsed() > START_LIMIT {
                self.keep_folder();
                panic!("{error}; see {}", self.dir.join("server.log").display());
            }
            pause();
        }
    }

    fn root_url(&self, database: &str) -> String {
        format!("mysql://root@127.0.0.1:{}/{database}", self.port)
    }

    /// Of a database on this server, as an account with all rights.
    pub fn url(&self, database: &str) -> String {
        self.url_as(USER, PASSWORD, database)
    }

    /// The same through the unix socket.
    pub fn socket_url(&self, database: &str) -> String {
        let socket = self.dir.join("socket");
        format!(
            "mysql://{USER}:{PASSWORD}@localhost/{database}?unix_socket={}",
            socket.display()
        )
    }

    /// As another account.
    pub fn url_as(&self, user: &str, password: &str, database: &str) -> String {
        format!(
            "mysql://{user}:{password}@127.0.0.1:{}/{database}",
            self.port
        )
    }

    /// Makes an empty database and returns its name.
    pub fn create_database(&self) -> String {
        let name = Self::unused_name();
        self.execute(
            "mysql",
            &format!("CREATE DATABASE {name} CHARACTER SET utf8mb4"),
        );
        name
    }

    /// A name that no database has yet.
    pub fn unused_name() -> String {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed))
    }

    /// Opens a plain connection, for what only a test does.
    pub fn connection(&self, database: &str) -> MysqlConnection {
        MysqlConnection::establish(&self.root_url(database)).expect("a connection")
    }

    pub fn execute(&self, database: &str, sql: &str) {
        self.connection(database)
            .batch_execute(sql)
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
    }

    /// Writes all that a database holds to a file.
    pub fn dump(&self, database: &str, file: &Path) {
        let output = fs::File::create(file).expect("a file");
        let status = self
            .client("mariadb-dump", database)
            .stdout(output)
            .status();
        assert!(status.expect("mariadb-dump").success(), "the dump fails");
    }

    /// Fills an empty database from such a file.
    pub fn load(&self, database: &str, file: &Path) {
        let input = fs::File::open(file).expect("a dump");
        let status = self.client("mariadb", database).stdin(input).status();
        assert!(status.expect("mariadb").success(), "the dump is not read");
    }

    fn client(&self, name: &str, database: &str) -> Command {
        let mut command = Command::new(program(name));
        command
            .args(["--no-defaults", "--host=127.0.0.1", "--user=root"])
            .arg(format!("--port={}", self.port))
            .arg(database);
        command
    }

    /// The server stops answering without closing anything, as behind a silent partition.
    pub fn freeze(&self) {
        self.signal("STOP");
        // A thread may go on for a moment.
        while !self.stands_still() {
            pause();
        }
    }

    fn stands_still(&self) -> bool {
        let threads = fs::read_dir(format!("/proc/{}/task", self.pid)).expect("a running server");
        threads.flatten().all(|thread| {
            let status = fs::read_to_string(thread.path().join("status")).unwrap_or_default();
            status.contains("State:\tT")
        })
    }

    pub fn thaw(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args([format!("-{name}"), self.pid.to_string()])
            .status()
            .expect("kill");
        assert!(status.success(), "kill -{name} {}", self.pid);
    }

    /// The keeper ends, and with it the server.
    fn end(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }

    fn keep_folder(&self) {
        let _ = fs::write(self.dir.join("keep"), "");
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.keep_folder();
        }
        self.end();
    }
}

/// Starts a server on a folder; gives its keeper and its process id.
fn launch(dir: &Path, port: u16, options: &[&str]) -> (Child, u32) {
    let mut keeper = Command::new("sh")
        .args(["-c", KEEPER, "keeper"])
        .arg(dir)
        .arg(program("mariadbd"))
        .args(arguments(dir, &dir.join("data"), port))
        .args(options)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("sh");
    let mut pid = String::new();
    BufReader::new(keeper.stdout.take().expect("piped"))
        .read_line(&mut pid)
        .expect("the server's process id");
    (keeper, pid.trim().parse().expect("a number"))
}

/// Makes an empty server's data; its log goes to `dir`. `user`: whose it is to be.
pub(super) fn install(dir: &Path, data: &Path, user: Option<&str>) {
    let log = dir.join("install.log");
    let output = fs::File::create(&log).expect("a log");
    let mut command = Command::new(program("mariadb-install-db"));
    command
        .arg("--no-defaults")
        .arg(format!("--datadir={}", data.display()))
        .args(["--auth-root-authentication-method=normal", "--skip-test-db"])
        .stdin(Stdio::null())
        .stdout(output.try_clone().expect("a handle"))
        .stderr(output);
    command.args(user.map(|user| format!("--user={user}")));
    let status = command.status().expect("mariadb-install-db");
    assert!(status.success(), "see {}", log.display());
}

/// What makes a server small and quick.
pub(super) const SMALL: [&str; 7] = [
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--performance-schema=OFF",
    "--innodb-buffer-pool-size=16M",
    "--innodb-log-file-size=16M",
    // A test's data need not survive a power cut.
    "--innodb-flush-log-at-trx-commit=0",
    "--max-connections=300",
];

fn arguments(dir: &Path, data: &Path, port: u16) -> Vec<String> {
    let mut arguments = vec![
        "--no-defaults".to_owned(),
        format!("--datadir={}", data.display()),
        format!("--socket={}", dir.join("socket").display()),
        format!("--port={port}"),
    ];
    arguments.extend(SMALL.map(str::to_owned));
    if is_root() {
        arguments.push("--user=root".to_owned());
    }
    if let Some(folder) = std::env::var_os(GENERAL_LOGS) {
        let file = PathBuf::from(folder).join(port.to_string());
        arguments.push("--general-log".to_owned());
        arguments.push(format!("--general-log-file={}", file.display()));
    }
    arguments
}

/// Debian keeps servers out of an ordinary user's path.
pub(super) fn program(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(["/usr/sbin".into(), "/usr/bin".into()])
        .map(|folder| folder.join(name))
        .find(|file| file.exists())
        .unwrap_or_else(|| panic!("{name} is missing: install mariadb-server"))
}

/// The server refuses to run as root unless told to.
pub(super) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

#[expect(clippy::disallowed_methods, reason = "a test's own thread")]
fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}
