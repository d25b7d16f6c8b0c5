//! A ticket bought as `/address/manual` teaches it: every command is the page's own text, with its words
//! replaced as a person would, and is run against the real daemons.
//!
//! `dcrctl` is not among the tools that are built here: a shell takes each command apart, and what `dcrctl` would
//! send then goes over JSON-RPC: to the wallet with `--wallet`, else to dcrd.

use std::collections::BTreeMap;
use std::process::Command;

use serde_json::{Value, json};

use dcrstakepool::decred::{Network, TicketHash};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId};

use crate::harness::daemon_rpc::DaemonRpc;
use crate::harness::wait;
use crate::harness::world::World;

/// Long before a ticket of this network would expire.
const CALLED_BY: u32 = 330;

/// The first user buys one ticket by hand; gives its hash. Blocks need no votes yet.
pub fn buy(world: &mut World) -> TicketHash {
    // More blocks than it takes are of one price then.
    let window = Network::Simnet.params().price_window;
    while !world.height().is_multiple_of(window) {
        world.mine_one();
    }
    let page = page_of_today(world);
    let commands = between(&page, "<pre tabindex=\"0\"><code>", "</code></pre>");
    let mut buyer = Buyer {
        commands: commands.into_iter(),
        words: BTreeMap::new(),
    };
    buyer.run(world, "importscript");
    buyer.run(world, "getstakedifficulty");
    buyer.note_addresses(world);
    buyer.make_coins(world);
    let unsigned = buyer.run(world, "createrawsstx");
    buyer.note("TICKET_HEX", &unsigned);
    let decoded = buyer.run(world, "decoderawtransaction");
    buyer.compare(&page, &decoded);
    let signed = buyer.run(world, "signrawtransaction");
    assert_eq!(signed["complete"], true, "{signed}");
    buyer.note("SIGNED_HEX", &signed["hex"]);
    let hash = buyer.run(world, "sendrawtransaction");
    assert_eq!(buyer.commands.next(), None, "the page shows more commands");
    let hash = hash.as_str().expect("a hash").to_owned();
    world.mine_until_mined(std::slice::from_ref(&hash));
    hash.parse().expect("a hash")
}

/// Mines until the ticket is called, and checks that the pool knew it as good and voted it.
pub fn is_voted(world: &mut World, database_url: &str, ticket: TicketHash) {
    let stored = |what: &str, wanted: &dyn Fn(&TicketRecord) -> bool| {
        wait::until(what, || {
            let all = super::claims::stored_tickets(database_url, UserId(1));
            let found = all.into_iter().find(|record| record.hash == ticket);
            match found {
                Some(record) if wanted(&record) => Ok(record),
                other => Err(format!("{other:?}")),
            }
        })
    };
    let record = stored(
        "the pool to have the ticket that was bought by hand",
        &|_| true,
    );
    assert_eq!(record.verdict, FeeVerdict::Good, "{record:?}");
    let called = |world: &World| {
        let votes = world.ledger.votes.values().flatten();
        votes.into_iter().any(|vote| vote.ticket == ticket)
    };
    while !called(world) {
        assert!(world.height() < CALLED_BY, "it is never called");
        world.advance_to(world.height() + 1);
    }
    stored(
        "the ticket that was bought by hand to be voted",
        &|record| record.status == TicketStatus::Voted,
    );
}

/// The page, opened again until its amounts are those of now, as its second step says.
fn page_of_today(world: &mut World) -> String {
    let height = world.height();
    let price: Value = world.node().rpc().get("getstakedifficulty", &json!([]));
    let price = format!("must say <strong>{}</strong>", price["next"]);
    let user = &mut world.users[0];
    wait::until("the page to have the amounts of now", || {
        let page = user.page("/address/manual");
        let known = page.contains(&format!("After block {height},")) && page.contains(&price);
        if known { Ok(page) } else { Err(page) }
    })
}

struct Buyer {
    /// As the page shows them.
    commands: std::vec::IntoIter<String>,
    /// What the holder noted, by the page's word for it.
    words: BTreeMap<&'static str, String>,
}

impl Buyer {
    fn note(&mut self, word: &'static str, answer: &Value) {
        let text = answer.as_str().map_or(answer.to_string(), str::to_owned);
        self.words.insert(word, text);
    }

    /// Without tags, and with the words replaced.
    fn filled(&self, html: &str) -> String {
        let mut text = html.replace("&quot;", "\"");
        for (word, meaning) in &self.words {
            text = text.replace(&format!("<var>{word}</var>"), meaning);
        }
        assert!(
            !text.contains(['<', '>', '&']),
            "a word that the page does not explain: {text}"
        );
        text
    }

