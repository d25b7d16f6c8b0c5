//! A line between two processes that the test can cut, silence, slow down and heal. What it carries stays
//! sealed: TLS passes through, and certificates are for the host, which is the same.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::port::free_port;
use super::wait;

const CHUNK: usize = 16 * 1024;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Open,
    /// Connections end as soon as they begin.
    Cut,
    /// Whatever is said is lost, both ways; nobody hears of an end.
    Silent,
    /// So many bytes at once, each time after the delay.
    Slow(Duration, usize),
}

/// One connection through the line.
#[derive(Debug)]
struct Pipe {
    near: TcpStream,
    /// `None`: it came while the line was silent.
    far: Option<TcpStream>,
    silent: AtomicBool,
}

#[derive(Debug)]
struct Line {
    /// The loopback port behind it.
    target: u16,
    mode: Mutex<Mode>,
    pipes: Mutex<Vec<Arc<Pipe>>>,
    closed: AtomicBool,
}

#[derive(Debug)]
pub struct Proxy {
    port: u16,
    line: Arc<Line>,
}

impl Proxy {
    /// A line to a loopback port, open.
    pub fn to(target: u16) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let line = Arc::new(Line {
            target,
            mode: Mutex::new(Mode::Open),
            pipes: Mutex::default(),
            closed: AtomicBool::new(false),
        });
        let own = line.clone();
        std::thread::spawn(move || own.accept(&listener));
        Self { port, line }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port behind it.
    pub fn target(&self) -> u16 {
        self.line.target
    }

    /// Ends what is connected, and every new connection at once.
    pub fn cut(&self) {
        *lock(&self.line.mode) = Mode::Cut;
        self.end_all();
    }

    /// Half-open: connections stay, and nothing that is said on them arrives, not even later.
    pub fn silence(&self) {
        *lock(&self.line.mode) = Mode::Silent;
        for pipe in lock(&self.line.pipes).iter() {
            pipe.silent.store(true, Ordering::SeqCst);
        }
    }

    /// Holds up every `chunk` bytes for `delay`.
    pub fn slow(&self, delay: Duration, chunk: usize) {
        *lock(&self.line.mode) = Mode::Slow(delay, chunk);
    }

    /// New connections work again. Those that the silence met stay silent: who holds one must notice.
    pub fn heal(&self) {
        *lock(&self.line.mode) = Mode::Open;
    }

    fn end_all(&self) {
        for pipe in lock(&self.line.pipes).drain(..) {
            pipe.end();
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.line.closed.store(true, Ordering::SeqCst);
        self.end_all();
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Line {
    fn accept(self: &Arc<Self>, listener: &TcpListener) {
        for near in listener.incoming() {
            if self.closed.load(Ordering::SeqCst) {
                return;
            }
            let Ok(near) = near else { continue };
            let mode = *lock(&self.mode);
            let far = match mode {
                Mode::Cut => continue,
                Mode::Silent => None,
                Mode::Open | Mode::Slow(..) => {
                    let Ok(far) = TcpStream::connect(("127.0.0.1", self.target)) else {
                        continue;
                    };
                    Some(far)
                }
            };
            self.carry(near, far);
        }
    }

    fn carry(self: &Arc<Self>, near: TcpStream, far: Option<TcpStream>) {
        let silent = AtomicBool::new(far.is_none());
        let pipe = Arc::new(Pipe { near, far, silent });
        let mut pipes = lock(&self.pipes);
        pipes.push(pipe.clone());
        // The mode may have changed while the far side was dialled.
        match *lock(&self.mode) {
            Mode::Cut => pipe.end(),
            Mode::Silent => pipe.silent.store(true, Ordering::SeqCst),
            Mode::Open | Mode::Slow(..) => {}
        }
        drop(pipes);
        let Some(far) = &pipe.far else { return };
        for stream in [&pipe.near, far] {
            let _ = stream.set_nodelay(true);
        }
        let ways = [
            (pipe.near.try_clone(), far.try_clone()),
            (far.try_clone(), pipe.near.try_clone()),
        ];
        for (from, to) in ways {
            let (Ok(from), Ok(to)) = (from, to) else {
                return pipe.end();
            };
            let (line, pipe) = (self.clone(), pipe.clone());
            std::thread::spawn(move || line.pump(&pipe, from, to));
        }
    }

    /// Carries bytes one way until either side ends.
    fn pump(&self, pipe: &Pipe, mut from: TcpStream, mut to: TcpStream) {
        let mut buffer = vec![0; CHUNK];
        loop {
            let mode = *lock(&self.mode);
            let room = match mode {
                Mode::Slow(_, chunk) => chunk.min(CHUNK),
                _ => CHUNK,
            };
            let read = match from.read(&mut buffer[..room]) {
                Ok(0) | Err(_) => break,
                Ok(read) => read,
            };
            if let Mode::Slow(delay, _) = *lock(&self.mode) {
                wait::pause(delay);
            }
            if pipe.silent.load(Ordering::SeqCst) {
                continue;
            }
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        if !pipe.silent.load(Ordering::SeqCst) {
            pipe.end();
        }
    }
}

impl Pipe {
    fn end(&self) {
        for stream in [Some(&self.near), self.far.as_ref()].into_iter().flatten() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
