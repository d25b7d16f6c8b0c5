//! The envelope of every answer, written by hand since wallets compare it to the byte: the keys'
//! order, numbers as Go's encoder writes them, one newline at the end.

use std::fmt::{Display, Write as _};

use crate::decred::Atoms;

/// The code numbers of gRPC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    Ok = 0,
    InvalidArgument = 3,
    AlreadyExists = 6,
    ResourceExhausted = 8,
    FailedPrecondition = 9,
    Internal = 13,
    Unavailable = 14,
    Unauthenticated = 16,
}

/// The envelope's last key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Data {
    /// Not there at all.
    Absent,
    Null,
    Object(Object),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Envelope {
    code: Code,
    message: String,
    data: Data,
}

impl Envelope {
    pub fn success(message: &str, data: Data) -> Self {
        Self {
            code: Code::Ok,
            message: message.to_owned(),
            data,
        }
    }

    pub fn error(code: Code, message: impl Into<String>, data: Data) -> Self {
        Self {
            code,
            message: message.into(),
            data,
        }
    }

    pub fn to_line(&self) -> String {
        let status = match self.code {
            Code::Ok => "success",
            _ => "error",
        };
        let envelope = Object::new()
            .text("status", status)
            .count("code", self.code as u8)
            .text("message", &self.message);
        let envelope = match &self.data {
            Data::Absent => envelope,
            Data::Null => envelope.raw("data", "null"),
            Data::Object(object) => envelope.raw("data", object.to_json()),
        };
        envelope.to_json() + "\n"
    }
}

/// A JSON object whose keys keep their order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Object(String);

impl Object {
    pub fn new() -> Self {
        Self::default()
    }

    #[must_use]
    pub fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, quoted(value))
    }

    #[must_use]
    pub fn count(self, key: &str, value: impl Into<u64>) -> Self {
        self.raw(key, value.into())
    }

    #[must_use]
    pub fn counts(self, key: &str, values: &[u64]) -> Self {
        let values: Vec<String> = values.iter().map(u64::to_string).collect();
        self.raw(key, format_args!("[{}]", values.join(",")))
    }

    /// Shortest form without an exponent; whole numbers without a point. Not a number: 0.
    #[must_use]
    pub fn number(self, key: &str, value: f64) -> Self {
        let value = if value.is_finite() { value } else { 0.0 };
        self.raw(key, value)
    }

    /// In DCR, with all eight decimals.
    #[must_use]
    pub fn amount(self, key: &str, amount: Atoms) -> Self {
        self.raw(key, amount)
    }

    fn raw(mut self, key: &str, value: impl Display) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{comma}{}:{value}", quoted(key));
        self
    }

    pub fn to_json(&self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// As a JSON string; the characters that HTML knows are escaped, as they always were.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text)
        .to_string()
        .replace('&', "\\u0026")
        .replace('<', "\\u003c")
        .replace('>', "\\u003e")
        .replace('\u{2028}', "\\u2028")
        .replace('\u{2029}', "\\u2029")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_texts_are_written_as_ever() {
        let object = Object::new()
            .number("whole", 5.0)
            .number("part", 7.5)
            .number("small", 0.000_02)
            .number("none", f64::NAN)
            .text("text", "couldn't <b>&\"\n");
        assert_eq!(
            object.to_json(),
            r#"{"whole":5,"part":7.5,"small":0.00002,"none":0,"text":"couldn't \u003cb\u003e\u0026\"\n"}"#
        );
    }

    #[test]
    fn data_is_absent_null_or_there() {
        let line = |data| Envelope::error(Code::Unavailable, "m", data).to_line();
        assert_eq!(
            line(Data::Absent),
            "{\"status\":\"error\",\"code\":14,\"message\":\"m\"}\n"
        );
        assert_eq!(
            line(Data::Null),
            "{\"status\":\"error\",\"code\":14,\"message\":\"m\",\"data\":null}\n"
        );
        assert_eq!(
            Envelope::success("m", Data::Object(Object::new().count("a", 1_u8))).to_line(),
            "{\"status\":\"success\",\"code\":0,\"message\":\"m\",\"data\":{\"a\":1}}\n"
        );
    }
}
