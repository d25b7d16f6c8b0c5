//! An operator may go back to the Go program: whatever people did here meanwhile, its tables are those that it
//! made, and each of its values is one that it could have written.

use dcrstakepool::decred::hash::{Hash, blake256};
use http::StatusCode;

use super::former::{EMAIL_TOKEN, Former, PASSWORD, PEOPLE, RESET_TOKEN, Version, ends};
use super::go_values::{self, GoUser};
use crate::web::browser::Browser;
use crate::web::low_fee::{learn, shows_in_time, ticket};
use crate::web::site::{Site, Wish, user_address, wait_for};

const BACKUP: &str = "--yes-i-have-a-backup";
/// Of those who came later, and what they change it to.
const FIRST: &str = "correct horse battery";
const SECOND: &str = "battery staple horse";
/// Exactly what bcrypt takes, and not ASCII.
const LONGEST: &str = "ππππππππππππππππππππππππππππππππππππ";
const GO_TABLES: [&str; 5] = [
    "Users",
    "EmailChange",
    "PasswordReset",
    "LowFeeTicket",
    "Session",
];
const NEWCOMERS: u32 = 8;

/// People at the site, counting what they did.
struct Story {
    site: Site,
    done: u32,
}

impl Story {
    /// One form that changes something, and where it leads.
    async fn change(&mut self, browser: &mut Browser, action: &str, fields: &[(&str, &str)]) {
        self.change_at(browser, action, action, fields).await;
    }

    async fn change_at(
        &mut self,
        browser: &mut Browser,
        page: &str,
        action: &str,
        fields: &[(&str, &str)],
    ) {
        let answer = browser.submit_to(page, action, fields).await;
        let good = [StatusCode::OK, StatusCode::SEE_OTHER].contains(&answer.status);
        assert!(good, "{action} {fields:?}: {answer:#?}");
        self.done += 1;
    }

