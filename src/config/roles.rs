//! The resolved configuration of each role.

use super::check::Check;
use super::pool::extended_key;
use super::raw::Raw;
use super::reader::Given;
use super::{
    AlertsConfig, BaseUrl, DatabaseConfig, Invalid, LogConfig, MailConfig, PoolConfig, Sources,
    VoterPeer, VoterSection, WebSection,
};
use crate::decred::params::Network;
use crate::rpc::wire::ConfigDigests;
use crate::secret::Secret;

/// `web` and `resume`.
#[derive(Debug, Clone)]
pub struct WebConfig {
    pub network: Network,
    pub log: LogConfig,
    pub database: DatabaseConfig,
    pub pool: PoolConfig,
    pub web: WebSection,
    /// `None`: mails go to the log.
    pub mail: Option<MailConfig>,
    /// `None`: nobody is told of alarms.
    pub alerts: Option<AlertsConfig>,
    pub voters: Vec<VoterPeer>,
    /// For the log, once there is one.
    pub warnings: Vec<String>,
}

/// `voter`.
#[derive(Debug, Clone)]
pub struct VoterConfig {
    pub network: Network,
    pub log: LogConfig,
    pub pool: PoolConfig,
    pub voter: VoterSection,
    /// For the first preferences; only MySQL (an `sqlite:` URL is left out, with a warning).
    pub database: Option<DatabaseConfig>,
    pub warnings: Vec<String>,
}

/// `migrate`.
#[derive(Debug, Clone)]
pub struct MigrateConfig {
    pub network: Network,
    pub log: LogConfig,
    pub database: DatabaseConfig,
    /// To make API tokens for users of old schemas, when both are known.
    pub api_secret: Option<Secret>,
    pub base_url: Option<BaseUrl>,
    /// Of the voting and the cold wallet: to find whose keys are whose in a database of the Go program.
    pub extpubs: Option<(Secret, Secret)>,
    pub warnings: Vec<String>,
}

impl WebConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(sources: &Sources) -> Result<Self, Invalid> {
        let mut raw = Raw::read(sources);
        let mut check = Check::of(&mut raw);
        let resolved = Self::resolve(raw, &mut check);
        let (mut config, warnings) = check.finish(resolved, &sources.search)?;
        config.warnings = warnings;
        Ok(config)
    }

    fn resolve(raw: Raw, check: &mut Check) -> Option<Self> {
        let network = network(raw.network, check);
        let log = LogConfig::resolve(raw.log, check);
        let database = DatabaseConfig::resolve(raw.database.unwrap_or_default(), check);
        // Problems of the network's own keys are looked for even when its name is wrong.
        let assumed = network.unwrap_or(Network::Mainnet);
        let pool = PoolConfig::resolve(raw.pool, assumed, check);
        let web = WebSection::resolve(raw.web, check);
        let mail = raw.mail.map(|mail| MailConfig::resolve(mail, check));
        let mails = mail.is_some();
        let alerts = raw.alerts.map(|it| AlertsConfig::resolve(it, mails, check));
        let given = raw.voters.as_ref().map_or(0, |voters| voters.value.len());
        let voters = VoterPeer::resolve_all(raw.voters, assumed.params().voter_port, check);
        let config = Self {
            network: network?,
            log: log?,
            database: database?,
            pool: pool?,
            web: web?,
            mail: match mail {
                Some(mail) => Some(mail?),
                None => None,
            },
            alerts: match alerts {
                Some(alerts) => Some(alerts?),
                None => None,
            },
            voters,
            warnings: Vec::new(),
        };
        config.enough_voters(given, check);
        Some(config)
    }

    fn enough_voters(&self, given: usize, check: &mut Check) {
        let needed = self.pool.min_voters;
        if given >= needed || check.noted("voters") {
            return;
        }
        let reason = format!("{given} given, but pool.min_voters is {needed}");
        if self.web.start_without_voters {
            check.warn(format!("[[voters]]: {reason}: nobody can enrol"));
        } else {
            check.reject_key("voters", reason);
        }
    }

    /// What `peer` must have alike; compared with its `Status::config`.
    pub fn digests(&self, peer: &VoterPeer) -> ConfigDigests {
        super::digest::digests(self.network, &self.pool, &peer.token)
    }
}

impl VoterConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(sources: &Sources) -> Result<Self, Invalid> {
        let mut raw = Raw::read(sources);
        let mut check = Check::of(&mut raw);
        let resolved = Self::resolve(raw, &mut check);
        let (mut config, warnings) = check.finish(resolved, &sources.search)?;
        config.warnings = warnings;
        Ok(config)
    }

    fn resolve(raw: Raw, check: &mut Check) -> Option<Self> {
        let network = network(raw.network, check);
        let log = LogConfig::resolve(raw.log, check);
        let assumed = network.unwrap_or(Network::Mainnet);
        let pool = PoolConfig::resolve(raw.pool, assumed, check);
        let voter = VoterSection::resolve(raw.voter, assumed, check);
        let database = raw
            .database
            .and_then(|database| DatabaseConfig::resolve(database, check))
            .filter(|database| {
                if database.is_sqlite() {
                    check.warn("[database] is SQLite, which a voter does not read");
                }
                !database.is_sqlite()
            });
        Some(Self {
            network: network?,
            log: log?,
            pool: pool?,
            voter: voter?,
            database,
            warnings: Vec::new(),
        })
    }

    /// What goes into `Status::config`.
    pub fn digests(&self) -> ConfigDigests {
        super::digest::digests(self.network, &self.pool, &self.voter.token)
    }
}

impl MigrateConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(sources: &Sources) -> Result<Self, Invalid> {
        let mut raw = Raw::read(sources);
        let mut check = Check::of(&mut raw);
        let resolved = Self::resolve(raw, &mut check);
        let (mut config, warnings) = check.finish(resolved, &sources.search)?;
        config.warnings = warnings;
        Ok(config)
    }

    fn resolve(raw: Raw, check: &mut Check) -> Option<Self> {
        let network = network(raw.network, check);
        let log = LogConfig::resolve(raw.log, check);
        let database = DatabaseConfig::resolve(raw.database.unwrap_or_default(), check);
        let api_secret = check.secret(raw.web.api_secret);
        let base_url = check.parse(raw.web.base_url, |text| BaseUrl::parse(text));
        let assumed = network.unwrap_or(Network::Mainnet);
        let mut extpub = |given| {
            let given = check.secret(given).filter(|entry| !entry.value.is_empty());
            check.parse(given, |secret| extended_key(secret, assumed))
        };
        let voting = extpub(raw.pool.voting_wallet_extpub);
        let cold = extpub(raw.pool.cold_wallet_extpub);
        Some(Self {
            network: network?,
            log: log?,
            database: database?,
            api_secret: api_secret.map(|it| it.value).filter(|it| !it.is_empty()),
            base_url,
            extpubs: voting.zip(cold),
            warnings: Vec::new(),
        })
    }
}

fn network(given: Given<String>, check: &mut Check) -> Option<Network> {
    check.parse_or(given, Network::Mainnet, |name| {
        Network::given(name).ok_or_else(|| format!("{name:?} is none of mainnet, testnet, simnet"))
    })
}
