//! The configuration files of a pool's roles, as an operator would write them.

use std::fmt::Write as _;
use std::path::PathBuf;

use super::daemon_rpc::{PASSWORD, USER};

pub const VOTER_TOKEN: &str = "a-token-shared-by-web-and-voters-0123456789";
const API_SECRET: &str = "the-key-of-api-tokens-of-a-simnet-pool-0123456789";
pub const MONITOR_TOKEN: &str = "the-monitors-token-0123456789";
/// More than any story needs, few enough for wallets to watch all at once.
const MAX_USERS: u32 = 50;

/// All that there is, so that tests can prove that no secret is in it; demo and race are as operators run it.
const LOG_FILTER: &str = if cfg!(test) { "trace" } else { "info" };

/// What all roles must agree on.
#[derive(Debug, Clone)]
pub struct Terms {
    pub voting_extpub: String,
    pub cold_extpub: String,
}

/// Where someone listens, and the certificate to trust there.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub port: u16,
    pub cert: PathBuf,
}

fn pool_section(terms: &Terms) -> String {
    format!(
        r#"network = "simnet"

[log]
filter = "{LOG_FILTER}"

[pool]
name = "Simnet pool"
email = "admin@example.com"
link = "https://example.com/"
fee_percent = 7.5
voting_wallet_extpub = "{}"
cold_wallet_extpub = "{}"
min_voters = 1
max_users = {MAX_USERS}
"#,
        terms.voting_extpub, terms.cold_extpub
    )
}

pub fn voter_config(terms: &Terms, port: u16, node: &Endpoint, wallet: &Endpoint) -> String {
    let mut config = pool_section(terms);
    let _ = write!(
        config,
        r#"
[voter]
listen = "127.0.0.1:{port}"
cert = "voter.cert"
key = "voter.key"
token = "{VOTER_TOKEN}"
data_dir = "data"
"#
    );
    for (name, Endpoint { port, cert }) in [("dcrd", node), ("dcrwallet", wallet)] {
        let _ = write!(
            config,
            r#"
[voter.{name}]
host = "127.0.0.1:{port}"
user = "{USER}"
password = "{PASSWORD}"
cert = "{}"
"#,
            cert.display()
        );
    }
    config
}

pub fn web_config(terms: &Terms, port: u16, database_url: &str, voters: &[Endpoint]) -> String {
    let mut config = pool_section(terms);
    let _ = write!(
        config,
        r#"
[database]
url = "{database_url}"

[web]
listen = ["127.0.0.1:{port}"]
base_url = "http://127.0.0.1:{port}"
api_secret = "{API_SECRET}"
monitor_token = "{MONITOR_TOKEN}"
cookie_secure = false
captcha = false

[web.limits]
sign_in_per_minute = 0
sign_up_per_hour = 0
mail_per_hour = 0
address_per_hour = 0
preference_per_minute = 0
"#
    );
    config.extend(voters.iter().map(voter_section));
    config
}

/// What web must know of a voter.
pub fn voter_section(voter: &Endpoint) -> String {
    format!(
        r#"
[[voters]]
url = "https://127.0.0.1:{}"
cert = "{}"
token = "{VOTER_TOKEN}"
"#,
        voter.port,
        voter.cert.display()
    )
}
