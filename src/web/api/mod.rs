//! The API, versions 1 and 2, which answer alike. Its texts and codes are a contract with wallets in
//! the field: none may change.

pub mod document;
mod envelope;

use std::ops::Deref;
use std::sync::Arc;

use http::StatusCode;

pub use envelope::{Code, Object};

use super::error::Error;
use super::kept::{Basis, Kept};
use super::request::Request;
use super::response::{self, Response};
use super::router;
use crate::decred::VoteBits;
use crate::pool::{
    AsOf, EnrolError, LimitError, Limited, PurchaseInfo, Settings, Stats, User, VotingError,
};
use envelope::{Data, Envelope};

/// What the API can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Command {
    PurchaseInfo,
    Address,
    Voting,
    Stats,
}

impl Command {
    fn subject(self) -> &'static str {
        match self {
            Command::PurchaseInfo => "purchaseinfo",
            Command::Address => "address",
            Command::Voting => "voting",
            Command::Stats => "stats",
        }
    }

    fn success(self, data: Data) -> Envelope {
        let message = match self {
            Command::PurchaseInfo => "purchaseinfo successfully retrieved",
            Command::Address => "address successfully imported",
            Command::Voting => "successfully updated voting preferences",
            Command::Stats => "stats successfully retrieved",
        };
        Envelope::success(message, data)
    }

    /// `data` of a refusal: `null` where a success has some, else absent.
    fn no_data(self) -> Data {
        match self {
            Command::PurchaseInfo | Command::Stats => Data::Null,
            Command::Address | Command::Voting => Data::Absent,
        }
    }

    fn refusal(self, code: Code, reason: &str) -> Envelope {
        let message = format!("{} error - {reason}", self.subject());
        Envelope::error(code, message, self.no_data())
    }

    fn failure(self, error: crate::pool::Error, reason: &str) -> Envelope {
        router::log(&Error::from(error));
        self.refusal(Code::Internal, reason)
    }
}

/// A request whose bearer token speaks for a user.
#[derive(Debug)]
pub struct ApiUserReq {
    request: Request,
    user: Arc<User>,
}

impl Deref for ApiUserReq {
    type Target = Request;

    fn deref(&self) -> &Request {
        &self.request
    }
}

/// The proof of the user, or the answer to send.
pub async fn authenticate(
    command: Command,
    request: Request,
    as_of: AsOf,
) -> Result<ApiUserReq, Response> {
    let user = match request.bearer() {
        None => Ok(None),
        Some(token) => request.app.pool.user_by_api_token(token, as_of).await,
    };
    let refusal = match user {
        Ok(Some(user)) => return Ok(ApiUserReq { request, user }),
        Ok(None) => command.refusal(Code::Unauthenticated, "invalid api token"),
        Err(error) => command.failure(error, "failed to read user from database"),
    };
    Err(send(&refusal))
}

pub fn purchase_info(request: &ApiUserReq) -> Result<Response, Error> {
    let user = &request.user;
    let envelope = match &user.enrolled {
        Some(enrolled) => {
            let info = request.app.pool.purchase_info(user, enrolled);
            Command::PurchaseInfo.success(Data::Object(purchase_info_object(&info)))
        }
        None => no_address(),
    };
    Ok(send(&envelope))
}

fn purchase_info_object(info: &PurchaseInfo) -> Object {
    Object::new()
        .text("PoolAddress", &info.fee_address)
        .number("PoolFees", info.fee_percent)
        .text("Script", &info.redeem_script)
        .text("TicketAddress", &info.ticket_address)
        .count("VoteBits", info.vote_bits.0)
        .count("VoteBitsVersion", info.vote_version.0)
}

fn no_address() -> Envelope {
    Command::PurchaseInfo.refusal(Code::FailedPrecondition, "no address submitted")
}

pub async fn address(request: ApiUserReq) -> Result<Response, Error> {
    let (pool, client) = (&request.app.pool, request.client);
    let allowed = pool.limit(Limited::Address, client, request.user.id).await;
    if let Err(LimitError::Pool(error)) = allowed {
        return Ok(send(&address_refusal(error.into())));
    }
    allowed?;
    let address = request.form.text("UserPubKeyAddr");
    let enrolled = pool.enrol(request.user.id, address, client).await;
    let envelope = match enrolled {
        Ok(_) => Command::Address.success(Data::Absent),
        Err(error) => address_refusal(error),
    };
    Ok(send(&envelope))
}

fn address_refusal(error: EnrolError) -> Envelope {
    let (code, reason) = match &error {
        EnrolError::AlreadySubmitted => (Code::AlreadyExists, "address already submitted"),
        EnrolError::Closed(reason) => (Code::FailedPrecondition, reason.as_str()),
        EnrolError::TooShort => (Code::InvalidArgument, "address too short"),
        EnrolError::TooLong => (Code::InvalidArgument, "address too long"),
        EnrolError::Undecodable => (Code::InvalidArgument, "couldn't decode address"),
        EnrolError::WrongType => (Code::InvalidArgument, "incorrect address type"),
        EnrolError::NotNow(_) => {
            return Envelope::error(
                Code::Unavailable,
                "system error - unable to process wallet commands",
                Data::Absent,
            );
        }
        EnrolError::Pool(_) => (Code::Internal, "failed to save address in database"),
    };
    let envelope = Command::Address.refusal(code, reason);
    if let EnrolError::Pool(error) = error {
        router::log(&Error::from(error));
    }
    envelope
}

