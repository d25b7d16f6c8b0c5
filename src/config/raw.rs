//! The configuration as it was written: every key that there is, each optional.

use std::path::PathBuf;

use super::layers::{Layers, place_of};
use super::problem::Problem;
use super::reader::{Given, GivenSecret, Section};
use super::sources::Sources;
use crate::secret::Secret;

/// All sections. Unknown keys and wrong types are in `problems` already.
#[derive(Debug, Default)]
pub struct Raw {
    pub file: Option<PathBuf>,
    /// See `Layers::unreadable`.
    pub unreadable: bool,
    pub problems: Vec<Problem>,
    pub network: Given<String>,
    pub log: RawLog,
    pub database: Option<RawDatabase>,
    pub pool: RawPool,
    pub web: RawWeb,
    pub mail: Option<RawMail>,
    pub alerts: Option<RawAlerts>,
    pub voters: Given<Vec<RawPeer>>,
    pub voter: RawVoter,
}

#[derive(Debug, Default)]
pub struct RawLog {
    pub filter: Given<String>,
    pub format: Given<String>,
}

#[derive(Debug, Default)]
pub struct RawDatabase {
    pub url: GivenSecret,
    pub max_connections: Given<i64>,
}

#[derive(Debug, Default)]
pub struct RawPool {
    pub name: Given<String>,
    pub description: Given<String>,
    pub email: Given<String>,
    pub link: Given<String>,
    pub notice: Given<String>,
    pub fee_percent: Given<f64>,
    pub fees: Given<Vec<RawFee>>,
    pub closed: Given<bool>,
    pub closed_message: Given<String>,
    pub voting_wallet_extpub: GivenSecret,
    pub cold_wallet_extpub: GivenSecret,
    pub former_cold_wallet_extpubs: Given<Vec<Secret>>,
    pub min_voters: Given<i64>,
    pub max_users: Given<i64>,
}

#[derive(Debug, Default)]
pub struct RawFee {
    pub from_height: Given<i64>,
    pub percent: Given<f64>,
}

#[derive(Debug, Default)]
pub struct RawWeb {
    pub listen: Given<Vec<String>>,
    pub base_url: Given<String>,
    pub former_base_urls: Given<Vec<String>>,
    pub api_secret: GivenSecret,
    pub monitor_token: GivenSecret,
    pub cookie_secure: Given<bool>,
    pub real_ip_header: Given<String>,
    pub trusted_proxies: Given<Vec<String>>,
    pub start_without_voters: Given<bool>,
    pub admin_ips: Given<Vec<String>>,
    pub admin_user_ids: Given<Vec<i64>>,
    pub admins_need_second_factor: Given<bool>,
    pub metrics_listen: Given<String>,
    pub captcha: Given<bool>,
    pub assets_dir: Given<PathBuf>,
    pub limits: RawLimits,
}

#[derive(Debug, Default)]
pub struct RawLimits {
    pub sign_in_per_minute: Given<i64>,
    pub sign_up_per_hour: Given<i64>,
    pub mail_per_hour: Given<i64>,
    pub address_per_hour: Given<i64>,
    pub preference_per_minute: Given<i64>,
}

#[derive(Debug, Default)]
pub struct RawMail {
    pub host: Given<String>,
    pub port: Given<i64>,
    pub tls: Given<String>,
    pub from: Given<String>,
    pub username: Given<String>,
    pub password: GivenSecret,
    pub ca_cert: Given<PathBuf>,
}

#[derive(Debug, Default)]
pub struct RawAlerts {
    pub mail: Given<Vec<String>>,
    pub webhook: GivenSecret,
    pub webhook_token: GivenSecret,
    pub after_seconds: Given<i64>,
    pub remind_hours: Given<i64>,
}

#[derive(Debug, Default)]
pub struct RawPeer {
    pub url: Given<String>,
    pub cert: Given<PathBuf>,
    pub token: GivenSecret,
}

#[derive(Debug, Default)]
pub struct RawVoter {
    pub listen: Given<String>,
    pub cert: Given<PathBuf>,
    pub key: Given<PathBuf>,
    pub token: GivenSecret,
    pub data_dir: Given<PathBuf>,
    pub extra_hosts: Given<Vec<String>>,
    pub signer: Given<String>,
    pub metrics_listen: Given<String>,
    pub dcrd: RawNode,
    pub dcrwallet: RawNode,
}

#[derive(Debug, Default)]
pub struct RawNode {
    pub host: Given<String>,
    pub user: Given<String>,
    pub password: GivenSecret,
    pub cert: Given<PathBuf>,
}

