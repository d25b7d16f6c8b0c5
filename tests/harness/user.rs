//! A ticket holder: a browser, an e-mail address, and a wallet of the own.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::browser::Browser;
use super::configs::Endpoint;
use super::daemon_rpc::{PASSWORD as WALLET_PASSWORD, USER as WALLET_USER};
use super::http::{self, Response};
use super::pool::Pool;
use super::port::free_port;
use super::process::Process;
use super::program;
use super::secrets;
use super::wait;
use super::wallet::Wallet;

pub const PASSWORD: &str = "a long pass phrase of a user";

#[derive(Debug)]
pub struct User {
    pub email: String,
    pub wallet: Wallet,
    browser: Browser,
    port: u16,
    folder: PathBuf,
    token: String,
}

/// What the pool tells a wallet about how to buy.
#[derive(Debug, Clone)]
pub struct PurchaseInfo {
    pub ticket_address: String,
    pub fee_address: String,
    pub fee_percent: f64,
    pub vote_bits: u64,
    pub vote_version: u64,
}

impl User {
    /// Someone who has not heard of the pool yet.
    pub fn new(name: &str, wallet: Wallet, pool: &Pool, folder: &Path) -> Self {
        let folder = folder.join(format!("{name}-files"));
        std::fs::create_dir_all(&folder).expect("a folder can be made");
        Self {
            email: format!("{name}@example.com"),
            wallet,
            browser: Browser::new(pool.web.port()),
            port: pool.web.port(),
            folder,
            token: String::new(),
        }
    }

    /// Someone who joined before and comes back: to another address of the site, so with a new token.
    pub fn resume(name: &str, wallet: Wallet, pool: &Pool, folder: &Path) -> Self {
        let mut user = Self::new(name, wallet, pool, folder);
        user.sign_in();
        user.fetch_token();
        user
    }

    /// Signs up, opens the mailed link, signs in, and fetches the API token.
    pub fn join(&mut self, pool: &Pool) {
        self.sign_up();
        self.verify(pool);
        self.sign_in();
        self.fetch_token();
    }

    fn sign_up(&mut self) {
        let email = self.email.clone();
        let fields = [
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ];
        let page = self.browser.submit("/signup", "/signup", &fields);
        assert_eq!(page.status, 200, "sign-up: {}", page.body);
    }

    fn verify(&mut self, pool: &Pool) {
        let link = wait::until("the verification link", || {
            pool.web
                .mailed_link("/emailverify")
                .ok_or("not in web's log")
        });
        let page = self.browser.submit(&link, "/emailverify", &[]);
        assert_eq!(page.status, 200, "verification: {}", page.body);
    }

    pub fn sign_in(&mut self) {
        let email = self.email.clone();
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        let page = self.browser.submit("/signin", "/signin", &fields);
        assert_eq!(page.status, 200, "sign-in: {}", page.body);
        let page = self.page("/settings");
        assert!(page.contains(&self.email), "signed in: {page}");
    }

    fn fetch_token(&mut self) {
        let page = self.page("/settings");
        let token = find_token(&page);
        let token = token.unwrap_or_else(|| panic!("no API token on /settings:\n{page}"));
        secrets::keep("a user's API token", token);
        token.clone_into(&mut self.token);
        std::fs::write(self.folder.join("token"), &self.token).expect("a file can be written");
        std::fs::write(self.folder.join("password"), WALLET_PASSWORD)
            .expect("a file can be written");
    }

    /// A page, whatever web answers.
    pub fn open(&mut self, path: &str) -> Response {
        self.browser.open(path)
    }

