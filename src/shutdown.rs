//! Every task is tracked, named, and told to stop.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

/// The tasks of a role and the signal that ends them. Clones share both.
#[derive(Debug, Clone, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
    panicked: Arc<AtomicBool>,
    /// Where they run; `None`: where they are spawned.
    runtime: Option<Handle>,
}

impl Tasks {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same tasks and signal, for tasks that run on `runtime`, wherever they are spawned.
    #[must_use]
    pub fn on(&self, runtime: &Handle) -> Self {
        Self {
            runtime: Some(runtime.clone()),
            ..self.clone()
        }
    }

    /// Runs `task` until it ends; the name shows in logs. A panic in it stops the role: a half-dead
    /// process is worse than one that its supervisor restarts.
    pub fn spawn<F>(&self, name: &'static str, task: F) -> JoinHandle<()>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (stop, panicked) = (self.stop.clone(), Arc::clone(&self.panicked));
        let runtime = self.runtime.clone().unwrap_or_else(Handle::current);
        let task = runtime.spawn(task.instrument(tracing::info_span!("task", name)));
        let watched = async move {
            if task.await.is_err_and(|error| error.is_panic()) {
                tracing::error!(name, "task panicked; stopping");
                panicked.store(true, Ordering::SeqCst);
                stop.cancel();
            }
        };
        self.tracker.spawn_on(watched, &runtime)
    }

    /// Resolves when all have ended after they were asked to stop.
    pub async fn ended(&self) {
        self.tracker.wait().await;
    }

    /// Resolves when the role is asked to stop.
    pub async fn stopping(&self) {
        self.stop.cancelled().await;
    }

    pub fn is_stopping(&self) -> bool {
        self.stop.is_cancelled()
    }

    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Whether a task was ended by a panic.
    pub fn has_panicked(&self) -> bool {
        self.panicked.load(Ordering::SeqCst)
    }

    /// Asks all tasks to stop and waits for them, at most `limit`. True when all have ended.
    pub async fn stop_and_wait(&self, limit: Duration) -> bool {
        self.stop.cancel();
        self.tracker.close();
        tokio::time::timeout(limit, self.ended()).await.is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_in_a_task_stops_the_role_and_is_remembered() {
        let tasks = Tasks::new();
        tasks.spawn("sound", async {}).await.unwrap();
        assert!(!tasks.is_stopping() && !tasks.has_panicked());
        tasks
            .spawn("broken", async { panic!("on purpose") })
            .await
            .unwrap();
        tasks.stopping().await;
        assert!(tasks.has_panicked());
    }
}
