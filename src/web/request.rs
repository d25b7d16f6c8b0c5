//! What handlers get: a request that was read whole, and the proof of who sends it.

use std::net::IpAddr;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AUTHORIZATION, CONTENT_LENGTH, EXPECT, IF_NONE_MATCH};
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::{Body, Bytes};

use super::App;
use super::client_ip::contains;
use super::cookies::Cookie;
use super::csrf::Binding;
use super::error::Error;
use super::form::Form;
use super::pages::layout::{self, Frame, Page};
use super::response::{self, Response};
use super::session::Session;
use crate::pool::{OwnerProof, User};
use crate::secret::Secret;

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 64 * 1024;
/// How much of a larger one is thrown away, so that its sender hears the answer.
const MAX_DRAINED_BYTES: usize = 1024 * 1024;
/// How long a body may take.
pub const BODY_DEADLINE: Duration = Duration::from_secs(10);

/// A request, whoever sends it.
#[derive(Debug)]
pub struct Request {
    pub app: Arc<App>,
    /// `None` when a proxy does not name the client.
    pub client: Option<IpAddr>,
    pub query: Form,
    /// The body's fields; none of a GET.
    pub form: Form,
    /// What follows the path's fixed part (assets only).
    pub rest: String,
    /// The validators of the browser's copy.
    pub if_none_match: Option<String>,
    /// Of a browser that owes the code of a second factor.
    pub half_sign_in: Option<Secret>,
    bearer: Option<Secret>,
    binding: Arc<Binding>,
    frame: Frame,
}

impl Request {
    pub fn new(
        app: Arc<App>,
        client: Option<IpAddr>,
        parts: &Parts,
        binding: Arc<Binding>,
        frame: Frame,
    ) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let if_none_match = parts.headers.get(IF_NONE_MATCH);
        let half_sign_in = Cookie::HalfSignIn.read(&parts.headers, app.settings.cookie_secure);
        Self {
            app,
            client,
            query: Form::parse(query.as_bytes()),
            form: Form::default(),
            rest: String::new(),
            if_none_match: if_none_match
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned),
            half_sign_in: half_sign_in.map(Secret::new),
            bearer: bearer(&parts.headers),
            binding,
            frame,
        }
    }

    /// The token of `Authorization: Bearer`.
    pub fn bearer(&self) -> Option<&Secret> {
        self.bearer.as_ref()
    }

    /// A token for one form of the page that answers this request.
    pub fn form_token(&self) -> String {
        self.binding.token(&self.app.csrf)
    }

    /// Whether the form came from a page of ours in the same browser.
    pub fn form_token_is_good(&self) -> bool {
        self.binding
            .accepts(&self.app.csrf, self.form.text(super::csrf::FIELD))
    }

    /// A field of the form, else of the query: a link's token may be in either.
    pub fn field(&self, name: &str) -> &str {
        self.form.get(name).unwrap_or_else(|| self.query.text(name))
    }

    /// The fields by which an owner shows to be the owner.
    pub fn owner_proof(&self) -> OwnerProof {
        OwnerProof {
            password: Secret::new(self.form.text("password")),
            code: Secret::new(self.form.text("code")),
        }
    }

    /// Which page of a list is asked for, from 0. People count from 1; nonsense is the first page.
    pub fn page_number(&self) -> u32 {
        let number = self.query.text("page").parse::<u32>().unwrap_or(1);
        number.saturating_sub(1)
    }

    /// What stands around a page of this reader.
    pub(in crate::web) fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The page in the site's frame.
    pub fn page(&self, status: StatusCode, page: &impl Page) -> Response {
        response::html(status, layout::render(&self.frame, page).into_string())
    }

    /// As `page`, with status 200.
    pub fn ok(&self, page: &impl Page) -> Response {
        self.page(StatusCode::OK, page)
    }

    fn is_from_admin_ip(&self) -> bool {
        is_admin_ip(&self.app, self.client)
    }

    pub fn has_monitor_token(&self) -> bool {
        match (&self.bearer, &self.app.settings.monitor_token) {
            (Some(given), Some(token)) if !token.is_empty() => token.matches(given.expose()),
            _ => false,
        }
    }
}

/// From anyone, signed in or not.
#[derive(Debug)]
pub struct AnonymousReq {
    request: Request,
    session: Option<Session>,
}

