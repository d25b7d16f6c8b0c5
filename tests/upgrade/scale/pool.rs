//! What is in a large pool: the same in each run.

use std::fmt::Write as _;

use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hdkey::{Branch, ExtendedPubKey};
use dcrstakepool::decred::key::PublicKey;
use dcrstakepool::decred::multisig::RedeemScript;
use dcrstakepool::decred::params::Network;

use super::super::former::PASSWORD;
use crate::web::site::voting_key;

pub const USERS: u32 = 100_000;
/// Ten of them for each user.
pub const TICKETS: u32 = 1_000_000;
/// Of the first user, who is an admin too.
pub const OF_ONE: u32 = 10_000;
/// Every so many users have a key far away: all keys that may be meant are looked at.
const ELSEWHERE: u32 = 1_000;
/// Of ten years: 576 blocks, 1440 hours, and the days before. There are never more: they are thinned.
const SAMPLES: u32 = 5_700;
/// Of five votes a block by four voters, in the time that they are kept.
const VOTE_TIMES: u32 = 2_000_000;
const LOG: u32 = 1_000_000;

pub const TABLES: [&str; 7] = [
    "Users",
    "pool_keys",
    "pool_emails",
    "Tickets",
    "Samples",
    "pool_vote_times",
    "pool_audit",
];

/// Sums over all that the Go program wrote of users.
pub const FINGERPRINT: &str = "SELECT CONCAT_WS(' ', COUNT(*), SUM(CRC32(CONCAT_WS(' ', UserId, Email, Username, \
     HEX(Password), MultiSigAddress, MultiSigScript, PoolPubKeyAddr, UserPubKeyAddr, HeightRegistered, EmailVerified, \
     EmailToken)))) AS line FROM Users";

pub const TICKETS_FINGERPRINT: &str = "SELECT CONCAT_WS(' ', COUNT(*), SUM(CRC32(CONCAT_WS(' ', hash, user_id, \
     ticket_address, price, fee_paid, mined_block, mined_height, sort_height, status, verdict, vote_hash, vote_block, \
     vote_height, vote_bits, vote_version, vote_reward, revocation, source)))) AS line FROM Tickets";

fn branch() -> Branch {
    let account = ExtendedPubKey::parse(Network::Simnet, &voting_key()).expect("key");
    account.external_branch().expect("branch")
}

/// The statements that fill `Users`: every tenth has no script, and none has a fee address yet.
pub fn users() -> Vec<String> {
    let hash = bcrypt::hash_with_result(PASSWORD, 10).expect("a hash");
    let hash = hash.format_for_version(bcrypt::Version::TwoA);
    let branch = branch();
    let own = branch.key(5_000_000).expect("key");
    let mut inserts = Vec::new();
    for first in (1..=USERS).step_by(1_000) {
        let mut sql = "INSERT INTO Users (UserId, Email, Username, Password, MultiSigAddress, MultiSigScript, \
                       PoolPubKeyAddr, UserPubKeyAddr, HeightRegistered, EmailVerified, EmailToken, APIToken, \
                       UserFeeAddr, VoteBits, VoteBitsVersion) VALUES "
            .to_owned();
        for id in first..first + 1_000 {
            let comma = if id == first { "" } else { ", " };
            let addresses = addresses(&branch, &own, id);
            let _ = write!(
                sql,
                "{comma}({id}, 'User{id}@Example.com', 'user{id}@example.com', '{hash}', {addresses}, 1, '', '', '', 1, 12)"
            );
        }
        inserts.push(sql);
    }
    inserts
}

fn addresses(branch: &Branch, own: &PublicKey, id: u32) -> String {
    if id.is_multiple_of(10) && !id.is_multiple_of(ELSEWHERE) {
        return "'', '', '', '', 0".to_owned();
    }
    let index = if id.is_multiple_of(ELSEWHERE) {
        id + USERS - 1
    } else {
        id
    };
    let pool = branch.key(index).expect("key");
    let script = RedeemScript::new(&pool, own);
    let pubkey = |key: &PublicKey| Address::pubkey(Network::Simnet, key).to_string();
    format!(
        "'{}', '{}', '{}', '{}', 150",
        script.address(Network::Simnet),
        script.to_hex(),
        pubkey(&pool),
        pubkey(own)
    )
}

/// What this program has of its own after some years.
pub fn history() -> [String; 4] {
    let hash = |of: &str| format!("SHA2(CONCAT('{of}', seq), 256)");
    // Half a million blocks; one in fifty of the tickets is live still.
    let status = "CASE WHEN seq % 50 = 0 THEN 'live' WHEN seq % 50 = 1 THEN 'missed' WHEN seq % 50 = 2 THEN 'expired' \
                  ELSE 'voted' END";
    [
        format!(
            "INSERT INTO Tickets SELECT {}, IF(seq <= {OF_ONE}, 1, 1 + seq % {USERS}), 'ScAddress', 20000000, 1000, {}, \
             seq DIV 2 + 1, seq DIV 2 + 1, {status}, 'good', IF(seq % 50 > 2, {}, NULL), IF(seq % 50 > 2, {}, NULL), \
             IF(seq % 50 > 2, seq DIV 2 + 300, NULL), IF(seq % 50 > 2, 1, NULL), IF(seq % 50 > 2, 12, NULL), \
             IF(seq % 50 > 2, 180000000, NULL), NULL, 'voter' FROM seq_1_to_{TICKETS} ORDER BY 1",
            hash("ticket"),
            hash("block"),
            hash("vote"),
            hash("next")
        ),
        format!(
            "INSERT INTO Samples SELECT seq * 100, 1500000000 + seq * 30000, 20000000, 40960, 500, 20, seq * 100, seq, 1, \
             3, 20000, 50000 FROM seq_1_to_{SAMPLES}"
        ),
        format!(
            "INSERT INTO pool_vote_times SELECT {}, CONCAT('https://voter', seq % 4), 900, 20000, 'accepted', \
             UNIX_TIMESTAMP() - seq DIV 100 FROM seq_1_to_{VOTE_TIMES} ORDER BY 1",
            hash("called")
        ),
        format!(
            "INSERT INTO pool_audit (happened, event, user_id, ip, detail) SELECT UNIX_TIMESTAMP() - seq, \
             IF(seq % 4 = 0, 'preferences_changed', 'sign_in'), 1 + seq % {USERS}, '192.0.2.1', 'by password' \
             FROM seq_1_to_{LOG}"
        ),
    ]
}
