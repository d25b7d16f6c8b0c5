//! Unix signals as values.

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

/// The operator has waited long enough.
#[expect(clippy::disallowed_methods, reason = "nothing may be waited for")]
fn end_now() -> ! {
    std::process::exit(1)
}
