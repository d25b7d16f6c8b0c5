//! Unix signals as values.

use std::fs;
use std::path::PathBuf;

use tokio::signal::unix::{Signal as Stream, SignalKind, signal};
use tokio::sync::mpsc;

use crate::shutdown::Tasks;

/// What a running role is asked to do. TERM and INT are not here: they stop the `Tasks`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// HUP: read the configuration again.
    Reload,
    /// USR1: assets (web), preferences (voter).
    Refresh,
}

/// Listens from now on: TERM or INT stop `tasks`, a second one ends the process at once; the others
/// arrive in the receiver. One that arrives while the same is still waiting is the same wish.
///
/// # Errors
/// When the kernel refuses a handler.
pub fn listen(tasks: &Tasks) -> std::io::Result<mpsc::Receiver<Signal>> {
    let streams = Streams {
        terminate: signal(SignalKind::terminate())?,
        interrupt: signal(SignalKind::interrupt())?,
        hang_up: signal(SignalKind::hangup())?,
        user: signal(SignalKind::user_defined1())?,
    };
    let (sender, receiver) = mpsc::channel(2);
    let listening = streams.forward(tasks.clone(), sender);
    // Not one of the tasks: those are waited for at the end, and this one must outlive them all to
    // hear the second signal.
    #[expect(clippy::disallowed_methods, reason = "see above")]
    tokio::spawn(listening);
    Ok(receiver)
}

struct Streams {
    terminate: Stream,
    interrupt: Stream,
    hang_up: Stream,
    user: Stream,
}

impl Streams {
    async fn forward(mut self, tasks: Tasks, sender: mpsc::Sender<Signal>) {
        let mut asked_to_stop = false;
        loop {
            let signal = tokio::select! {
                _ = self.terminate.recv() => None,
                _ = self.interrupt.recv() => None,
                _ = self.hang_up.recv() => Some(Signal::Reload),
                _ = self.user.recv() => Some(Signal::Refresh),
            };
            match signal {
                Some(signal) => {
                    let _ = sender.try_send(signal);
                }
                None if asked_to_stop => end_now(),
                None => {
                    asked_to_stop = true;
                    tracing::info!("stopping; a second signal ends at once");
                    tasks.stop();
                }
            }
        }
    }
}

/// TERM and INT for a role without tasks, which writes a file that nobody should find when it is half done.
#[derive(Debug)]
pub struct Interruption {
    terminate: Stream,
    interrupt: Stream,
}

impl Interruption {
    /// Listens from now on.
    ///
    /// # Errors
    /// When the kernel refuses a handler.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// From now on, and as long as the process lives, either signal removes `file`, if it is there still, and ends
    /// the process by the code that a shell gives to who ends by that signal.
    pub fn removes(mut self, file: PathBuf) {
        // It outlives what is worked at, which cannot be told to stop: a thread in the database.
        #[expect(clippy::disallowed_methods, reason = "see above")]
        tokio::spawn(async move {
            let code = tokio::select! {
                _ = self.terminate.recv() => 143,
                _ = self.interrupt.recv() => 130,
            };
            // Under its own name it is whole.
            let _ = fs::remove_file(file);
            end_by(code)
        });
    }
}

#[expect(clippy::disallowed_methods, reason = "nothing may be waited for")]
fn end_by(code: i32) -> ! {
    std::process::exit(code)
}

/// The operator has waited long enough.
fn end_now() -> ! {
    end_by(1)
}
