//! Who sees which page: all that the router's table has, and the states that differ.

use std::time::{Duration, Instant};

use dcrstakepool::decred::hash::{Hash, blake256};
use dcrstakepool::decred::{Atoms, Height, VoteBits, VoteVersion};
use dcrstakepool::domain::{FeeVerdict, TicketRecord, TicketStatus, UserId, VoteRecord};
use dcrstakepool::rpc::wire::{BlockVotes, Event, VoteOutcome, VoteReport};
use dcrstakepool::web::router::{Handler, ROUTES};
use serde::Serialize;

use crate::web::browser::{Answer, Browser, PASSWORD};
use crate::web::second_factor::{Phone, half_way};
use crate::web::site::Site;

/// Enough for several pages.
const TICKETS: u32 = 230;
/// How long the site may take to show what voters have: numbers are refreshed every 30 s at least.
const PATIENCE: Duration = Duration::from_mins(2);
const SECOND_FACTOR: &str = "/settings/second-factor";
const SIGN_IN_CODE: &str = "/signin/code";
/// As long as addresses come.
const LONG_EMAIL: &str = "a.very.long.name.that.somebody.really.has.and.uses.every.day@mail.of.a.large.organisation.example.com";

const NOTICE: &str = "Maintenance tonight from 22:00 to 23:00 UTC. Your tickets are voted all the while, by \
                      voting wallets on other machines.";
const CLOSED: &str = "The pool takes no new users until the next stake difficulty window. Please come back \
                      in June.";

/// Pages of several people, as the script reads it.
#[derive(Serialize)]
pub struct Album(Vec<Person>);

#[derive(Serialize)]
struct Person {
    who: &'static str,
    cookies: Vec<Cookie>,
    pages: Vec<Page>,
}

#[derive(Serialize)]
struct Cookie {
    name: String,
    value: String,
}

#[derive(Serialize)]
struct Page {
    name: String,
    path: String,
    status: u16,
    /// Fields of a form to fill in, and their text.
    fill: Vec<(&'static str, String)>,
    /// With another token than the page's.
    forged: bool,
    /// The button that sends it: then its answer is the page that is meant.
    press: Option<&'static str>,
}

/// The first user is an operator and has tickets; the second has no address yet; the third no ticket; the fourth a
/// second factor, and a browser that owes a code of it.
pub struct People {
    owner: Browser,
    newcomer: Browser,
    buyer: Browser,
    careful: Browser,
    phone: Phone,
    half_way: Browser,
}

impl People {
    pub async fn of(site: &Site) -> Self {
        // The operator comes first.
        let owner = owner(site).await;
        let newcomer = Browser::new_user(site, "newcomer@example.com").await;
        let buyer = super::enrolled(site, "buyer@example.com", 2).await;
        let mut careful = Browser::new_user(site, "careful@example.com").await;
        let phone = Phone::set_up(&mut careful).await;
        let people = Self {
            owner,
            newcomer,
            buyer,
            careful,
            phone,
            half_way: half_way(site, "careful@example.com").await,
        };
        let waits = sign_up("waits@example.com");
        site.browser()
            .submit("/signup", &waits)
            .await
            .shows("Check your mail");
        people
    }

    /// Every page of the table, and what forms answer.
    pub fn album(&self) -> Album {
        Album(vec![
            person("guest", None, guest_pages()),
            with_many_cookies(),
            person("owner", Some(&self.owner), owner_pages()),
            person(
                "newcomer",
                Some(&self.newcomer),
                vec![
                    page("address-new", "/address", 200),
                    form(
                        "address-refused",
                        "/address",
                        422,
                        &[("#UserPubKeyAddr", "SkTooShort")],
                    ),
                ],
            ),
            person(
                "buyer",
                Some(&self.buyer),
                vec![page("tickets-none", "/tickets", 200)],
            ),
            person(
                "careful",
                Some(&self.careful),
                careful_pages(&self.phone.recovery[0]),
            ),
            person(
                "half-way",
                Some(&self.half_way),
                vec![
                    page("signin-code", SIGN_IN_CODE, 200),
                    form("code-refused", SIGN_IN_CODE, 422, &[("#code", "000000")]),
                ],
            ),
        ])
    }

