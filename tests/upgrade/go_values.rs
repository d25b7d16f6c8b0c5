//! Which values the Go program can read, and takes for its own. It reads each column into a plain string or
//! number, so that one NULL keeps a user from signing in.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dcrstakepool::decred::address::{Address, AddressKind};
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::params::Network;
use diesel::QueryableByName;
use diesel::sql_types::{BigInt, Text};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use super::former::Former;
use crate::web::site::{API_SECRET, agendas};

/// Where unix seconds of this program and of the fixture lie; in milliseconds they would not.
const SECONDS: std::ops::Range<i64> = 1_400_000_000..4_100_000_000;

/// A row of `Users`.
#[derive(Debug, QueryableByName)]
pub struct GoUser {
    #[diesel(sql_type = BigInt)]
    pub id: i64,
    #[diesel(sql_type = Text)]
    pub email: String,
    #[diesel(sql_type = Text)]
    username: String,
    #[diesel(sql_type = Text)]
    pub password: String,
    #[diesel(sql_type = Text)]
    ticket_address: String,
    #[diesel(sql_type = Text)]
    pub script: String,
    #[diesel(sql_type = Text)]
    pool_key: String,
    #[diesel(sql_type = Text)]
    user_key: String,
    #[diesel(sql_type = Text)]
    fee_address: String,
    #[diesel(sql_type = BigInt)]
    height: i64,
    #[diesel(sql_type = BigInt)]
    pub verified: i64,
    #[diesel(sql_type = Text)]
    email_token: String,
    #[diesel(sql_type = Text)]
    api_token: String,
    #[diesel(sql_type = BigInt)]
    vote_bits: i64,
    #[diesel(sql_type = BigInt)]
    vote_version: i64,
}

/// All users; a NULL is an error.
pub fn users(former: &Former) -> Vec<GoUser> {
    former.load(
        "SELECT UserId AS id, Email AS email, Username AS username, CAST(Password AS CHAR) AS password, \
         MultiSigAddress AS ticket_address, MultiSigScript AS script, PoolPubKeyAddr AS pool_key, \
         UserPubKeyAddr AS user_key, UserFeeAddr AS fee_address, HeightRegistered AS height, \
         EmailVerified AS verified, EmailToken AS email_token, APIToken AS api_token, VoteBits AS vote_bits, \
         VoteBitsVersion AS vote_version FROM Users ORDER BY UserId",
    )
}

/// Fails with the row and the column that the Go program would not understand.
pub fn check(former: &Former) {
    let users = users(former);
    for user in &users {
        user.check();
    }
    let emails: Vec<_> = users
        .iter()
        .filter(|user| user.id > 12)
        .map(|user| user.email.to_lowercase())
        .collect();
    let distinct: BTreeSet<_> = emails.iter().collect();
    assert_eq!(
        distinct.len(),
        emails.len(),
        "it wants one row for an address: {emails:?}"
    );
    for link in links(former) {
        let Link {
            token,
            created,
            expires,
            ..
        } = &link;
        assert!(
            is_token(token) && SECONDS.contains(created) && created < expires,
            "{link:?}"
        );
        assert!(users.iter().any(|user| user.id == link.user), "{link:?}");
    }
    for ticket in low_fee_tickets(former) {
        ticket.check(&users);
    }
}

impl GoUser {
    fn check(&self) {
        // Go's library refuses shorter hashes, and nobody has a hash of nothing.
        let closed = format!("closed-{}", self.id);
        if self.email == closed {
            assert_eq!(
                (self.password.as_str(), &self.username),
                ("", &closed),
                "{self:?}"
            );
        } else {
            let hash: bcrypt::HashParts = self.password.parse().expect("a hash");
            let cost = hash.get_cost();
            assert!((4..=31).contains(&cost), "{self:?}");
            assert!(
                self.password.starts_with("$2a$") && self.password.len() == 60,
                "{self:?}"
            );
            assert!(
                self.email.contains('@') && self.username.contains('@'),
                "{self:?}"
            );
        }
        assert!((0..=2).contains(&self.verified), "{self:?}");
        assert!(
            self.email_token.is_empty() || is_token(&self.email_token),
            "{self:?}"
        );
        assert_eq!(self.email_token.is_empty(), self.verified != 0, "{self:?}");
        self.check_addresses();
        self.check_api_token();
        self.check_vote();
    }

    fn check_addresses(&self) {
        let all = [
            &self.ticket_address,
            &self.script,
            &self.pool_key,
            &self.user_key,
            &self.fee_address,
        ];
        if self.script.is_empty() {
            assert!(
                all.iter().all(|text| text.is_empty()) && self.height == 0,
                "{self:?}"
            );
            return;
        }
        let bytes = hex::decode(&self.script).expect("hex");
        let script = RedeemScript::parse(&bytes).expect("a redeem script");
        assert_eq!(self.script, self.script.to_lowercase());
        assert_eq!(
            script.address(Network::Simnet).to_string(),
            self.ticket_address
        );
        let decoded = |text: &str| Address::decode_for(Network::Simnet, text).expect("an address");
        assert_eq!(
            decoded(&self.pool_key).public_key().as_ref(),
            Some(script.pool_key())
        );
        assert_eq!(
            decoded(&self.user_key).public_key().as_ref(),
            Some(script.user_key())
        );
        assert_eq!(decoded(&self.fee_address).kind(), AddressKind::PubKeyHash);
        assert!((1..10_000_000).contains(&self.height), "{self:?}");
    }

