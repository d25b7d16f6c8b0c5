//! The thread on which votes are cast, from dcrd's notification to the bytes of the last vote. A runtime of
//! its own: no call of web, no reading of blocks or disk is ever before a vote in its queue, and from step to
//! step no other thread has to be woken.

use std::io;
use std::thread;

use tokio::runtime::Builder;

use crate::shutdown::Tasks;

/// Starts it. Gives the same tasks for what is to run there; the thread ends with the last of all.
pub fn start(tasks: &Tasks) -> io::Result<Tasks> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let there = tasks.on(runtime.handle());
    let tasks = tasks.clone();
    thread::Builder::new()
        .name("votes".to_owned())
        .spawn(move || {
            runtime.block_on(tasks.ended());
            // What still reads or writes a disk for them is not waited for.
            runtime.shutdown_background();
        })?;
    Ok(there)
}
