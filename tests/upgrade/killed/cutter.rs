//! A line to a MariaDB server that holds one statement back, so that its client can be killed before it: the client
//! waits for the answer, and the server never hears.

use std::collections::BTreeMap;
use std::io::{Read, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use crate::harness::port::free_port;

const QUERY: u8 = 3;
const PREPARE: u8 = 0x16;
const EXECUTE: u8 = 0x17;

/// Which statements are counted.
pub type Counted = fn(&str) -> bool;

#[derive(Debug)]
pub struct Cutter {
    pub port: u16,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    target: u16,
    counted: Counted,
    /// The statement that is held back, from 0.
    hold: usize,
    /// Those that were counted so far.
    seen: Mutex<Vec<String>>,
    held: AtomicBool,
    closed: AtomicBool,
}

impl Cutter {
    pub fn to(target: u16, counted: Counted, hold: usize) -> Self {
        let port = free_port();
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a free port");
        let line = Arc::new(Line {
            target,
            counted,
            hold,
            seen: Mutex::default(),
            held: AtomicBool::new(false),
            closed: AtomicBool::new(false),
        });
        let own = line.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().map_while(Result::ok) {
                if own.closed.load(Ordering::SeqCst) {
                    return;
                }
                own.carry(&near);
            }
        });
        Self { port, line }
    }

    /// Whether the client waits for an answer that does not come.
    pub fn holds(&self) -> bool {
        self.line.held.load(Ordering::SeqCst)
    }

    /// The last statement that was counted: while one is held back, that one.
    pub fn last(&self) -> String {
        let seen = self.line.seen.lock().expect("seen");
        seen.last().cloned().unwrap_or_default()
    }
}

impl Drop for Cutter {
    fn drop(&mut self) {
        self.line.closed.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

/// What is known of the statements that one connection prepared.
#[derive(Debug, Default)]
struct Prepared {
    /// Waits for its number.
    asked: Mutex<Option<String>>,
    numbered: Mutex<BTreeMap<[u8; 4], String>>,
}

impl Line {
    fn carry(self: &Arc<Self>, near: &TcpStream) {
        let far = TcpStream::connect(("127.0.0.1", self.target)).expect("the server");
        for stream in [near, &far] {
            stream.set_nodelay(true).expect("a socket");
        }
        let prepared = Arc::new(Prepared::default());
        let ends = || {
            let [near, far] = [near, &far].map(|it| it.try_clone().expect("a socket"));
            (near, far, prepared.clone())
        };
        let (line, (client, server, known)) = (self.clone(), ends());
        std::thread::spawn(move || {
            let _ = line.ask(&client, &server, &known);
            end(&client, &server);
        });
        let (client, server, known) = ends();
        std::thread::spawn(move || {
            let _ = answer(&client, &server, &known);
            end(&client, &server);
        });
    }

    /// From the client to the server, packet by packet.
    fn ask(
        &self,
        mut client: &TcpStream,
        mut server: &TcpStream,
        known: &Prepared,
    ) -> std::io::Result<()> {
        loop {
            let packet = read(client)?;
            // A command begins anew; what follows on it, and a sign-in, does not.
            if packet[3] == 0
                && let Some(statement) = known.statement(&packet[4..])
                && (self.counted)(&statement)
            {
                let mut seen = self.seen.lock().expect("seen");
                seen.push(statement);
                if seen.len() == self.hold + 1 {
                    drop(seen);
                    self.held.store(true, Ordering::SeqCst);
                    // Until the client is gone.
                    let _ = client.read(&mut [0]);
                    return Ok(());
                }
            }
            server.write_all(&packet)?;
        }
    }
}

/// And back.
fn answer(mut client: &TcpStream, server: &TcpStream, known: &Prepared) -> std::io::Result<()> {
    loop {
        let packet = read(server)?;
        let asked = known.asked.lock().expect("asked").take();
        // All is well, and the number.
        if let (Some(statement), [0, a, b, c, d, ..]) = (asked, &packet[4..]) {
            let mut numbered = known.numbered.lock().expect("numbered");
            numbered.insert([*a, *b, *c, *d], statement);
        }
        client.write_all(&packet)?;
    }
}

fn read(mut from: &TcpStream) -> std::io::Result<Vec<u8>> {
    let mut packet = vec![0; 4];
    from.read_exact(&mut packet)?;
    let length = u32::from_le_bytes([packet[0], packet[1], packet[2], 0]);
    packet.resize(4 + usize::try_from(length).expect("small"), 0);
    from.read_exact(&mut packet[4..])?;
    Ok(packet)
}

impl Prepared {
    /// What a command makes the server do, if it is a statement.
    fn statement(&self, command: &[u8]) -> Option<String> {
        let (kind, rest) = command.split_first()?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        match *kind {
            QUERY => Some(text()),
            PREPARE => {
                *self.asked.lock().expect("asked") = Some(text());
                None
            }
            EXECUTE => {
                let number: [u8; 4] = rest.get(..4)?.try_into().ok()?;
                let numbered = self.numbered.lock().expect("numbered");
                Some(numbered.get(&number).expect("it was prepared").clone())
            }
            _ => None,
        }
    }
}

fn end(client: &TcpStream, server: &TcpStream) {
    for stream in [client, server] {
        let _ = stream.shutdown(Shutdown::Both);
    }
}
