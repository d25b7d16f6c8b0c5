//! From a session cookie to a user and back. The pool keeps the sessions; a cookie is only its name.

use std::sync::Arc;

use http::HeaderMap;
use http::header::SET_COOKIE;

use super::App;
use super::cookies::Cookie;
use super::error::Error;
use super::response::Response;
use crate::pool::{AsOf, User};
use crate::secret::Secret;

/// A signed-in browser.
#[derive(Debug, Clone)]
pub struct Session {
    pub user: Arc<User>,
    cookie: Secret,
}

impl Session {
    /// The session that the browser's cookie names, if it lives. One without a cookie costs nothing.
    pub async fn load(app: &App, headers: &HeaderMap, as_of: AsOf) -> Result<Option<Self>, Error> {
        let Some(cookie) = Cookie::Session.read(headers, app.settings.cookie_secure) else {
            return Ok(None);
        };
        let user = app.pool.session(&cookie, as_of).await?;
        Ok(user.map(|user| Self {
            user,
            cookie: Secret::new(cookie),
        }))
    }

    pub fn cookie(&self) -> &str {
        self.cookie.expose()
    }
}

/// Gives the browser a new session.
pub fn start(app: &App, response: &mut Response, cookie: &Secret) {
    set(app, response, Cookie::Session, cookie);
}

/// Makes the browser forget its session.
pub fn forget(app: &App, response: &mut Response) {
    clear(app, response, Cookie::Session);
}

/// The browser owes a code: what names it meanwhile is no session.
pub fn start_half(app: &App, response: &mut Response, cookie: &Secret) {
    set(app, response, Cookie::HalfSignIn, cookie);
}

/// The code came, or came too late.
pub fn forget_half(app: &App, response: &mut Response) {
    clear(app, response, Cookie::HalfSignIn);
}

fn set(app: &App, response: &mut Response, cookie: Cookie, value: &Secret) {
    if let Some(header) = cookie.set(value.expose(), app.settings.cookie_secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
}

fn clear(app: &App, response: &mut Response, cookie: Cookie) {
    if let Some(header) = cookie.clear(app.settings.cookie_secure) {
        response.headers_mut().append(SET_COOKIE, header);
    }
}
