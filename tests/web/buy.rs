//! The ticket holder's tool with a scripted wallet and a scripted site: what it publishes is good, and
//! whatever lies or fails costs nobody a coin.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dcrstakepool::buy::error::Fault;
use dcrstakepool::buy::terms::{PurchaseInfo, Terms};
use dcrstakepool::buy::{Buyer, Consent, Error, Order, Receipt, site};
use dcrstakepool::decred::fee::{self, FeeAddresses, FeeSchedule};
use dcrstakepool::decred::{Address, Height, Network, PayTo, Ticket, Transaction};
use dcrstakepool::node::Dcrwallet;
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use serde_json::{Value, json};

use crate::harness::fake_daemon::{FakeDaemon, Reply};
use crate::harness::program;

const TICKET_ADDRESS: &str = "Sct4KkAwQf3s12bweyMUHZu7W76JoC6xUrC";
const FEE_ADDRESS: &str = "SsmRzMovvwa1bAHZ3BT7Ncwz2g84iZBmgbd";
const SCRIPT: &str = "512102fdfe2076c340945c582646d3ccdf0f9b03b54c82aca561c671c771768102845a21021439913739a200bf336b07fff0a175cfc81c15786f04423285e147d06ad8247752ae";
const LARGE_COIN: &str = "9014490c8f8883a93f6f0042926f30f08ccf3aa8f3cfd21f9b1c070d92b3e646";

fn info() -> Value {
    json!({"PoolAddress": FEE_ADDRESS, "PoolFees": 7.5, "Script": SCRIPT,
           "TicketAddress": TICKET_ADDRESS, "VoteBits": 1, "VoteBitsVersion": 12})
}

fn terms() -> Terms {
    let info: PurchaseInfo = serde_json::from_value(info()).unwrap();
    Terms::new(&info).unwrap()
}

fn order(count: usize) -> Order {
    Order {
        count,
        wait: Duration::from_secs(30),
    }
}

/// A wallet with one coin of 500 DCR that signs everything and whose transactions are mined at once.
struct Holder {
    wallet: FakeDaemon,
    sent: Arc<Mutex<Vec<Transaction>>>,
}

impl Holder {
    async fn new() -> Self {
        let wallet = FakeDaemon::dcrwallet().await;
        let sent = Arc::<Mutex<Vec<Transaction>>>::default();
        wallet.answer("getbestblock", json!({"hash": LARGE_COIN, "height": 300}));
        wallet.answer(
            "getstakeinfo",
            json!({"blockheight": 300, "difficulty": 20.5}),
        );
        wallet.answer("validateaddress", json!({"isvalid": true, "ismine": true}));
        wallet.answer("importscript", Value::Null);
        let next = Mutex::new(0_u8);
        wallet.script("getnewaddress", move |_| {
            let mut next = next.lock().unwrap();
            *next += 1;
            Reply::Result(json!(own(*next).address(Network::Simnet).to_string()))
        });
        wallet.script("signrawtransaction", |params| {
            Reply::Result(json!({"hex": params[0], "complete": true}))
        });
        let published = sent.clone();
        wallet.script("sendrawtransaction", move |params| {
            let tx = Transaction::from_hex(params[0].as_str().unwrap()).unwrap();
            let hash = tx.hash();
            published.lock().unwrap().push(tx);
            Reply::Result(json!(hash))
        });
        wallet.script("gettransaction", |params| {
            Reply::Result(json!({"txid": params[0], "hex": "00", "confirmations": 1}))
        });
        let published = sent.clone();
        wallet.script("listunspent", move |_| {
            Reply::Result(unspent(&published.lock().unwrap()))
        });
        Self { wallet, sent }
    }

    async fn buy(&self, count: usize) -> Result<Receipt, Error> {
        let tasks = Tasks::new();
        let (wallet, _notifications) = Dcrwallet::start(self.wallet.config(), &tasks)
            .await
            .map_err(Error::from)?;
        let buyer = Buyer::new(wallet, terms(), Consent::Given).await?;
        buyer.buy(order(count)).await
    }

    async fn fails(&self) -> Error {
        let error = self.buy(1).await.unwrap_err();
        assert!(self.sent.lock().unwrap().is_empty(), "published: {error}");
        error
    }
}

fn own(number: u8) -> PayTo {
    PayTo::PubKeyHash([number; 20])
}

/// The large coin, or what a split made of it.
fn unspent(sent: &[Transaction]) -> Value {
    let coin = |hash: &str, index: usize, dcr: f64, script: &[u8]| {
        json!({"txid": hash, "vout": index, "tree": 0, "txtype": 0, "address": "",
               "account": "default", "scriptPubKey": hex::encode(script), "amount": dcr,
               "confirmations": 1, "spendable": true})
    };
    match sent.first() {
        None => json!([coin(LARGE_COIN, 1, 500.0, &own(200).script())]),
        Some(split) => {
            let hash = split.hash().to_string();
            let outputs = split.outputs.iter().enumerate();
            outputs
                .map(|(index, output)| coin(&hash, index, output.value.to_dcr(), &output.script))
                .collect()
        }
    }
}

