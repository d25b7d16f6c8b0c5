//! From a method's name and a JSON body to a call of the `Voter`, and back to JSON.

use http::StatusCode;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::wire::{ErrorBody, code};
use super::{Error, Voter, method};

/// A refusal as it goes over the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub status: StatusCode,
    pub body: ErrorBody,
    /// In one word, for metrics.
    pub reason: &'static str,
}

impl Refusal {
    pub fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            body: ErrorBody {
                code: code.to_owned(),
                message: message.into(),
            },
            reason: reason(status),
        }
    }

    /// Nobody gets in without the token.
    pub fn unauthorized(reason: &'static str) -> Self {
        let message = "the bearer token is missing or wrong";
        Self {
            reason,
            ..Self::new(StatusCode::UNAUTHORIZED, code::UNAUTHORIZED, message)
        }
    }

    pub fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code::BAD_REQUEST, message)
    }
}

/// A voter's error becomes its code; trouble with its own daemons makes it an unavailable voter.
impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused { code, message } => Self::new(status_of(&code), &code, message),
            other => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                code::UNAVAILABLE,
                other.to_string(),
            ),
        }
    }
}

fn reason(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "bad_body",
        StatusCode::UNAUTHORIZED => "wrong_token",
        StatusCode::NOT_FOUND => "unknown_method",
        StatusCode::METHOD_NOT_ALLOWED => "wrong_verb",
        StatusCode::REQUEST_TIMEOUT => "slow_body",
        StatusCode::CONFLICT => "conflict",
        StatusCode::PAYLOAD_TOO_LARGE => "too_large",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "internal",
    }
}

fn status_of(refusal: &str) -> StatusCode {
    match refusal {
        code::BAD_REQUEST => StatusCode::BAD_REQUEST,
        code::UNAUTHORIZED => StatusCode::UNAUTHORIZED,
        code::UNAVAILABLE => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::CONFLICT,
    }
}

/// Answers one call.
pub(super) async fn dispatch(
    voter: &dyn Voter,
    name: &str,
    body: &[u8],
) -> Result<Vec<u8>, Refusal> {
    match name {
        method::STATUS => answer(voter.status(read(body)?).await),
        method::VERIFY_ENROLMENT => answer(voter.verify_enrolment(read(body)?).await),
        method::IMPORT_SCRIPTS => answer(voter.import_scripts(read(body)?).await),
        method::SET_PREFERENCES => answer(voter.set_preferences(read(body)?).await),
        method::TICKETS_SINCE => answer(voter.tickets_since(read(body)?).await),
        method::ADD_TICKETS => answer(voter.add_tickets(read(body)?).await),
        method::SET_LOW_FEE => answer(voter.set_low_fee(read(body)?).await),
        method::STAKE_INFO => answer(voter.stake_info(read(body)?).await),
        method::AGENDAS => answer(voter.agendas(read(body)?).await),
        method::SCRIPT_REGISTRY => answer(voter.script_registry(read(body)?).await),
        _ => Err(Refusal::new(
            StatusCode::NOT_FOUND,
            code::BAD_REQUEST,
            format!("no method {:?}", name.chars().take(40).collect::<String>()),
        )),
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal::bad_request(format!("the request is not understood: {error}")))
}

fn answer<T: Serialize>(outcome: Result<T, Error>) -> Result<Vec<u8>, Refusal> {
    let value = outcome?;
    serde_json::to_vec(&value).map_err(|error| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            code::UNAVAILABLE,
            format!("the answer cannot be written: {error}"),
        )
    })
}
