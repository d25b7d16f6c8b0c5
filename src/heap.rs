//! The C library's heap, told to be sparing. Left alone it makes eight heaps for each core and, once a large
//! piece was freed, keeps such pieces: after a start over 41,000 tickets that were 9 MB for nothing, in a web
//! with 10,000 users 16 MB. It reads its settings when a process starts, so the program starts itself again
//! with them: the same process with the same arguments, some milliseconds later.

use std::env;
use std::num::NonZero;
use std::os::unix::process::CommandExt as _;
use std::process::Command;
use std::thread;

/// Does nothing when an operator has set one of the settings, or when the program cannot be started again, as after
/// its file was replaced.
pub fn be_sparing() {
    let cores = thread::available_parallelism().map_or(2, NonZero::get);
    let settings = [
        ("MALLOC_ARENA_MAX", cores.to_string()),
        // Bytes from which on a piece has pages of its own, which its end gives back.
        ("MALLOC_MMAP_THRESHOLD_", "131072".to_owned()),
    ];
    if settings.iter().any(|(name, _)| env::var_os(name).is_some()) {
        return;
    }
    let Ok(program) = env::current_exe() else {
        return;
    };
    let mut again = Command::new(program);
    let mut words = env::args_os();
    if let Some(name) = words.next() {
        again.arg0(name);
    }
    // Only a failure comes back.
    let _ = again.args(words).envs(settings).exec();
}