    async fn sign_in(&mut self, email: &str, password: &str) -> Browser {
        let mut browser = self.site.browser();
        let answer = browser.sign_in(email, password).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{email}: {answer:#?}");
        self.done += 1;
        browser
    }

    /// Another address, by the link that is mailed there.
    async fn move_to(&mut self, browser: &mut Browser, password: &str, email: &str) {
        let fields = [
            ("updateEmail", "true"),
            ("email", email),
            ("password", password),
        ];
        self.change(browser, "/settings", &fields).await;
        let token = self.site.mailed_link(email, "/emailupdate").await;
        let page = format!("/emailupdate?t={token}");
        self.change_at(browser, &page, "/emailupdate", &[("t", &token)])
            .await;
    }

    /// A forgotten password.
    async fn reset(&mut self, email: &str, password: &str) {
        let mut guest = self.site.browser();
        self.change(&mut guest, "/passwordreset", &[("email", email)])
            .await;
        let token = self.site.mailed_link(email, "/passwordupdate").await;
        self.set_password(&mut guest, &token, password).await;
    }

    async fn set_password(&mut self, guest: &mut Browser, token: &str, password: &str) {
        let page = format!("/passwordupdate?t={token}");
        let fields = [
            ("t", token),
            ("password", password),
            ("passwordrepeat", password),
        ];
        self.change_at(guest, &page, "/passwordupdate", &fields)
            .await;
    }

    /// From the sign-up to another password, by each of the ways that change a row.
    async fn newcomer(&mut self, number: u32) {
        let email = format!("Newcomer{number}@Example.com");
        let mut browser = self.site.browser();
        browser.sign_up(&self.site, &email, FIRST).await;
        self.done += 2;
        let mut browser = {
            drop(browser);
            self.sign_in(&email, FIRST).await
        };
        let key = user_address(number);
        self.change(&mut browser, "/address", &[("UserPubKeyAddr", &key)])
            .await;
        shows_in_time(&mut browser, "/voting", "agenda0").await;
        let choices = [("agenda0", "2"), ("agenda1", "16")];
        self.change(&mut browser, "/voting", &choices).await;
        self.change(&mut browser, "/settings", &[("renewToken", "true")])
            .await;
        let wishes = [("updateNotifications", "true"), ("voted", "true")];
        self.change(&mut browser, "/settings", &wishes).await;
        let other = format!("moved{number}@example.com");
        self.move_to(&mut browser, FIRST, &other).await;
        self.reset(&other, LONGEST).await;
        let mut browser = self.sign_in(&other, LONGEST).await;
        let fields = [
            ("updatePassword", "true"),
            ("password", LONGEST),
            ("newpassword", SECOND),
            ("newpasswordrepeat", SECOND),
        ];
        self.change(&mut browser, "/settings", &fields).await;
        if number == 3 {
            let fields = [
                ("closeAccount", "true"),
                ("confirm", "true"),
                ("password", SECOND),
            ];
            self.change(&mut browser, "/settings", &fields).await;
        }
    }

    /// People who were users before go on, by links of before too.
    async fn people_of_before(&mut self) {
        let mut guest = self.site.browser();
        let page = format!("/emailverify?t={EMAIL_TOKEN}");
        self.change_at(&mut guest, &page, "/emailverify", &[("t", EMAIL_TOKEN)])
            .await;
        self.set_password(&mut guest, RESET_TOKEN, SECOND).await;
        self.sign_in("old@example.com", SECOND).await;
        let mut new = self.sign_in("new@example.com", PASSWORD).await;
        let key = user_address(100);
        self.change(&mut new, "/address", &[("UserPubKeyAddr", &key)])
            .await;
        let mut early = self.sign_in("early@example.com", PASSWORD).await;
        self.change(&mut early, "/settings", &[("renewToken", "true")])
            .await;
        shows_in_time(&mut early, "/voting", "agenda0").await;
        self.change(&mut early, "/voting", &[("agenda0", "4"), ("agenda1", "8")])
            .await;
    }

    /// One ticket is added for good, another only for a while.
    async fn low_fee_tickets(&mut self) {
        let mut admin = self.sign_in("admin@example.com", PASSWORD).await;
        let (_, address) = PEOPLE[1].script().expect("a script");
        for voter in &self.site.voters {
            wait_for(|| voter.fake.with(|it| it.preferences.get(&2).map(drop))).await;
        }
        learn(&self.site, &[ticket(1, &address), ticket(2, &address)]);
        let [first, second] = [1_u8, 2].map(|number| Hash(blake256(&[number])).to_string());
        shows_in_time(&mut admin, "/admintickets", &first).await;
        shows_in_time(&mut admin, "/admintickets", &second).await;
        for (hash, action) in [(&first, "add"), (&second, "add"), (&second, "remove")] {
            let fields = [("tickets[]", hash.as_str()), ("action", action)];
            self.change(&mut admin, "/admintickets", &fields).await;
        }
        for action in ["disable", "enable"] {
            let fields = [("user_id", "2"), ("action", action)];
            self.change(&mut admin, "/admin/users", &fields).await;
        }
    }
}

/// All that the server knows of the shape of the Go program's tables.
fn shape(former: &Former) -> Vec<String> {
    let tables = GO_TABLES.map(|name| format!("'{name}'")).join(", ");
    let of = |what: &str, columns: &str, order: &str| {
        former.rows(&format!(
            "SELECT CONCAT_WS(' ', {columns}) AS line FROM information_schema.{what} \
             WHERE table_schema = DATABASE() AND table_name IN ({tables}) ORDER BY table_name, {order}"
        ))
    };
    [
        of(
            "tables",
            "table_name, engine, table_collation, row_format",
            "engine",
        ),
        of(
            "columns",
            "table_name, ordinal_position, column_name, column_type, is_nullable, column_key, \
             COALESCE(column_default, 'none'), extra, collation_name",
            "ordinal_position",
        ),
        of(
            "statistics",
            "table_name, index_name, non_unique, seq_in_index, column_name, index_type",
            "index_name, seq_in_index",
        ),
        of(
            "table_constraints",
            "table_name, constraint_name, constraint_type",
            "constraint_name",
        ),
        former.rows(&format!(
            "SELECT trigger_name AS line FROM information_schema.triggers \
             WHERE event_object_schema = DATABASE() AND event_object_table IN ({tables})"
        )),
    ]
    .concat()
}

/// Rows that nobody here touches.
const UNTOUCHED: &str = "SELECT CONCAT_WS(' ', Email, Username, HEX(Password), MultiSigAddress, MultiSigScript, \
     PoolPubKeyAddr, UserPubKeyAddr, HeightRegistered, EmailVerified, EmailToken, APIToken, VoteBits, \
     VoteBitsVersion) AS line FROM Users WHERE UserId IN (5, 8)";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_hundred_changes_the_go_program_finds_its_tables_as_it_made_them() {
    let former = Former::of(Version::V150);
    let (before, untouched) = (shape(&former), former.rows(UNTOUCHED));
    ends(&former.migrate(&[BACKUP]), 0, &["done"]);
    let site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 2\n",
        database: Some(former.url()),
        ..Wish::default()
    })
    .await;
    let mut story = Story { site, done: 0 };
    story.people_of_before().await;
    story.low_fee_tickets().await;
    for number in 1..=NEWCOMERS {
        story.newcomer(number).await;
    }
    assert!(story.done >= 100, "only {} changes", story.done);

    story.site.stop().await;
    assert_eq!(shape(&former), before);
    assert_eq!(former.rows(UNTOUCHED), untouched);
    let users = go_values::users(&former);
    assert_eq!(users.len(), PEOPLE.len() + NEWCOMERS as usize);
    go_values::check(&former);
    the_closed_account_is_nobody_s(&users);

    the_go_program_makes_a_user(&former);
    let number =
        "SELECT CONCAT(MAX(u.UserId) > MAX(k.key_index)) AS line FROM Users u JOIN pool_keys k";
    assert_eq!(former.rows(number), ["1"], "its number is nobody's key");
    // And the operator changes his mind again.
    ends(&former.migrate(&[BACKUP]), 0, &["take over", "done"]);
    story.site.start_again().await;
    story.sign_in("moved1@example.com", SECOND).await;
    story
        .sign_in("go@example.com", "a password in between")
        .await;
}

/// As it stores one, numbered by the database, with its defaults.
fn the_go_program_makes_a_user(former: &Former) {
    let hash = bcrypt::hash_with_result("a password in between", 4).expect("a hash");
    let hash = hash.format_for_version(bcrypt::Version::TwoA);
    former.execute(&format!(
        "INSERT INTO Users (Email, Username, Password, MultiSigAddress, MultiSigScript, PoolPubKeyAddr, \
         UserPubKeyAddr, UserFeeAddr, HeightRegistered, EmailVerified, EmailToken, APIToken, VoteBits, \
         VoteBitsVersion) VALUES ('go@example.com', 'go@example.com', '{hash}', '', '', '', '', '', 0, 1, '', '', 1, 8)"
    ));
}

/// Who has closed the account has nothing to sign in by, and the tickets are voted there too.
fn the_closed_account_is_nobody_s(users: &[GoUser]) {
    let closed = |user: &&GoUser| user.email.starts_with("closed-");
    let closed: Vec<_> = users.iter().filter(closed).collect();
    let [user] = closed[..] else {
        panic!("{closed:?}");
    };
    assert!(user.password.is_empty() && !user.script.is_empty());
}