    /// The pool closed by its operator, with a notice; all voters away; a guest who asked too often.
    pub async fn in_trouble(&mut self, site: &Site) -> Album {
        let sign = [
            ("notice", NOTICE),
            ("closed", "true"),
            ("closed_message", CLOSED),
            ("action", "set"),
        ];
        let set = self.owner.submit("/admin/pool", &sign).await;
        assert_eq!(set.location(), "/admin/pool?done=set");
        for voter in &site.voters {
            voter.stop().await;
        }
        until(&mut self.owner, "/status", |answer| answer.status == 500).await;
        let mut guest = site.browser();
        let form_token = guest
            .get("/passwordreset")
            .await
            .form_token("/passwordreset");
        let fields = [
            ("csrf_token", form_token.as_str()),
            ("email", "often@example.com"),
        ];
        while guest.post("/passwordreset", &fields).await.status != 429 {}
        Album(vec![
            person(
                "guest",
                None,
                vec![
                    page("closed-home", "/", 200),
                    page("closed-signup", "/signup", 200),
                    form(
                        "too-often",
                        "/passwordreset",
                        429,
                        &[("#email", "often@example.com")],
                    ),
                ],
            ),
            person(
                "owner",
                Some(&self.owner),
                vec![
                    page("closed-admin-pool", "/admin/pool", 200),
                    page("status-none", "/status", 500),
                ],
            ),
            person(
                "newcomer",
                Some(&self.newcomer),
                vec![page("closed-address", "/address", 200)],
            ),
        ])
    }
}

/// More cookies than are read.
fn with_many_cookies() -> Person {
    let cookies = (0..5).map(|number| Cookie {
        name: format!("crumb{number}"),
        value: "x".repeat(3900),
    });
    Person {
        cookies: cookies.collect(),
        ..person("hoarder", None, vec![page("too-much", "/", 431)])
    }
}

/// Forms of a site that asks whether a person is there, of a client that guesses passwords.
pub async fn with_captcha(site: &Site) -> Album {
    let email = ("#email", "kim@example.com");
    let password = ("#password", PASSWORD);
    let letters = ("#captcha_answer", "none");
    let fields = [("email", "kim@example.com"), ("password", "not the one")];
    let mut guesser = site.browser();
    while !guesser
        .submit("/signin", &fields)
        .await
        .body
        .contains("captcha_answer")
    {}
    let repeated = ("#passwordrepeat", PASSWORD);
    let pages = vec![
        page("captcha-signup", "/signup", 200),
        page("captcha-signin", "/signin", 200),
        page("captcha-reset", "/passwordreset", 200),
        form(
            "captcha-signup-refused",
            "/signup",
            422,
            &[email, password, repeated, letters],
        ),
        form(
            "captcha-signin-refused",
            "/signin",
            422,
            &[email, password, letters],
        ),
        form(
            "captcha-reset-refused",
            "/passwordreset",
            422,
            &[email, letters],
        ),
    ];
    Album(vec![person("guesser", None, pages)])
}

/// What is shown while the database is silent.
pub fn without_database(user: &Browser) -> Album {
    let pages = vec![
        page("database-away", "/tickets", 503),
        page("database-away-home", "/", 200),
    ];
    Album(vec![person("user", Some(user), pages)])
}

impl Album {
    pub fn json(&self) -> String {
        serde_json::to_string(self).expect("plain values")
    }

