//! Takes in TCP connections, a bounded number at a time.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use crate::shutdown::Tasks;

/// An accept that fails (out of file descriptors) is not repeated in a tight loop.
const PAUSE: Duration = Duration::from_millis(100);

/// Runs `serve` for each connection, in a task of its own, until `tasks` are told to stop. Beyond `places`
/// connections the next ones wait in the system's queue. `name` is for logs and the supervisor.
pub async fn run<F>(
    listener: TcpListener,
    places: usize,
    name: &'static str,
    tasks: Tasks,
    serve: impl Fn(TcpStream) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let free = Arc::new(Semaphore::new(places));
    loop {
        let next = async {
            let place = free.clone().acquire_owned().await.ok()?;
            Some((listener.accept().await, place))
        };
        let accepted = tokio::select! {
            () = tasks.stopping() => return,
            accepted = next => accepted,
        };
        match accepted {
            Some((Ok((stream, _)), place)) => {
                let served = serve(stream);
                tasks.spawn(name, async move {
                    served.await;
                    drop(place);
                });
            }
            Some((Err(error), _)) => {
                tracing::warn!(%error, "{name}: a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
            }
            None => return,
        }
    }
}
