//! Many users and sessions, written as rows: nobody waits for a hundred thousand sign-ups.

use diesel::connection::SimpleConnection as _;
use diesel::{Connection as _, MysqlConnection, SqliteConnection};

use super::Setting;
use super::site::Database;

/// Fills the database of a site that stands still and has one user.
pub fn fill(setting: &Setting, url: &str) {
    let sql = sql(setting.users, setting.sessions);
    match setting.database {
        Database::Sqlite => SqliteConnection::establish(url.trim_start_matches("sqlite://"))
            .expect("a database")
            .batch_execute(&format!("BEGIN; {sql} COMMIT;")),
        Database::MariaDb => MysqlConnection::establish(url)
            .expect("a database")
            .batch_execute(&format!("SET max_recursive_iterations = 1000000; {sql}")),
    }
    .unwrap_or_else(|error| panic!("the crowd: {error}"));
}

/// The same for both engines.
fn sql(users: u32, sessions: u32) -> String {
    let counted = |to: u32| {
        format!(
            "WITH RECURSIVE numbers (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM numbers WHERE i < {to}) SELECT"
        )
    };
    let (users_from, sessions_from) = (counted(users), counted(sessions));
    format!(
        "INSERT INTO Users (UserId, Email, Username, Password, MultiSigAddress, MultiSigScript, PoolPubKeyAddr,
             UserPubKeyAddr, UserFeeAddr, HeightRegistered, EmailVerified, EmailToken, APIToken, VoteBits,
             VoteBitsVersion)
         {users_from} i, CONCAT('user', i, '@example.com'), '', '', '', '', '', '', '', 0, 1, '', '', 1, 0
         FROM numbers;
         INSERT INTO pool_emails (email_hash, user_id) {users_from} CONCAT('crowd', i), i FROM numbers;
         INSERT INTO pool_sessions (id_hash, user_id, created, last_seen, ip, agent)
         {sessions_from} CONCAT('crowd', i), 2 + i % ({users} - 1), s.created, s.last_seen, s.ip, s.agent
         FROM numbers, (SELECT * FROM pool_sessions LIMIT 1) AS s;
         UPDATE pool_counters SET value = {users} WHERE name = 'user_id';"
    )
}
