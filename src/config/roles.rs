//! The resolved configuration of each role.

use super::{
    DatabaseConfig, Invalid, LogConfig, MailConfig, PoolConfig, Sources, VoterPeer, VoterSection,
    WebSection,
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
    pub base_url: Option<super::BaseUrl>,
    pub warnings: Vec<String>,
}

impl WebConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(_sources: &Sources) -> Result<Self, Invalid> {
        Err(Invalid(Vec::new()))
    }

    /// What `peer` must have alike; compared with its `Status::config`.
    pub fn digests(&self, peer: &VoterPeer) -> ConfigDigests {
        super::digest::digests(self.network, &self.pool, &peer.token)
    }
}

impl VoterConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(_sources: &Sources) -> Result<Self, Invalid> {
        Err(Invalid(Vec::new()))
    }

    /// What goes into `Status::config`.
    pub fn digests(&self) -> ConfigDigests {
        super::digest::digests(self.network, &self.pool, &self.voter.token)
    }
}

impl MigrateConfig {
    /// # Errors
    /// Every problem of the sections it reads.
    pub fn load(_sources: &Sources) -> Result<Self, Invalid> {
        Err(Invalid(Vec::new()))
    }
}
