//! Threads for passwords, which take the processor for long: pages and votes on the same machine go before them.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use tokio::sync::oneshot;

/// How much less they weigh for the scheduler: a third of what others do. Much less and nobody could sign in while pages
/// take all of the processor.
const NICE: i32 = 5;

type Work = Box<dyn FnOnce() + Send>;

/// They end when the last of it is dropped.
#[derive(Debug, Clone)]
pub(super) struct Threads(Sender<Work>);

/// The work panicked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Broken;

impl Threads {
    /// At least one.
    pub fn start(number: usize) -> io::Result<Self> {
        let (sender, receiver) = mpsc::channel();
        let receiver = Arc::new(Mutex::new(receiver));
        for _ in 0..number.max(1) {
            let receiver = Arc::clone(&receiver);
            let thread = thread::Builder::new().name("password".to_owned());
            thread.spawn(move || work_off(&receiver))?;
        }
        Ok(Self(sender))
    }

    /// Not begun if nobody waits for it any more when its turn comes.
    pub async fn run<T>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Broken>
    where
        T: Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let work = move || {
            if !answer.is_closed() {
                let _ = answer.send(work());
            }
        };
        self.0.send(Box::new(work)).map_err(|_| Broken)?;
        answered.await.map_err(|_| Broken)
    }
}

fn work_off(works: &Mutex<Receiver<Work>>) {
    give_way();
    while let Some(work) = next(works) {
        // Said by the hook for panics; who waits hears that the work broke.
        let _ = catch_unwind(AssertUnwindSafe(work));
    }
}

/// One thread waits for work, the others for its turn.
fn next(works: &Mutex<Receiver<Work>>) -> Option<Work> {
    let works = works.lock().unwrap_or_else(PoisonError::into_inner);
    works.recv().ok()
}

/// Of this thread alone: the kernel's priorities are those of threads, whatever the name of the call says.
fn give_way() {
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!("passwords are as urgent as pages: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_piece_of_work_is_answered_and_a_broken_one_ends_no_thread() {
        let threads = Threads::start(1).unwrap();
        assert_eq!(threads.run(|| 7).await, Ok(7));
        let broken = threads.run(|| -> u8 { panic!("expected by the test") });
        assert_eq!(broken.await, Err(Broken));
        assert_eq!(threads.run(|| 8).await, Ok(8));
    }

    #[tokio::test]
    async fn nothing_is_done_for_those_who_left() {
        let threads = Threads::start(1).unwrap();
        let (go, gone) = mpsc::channel::<()>();
        let mut first = Box::pin(threads.run(move || gone.recv()));
        assert!(futures_util::poll!(&mut first).is_pending());
        let done = Arc::new(Mutex::new(false));
        let second = Arc::clone(&done);
        let mut second = Box::pin(threads.run(move || *second.lock().unwrap() = true));
        assert!(futures_util::poll!(&mut second).is_pending());
        drop(second);
        go.send(()).unwrap();
        first.await.unwrap().unwrap();
        threads.run(|| ()).await.unwrap();
        assert!(!*done.lock().unwrap());
    }

    #[tokio::test]
    async fn other_threads_stay_as_urgent_as_they_were() {
        let own = || rustix::process::getpriority_process(None).unwrap();
        let before = own();
        let threads = Threads::start(1).unwrap();
        assert_eq!(threads.run(own).await, Ok((before + NICE).min(19)));
        assert_eq!(own(), before);
    }
}
