//! What stands before several servers that are alike, as operators have it: each new connection goes to the
//! next one that is well, and those of one that is not well are ended.

use std::io;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::port::free_port;
use super::wait;

/// How often each server is looked at.
const LOOK: Duration = Duration::from_millis(300);

#[derive(Debug)]
struct Server {
    port: u16,
    well: AtomicBool,
    lines: Mutex<Vec<(TcpStream, TcpStream)>>,
}

#[derive(Debug)]
struct Servers {
    all: Vec<Server>,
    turn: AtomicUsize,
    closed: AtomicBool,
}

#[derive(Debug)]
pub struct Balancer {
    port: u16,
    servers: Arc<Servers>,
}

impl Balancer {
    /// Before the servers at these loopback ports; `is_well` says of a port whether it serves.
    pub fn before(ports: &[u16], is_well: fn(u16) -> bool) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let server = |&port: &u16| Server {
            port,
            well: AtomicBool::new(is_well(port)),
            lines: Mutex::default(),
        };
        let servers = Arc::new(Servers {
            all: ports.iter().map(server).collect(),
            turn: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        });
        for place in 0..ports.len() {
            let servers = servers.clone();
            std::thread::spawn(move || servers.watch(place, is_well));
        }
        let own = servers.clone();
        std::thread::spawn(move || own.accept(&listener));
        Self { port, servers }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.servers.closed.store(true, Ordering::SeqCst);
        self.servers.all.iter().for_each(Server::end_lines);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Servers {
    fn watch(&self, place: usize, is_well: fn(u16) -> bool) {
        let server = &self.all[place];
        while !self.closed.load(Ordering::SeqCst) {
            let well = is_well(server.port);
            if server.well.swap(well, Ordering::SeqCst) && !well {
                server.end_lines();
            }
            wait::pause(LOOK);
        }
    }

    fn accept(&self, listener: &TcpListener) {
        for near in listener.incoming() {
            if self.closed.load(Ordering::SeqCst) {
                return;
            }
            // Who finds nobody is hung up on.
            if let Ok(near) = near {
                self.connect(near);
            }
        }
    }

    fn connect(&self, near: TcpStream) {
        let start = self.turn.fetch_add(1, Ordering::SeqCst);
        let count = self.all.len();
        let servers = (0..count).map(|step| &self.all[(start + step) % count]);
        for server in servers.filter(|server| server.well.load(Ordering::SeqCst)) {
            if let Ok(far) = TcpStream::connect(("127.0.0.1", server.port)) {
                let _ = server.carry(near, far);
                return;
            }
        }
    }
}

impl Server {
    fn carry(&self, near: TcpStream, far: TcpStream) -> io::Result<()> {
        near.set_nodelay(true)?;
        far.set_nodelay(true)?;
        let ways = [
            (near.try_clone()?, far.try_clone()?),
            (far.try_clone()?, near.try_clone()?),
        ];
        for (mut from, mut to) in ways {
            std::thread::spawn(move || {
                let _ = io::copy(&mut from, &mut to);
                let _ = from.shutdown(Shutdown::Both);
                let _ = to.shutdown(Shutdown::Both);
            });
        }
        let mut lines = lock(&self.lines);
        // Those that have ended.
        lines.retain(|(near, _)| near.peer_addr().is_ok());
        lines.push((near, far));
        Ok(())
    }

    fn end_lines(&self) {
        for (near, far) in lock(&self.lines).drain(..) {
            let _ = near.shutdown(Shutdown::Both);
            let _ = far.shutdown(Shutdown::Both);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
