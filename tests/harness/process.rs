//! Real processes: output to a log file, stopped by their own id, and never left behind: should this
//! process die, the kernel ends its children.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Mutex, OnceLock};
use std::time::{Duration, Instant};

use super::secrets::{self, Told};
use super::wait;

/// What a process gets to stop by itself before it is killed.
const GRACE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
    status: Option<ExitStatus>,
    /// Of our own program: no secret may be in its log.
    told: Option<Told>,
}

impl Process {
    /// Starts `command` with its output appended to `log`.
    pub fn start(name: &str, command: &Command, log: &Path) -> Self {
        let output = File::options()
            .create(true)
            .append(true)
            .open(log)
            .unwrap_or_else(|error| panic!("{}: {error}", log.display()));
        let errors = output.try_clone().expect("a file handle can be copied");
        // What a race or a demo writes is as operators have it, and may be long.
        let told = cfg!(test).then(|| Told::of(command)).flatten();
        if let Some(told) = &told {
            told.keep();
        }
        let mut guarded = guarded(command);
        guarded.stdin(Stdio::null()).stdout(output).stderr(errors);
        let child = spawn(guarded)
            .unwrap_or_else(|error| panic!("{name} ({command:?}) does not start: {error}"));
        Self {
            name: name.to_owned(),
            child,
            log: log.to_owned(),
            status: None,
            told,
        }
    }

    pub fn log(&self) -> String {
        read_log(&self.log)
    }

    /// The end of the log, for messages of failures.
    pub fn tail(&self) -> String {
        let log = self.log();
        let lines: Vec<_> = log.lines().collect();
        let from = lines.len().saturating_sub(25);
        format!(
            "--- end of {}\n{}\n---",
            self.log.display(),
            lines[from..].join("\n")
        )
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The exit status, when it ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        if self.status.is_none() {
            self.status = self.child.try_wait().expect("a child can be asked");
        }
        self.status
    }

    /// Fails the test when the process ended by itself.
    pub fn assert_alive(&mut self) {
        if let Some(status) = self.ended() {
            panic!("{} ended by itself: {status}\n{}", self.name, self.tail());
        }
    }

    /// Waits for readiness; fails early, with the log, when the process ends instead.
    pub fn ready<T, E: std::fmt::Display>(&mut self, mut probe: impl FnMut() -> Result<T, E>) -> T {
        let start = Instant::now();
        loop {
            match probe() {
                Ok(value) => return value,
                Err(reason) if start.elapsed() > wait::PATIENCE => {
                    panic!("{} is not ready: {reason}\n{}", self.name, self.tail())
                }
                Err(_) => self.assert_alive(),
            }
            wait::pause(Duration::from_millis(20));
        }
    }

    /// Waits for the end.
    pub fn wait(&mut self) -> ExitStatus {
        self.end_within(wait::PATIENCE)
            .unwrap_or_else(|| panic!("{} does not end\n{}", self.name, self.tail()))
    }

    fn end_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let start = Instant::now();
        while self.ended().is_none() && start.elapsed() < limit {
            wait::pause(Duration::from_millis(5));
        }
        self.status
    }

    /// Sends a signal by name, such as `TERM`, `HUP`, `STOP`, `CONT`.
    pub fn signal(&mut self, signal: &str) {
        if self.ended().is_none() {
            let _ = Command::new("sh")
                .args(["-c", &format!("kill -{signal} {}", self.child.id())])
                .status();
        }
    }

    /// Stops it politely; kills it when it does not listen.
    pub fn stop(&mut self) {
        self.signal("TERM");
        // A frozen one hears the other signal only then.
        self.signal("CONT");
        let start = Instant::now();
        while self.ended().is_none() {
            if start.elapsed() > GRACE {
                eprintln!("{} does not stop, killed", self.name);
                self.kill();
                return;
            }
            // Not `wait::pause`: an interrupted demo must still stop its processes.
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// As a power cut would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        self.status = self.child.wait().ok();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if std::thread::panicking() && !wait::interrupted() {
            eprintln!("{}", self.tail());
        }
        self.stop();
        if let Some(told) = &self.told {
            told.keep();
            secrets::must_not_be_in(&self.log.display().to_string(), &self.log());
        }
    }
}

/// A log as text, also with half a character at its end.
pub fn read_log(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// The same command in a process group of its own (Ctrl-C is for us) that dies with its parent.
fn guarded(command: &Command) -> Command {
    use std::os::unix::process::CommandExt as _;

    let mut guarded = Command::new("setpriv");
    guarded
        .args(["--pdeathsig", "KILL", "--"])
        .arg(command.get_program())
        .args(command.get_args())
        .process_group(0);
    if let Some(folder) = command.get_current_dir() {
        guarded.current_dir(folder);
    }
    for (key, value) in command.get_envs() {
        match value {
            Some(value) => guarded.env(key, value),
            None => guarded.env_remove(key),
        };
    }
    guarded
}

type Order = (Command, Sender<std::io::Result<Child>>);

/// The kernel's guard belongs to the *thread* that started a child, and a test's thread ends with the
/// test: so one thread, as old as this process, starts them all.
fn spawn(command: Command) -> std::io::Result<Child> {
    static SPAWNER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                let _ = reply.send(command.spawn());
            }
        });
        Mutex::new(orders)
    });
    let (reply, answer) = channel();
    spawner
        .lock()
        .expect("no one panics with the spawner")
        .send((command, reply))
        .expect("the spawner lives");
    answer.recv().expect("the spawner answers")
}