    /// The text of a page that must be there.
    pub fn page(&mut self, path: &str) -> String {
        let page = self.browser.open(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        page.body
    }

    pub fn submit_address_by_page(&mut self) {
        let address = self.wallet.new_public_key_address();
        let fields = [("UserPubKeyAddr", address.as_str())];
        let page = self.browser.submit("/address", "/address", &fields);
        assert_eq!(page.status, 200, "address: {}", page.body);
    }

    pub fn submit_address_by_api(&self) {
        let address = self.wallet.new_public_key_address();
        let answer = self.api("/api/v1/address", Some(&[("UserPubKeyAddr", &address)]));
        assert_eq!(answer.json()["status"], "success", "{}", answer.body);
    }

    /// Sends an address when it is called, perhaps from another thread, to a site that may die meanwhile.
    pub fn submission(&self) -> impl FnOnce() -> std::io::Result<Response> + Send + 'static {
        let address = self.wallet.new_public_key_address();
        let (port, bearer) = (self.port, format!("Bearer {}", self.token));
        move || {
            let headers = [("Authorization", bearer.as_str())];
            let form = [("UserPubKeyAddr", address.as_str())];
            http::request(port, "/api/v1/address", &headers, Some(&form))
        }
    }

    /// `None` before an address was submitted.
    pub fn ticket_address(&self) -> Option<String> {
        let answer = self.api("/api/v2/getpurchaseinfo", None).json();
        let address = answer["data"]["TicketAddress"].as_str()?;
        (!address.is_empty()).then(|| address.to_owned())
    }

    pub fn set_vote_bits_by_api(&self, bits: u16) {
        let answer = self.api("/api/v2/voting", Some(&[("VoteBits", &bits.to_string())]));
        assert_eq!(answer.json()["status"], "success", "{}", answer.body);
    }

    /// Chooses on the page, by agenda in the order shown.
    pub fn choose_by_page(&mut self, choices: &[u16]) {
        let fields: Vec<_> = (0..)
            .zip(choices)
            .map(|(agenda, bits)| (format!("agenda{agenda}"), bits.to_string()))
            .collect();
        let fields: Vec<_> = fields
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect();
        let page = self.browser.submit("/voting", "/voting", &fields);
        assert_eq!(page.status, 200, "voting: {}", page.body);
    }

    /// Every ticket that the site shows to the user: the text of all pages of `/tickets`.
    pub fn ticket_pages(&mut self) -> String {
        let mut all = String::new();
        for number in 1.. {
            let page = self.page(&format!("/tickets?page={number}"));
            let more = page.contains(&format!("page={}", number + 1));
            all.push_str(&page);
            if !more {
                break;
            }
        }
        all
    }

    pub fn purchase_info(&self) -> PurchaseInfo {
        let answer = self.api("/api/v2/getpurchaseinfo", None);
        let data = &answer.json()["data"];
        let text = |key: &str| data[key].as_str().unwrap_or_default().to_owned();
        let info = PurchaseInfo {
            ticket_address: text("TicketAddress"),
            fee_address: text("PoolAddress"),
            fee_percent: data["PoolFees"].as_f64().unwrap_or_default(),
            vote_bits: data["VoteBits"].as_u64().unwrap_or_default(),
            vote_version: data["VoteBitsVersion"].as_u64().unwrap_or_default(),
        };
        assert!(!info.ticket_address.is_empty(), "{}", answer.body);
        info
    }

    /// The pool's public numbers.
    pub fn stats(&self) -> Value {
        self.api("/api/v2/stats", None).json()["data"].clone()
    }

    fn api(&self, path: &str, form: Option<&[(&str, &str)]>) -> Response {
        let bearer = format!("Bearer {}", self.token);
        let answer = http::request(self.port, path, &[("Authorization", &bearer)], form)
            .unwrap_or_else(|error| panic!("{path}: {error}"));
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer
    }

    /// Starts the program's own tool for ticket holders. It waits for blocks: mine while it runs.
    pub fn start_buying(&self, pool: &Pool, count: u32) -> Buying {
        let mut command = program::command(&["buy", "--yes", "--json"]);
        command
            .args(["--pool", &pool.url(), "--count", &count.to_string()])
            .arg("--token-file")
            .arg(self.folder.join("token"))
            .args(["--wallet", &format!("127.0.0.1:{}", self.wallet.rpc_port())])
            .args(["--wallet-user", WALLET_USER])
            .arg("--wallet-password-file")
            .arg(self.folder.join("password"))
            .arg("--wallet-cert")
            .arg(self.wallet.cert());
        let log = self.folder.join(format!("buy-{}.log", free_port()));
        Buying(Process::start("buy", &command, &log))
    }
}