impl AnonymousReq {
    pub fn new(request: Request, session: Option<Session>) -> Self {
        Self { request, session }
    }

    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub fn user(&self) -> Option<&User> {
        self.session.as_ref().map(|session| &*session.user)
    }
}

/// From a signed-in user.
#[derive(Debug)]
pub struct UserReq {
    request: Request,
    session: Session,
}

impl UserReq {
    /// `None` when nobody is signed in.
    pub fn prove(anyone: AnonymousReq) -> Option<Self> {
        let AnonymousReq { request, session } = anyone;
        session.map(|session| Self { request, session })
    }

    pub fn user(&self) -> &User {
        &self.session.user
    }

    pub fn session(&self) -> &Session {
        &self.session
    }

    pub fn standing(&self) -> Standing {
        standing(&self.app, self.client, Some(&self.session))
    }
}

/// From an operator: a listed user at a listed address, with a second factor where the configuration asks for it.
#[derive(Debug)]
pub struct AdminReq(UserReq);

impl AdminReq {
    pub fn prove(anyone: AnonymousReq) -> Option<Self> {
        let user = UserReq::prove(anyone)?;
        (user.standing() == Standing::Admin).then_some(Self(user))
    }
}

/// Whether somebody is an operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    None,
    /// Listed, and nothing more before the second factor is on.
    LacksSecondFactor,
    Admin,
}

pub fn standing(app: &App, client: Option<IpAddr>, session: Option<&Session>) -> Standing {
    let listed = |session: &&Session| app.settings.admin_user_ids.contains(&session.user.id);
    match session.filter(listed) {
        Some(session) if is_admin_ip(app, client) => {
            if app.settings.admins_need_second_factor && !session.user.second_factor {
                Standing::LacksSecondFactor
            } else {
                Standing::Admin
            }
        }
        _ => Standing::None,
    }
}

fn is_admin_ip(app: &App, client: Option<IpAddr>) -> bool {
    client.is_some_and(|ip| contains(&app.settings.admin_ips, ip))
}

/// From an operator or a monitor.
#[derive(Debug)]
pub enum WatcherReq {
    Admin(AdminReq),
    Monitor(Request),
}

impl WatcherReq {
    pub fn prove(anyone: AnonymousReq) -> Result<Self, Error> {
        if anyone.has_monitor_token() {
            return Ok(Self::Monitor(anyone.request));
        }
        AdminReq::prove(anyone)
            .map(Self::Admin)
            .ok_or_else(Error::unauthorized)
    }

    /// Without a user: an operator's address or a monitor's token will do.
    pub fn prove_without_session(request: Request) -> Result<Request, Error> {
        if request.has_monitor_token() || request.is_from_admin_ip() {
            Ok(request)
        } else {
            Err(Error::unauthorized())
        }
    }
}

impl Deref for AnonymousReq {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Deref for UserReq {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

impl Deref for AdminReq {
    type Target = UserReq;

    fn deref(&self) -> &UserReq {
        &self.0
    }
}

impl Deref for WatcherReq {
    type Target = Request;

    fn deref(&self) -> &Request {
        match self {
            WatcherReq::Admin(admin) => admin,
            WatcherReq::Monitor(request) => request,
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| Secret::new(token))
}

/// The body's fields, within the limits of size and time.
pub async fn read_form<B>(headers: &HeaderMap, body: B) -> Result<Form, Error>
where
    B: Body<Data = Bytes>,
    B::Error: std::error::Error + Send + Sync + 'static,
{
    let declared = headers
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<usize>().ok());
    let read = async {
        if declared.is_some_and(|length| length > MAX_BODY_BYTES) {
            // Who asks first is told before sending anything.
            if !headers.contains_key(EXPECT) {
                drain(body).await;
            }
            return Err(Error::too_large());
        }
        match Limited::new(body, MAX_BODY_BYTES).collect().await {
            Ok(body) => Ok(Form::parse(&body.to_bytes())),
            Err(error) if error.is::<LengthLimitError>() => Err(Error::too_large()),
            Err(_) => Err(Error::broken_body()),
        }
    };
    tokio::time::timeout(BODY_DEADLINE, read)
        .await
        .unwrap_or_else(|_| Err(Error::too_slow()))
}

async fn drain<B: Body<Data = Bytes>>(body: B) {
    let mut body = std::pin::pin!(body);
    let mut left = MAX_DRAINED_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, Bytes::len);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