impl Raw {
    /// Reads and merges all sources.
    pub fn read(sources: &Sources) -> Self {
        let Layers {
            tree,
            file,
            unreadable,
            mut problems,
        } = Layers::read(sources);
        let place = place_of(file.as_deref());
        let mut top = Section::top(tree, &place, &mut problems);
        let mut raw = Self {
            network: top.take("network"),
            log: top.section("log", RawLog::read),
            database: top.table("database", RawDatabase::read),
            pool: top.section("pool", RawPool::read),
            web: top.section("web", RawWeb::read),
            mail: top.table("mail", RawMail::read),
            alerts: top.table("alerts", RawAlerts::read),
            voters: top.tables("voters", RawPeer::read),
            voter: top.section("voter", RawVoter::read),
            ..Self::default()
        };
        top.finish();
        raw.file = file;
        raw.unreadable = unreadable;
        raw.problems = problems;
        raw
    }
}

impl RawLog {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            filter: section.take("filter"),
            format: section.take("format"),
        }
    }
}

impl RawDatabase {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            url: section.secret("url"),
            max_connections: section.take("max_connections"),
        }
    }
}

impl RawPool {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            name: section.take("name"),
            description: section.take("description"),
            email: section.take("email"),
            link: section.take("link"),
            notice: section.take("notice"),
            fee_percent: section.take("fee_percent"),
            fees: section.tables("fees", |fee| RawFee {
                from_height: fee.take("from_height"),
                percent: fee.take("percent"),
            }),
            closed: section.take("closed"),
            closed_message: section.take("closed_message"),
            voting_wallet_extpub: section.secret("voting_wallet_extpub"),
            cold_wallet_extpub: section.secret("cold_wallet_extpub"),
            former_cold_wallet_extpubs: section.take("former_cold_wallet_extpubs"),
            min_voters: section.take("min_voters"),
            max_users: section.take("max_users"),
        }
    }
}

impl RawWeb {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            listen: section.take("listen"),
            base_url: section.take("base_url"),
            former_base_urls: section.take("former_base_urls"),
            api_secret: section.secret("api_secret"),
            monitor_token: section.secret("monitor_token"),
            cookie_secure: section.take("cookie_secure"),
            real_ip_header: section.take("real_ip_header"),
            trusted_proxies: section.take("trusted_proxies"),
            start_without_voters: section.take("start_without_voters"),
            admin_ips: section.take("admin_ips"),
            admin_user_ids: section.take("admin_user_ids"),
            admins_need_second_factor: section.take("admins_need_second_factor"),
            metrics_listen: section.take("metrics_listen"),
            captcha: section.take("captcha"),
            assets_dir: section.take("assets_dir"),
            limits: section.section("limits", |limits| RawLimits {
                sign_in_per_minute: limits.take("sign_in_per_minute"),
                sign_up_per_hour: limits.take("sign_up_per_hour"),
                mail_per_hour: limits.take("mail_per_hour"),
                address_per_hour: limits.take("address_per_hour"),
                preference_per_minute: limits.take("preference_per_minute"),
            }),
        }
    }
}

impl RawMail {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            host: section.take("host"),
            port: section.take("port"),
            tls: section.take("tls"),
            from: section.take("from"),
            username: section.take("username"),
            password: section.secret("password"),
            ca_cert: section.take("ca_cert"),
        }
    }
}

impl RawAlerts {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            mail: section.take("mail"),
            webhook: section.secret("webhook"),
            webhook_token: section.secret("webhook_token"),
            after_seconds: section.take("after_seconds"),
            remind_hours: section.take("remind_hours"),
        }
    }
}

impl RawPeer {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            url: section.take("url"),
            cert: section.take("cert"),
            token: section.secret("token"),
        }
    }
}

impl RawVoter {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            listen: section.take("listen"),
            cert: section.take("cert"),
            key: section.take("key"),
            token: section.secret("token"),
            data_dir: section.take("data_dir"),
            extra_hosts: section.take("extra_hosts"),
            signer: section.take("signer"),
            metrics_listen: section.take("metrics_listen"),
            dcrd: section.section("dcrd", RawNode::read),
            dcrwallet: section.section("dcrwallet", RawNode::read),
        }
    }
}

impl RawNode {
    fn read(section: &mut Section<'_>) -> Self {
        Self {
            host: section.take("host"),
            user: section.take("user"),
            password: section.secret("password"),
            cert: section.take("cert"),
        }
    }
}