impl User {
    /// Keeps what the site gives a holder for the day when the pool is gone.
    pub fn save_script(&mut self) {
        let script = self.page("/address/script.json");
        std::fs::write(self.folder.join("ticket-script.json"), script)
            .expect("a file can be written");
    }

    /// Starts the program's tool that votes by the holder's own key; `save_script` came before.
    pub fn start_voting_alone(&self, dcrd: &Endpoint) -> Process {
        let password = self.folder.join("password");
        let mut command = program::command(&["vote", "--json"]);
        command
            .arg("--script-file")
            .arg(self.folder.join("ticket-script.json"))
            .args(["--dcrd", &format!("127.0.0.1:{}", dcrd.port)])
            .args(["--dcrd-user", WALLET_USER])
            .arg("--dcrd-password-file")
            .arg(&password)
            .arg("--dcrd-cert")
            .arg(&dcrd.cert)
            .args(["--wallet", &format!("127.0.0.1:{}", self.wallet.rpc_port())])
            .args(["--wallet-user", WALLET_USER])
            .arg("--wallet-password-file")
            .arg(&password)
            .arg("--wallet-cert")
            .arg(self.wallet.cert());
        let mut process = Process::start("vote", &command, &self.folder.join("vote.log"));
        let log = self.folder.join("vote.log");
        process.ready(|| {
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if said.contains("voting alone") {
                Ok(())
            } else {
                Err(said)
            }
        });
        process
    }
}

/// A purchase under way.
#[derive(Debug)]
pub struct Buying(Process);

impl Buying {
    /// How much it has told so far.
    pub fn said(&self) -> usize {
        self.0.log().len()
    }

    pub fn ended(&mut self) -> bool {
        self.0.ended().is_some()
    }

    /// Its end, whether it bought or not: what it said when it did not.
    pub fn outcome(mut self) -> Result<(), String> {
        let status = self.0.wait();
        if status.success() {
            return Ok(());
        }
        Err(format!("buy: {status}\n{}", self.0.log()))
    }

    /// The tickets that it published before its end. A purchase may break off, as the split's coins can be gone, the
    /// price new, or the site away: why is told, and what is missing can be bought again.
    pub fn published(mut self) -> Vec<String> {
        let status = self.0.wait();
        let said = self.0.log();
        if !status.success() {
            eprintln!("buy: {status}\n{said}");
        }
        published_in(&said)
    }

    /// The hashes of the tickets.
    pub fn finish(mut self) -> Vec<String> {
        let status = self.0.wait();
        let said = self.0.log();
        assert!(status.success(), "buy: {status}\n{said}");
        let json = said.lines().rev().find(|line| line.starts_with('{'));
        let json: Value = json
            .and_then(|line| serde_json::from_str(line).ok())
            .unwrap_or_else(|| panic!("buy prints no JSON: {said}"));
        let tickets = json["tickets"].as_array().into_iter().flatten();
        tickets
            .filter_map(|hash| hash.as_str().map(str::to_owned))
            .collect()
    }
}

/// What `buy` tells of each ticket at once.
fn published_in(said: &str) -> Vec<String> {
    let hashes = said
        .lines()
        .filter_map(|line| line.strip_prefix("ticket published: "));
    hashes.map(str::to_owned).collect()
}

/// A JSON web token: three base64url parts, the first an object.
pub fn find_token(page: &str) -> Option<&str> {
    let start = page.find("eyJ")?;
    let rest = &page[start..];
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))?;
    let token = &rest[..end];
    (token.matches('.').count() == 2).then_some(token)
}