    pub fn pages(&self) -> usize {
        self.0.iter().map(|person| person.pages.len()).sum()
    }
}

fn guest_pages() -> Vec<Page> {
    let email = ("#email", "kim@example.com");
    let password = ("#password", "correct horse battery");
    let too_long = "x".repeat(70_000);
    let mut pages = routes(|handler| matches!(handler, Handler::Anyone(_)));
    // Guests do not get there.
    pages.retain(|page| page.path != SIGN_IN_CODE);
    pages.extend([
        Page {
            forged: true,
            ..form("forbidden", "/passwordreset", 403, &[email])
        },
        form(
            "too-large",
            "/signin",
            413,
            &[email, ("#password", &too_long)],
        ),
        page("account-closed", "/?closed=account", 200),
        page("not-found", "/no-such-page", 404),
        page("unauthorized", "/status", 401),
        page("wrong-method", "/signup/resend", 405),
        form(
            "signup-refused",
            "/signup",
            422,
            &[email, password, ("#passwordrepeat", "something else")],
        ),
        form("signin-refused", "/signin", 422, &[email, password]),
        form("reset-sent", "/passwordreset", 200, &[email]),
        form(
            "reset-refused",
            "/passwordupdate?t=0",
            422,
            &[password, ("#passwordrepeat", "correct horse battery")],
        ),
        form("verify-refused", "/emailverify?t=0", 422, &[]),
        form("email-refused", "/emailupdate?t=0", 422, &[]),
    ]);
    pages
}

fn owner_pages() -> Vec<Page> {
    let mut pages = routes(|handler| {
        matches!(
            handler,
            Handler::User(_) | Handler::Admin(_) | Handler::Watcher(_)
        )
    });
    let mut settings = form(
        "settings-refused",
        "/settings",
        422,
        &[
            ("#password", "not my password"),
            ("#newpassword", "a staple of horses"),
            ("#newpasswordrepeat", "a staple of horses"),
        ],
    );
    settings.press = Some("form:has([name=updatePassword]) button");
    pages.extend([
        page("home-signed-in", "/", 200),
        page("tickets-last", "/tickets?page=5", 200),
        page(
            "ticket-voted",
            &format!("/tickets/{}", hash_of("ticket", 0)),
            200,
        ),
        page(
            "ticket-live",
            &format!("/tickets/{}", hash_of("ticket", 199)),
            200,
        ),
        page("admintickets-past", "/admintickets?past", 200),
        page("users-found", "/admin/users?q=newcomer@example.com", 200),
        page("users-waiting", "/admin/users?q=waits@example.com", 200),
        page("settings-done", "/settings?done=email", 200),
        page("users-none", "/admin/users?q=nobody@example.com", 200),
        page(
            "log-user",
            "/admin/log?q=newcomer@example.com&kind=sign_in",
            200,
        ),
        page("log-none", "/admin/log?kind=halted", 200),
        form(
            "second-factor-offered",
            SECOND_FACTOR,
            200,
            &[("#password", PASSWORD)],
        ),
        settings,
    ]);
    pages
}

fn careful_pages(recovery_code: &str) -> Vec<Page> {
    let refused = form(
        "second-factor-refused",
        SECOND_FACTOR,
        422,
        &[("#renewpassword", "not my password"), ("#renewcode", "1")],
    );
    let codes = form(
        "second-factor-codes",
        SECOND_FACTOR,
        200,
        &[("#renewpassword", PASSWORD), ("#renewcode", recovery_code)],
    );
    vec![
        page("settings-with-code", "/settings", 200),
        page("second-factor-on", SECOND_FACTOR, 200),
        refused,
        codes,
    ]
}

/// Pages of the table; a path with a dot is a file, one with a star has many.
fn routes(wanted: fn(&Handler) -> bool) -> Vec<Page> {
    ROUTES
        .iter()
        .filter(|route| !route.post && wanted(&route.handler) && !route.path.contains(['.', '*']))
        .map(|route| {
            let name = route.path.trim_matches('/').replace('/', "-");
            let name = if name.is_empty() { "home" } else { &name };
            page(name, route.path, 200)
        })
        .collect()
}

fn page(name: &str, path: &str, status: u16) -> Page {
    Page {
        name: name.to_owned(),
        path: path.to_owned(),
        status,
        fill: Vec::new(),
        forged: false,
        press: None,
    }
}

/// What the page's first form answers.
fn form(name: &str, path: &str, status: u16, fill: &[(&'static str, &str)]) -> Page {
    let fill = fill
        .iter()
        .map(|(field, text)| (*field, (*text).to_owned()));
    Page {
        fill: fill.collect(),
        press: Some("main form button"),
        ..page(name, path, status)
    }
}

fn person(who: &'static str, browser: Option<&Browser>, pages: Vec<Page>) -> Person {
    let cookies = browser.iter().flat_map(|browser| &browser.cookies);
    let cookies = cookies.map(|(name, value)| Cookie {
        name: name.clone(),
        value: value.clone(),
    });
    Person {
        who,
        cookies: cookies.collect(),
        pages,
    }
}

/// With tickets in every state, and an address that needs room.
async fn owner(site: &Site) -> Browser {
    let mut browser = super::enrolled(site, LONG_EMAIL, 1).await;
    let json = browser.get("/address/script.json").await.body;
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let address = json["ticket_address"].as_str().expect("address");
    for voter in &site.voters {
        voter.fake.with(|state| {
            state.stake_info.pool_size = 40_960;
            state.stake_info.ticket_price = Atoms(25_123_456_789);
            state.status.blocks = vec![called()];
            state.tickets = (0..TICKETS).map(|number| ticket(number, address)).collect();
        });
        voter.fake.emit(&Event::Tickets {
            sequence: u64::from(TICKETS),
        });
    }
    let text = format!("{TICKETS} in all");
    until(&mut browser, "/tickets", |page| page.body.contains(&text)).await;
    // The network's numbers come with the next block.
    for voter in &site.voters {
        voter.fake.set_height(250);
        let tip = voter.fake.with(|state| state.status.best.clone());
        let tip = tip.expect("a best block");
        voter.fake.emit(&Event::Block { tip });
    }
    until(&mut browser, "/stats", |page| page.body.contains("40,960")).await;
    browser
}

/// Opens the page again and again until it is as wanted.
async fn until(browser: &mut Browser, path: &str, wanted: impl Fn(&Answer) -> bool) {
    let start = Instant::now();
    loop {
        let answer = browser.get(path).await;
        if wanted(&answer) {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "waited in vain: {answer:#?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn sign_up(email: &str) -> [(&str, &str); 3] {
    [
        ("email", email),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ]
}

fn hash_of(what: &str, number: u32) -> Hash {
    Hash(blake256(format!("{what} {number}").as_bytes()))
}

/// What a voter did when the first ticket was called.
fn called() -> BlockVotes {
    let vote = VoteReport {
        ticket: hash_of("ticket", 0),
        bits: VoteBits(5),
        version: VoteVersion(12),
        outcome: VoteOutcome::Accepted,
        reason: String::new(),
        looked_up_us: 40,
        signed_us: 480,
        sent_us: 520,
        answered_us: 6_250,
    };
    BlockVotes {
        hash: hash_of("called", 0),
        height: Height(200),
        own_winners: 1,
        votes: vec![vote],
        unvoted: Vec::new(),
        last_accepted_us: Some(6_250),
    }
}

fn ticket(number: u32, address: &str) -> TicketRecord {
    let status = match number % 10 {
        _ if number + 1 == TICKETS => TicketStatus::Mempool,
        _ if number + 4 > TICKETS => TicketStatus::Immature,
        0..5 => TicketStatus::Voted,
        5 if number < 60 => TicketStatus::Expired,
        6 if number < 20 => TicketStatus::Missed,
        _ => TicketStatus::Live,
    };
    let hash = |what: &str| hash_of(what, number);
    let mined = status != TicketStatus::Mempool;
    TicketRecord {
        hash: hash("ticket"),
        user_id: UserId(1),
        ticket_address: address.to_owned(),
        price: Atoms(25_123_456_789),
        fee_paid: Atoms(12_345_678),
        mined: mined.then(|| (hash("block"), Height(10 + number))),
        status,
        verdict: match number {
            221 => FeeVerdict::Low,
            217 => FeeVerdict::Added,
            _ => FeeVerdict::Good,
        },
        vote: (status == TicketStatus::Voted).then(|| VoteRecord {
            hash: hash("vote"),
            block: hash("later block"),
            height: Height(100 + number),
            bits: VoteBits(5),
            version: VoteVersion(12),
            reward: Atoms(150_000_000),
        }),
        revocation: (status == TicketStatus::Missed).then(|| hash("revocation")),
    }
}
