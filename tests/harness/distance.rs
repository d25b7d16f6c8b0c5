//! A long way between two machines: what is said on it arrives whole and in order, and later.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::wait;

const CHUNK: usize = 64 * 1024;

/// What arrives, and not before when.
type Late = (Instant, Vec<u8>);

/// Open as long as this value lives.
#[derive(Debug)]
pub struct Distance {
    address: SocketAddr,
    closed: Arc<AtomicBool>,
}

impl Distance {
    /// Who connects to `near` speaks with `far`, each way `delay` later. Port 0 is a free one.
    pub fn between(near: SocketAddr, far: SocketAddr, delay: Duration) -> Self {
        let listener = TcpListener::bind(near).expect("a free address");
        let address = listener.local_addr().expect("its address");
        let closed = Arc::new(AtomicBool::new(false));
        let ended = closed.clone();
        std::thread::spawn(move || {
            for near in listener.incoming() {
                if ended.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(near) = near else { continue };
                // The other side may be out of reach: others need not wait for that.
                std::thread::spawn(move || carry(&near, far, delay));
            }
        });
        Self { address, closed }
    }

    /// Where it begins.
    pub fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Distance {
    fn drop(&mut self) {
        self.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

fn carry(near: &TcpStream, far: SocketAddr, delay: Duration) {
    let Ok(far) = TcpStream::connect_timeout(&far, wait::PATIENCE) else {
        let _ = near.shutdown(Shutdown::Both);
        return;
    };
    for stream in [near, &far] {
        let _ = stream.set_nodelay(true);
    }
    for (from, to) in [(near, &far), (&far, near)] {
        let (Ok(from), Ok(to)) = (from.try_clone(), to.try_clone()) else {
            return;
        };
        let (said, heard) = channel();
        std::thread::spawn(move || listen(from, &said, delay));
        std::thread::spawn(move || tell(to, &heard));
    }
}

fn listen(mut from: TcpStream, said: &Sender<Late>, delay: Duration) {
    let mut buffer = vec![0; CHUNK];
    while let Ok(read) = from.read(&mut buffer) {
        let late = (Instant::now() + delay, buffer[..read].to_vec());
        if read == 0 || said.send(late).is_err() {
            return;
        }
    }
}

fn tell(mut to: TcpStream, heard: &Receiver<Late>) {
    for (due, bytes) in heard {
        wait::pause(due.saturating_duration_since(Instant::now()));
        if to.write_all(&bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Both);
}
