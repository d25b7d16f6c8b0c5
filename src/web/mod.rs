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
pub mod captcha;
pub mod client_ip;
pub mod cookies;
pub mod csrf;
pub mod error;
pub mod events;
pub mod form;
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

pub use server::{Listeners, serve};
pub use settings::{Listen, Settings};

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::pool::Pool;

/// What all requests share.
#[derive(Debug)]
pub struct App {
    pub settings: Settings,
    pub pool: Arc<Pool>,
    pub clock: Clock,
    assets: assets::Assets,
    site: Arc<pages::layout::Site>,
    csrf: csrf::Key,
    /// `None`: nobody is asked.
    captchas: Option<captcha::Captchas>,
    /// Places of those who listen to `/events`.
    listeners: Arc<Semaphore>,
}

impl App {
    pub fn new(settings: Settings, pool: Arc<Pool>) -> Self {
        let assets = assets::Assets::load();
        Self {
            site: Arc::new(pages::layout::Site::new(pool.settings(), &assets)),
            csrf: csrf::Key::new(pool.derived_key(crate::pool::keys::Purpose::Csrf)),
            captchas: settings.captcha.then(|| {
                captcha::Captchas::new(pool.derived_key(crate::pool::keys::Purpose::Captcha))
            }),
            listeners: Arc::new(Semaphore::new(events::MAX_LISTENERS)),
            assets,
            clock: pool.clock().clone(),
            settings,
            pool,
        }
    }
}
