//! A person with a browser and a wallet, who tries again whatever was refused, and remembers what was not.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::harness::browser::Browser;
use crate::harness::http::{self, Response};
use crate::harness::secrets;
use crate::harness::smtp::SmtpServer;
use crate::harness::user::{PASSWORD, find_token};
use crate::harness::wait;
use crate::web::site::user_address;

use super::tally::Tally;

/// Settings that one account changes before its owner makes another one.
const CHANGES: u32 = 8;
/// When the mail is asked for again, and how often at the most.
const AGAIN: Duration = Duration::from_secs(20);
const PATIENCE_FOR_MAIL: u32 = 6;
/// Bits of the two agendas of the scripted voters.
const CHOICES: [u16; 9] = [1, 3, 5, 9, 11, 13, 17, 19, 21];

/// What all clients share.
#[derive(Debug, Clone)]
pub struct Shared {
    pub site: u16,
    pub mails: Arc<SmtpServer>,
    pub tally: Arc<Tally>,
    pub over: Arc<AtomicBool>,
    pub addresses: Arc<AtomicU32>,
}

/// A value that was changed: what was accepted last, and what was asked for since without being told.
#[derive(Debug, Clone, Default)]
pub struct Told<T> {
    pub accepted: Option<T>,
    pub perhaps: Vec<T>,
}

impl<T: PartialEq> Told<T> {
    pub fn allows(&self, stored: &T) -> bool {
        self.accepted.as_ref().is_none_or(|told| told == stored) || self.perhaps.contains(stored)
    }
}

/// What the owner of an account was told.
#[derive(Debug)]
pub struct Account {
    pub email: String,
    pub confirmed: bool,
    pub browser: Browser,
    pub token: Option<String>,
    pub sent_address: String,
    pub ticket_address: Option<String>,
    pub bits: Told<u16>,
    /// Whether mails about votes are wanted.
    pub mails_of_votes: Told<bool>,
}

#[derive(Debug)]
pub struct Client {
    number: usize,
    shared: Shared,
    attempts: u32,
}

impl Client {
    pub fn new(number: usize, shared: Shared) -> Self {
        Self {
            number,
            shared,
            attempts: 0,
        }
    }

    /// Makes one account after the other until everything is over.
    pub fn live(mut self) -> Vec<Account> {
        let mut accounts = Vec::new();
        while !self.is_over() {
            let email = format!("client{}-{}@example.com", self.number, accounts.len());
            let mut account = Account {
                email,
                confirmed: false,
                browser: Browser::new(self.shared.site),
                token: None,
                sent_address: String::new(),
                ticket_address: None,
                bits: Told::default(),
                mails_of_votes: Told::default(),
            };
            // `None`: it is over.
            let _ = self.use_account(&mut account);
            accounts.push(account);
        }
        accounts
    }

    fn use_account(&mut self, account: &mut Account) -> Option<()> {
        self.join(account)?;
        self.enrol(account)?;
        for number in 0..CHANGES {
            self.choose(
                account,
                CHOICES[(self.number + number as usize) % CHOICES.len()],
            )?;
            self.wish(account, number % 2 == 0)?;
            self.rest(400);
        }
        Some(())
    }

    fn join(&mut self, account: &mut Account) -> Option<()> {
        let email = account.email.clone();
        let fields = [
            ("email", email.as_str()),
            ("password", PASSWORD),
            ("passwordrepeat", PASSWORD),
        ];
        self.insist("sign-up", |_| {
            account.browser.try_submit("/signup", "/signup", &fields)
        })?;
        let sent_again = self.await_mail(account)?;
        self.insist("confirmation", |client| {
            let token = client.mailed_token(&email).unwrap_or_default();
            let link = format!("/emailverify?t={token}");
            let mut answer = account.browser.try_submit(&link, "/emailverify", &[])?;
            // The mail that is void since another one was asked for came first.
            if sent_again && answer.status == 422 {
                answer.status = 503;
            }
            // An earlier try was good, and only its answer did not come.
            if answer
                .body
                .contains("used already: the address is confirmed")
            {
                answer.status = 200;
            }
            Ok(answer)
        })?;
        account.confirmed = true;
        let fields = [("email", email.as_str()), ("password", PASSWORD)];
        self.insist("sign-in", |_| {
            let page = account.browser.try_open("/signin")?;
            // An earlier try was good, and only the page after it did not come.
            if page.status == 200 && page.body.contains("/logout") {
                return Ok(page);
            }
            account.browser.try_submit("/signin", "/signin", &fields)
        })?;
        let page = self.insist("settings page", |_| account.browser.try_open("/settings"))?;
        let token = find_token(&page.body).filter(|_| page.body.contains(&email));
        match token {
            Some(token) => {
                secrets::keep("a user's API token", token);
                account.token = Some(token.to_owned());
            }
            None => self.wrong("settings page", &page),
        }
        account.token.is_some().then_some(())
    }