    /// Its library takes any token with a good signature whose claims are of the right types, and none from the
    /// future.
    fn check_api_token(&self) {
        if self.api_token.is_empty() {
            return;
        }
        let (signed, signature) = self.api_token.rsplit_once('.').expect("a token");
        let mut mac = Hmac::<Sha256>::new_from_slice(API_SECRET.as_bytes()).expect("a key");
        mac.update(signed.as_bytes());
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        mac.verify_slice(&signature).expect("a good signature");
        let read = |part: &str| -> Value {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("json")
        };
        let (head, claims) = signed.split_once('.').expect("two parts");
        assert_eq!(read(head)["alg"], "HS256");
        let claims = read(claims);
        assert_eq!(claims["loggedInAs"], self.id);
        assert_eq!(claims["iss"], "http://pool.example.com");
        assert!(
            SECONDS.contains(&claims["iat"].as_i64().expect("a number")),
            "{claims}"
        );
    }

    /// What it does not take for valid it resets to 1.
    fn check_vote(&self) {
        let bits = u16::try_from(self.vote_bits).expect("16 bits");
        assert_eq!(bits & 1, 1, "{self:?}");
        let known = agendas().agendas;
        let mask = known.iter().fold(1, |mask, agenda| mask | agenda.mask);
        assert_eq!(bits & !mask, 0, "{self:?}");
        for agenda in &known {
            let chosen = bits & agenda.mask;
            assert!(
                agenda.choices.iter().any(|choice| choice.bits == chosen),
                "{self:?}"
            );
        }
        assert_eq!(self.vote_version, 12, "{self:?}");
    }
}

/// A row of `PasswordReset` or `EmailChange`.
#[derive(Debug, QueryableByName)]
struct Link {
    #[diesel(sql_type = BigInt)]
    user: i64,
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = BigInt)]
    created: i64,
    #[diesel(sql_type = BigInt)]
    expires: i64,
}

fn links(former: &Former) -> Vec<Link> {
    let columns = "UserId AS user, Token AS token, Created AS created, Expires AS expires";
    former.load(&format!(
        "SELECT {columns} FROM PasswordReset UNION ALL SELECT {columns} FROM EmailChange"
    ))
}

/// A row of `LowFeeTicket`.
#[derive(Debug, QueryableByName)]
struct LowFeeTicket {
    #[diesel(sql_type = BigInt)]
    added_by: i64,
    #[diesel(sql_type = Text)]
    address: String,
    #[diesel(sql_type = Text)]
    hash: String,
    #[diesel(sql_type = BigInt)]
    expiry: i64,
    #[diesel(sql_type = BigInt)]
    voted: i64,
    #[diesel(sql_type = BigInt)]
    created: i64,
    #[diesel(sql_type = BigInt)]
    expires: i64,
}

/// Those that its voters vote; the test has left one.
fn low_fee_tickets(former: &Former) -> Vec<LowFeeTicket> {
    let columns = "AddedByUid AS added_by, TicketAddress AS address, TicketHash AS hash, TicketExpiry AS expiry, \
                   Voted AS voted, Created AS created, Expires AS expires";
    let all: Vec<LowFeeTicket> = former.load(&format!("SELECT {columns} FROM LowFeeTicket"));
    let voted: Vec<LowFeeTicket> = former.load(&format!(
        "SELECT {columns} FROM LowFeeTicket WHERE Voted = 0 AND Expires > UNIX_TIMESTAMP()"
    ));
    assert_eq!((all.len(), voted.len()), (1, 1), "{all:?}");
    all
}

impl LowFeeTicket {
    fn check(&self, users: &[GoUser]) {
        assert_eq!((self.added_by, self.voted), (1, 0), "{self:?}");
        let hash = hex::decode(&self.hash).expect("hex");
        assert_eq!(hash.len(), 32, "{self:?}");
        assert!(
            users.iter().any(|user| user.ticket_address == self.address),
            "{self:?}"
        );
        assert!((1..10_000_000).contains(&self.expiry), "{self:?}");
        let times = [self.created, self.expires];
        assert!(times.iter().all(|time| SECONDS.contains(time)), "{self:?}");
        assert!(self.created < self.expires, "{self:?}");
    }
}

/// As its own tokens: 16 bytes in hex.
fn is_token(text: &str) -> bool {
    hex::decode(text).is_ok_and(|bytes| bytes.len() == 16)
}
