//! The site and the API: HTTP in, HTML and JSON out. It owns sockets, cookies, forms and pages; it
//! asks neither the database nor a voter: whatever happens, happens in `pool`.
//!
//! A request goes `server` (connection, limits) → `service` (id, span, deadline, panics, headers) →
//! `router` (path, method, session, form token) → a handler of `pages` or `api`.
//!
//! Invariant: a handler that needs a user takes a `UserReq`, which only the router's guard can make.

pub mod api;
pub mod assets;
pub mod body;
mod brand;
pub mod captcha;
pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod events;
pub mod form;
mod kept;
mod look;
mod mac;
pub mod pages;
pub mod plots;
pub mod request;
pub mod response;
pub mod router;
pub mod server;
mod service;
pub mod session;
pub mod settings;
mod stream;

pub use brand::Brand;
pub use server::{Listeners, serve};
pub use settings::{Listen, Settings};

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::pool::Pool;

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub settings: Settings,
    pub pool: Arc<Pool>,
    pub clock: Clock,
    /// Changes when the operator changes the brand.
    look: RwLock<Arc<look::Look>>,
    csrf: csrf::Key,
    /// `None`: nobody is asked.
    captchas: Option<captcha::Captchas>,
    /// What guests are shown.
    kept: pages::KeptPages,
    kept_stats: api::KeptStats,
    /// Places of those who listen to `/events`.
    listeners: Arc<Semaphore>,
}

impl App {
    pub fn new(settings: Settings, brand: Brand, pool: Arc<Pool>) -> Self {
        let look = look::Look::new(pool.settings(), brand);
        Self {
            look: RwLock::new(Arc::new(look)),
            csrf: csrf::Key::new(pool.derived_key(crate::pool::keys::Purpose::Csrf)),
            captchas: settings.captcha.then(|| {
                captcha::Captchas::new(pool.derived_key(crate::pool::keys::Purpose::Captcha))
            }),
            kept: pages::KeptPages::default(),
            kept_stats: api::KeptStats::default(),
            listeners: Arc::new(Semaphore::new(events::MAX_LISTENERS)),
            clock: pool.clock().clone(),
            settings,
            pool,
        }
    }

    /// How the site looks at this moment.
    fn look(&self) -> Arc<look::Look> {
        let look = self.look.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&look)
    }

    /// From now on pages look so.
    pub fn dress(&self, brand: Brand) {
        let new = Arc::new(look::Look::new(self.pool.settings(), brand));
        *self.look.write().unwrap_or_else(PoisonError::into_inner) = new;
    }
}