    /// An accepted sign-up brings its mail. One that a web took with it when it died comes half a minute later: some
    /// have another one sent before. Whether that was done.
    fn await_mail(&mut self, account: &mut Account) -> Option<bool> {
        let email = account.email.clone();
        for round in 0..PATIENCE_FOR_MAIL {
            let asked = Instant::now();
            while asked.elapsed() < AGAIN {
                if self.mailed_token(&email).is_some() {
                    return Some(round > 0);
                }
                self.rest(200);
            }
            if self.is_over() {
                return None;
            }
            let fields = [("email", email.as_str())];
            let sent = account
                .browser
                .try_submit("/signup", "/signup/resend", &fields);
            match sent {
                Err(_) => self.shared.tally.cut(),
                Ok(answer) if answer.status == 503 => self.shared.tally.refused(),
                Ok(answer) if answer.status == 200 => self.shared.tally.sent_again(),
                Ok(answer) => self.wrong("mail sent again", &answer),
            }
        }
        panic!("no mail came to {email}");
    }

    fn mailed_token(&self, email: &str) -> Option<String> {
        let taken = self.shared.mails.taken();
        let mut own = taken.iter().rev().filter(|mail| mail.to == email);
        own.find_map(|mail| mail.token("/emailverify"))
    }

    fn enrol(&mut self, account: &mut Account) -> Option<()> {
        let number = self.shared.addresses.fetch_add(1, Ordering::SeqCst);
        account.sent_address = user_address(number);
        let (token, address) = (account.token.clone()?, account.sent_address.clone());
        let form = [("UserPubKeyAddr", address.as_str())];
        self.insist("enrolment", |client| {
            client.api(&token, "address", Some(&form))
        })?;
        // The other web may believe for a moment what it read before.
        self.rest(800);
        let told = self.insist("purchase info", |client| {
            client.api(&token, "getpurchaseinfo", None)
        })?;
        let address = told.json()["data"]["TicketAddress"]
            .as_str()
            .map(str::to_owned);
        account.ticket_address = address;
        Some(())
    }

    fn choose(&mut self, account: &mut Account, bits: u16) -> Option<()> {
        let token = account.token.clone()?;
        account.bits.perhaps.push(bits);
        let text = bits.to_string();
        let form = [("VoteBits", text.as_str())];
        self.insist("voting", |client| client.api(&token, "voting", Some(&form)))?;
        account.bits = Told {
            accepted: Some(bits),
            perhaps: Vec::new(),
        };
        Some(())
    }

    fn wish(&mut self, account: &mut Account, wanted: bool) -> Option<()> {
        account.mails_of_votes.perhaps.push(wanted);
        let mut fields = vec![("updateNotifications", "true")];
        if wanted {
            fields.push(("voted", "true"));
        }
        self.insist("settings", |_| {
            account
                .browser
                .try_submit("/settings", "/settings", &fields)
        })?;
        account.mails_of_votes = Told {
            accepted: Some(wanted),
            perhaps: Vec::new(),
        };
        Some(())
    }

    fn api(
        &self,
        token: &str,
        command: &str,
        form: Option<&[(&str, &str)]>,
    ) -> std::io::Result<Response> {
        let bearer = format!("Bearer {token}");
        let path = format!("/api/v2/{command}");
        http::request(self.shared.site, &path, &[("Authorization", &bearer)], form)
    }

    /// Asks until it is accepted; `None`: everything was over before.
    fn insist(
        &mut self,
        what: &'static str,
        mut ask: impl FnMut(&Self) -> std::io::Result<Response>,
    ) -> Option<Response> {
        // Whether an earlier request may have been done after all.
        let mut perhaps = false;
        loop {
            match ask(self) {
                Err(_) => self.shared.tally.cut(),
                Ok(answer) => match meaning(&answer, perhaps) {
                    Meaning::Accepted => {
                        self.shared.tally.accepted(what);
                        return Some(answer);
                    }
                    Meaning::Refused => self.shared.tally.refused(),
                    Meaning::Wrong => self.wrong(what, &answer),
                },
            }
            perhaps = true;
            if self.is_over() {
                return None;
            }
            self.rest(200);
        }
    }

    fn wrong(&self, what: &str, answer: &Response) {
        let body: String = answer.body.chars().take(3000).collect();
        let text = format!("{what}: {} {body}", answer.status);
        self.shared.tally.wrong(text);
    }

    fn is_over(&self) -> bool {
        self.shared.over.load(Ordering::SeqCst)
    }

    /// About so many milliseconds, another time for each.
    fn rest(&mut self, millis: u64) {
        self.attempts += 1;
        let spread = (self.number as u64 * 37 + u64::from(self.attempts) * 71) % millis;
        wait::pause(Duration::from_millis(millis / 2 + spread));
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Accepted,
    Refused,
    Wrong,
}

/// `perhaps`: the same was asked before, and the answer did not come.
fn meaning(answer: &Response, perhaps: bool) -> Meaning {
    let json = answer.body.starts_with("{\"status\":");
    match answer.status {
        200 if json => match answer.json()["code"].as_u64() {
            Some(0) => Meaning::Accepted,
            // An address was submitted already.
            Some(6) if perhaps => Meaning::Accepted,
            // The database failed.
            Some(13) => Meaning::Refused,
            _ => Meaning::Wrong,
        },
        200 => Meaning::Accepted,
        // A page that says so in words, and is whole.
        503 if json || answer.body.contains("</html>") => Meaning::Refused,
        _ => Meaning::Wrong,
    }
}
