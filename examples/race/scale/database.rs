//! The site's database with all its users, written as rows.

use std::fmt::Write as _;
use std::path::Path;

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, SqliteConnection};

use super::people::{Person, user_pubkey_address};

/// Rows of one statement.
const CHUNK: usize = 500;

/// Fills the tables that `migrate` made.
pub fn fill(file: &Path, people: &[Person], height: u32) {
    let path = file.to_str().expect("a path in UTF-8");
    let mut database = SqliteConnection::establish(path).expect("a database");
    let mut run = |sql: &str| {
        let done = database.batch_execute(sql);
        done.unwrap_or_else(|error| panic!("the users: {error}"));
    };
    let password = bcrypt::hash("the password of all", 4).expect("a hash");
    let user_key = user_pubkey_address();
    run("BEGIN");
    for (chunk, from) in people.chunks(CHUNK).zip((1..).step_by(CHUNK)) {
        let (mut users, mut emails) = (String::new(), String::new());
        let (mut keys, mut revisions) = (String::new(), String::new());
        for (id, person) in (from..).zip(chunk) {
            let comma = if id == from { "" } else { "," };
            let _ = write!(
                users,
                "{comma}({id},'user{id}@example.com','user{id}','{password}','{}','{}','{}','{user_key}','{}',\
                 {height},1,'','',1,10)",
                person.ticket_address,
                person.script.to_hex(),
                person.pool_pubkey_address,
                person.fee_address(),
            );
            let _ = write!(emails, "{comma}('of user {id}',{id})");
            let _ = write!(keys, "{comma}({id},0,{id})");
            let _ = write!(revisions, "{comma}({id},{id})");
        }
        run(&format!(
            "INSERT INTO Users (UserId, Email, Username, Password, MultiSigAddress, MultiSigScript,
                 PoolPubKeyAddr, UserPubKeyAddr, UserFeeAddr, HeightRegistered, EmailVerified, EmailToken,
                 APIToken, VoteBits, VoteBitsVersion) VALUES {users};
             INSERT INTO pool_emails (email_hash, user_id) VALUES {emails};
             INSERT INTO pool_keys (user_id, key_set, key_index) VALUES {keys};
             INSERT INTO pool_revisions (user_id, revision) VALUES {revisions};"
        ));
    }
    let count = people.len();
    run(&format!(
        "UPDATE pool_counters SET value = {count} WHERE name IN ('user_id', 'revision'); COMMIT; ANALYZE;"
    ));
}
