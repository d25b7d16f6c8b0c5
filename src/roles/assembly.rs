//! Putting a pool together from its configuration: shared by `web` and `resume`.

use std::sync::Arc;

use anyhow::Context as _;

use super::Failure;
use super::webhook::Webhook;
use crate::clock::Clock;
use crate::config::{DatabaseConfig, LimitsConfig, PoolConfig, WebConfig};
use crate::db::{Access, Options, Store};
use crate::mail::{Delivery, LogMailer, Smtp};
use crate::pool::{Alerting, DoorSign, Hook, Limits, Parts, Peer, Pool, Settings};
use crate::rpc::client::VoterClient;
use crate::shutdown::Tasks;

/// Opens the database; an empty one gets its tables from its owner, an older or newer one is refused.
pub async fn open_store(config: &DatabaseConfig, access: Access) -> Result<Store, Failure> {
    let options = Options::new(config.url.clone(), config.max_connections, access);
    let store = Store::connect(options).await?;
    store.require_schema().await?;
    Ok(store)
}

/// The configured voters. Connects to none of them yet.
pub fn voters(config: &WebConfig, tasks: &Tasks) -> Result<Vec<VoterClient>, Failure> {
    let clients = config.voters.iter().map(|peer| {
        VoterClient::new(peer, tasks)
            .with_context(|| format!("voter {}", peer.name))
            .map_err(Failure::config)
    });
    clients.collect()
}

/// A pool over `store`, that talks to the configured voters by `clients`.
pub async fn pool(
    config: &WebConfig,
    store: Store,
    clients: &[VoterClient],
    tasks: &Tasks,
) -> Result<Arc<Pool>, Failure> {
    let peers = config.voters.iter().zip(clients).map(|(peer, client)| {
        let digests = config.digests(peer);
        Peer::new(peer.name.clone(), Arc::new(client.clone()), digests)
    });
    let pool_id = store.pool_id().await?;
    let pool = Pool::new(Parts {
        settings: settings(config),
        store,
        pool_id,
        peers: peers.collect(),
        delivery: delivery(config)?,
        alerting: alerting(config)?,
        clock: Clock::system(),
        tasks: tasks.clone(),
    })
    .map_err(Failure::config)?;
    Ok(Arc::new(pool))
}

fn settings(config: &WebConfig) -> Settings {
    let pool = &config.pool;
    Settings {
        network: config.network,
        name: pool.name.clone(),
        description: pool.description.clone(),
        email: pool.email.clone(),
        link: pool.link.clone(),
        fees: pool
            .fees
            .iter()
            .map(|fee| (fee.from, fee.percent))
            .collect(),
        sign: door_sign(pool),
        voting_wallet_extpub: pool.voting_extpub.clone(),
        cold_wallet_extpub: pool.cold_extpub.clone(),
        min_voters: pool.min_voters,
        max_users: pool.max_users,
        base_url: config.web.base_url.issuer().to_owned(),
        former_base_urls: config.web.former_base_urls.clone(),
        api_secret: config.web.api_secret.clone(),
        limits: limits(&config.web.limits),
    }
}

fn limits(config: &LimitsConfig) -> Limits {
    Limits {
        sign_in_per_minute: config.sign_in_per_minute,
        sign_up_per_hour: config.sign_up_per_hour,
        mail_per_hour: config.mail_per_hour,
        address_per_hour: config.address_per_hour,
        preference_per_minute: config.preference_per_minute,
    }
}

/// What `[pool]` says to visitors.
pub fn door_sign(pool: &PoolConfig) -> DoorSign {
    DoorSign {
        notice: pool.notice.clone(),
        closed: pool.closed,
        closed_message: pool.closed_message.clone(),
    }
}

fn alerting(config: &WebConfig) -> Result<Alerting, Failure> {
    let Some(alerts) = &config.alerts else {
        return Ok(Alerting::default());
    };
    let webhook = Webhook::of(alerts).map_err(Failure::config)?;
    Ok(Alerting {
        mail: alerts.mail.clone(),
        webhook: webhook.map(|webhook| Arc::new(webhook) as Arc<dyn Hook>),
        after: alerts.after_seconds,
        remind: alerts.remind_hours.saturating_mul(3600),
    })
}

fn delivery(config: &WebConfig) -> Result<Delivery, Failure> {
    Ok(match &config.mail {
        Some(mail) => Delivery::Queued(Arc::new(Smtp::new(mail.clone()).map_err(Failure::config)?)),
        None => Delivery::AtOnce(Arc::new(LogMailer)),
    })
}
