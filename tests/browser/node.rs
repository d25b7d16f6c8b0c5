//! A script in Node.js, line by line.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::harness::program::target_folder;
use crate::harness::secrets;
use crate::web::site::Site;

/// How long a script may say nothing and not end: all its own waiting is shorter.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where the pictures lie, a folder for each variant. Older ones are gone.
pub fn pictures() -> PathBuf {
    let folder = target_folder().join("browser");
    for variant in ["360-light", "360-dark", "1280-light", "1280-dark"] {
        let _ = std::fs::remove_dir_all(folder.join(variant));
    }
    folder
}

pub struct Node {
    script: &'static str,
    process: Child,
    lines: mpsc::UnboundedReceiver<String>,
    complaints: Arc<Mutex<String>>,
}

impl Node {
    pub fn start(script: &'static str, site: &Site, arguments: &[&str]) -> Self {
        let driver = target_folder().join("browser-driver");
        assert!(
            driver.join("node_modules/playwright-core").is_dir(),
            "{} has no driver of the browser: run scripts/prepare",
            driver.display()
        );
        let mut process = Command::new("node")
            .arg(
                Path::new(env!("CARGO_MANIFEST_DIR"))
                    .join("tests/browser")
                    .join(script),
            )
            .args(arguments)
            .env("DRIVER", &driver)
            .env("BASE", format!("http://{}", site.address))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("node is installed: run scripts/prepare");
        let (sender, lines) = mpsc::unbounded_channel();
        let output = process.stdout.take().expect("piped");
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                if let Some((name, secret)) = line
                    .strip_prefix("secret ")
                    .and_then(|rest| rest.split_once(": "))
                {
                    secrets::keep(name, secret);
                    continue;
                }
                if line.starts_with("measured: ") {
                    // Past the test's own output, for scripts/test to repeat.
                    let _ = std::io::stderr().write_all(format!("\n{line}\n").as_bytes());
                } else {
                    println!("{line}");
                }
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let complaints = keep(process.stderr.take().expect("piped"));
        Self {
            script,
            process,
            lines,
            complaints,
        }
    }

    /// The next line it writes; `None` when it has ended.
    pub async fn line(&mut self) -> Option<String> {
        tokio::time::timeout(PATIENCE, self.lines.recv())
            .await
            .unwrap_or_else(|_| panic!("{} hangs", self.script))
    }

    pub fn answer(&mut self, line: &str) {
        let input = self.process.stdin.as_mut().expect("piped");
        writeln!(input, "{line}").expect("the script listens");
    }

    /// Fails with what the script complained about.
    pub fn ended(mut self) {
        let status = self.process.wait().expect("child");
        let complaints = self.complaints.lock().expect("text").clone();
        assert!(status.success(), "{}: {status}\n{complaints}", self.script);
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // The browser ends with the pipe to its driver.
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            eprintln!("{}", self.complaints.lock().expect("text"));
        }
    }
}

fn keep(output: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let text = kept.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            let mut text = text.lock().expect("text");
            text.push_str(&line);
            text.push('\n');
        }
    });
    kept
}
