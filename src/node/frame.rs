//! JSON-RPC envelopes. The reader looks at the envelope only; the caller decodes its own result, so
//! that a large answer never delays a notification behind it.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::tidy;

/// What a text frame is.
#[derive(Debug, PartialEq)]
pub(super) enum Incoming {
    /// The answer to call `id`; the error in it, if it has one.
    Answer {
        id: u64,
        refusal: Option<Refusal>,
    },
    Notification {
        method: String,
    },
    /// JSON that answers nothing of ours.
    Stray,
}

/// The `error` of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: i64,
    pub(super) message: String,
}

#[derive(Serialize)]
struct Request<P> {
    jsonrpc: &'static str,
    id: u64,
    method: &'static str,
    params: P,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default)]
    id: Value,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    #[serde(default)]
    error: Value,
}

#[derive(Deserialize)]
struct Body<T> {
    result: T,
}

#[derive(Deserialize)]
struct Notice<T> {
    params: T,
}

/// The text of a call.
pub(super) fn request(
    id: u64,
    method: &'static str,
    params: impl Serialize,
) -> Result<String, serde_json::Error> {
    serde_json::to_string(&Request {
        // Both daemons speak the Bitcoin dialect of 1.0 on websockets.
        jsonrpc: "1.0",
        id,
        method,
        params,
    })
}

/// Reads the envelope. An error means that this is no JSON-RPC at all.
pub(super) fn classify(text: &str) -> Result<Incoming, serde_json::Error> {
    // Serde would read an array as a struct too.
    if !text.trim_start().starts_with('{') {
        return Err(serde::de::Error::custom("not an object"));
    }
    let envelope: Envelope = serde_json::from_str(text)?;
    Ok(match (envelope.id, envelope.method) {
        (Value::Null, Some(method)) => Incoming::Notification {
            method: method.into_owned(),
        },
        (Value::Number(id), None) => match id.as_u64() {
            Some(id) => Incoming::Answer {
                id,
                refusal: Refusal::of(&envelope.error),
            },
            None => Incoming::Stray,
        },
        _ => Incoming::Stray,
    })
}

/// The `result` of an answer.
pub(super) fn result<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).map(|Body { result }| result)
}

/// The `params` of a notification.
pub(super) fn params<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    serde_json::from_str(text).map(|Notice { params }| params)
}

impl Refusal {
    fn of(error: &Value) -> Option<Self> {
        if error.is_null() {
            return None;
        }
        let message = error.get("message").and_then(Value::as_str);
        Some(Self {
            code: error.get("code").and_then(Value::as_i64).unwrap_or(0),
            message: tidy(message.unwrap_or("an error without a message")),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_written_as_the_daemons_read_it() {
        assert_eq!(
            request(7, "getblockhash", (1, true)).unwrap(),
            r#"{"jsonrpc":"1.0","id":7,"method":"getblockhash","params":[1,true]}"#
        );
        assert!(
            request(7, "version", super::super::client::NO_PARAMS)
                .unwrap()
                .ends_with(r#""params":[]}"#)
        );
    }

    #[test]
    fn envelopes_are_told_apart() {
        let answer = |refusal| Incoming::Answer { id: 7, refusal };
        let refusal = |code, message: &str| {
            Some(Refusal {
                code,
                message: message.to_owned(),
            })
        };
        for (text, expected) in [
            (r#"{"result":1,"error":null,"id":7}"#, answer(None)),
            (r#"{"id":7}"#, answer(None)),
            (
                r#"{"result":null,"error":{"code":-5,"message":"no\nsuch"},"id":7}"#,
                answer(refusal(-5, "no such")),
            ),
            (
                r#"{"error":"odd","id":7}"#,
                answer(refusal(0, "an error without a message")),
            ),
            (
                r#"{"method":"newtickets","params":[],"id":null}"#,
                Incoming::Notification {
                    method: "newtickets".to_owned(),
                },
            ),
            (r#"{"id":-7}"#, Incoming::Stray),
            (r#"{"id":7.5}"#, Incoming::Stray),
            (r#"{"id":"7"}"#, Incoming::Stray),
            (r#"{"id":7,"method":"call us"}"#, Incoming::Stray),
            ("{}", Incoming::Stray),
        ] {
            assert_eq!(classify(text).unwrap(), expected, "{text}");
        }
        for text in [
            "",
            "garbage",
            "[1,2",
            "[]",
            "[1]",
            r#"{"id":7,"result":"#,
            "7",
            "null",
        ] {
            assert!(classify(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_missing_result_is_an_error_and_null_is_nothing() {
        assert!(result::<u64>(r#"{"id":7}"#).is_err());
        assert!(result::<u64>(r#"{"id":7,"result":null}"#).is_err());
        result::<()>(r#"{"id":7,"result":null}"#).unwrap();
        assert_eq!(result::<u64>(r#"{"id":7,"result":3}"#).unwrap(), 3);
    }
}