    /// Runs the page's next command, which is to be this one.
    fn run(&mut self, world: &World, method: &str) -> Value {
        let command = self.commands.next().expect("the page shows one more");
        self.run_this(world, method, &command)
    }

    fn run_this(&self, world: &World, method: &str, command: &str) -> Value {
        let words = shell_words(&self.filled(command));
        let mut words = words.iter().map(String::as_str).peekable();
        assert_eq!(words.next(), Some("--simnet"), "{command}");
        let rpc: &DaemonRpc = match words.next_if_eq(&"--wallet") {
            Some(_) => world.users[0].wallet.rpc(),
            None => world.node().rpc(),
        };
        assert_eq!(words.next(), Some(method), "{command}");
        let params: Vec<Value> = words.map(as_dcrctl_sends).collect();
        rpc.get(method, &Value::Array(params))
    }

    fn note_addresses(&mut self, world: &World) {
        let command = self.commands.next().expect("a command");
        for word in [
            "FEE_COIN_ADDRESS",
            "REST_COIN_ADDRESS",
            "REFUND_ADDRESS",
            "CHANGE_ADDRESS",
        ] {
            let address = self.run_this(world, "getnewaddress", &command);
            self.note(word, &address);
        }
    }

    fn make_coins(&mut self, world: &mut World) {
        let split = self.run(world, "sendmany");
        self.note("SPLIT_TXID", &split);
        let command = self.commands.next().expect("a command");
        let mined = wait::until("the two coins to be mined", || {
            world.mine_one();
            let answer = self.run_this(world, "gettransaction", &command);
            if answer["confirmations"].as_i64() >= Some(1) {
                Ok(answer)
            } else {
                Err(answer.to_string())
            }
        });
        let details = mined["details"].as_array().expect("details");
        for (word, address) in [
            ("FEE_VOUT", "FEE_COIN_ADDRESS"),
            ("REST_VOUT", "REST_COIN_ADDRESS"),
        ] {
            let places = details
                .iter()
                .filter(|it| it["address"] == self.words[address].as_str())
                .map(|it| it["vout"].clone());
            let places: Vec<Value> = places.collect();
            assert!(
                !places.is_empty() && places.iter().all(|it| *it == places[0]),
                "one output is meant by {address}: {mined}"
            );
            self.note(word, &places[0]);
        }
    }

    /// Each output against the page's table.
    fn compare(&self, page: &str, decoded: &Value) {
        let cells = between(page, "<td data-label=\"", "</td>");
        let outputs = decoded["vout"].as_array().expect("outputs");
        assert_eq!((cells.len(), outputs.len()), (15, 5), "{decoded}");
        for (output, cells) in outputs.iter().zip(cells.chunks(3)) {
            let number = format!("Output\">{}, ", output["n"]);
            assert!(cells[0].starts_with(&number), "{cells:?}");
            let address = &output["scriptPubKey"]["addresses"];
            let told = between(&cells[1], "<code>", "</code>").concat();
            assert_eq!(*address, json!([self.filled(&told)]), "{decoded}");
            let field = between(&cells[2], "<code>", "</code>").concat();
            let amount = if field == "value" {
                &output["value"]
            } else {
                &output["scriptPubKey"][&field]
            };
            let told = cells[2].rsplit(' ').next().expect("an amount");
            assert_eq!(amount.as_f64(), told.parse().ok(), "{cells:?}: {decoded}");
        }
    }
}

/// What a shell would give to `dcrctl`.
fn shell_words(command: &str) -> Vec<String> {
    let script = format!("dcrctl() {{ printf '%s\\0' \"$@\"; }}\n{command}\n");
    let output = Command::new("sh").arg("-euc").arg(script).output();
    let output = output.expect("a shell");
    assert!(output.status.success(), "{command}: {output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    text.split_terminator('\0').map(str::to_owned).collect()
}

/// Numbers, lists and objects as such, all else as text.
fn as_dcrctl_sends(word: &str) -> Value {
    serde_json::from_str(word).unwrap_or_else(|_| Value::from(word))
}

fn between(text: &str, start: &str, end: &str) -> Vec<String> {
    let rest = text.split(start).skip(1);
    let found = rest.map(|rest| rest.split(end).next().unwrap_or_default());
    found.map(str::to_owned).collect()
}