#[tokio::test]
async fn what_is_bought_is_good_for_the_pool_and_returns_to_the_holder() {
    let holder = Holder::new().await;
    let receipt = holder.buy(3).await.unwrap();
    let sent = holder.sent.lock().unwrap().clone();
    let (split, tickets) = sent.split_first().unwrap();
    assert_eq!(receipt.split, Some(split.hash()));
    let hashes: Vec<_> = tickets.iter().map(Transaction::hash).collect();
    assert_eq!(receipt.tickets, hashes);
    assert_eq!(receipt.price.0, 2_050_000_000);

    let mut pool = FeeAddresses::new();
    pool.add(&Address::decode(FEE_ADDRESS).unwrap());
    let schedule = FeeSchedule::flat(7.5).unwrap();
    let mut seen: Vec<PayTo> = Vec::new();
    for output in &split.outputs {
        seen.push(PayTo::parse(&output.script).unwrap());
    }
    for tx in tickets {
        let ticket = Ticket::parse(tx).unwrap();
        assert_eq!(ticket.address(Network::Simnet).to_string(), TICKET_ADDRESS);
        let params = Network::Simnet.params();
        let paid = fee::judge(&ticket, params, Height(301), &schedule, &pool).unwrap();
        assert_eq!(paid, receipt.pool_fee);
        assert_eq!(ticket.commitments.len(), 2);
        seen.push(ticket.commitments[1].to);
    }
    let count = seen.len();
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count, "an address was used twice");
    let theirs = |to: &PayTo| matches!(to, PayTo::PubKeyHash(hash) if hash == &[hash[0]; 20]);
    assert!(seen.iter().all(theirs), "not the wallet's: {seen:?}");
    let imported = holder.wallet.calls_of("importscript");
    assert_eq!(imported, [json!([SCRIPT, false, 0])]);
}