pub async fn voting(request: ApiUserReq) -> Result<Response, Error> {
    let command = Command::Voting;
    let Some(bits) = vote_bits(request.form.text("VoteBits")) else {
        return Ok(send(&command.refusal(
            Code::InvalidArgument,
            "unable to convert votebits to uint16",
        )));
    };
    let pool = &request.app.pool;
    let allowed = pool
        .limit_account(Limited::Preference, request.user.id)
        .await;
    if let Err(LimitError::Pool(error)) = allowed {
        return Ok(send(&voting_refusal(error.into())));
    }
    allowed?;
    let set = pool.set_vote_bits(request.user.id, bits).await;
    let envelope = match set {
        Ok(()) => command.success(Data::Absent),
        Err(error) => voting_refusal(error),
    };
    Ok(send(&envelope))
}

fn voting_refusal(error: VotingError) -> Envelope {
    let command = Command::Voting;
    match error {
        VotingError::Invalid => command.refusal(
            Code::InvalidArgument,
            "votebits invalid for current agendas",
        ),
        VotingError::Pool(error) => {
            command.failure(error, "failed to update voting prefs in database")
        }
    }
}

/// Decimal digits only: no sign, no spaces.
fn vote_bits(text: &str) -> Option<VoteBits> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten().map(VoteBits)
}

/// The last answer to `stats`, and the numbers in it.
pub(super) type KeptStats = Kept<Arc<Stats>>;

impl Basis for Arc<Stats> {
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(self, other)
    }
}

pub fn stats(request: &Request) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let Some(stats) = pool.stats() else {
        let refusal = Command::Stats.refusal(Code::Unavailable, "RPC server error");
        return Ok(send(&refusal));
    };
    let line = request.app.kept_stats.answer(stats, |stats| {
        let object = stats_object(stats, pool.settings());
        Command::Stats
            .success(Data::Object(object))
            .to_line()
            .into()
    });
    Ok(response::json(StatusCode::OK, line))
}

pub fn stats_object(stats: &Stats, settings: &Settings) -> Object {
    Object::new()
        .count("AllMempoolTix", stats.mempool_tickets)
        .counts("APIVersionsSupported", &[1, 2])
        .count("BlockHeight", stats.height.0)
        .number("Difficulty", stats.ticket_price.to_dcr())
        .count("Expired", stats.own.expired)
        .count("Immature", stats.own.immature)
        .count("Live", stats.own.live)
        .count("Missed", stats.own.missed)
        .count("OwnMempoolTix", stats.own.mempool)
        .count("PoolSize", stats.pool_size)
        .number("ProportionLive", stats.proportion_live())
        .number("ProportionMissed", stats.proportion_missed())
        .count("Revoked", stats.own.revoked)
        .number("TotalSubsidy", stats.total_subsidy.to_dcr())
        .count("Voted", stats.own.voted)
        .text("Network", settings.params().name)
        .text("PoolEmail", &settings.email)
        .number("PoolFees", stats.fee_percent)
        .text("PoolStatus", if stats.open { "Open" } else { "Closed" })
        .count("UserCount", stats.users)
        .count("UserCountActive", stats.active_users)
        .text("Version", env!("CARGO_PKG_VERSION"))
}

/// `/api/openapi.json`.
pub fn openapi(request: &Request) -> Result<Response, Error> {
    let document = document::openapi(&request.app.pool.settings().base_url);
    Ok(response::json(StatusCode::OK, document))
}

fn send(envelope: &Envelope) -> Response {
    response::json(StatusCode::OK, envelope.to_line())
}

/// No such command, version or method.
pub fn unknown() -> Response {
    let envelope = Envelope::error(
        Code::InvalidArgument,
        "invalid API command or version",
        Data::Absent,
    );
    response::json(StatusCode::NOT_FOUND, envelope.to_line())
}

/// A refusal below the commands, of a request for `path`: too large, too slow, too often, out of time.
pub fn failed(path: &str, error: &Error) -> Response {
    router::log(error);
    let envelope = transport_refusal(error.status, no_data_at(path));
    let mut response = response::json(error.status, envelope.to_line());
    response::retry_after(&mut response, error.retry_after);
    response
}

/// `data` of a refusal below the command at `path`.
fn no_data_at(path: &str) -> Data {
    match path.rsplit('/').next() {
        Some("getpurchaseinfo") => Command::PurchaseInfo.no_data(),
        Some("stats") => Command::Stats.no_data(),
        _ => Data::Absent,
    }
}

fn transport_refusal(status: StatusCode, data: Data) -> Envelope {
    let (code, message) = match status {
        StatusCode::PAYLOAD_TOO_LARGE => (Code::InvalidArgument, "request too large"),
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
            (Code::InvalidArgument, "request headers too large")
        }
        StatusCode::REQUEST_TIMEOUT => (Code::InvalidArgument, "request too slow"),
        StatusCode::BAD_REQUEST => (Code::InvalidArgument, "request not understood"),
        StatusCode::TOO_MANY_REQUESTS => (Code::ResourceExhausted, "too many requests"),
        StatusCode::SERVICE_UNAVAILABLE => (Code::Unavailable, "system error - try again later"),
        _ => (Code::Internal, "system error - internal error"),
    };
    Envelope::error(code, message, data)
}

#[cfg(test)]
mod tests;
