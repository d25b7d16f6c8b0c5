//! What the voter's tasks share: the daemons, the way to the loop, the tracker.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc, oneshot};

use super::certificates::Certificates;
use super::event::{Report, Request};
use crate::clock::Clock;
use crate::decred::params::Params;
use crate::node::client::ForConnection;
use crate::node::{Dcrd, Dcrwallet};
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Links {
    pub params: &'static Params,
    /// What the wallet's master key must be.
    pub voting_extpub: Secret,
    pub dcrd: Dcrd,
    pub wallet: Dcrwallet,
    pub tasks: Tasks,
    /// Tasks that outlive those: votes under way are finished.
    pub votes: Tasks,
    pub reports: mpsc::Sender<Report>,
    pub requests: mpsc::Sender<Request>,
    pub pokes: Pokes,
    pub clock: Clock,
    /// Of this node.
    pub certificates: Arc<Certificates>,
    /// dcrd is the right one: its chain is followed.
    pub dcrd_fit: ForConnection,
    /// The wallet is the pool's: it is written into and believed.
    pub wallet_fit: ForConnection,
    /// The wallet has all addresses: what it says of a key is its word.
    pub addresses_ready: ForConnection,
    /// The wallet has all addresses and scripts, and their past.
    pub wallet_ready: ForConnection,
}

/// Wakes the long-lived tasks; a poke is never lost and never queued twice.
#[derive(Debug, Clone, Default)]
pub struct Pokes {
    /// The chain may have moved.
    pub follow: Arc<Notify>,
    /// Tickets must be loaded (again).
    pub load: Arc<Notify>,
    /// Blocks of the past must be read for new scripts.
    pub past: Arc<Notify>,
    /// The wallet may lack something.
    pub sync: Arc<Notify>,
    /// What is known of the daemons may have changed.
    pub survey: Arc<Notify>,
}

impl Links {
    /// Runs a task that ends at the latest when the voter stops.
    pub fn spawn(&self, name: &'static str, task: impl Future<Output = ()> + Send + 'static) {
        let tasks = self.tasks.clone();
        self.tasks.spawn(name, async move {
            tokio::select! {
                () = tasks.stopping() => {}
                () = task => {}
            }
        });
    }

    pub async fn report(&self, report: Report) {
        // The loop ends last: a closed channel means that nobody needs the report any more.
        let _ = self.reports.send(report).await;
    }

    /// Asks the loop; `None` when it has ended.
    pub async fn ask<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        ask(&self.requests, request).await
    }
}

/// Asks the loop; `None` when it has ended.
pub async fn ask<T>(
    requests: &mpsc::Sender<Request>,
    request: impl FnOnce(oneshot::Sender<T>) -> Request,
) -> Option<T> {
    let (reply, answer) = oneshot::channel();
    requests.send(request(reply)).await.ok()?;
    answer.await.ok()
}