#[tokio::test]
async fn a_broken_off_run_goes_on_with_its_split() {
    let holder = Holder::new().await;
    holder.wallet.script("gettransaction", |_| {
        Reply::Refusal(-4, "something is wrong".to_owned())
    });
    let broken = holder.buy(2).await.unwrap_err();
    assert_eq!(broken.fault(), Fault::Failed, "{broken}");
    assert_eq!(holder.sent.lock().unwrap().len(), 1);
    let receipt = holder.buy(2).await.unwrap();
    assert_eq!((receipt.split, receipt.tickets.len()), (None, 2));
    assert_eq!(holder.sent.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn tickets_bought_before_a_failure_are_named() {
    let holder = Holder::new().await;
    let sent = holder.sent.clone();
    holder.wallet.script("sendrawtransaction", move |params| {
        let mut sent = sent.lock().unwrap();
        if sent.len() == 2 {
            return Reply::Refusal(-1, "no more".to_owned());
        }
        let tx = Transaction::from_hex(params[0].as_str().unwrap()).unwrap();
        let hash = tx.hash();
        sent.push(tx);
        Reply::Result(json!(hash))
    });
    let error = holder.buy(3).await.unwrap_err();
    let text = error.to_string();
    let first = holder.sent.lock().unwrap()[1].hash().to_string();
    assert!(text.starts_with("1 of 3 tickets were bought"), "{text}");
    assert!(
        text.contains(&first) && text.contains("--count 2"),
        "{text}"
    );
}

#[tokio::test]
async fn a_wallet_that_is_not_the_right_one_is_refused() {
    let holder = Holder::new().await;
    holder
        .wallet
        .answer("validateaddress", json!({"isvalid": true, "ismine": false}));
    let error = holder.fails().await;
    assert!(matches!(error, Error::NotOurKey { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Wrong);
    assert!(holder.wallet.calls_of("importscript").is_empty());

    let holder = Holder::new().await;
    holder
        .wallet
        .answer("getcurrentnet", json!(0xd9b4_00f9_u32));
    assert_eq!(holder.fails().await.fault(), Fault::Wrong);

    let holder = Holder::new().await;
    holder.wallet.answer("syncstatus", json!({"synced": false}));
    assert_eq!(holder.fails().await.fault(), Fault::Unavailable);
}

#[tokio::test]
async fn nothing_is_published_that_was_not_signed_as_planned() {
    let holder = Holder::new().await;
    holder.wallet.script("signrawtransaction", |params| {
        Reply::Result(json!({"hex": params[0], "complete": false}))
    });
    let error = holder.fails().await;
    assert!(matches!(error, Error::NotSigned { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Unavailable);

    let holder = Holder::new().await;
    holder.wallet.script("signrawtransaction", |params| {
        let mut tx = Transaction::from_hex(params[0].as_str().unwrap()).unwrap();
        tx.outputs.pop();
        Reply::Result(json!({"hex": tx.to_hex(), "complete": true}))
    });
    let error = holder.fails().await;
    assert!(matches!(error, Error::SignedAnother), "{error}");

    // An address of another network, as if the wallet had lost its mind.
    let holder = Holder::new().await;
    let elsewhere = own(1).address(Network::Mainnet).to_string();
    holder.wallet.answer("getnewaddress", json!(elsewhere));
    let error = holder.fails().await;
    assert!(matches!(error, Error::BadAddress(_)), "{error}");
}

#[tokio::test]
async fn a_wallet_that_babbles_is_an_error_and_no_more() {
    for method in [
        "version",
        "walletinfo",
        "syncstatus",
        "validateaddress",
        "getbestblock",
        "getstakeinfo",
        "listunspent",
        "getnewaddress",
        "signrawtransaction",
    ] {
        for reply in [json!(7), json!({}), json!("x"), json!([[[]]])] {
            if (method, &reply) == ("getnewaddress", &json!("x")) {
                continue;
            }
            let holder = Holder::new().await;
            holder.wallet.answer(method, reply.clone());
            // Some replies lack nothing essential: then it just works.
            if let Err(error) = holder.buy(1).await {
                assert!(!error.to_string().is_empty(), "{method} {reply}");
            }
        }
        let holder = Holder::new().await;
        holder.wallet.script(method, |_| Reply::Drop);
        holder.fails().await;
    }
}

#[tokio::test]
async fn too_few_coins_are_said_with_amounts() {
    let holder = Holder::new().await;
    let error = holder.buy(25).await.unwrap_err();
    let cause = std::error::Error::source(&error).unwrap().to_string();
    assert!(cause.contains("500.00000000 DCR"), "{cause}");
}

/// A site that answers every request with this; its port.
fn site(status: &str, body: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = format!(
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    );
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = [0; 4096];
            let read = stream.read(&mut request).unwrap_or(0);
            let request = String::from_utf8_lossy(&request[..read]).to_lowercase();
            assert!(request.starts_with("get /api/v2/getpurchaseinfo http/1.1"));
            assert!(request.contains("authorization: bearer tok"));
            stream.write_all(answer.as_bytes()).ok();
        }
    });
    port
}

fn envelope(code: i64, data: &Value) -> String {
    let status = if code == 0 { "success" } else { "error" };
    json!({"status": status, "code": code, "message": "words", "data": data}).to_string()
}

#[tokio::test]
async fn the_site_is_asked_with_the_token() {
    let port = site("200 OK", &envelope(0, &info()));
    let pool = format!("http://127.0.0.1:{port}/");
    let found = site::purchase_info(&pool, &Secret::new("tok"))
        .await
        .unwrap();
    assert_eq!(Terms::new(&found).unwrap(), terms());
}

/// Runs the program with a wallet that nobody needs to reach.
fn exit_of(pool: &str) -> (i32, String) {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let output = program::run(&[
        "buy",
        "--yes",
        "--pool",
        pool,
        "--token-file",
        &file("token", "tok\n"),
        "--wallet",
        "127.0.0.1:1",
        "--wallet-user",
        "user",
        "--wallet-password-file",
        &file("password", "secret\n"),
        "--wallet-cert",
        &file("cert", "no certificate"),
    ]);
    assert!(output.stdout.is_empty());
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap(), said)
}

#[test]
fn each_fault_of_the_site_has_its_exit_code_and_words() {
    let mut stranger = info();
    stranger["TicketAddress"] = json!("Scr98c3EjBQ9suG2MUgzScc81UzJVYyJc8e");
    let stranger = envelope(0, &stranger);
    let cases = [
        ("200 OK", envelope(16, &Value::Null), 76, "API token"),
        (
            "200 OK",
            envelope(9, &Value::Null),
            1,
            "no address of yours",
        ),
        ("200 OK", envelope(14, &Value::Null), 69, "words (code 14)"),
        ("200 OK", stranger, 76, "not to its ticket address"),
        (
            "200 OK",
            "<html>".to_owned(),
            76,
            "does not answer like a pool",
        ),
        ("503 Busy", String::new(), 69, "503"),
        ("301 Moved", String::new(), 76, "redirects"),
        // The terms are fine, the certificate for the wallet is not.
        ("200 OK", envelope(0, &info()), 78, "certificate"),
    ];
    for (status, body, code, words) in cases {
        let (found, said) = exit_of(&format!("http://127.0.0.1:{}", site(status, &body)));
        assert_eq!(found, code, "{said}");
        assert!(
            said.starts_with("error: ") && said.contains(words),
            "{said}"
        );
    }
    let (code, said) = exit_of("http://127.0.0.1:1");
    assert_eq!(code, 69, "{said}");
    let (code, said) = exit_of("pool.example.com");
    assert_eq!(code, 2, "{said}");
}
