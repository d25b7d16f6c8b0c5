//! What goes wrong, in two texts: one for the reader of the page, one for the log. The cause never
//! reaches the page.

use std::borrow::Cow;

use http::StatusCode;

use crate::{db, pool};

/// A refusal or failure that ends a request.
#[derive(Debug)]
pub struct Error {
    pub status: StatusCode,
    /// The page's heading.
    pub title: &'static str,
    /// For the reader.
    pub shown: Cow<'static, str>,
    /// For the operator; `None`: not worth a line of its own.
    pub logged: Option<String>,
    /// The methods that the path has (405 only).
    pub allow: Option<String>,
    /// Seconds to wait (429 only).
    pub retry_after: Option<u64>,
}

impl Error {
    fn new(status: StatusCode, title: &'static str, shown: impl Into<Cow<'static, str>>) -> Self {
        Self {
            status,
            title,
            shown: shown.into(),
            logged: None,
            allow: None,
            retry_after: None,
        }
    }

    fn logged(mut self, text: impl Into<String>) -> Self {
        self.logged = Some(text.into());
        self
    }

    pub fn not_found() -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            "Page not found",
            "There is nothing at this address: the link may be old, or mistyped.",
        )
    }

    pub fn method_not_allowed(allow: String) -> Self {
        let mut error = Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "That is not possible here",
            "This address exists, but does not take this kind of request.",
        );
        error.allow = Some(allow);
        error
    }

    pub fn bad_form_token() -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            "Please send the form again",
            "This form is out of date: it was opened before you signed in or out, or cookies are \
             blocked. Nothing was changed. Go back, reload the page, and send it once more.",
        )
    }

    pub fn unauthorized() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "Not for you",
            "This page is for the operators of the pool, when they are signed in at an address that its \
             configuration allows.",
        )
    }

    pub fn too_large() -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "Too large",
            "That is more than any form here needs, so it was not read.",
        )
    }

    pub fn head_too_large() -> Self {
        Self::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "Too much sent along",
            "Your browser sends more along with its request than this site needs, so it was not read. Deleting \
             this site's cookies usually helps.",
        )
    }

    pub fn too_slow() -> Self {
        Self::new(
            StatusCode::REQUEST_TIMEOUT,
            "Too slow",
            "The form did not arrive in time. Please send it again.",
        )
    }

    pub fn broken_body() -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            "Not understood",
            "The form did not arrive whole. Please send it again.",
        )
    }

    /// The request took longer than we let it.
    pub fn deadline() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "This takes too long",
            "The pool could not answer in time. Your tickets are voted all the same. \
             Please try again in a moment.",
        )
        .logged("request deadline passed")
    }

    pub fn too_often(retry_after: u64) -> Self {
        let wait = match retry_after {
            ..120 => format!("{retry_after} seconds"),
            _ => format!("{} minutes", retry_after.div_ceil(60)),
        };
        let mut error = Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "Too many attempts",
            format!(
                "This was done too often in a short time, so it was not done again. Please wait {wait}, then \
                 try once more. Your tickets are voted all the same."
            ),
        );
        error.retry_after = Some(retry_after);
        error
    }

    pub fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too busy",
            "Too many passwords are being checked at this moment. Please try again in a few seconds.",
        )
    }

    /// Nobody needs to listen: the pages say the same.
    pub fn too_many_listeners() -> Self {
        let mut error = Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Too many listeners",
            "As many listen to the pool's numbers as it has places for. The pages show the same numbers.",
        );
        error.retry_after = Some(60);
        error
    }

    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "Something went wrong",
            "This is a fault of ours, and it was written down. Your tickets are voted all the same.",
        )
        .logged(cause)
    }
}

impl From<pool::Error> for Error {
    fn from(error: pool::Error) -> Self {
        match error {
            pool::Error::Database(
                cause @ (db::Error::Unavailable(_) | db::Error::OutcomeUnknown(_)),
            ) => Self::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "The database does not answer",
                "Your tickets are voted all the same: voting does not need it. \
                 Please try again in a moment.",
            )
            .logged(cause.to_string()),
            pool::Error::Database(cause) => Self::internal(cause.to_string()),
            pool::Error::Internal(cause) => Self::internal(cause),
        }
    }
}

impl From<pool::LimitError> for Error {
    fn from(error: pool::LimitError) -> Self {
        match error {
            pool::LimitError::TooOften { retry_after } => Self::too_often(retry_after),
            pool::LimitError::Pool(error) => error.into(),
        }
    }
}

/// What to tell an owner who showed the wrong thing; the rest ends the request.
pub fn refused_proof(error: pool::ProofError) -> Result<String, Error> {
    match error {
        pool::ProofError::Busy => Err(Error::busy()),
        pool::ProofError::Limit(error) => Err(error.into()),
        pool::ProofError::Pool(error) => Err(error.into()),
        refusal => Ok(refusal.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cause_is_logged_and_never_shown() {
        for error in [
            Error::from(pool::Error::Database(db::Error::Unavailable(
                "secret cause".into(),
            ))),
            Error::from(pool::Error::Database(db::Error::Query(
                "secret cause".into(),
            ))),
            Error::from(pool::Error::Internal("secret cause".into())),
        ] {
            assert!(error.logged.unwrap().contains("secret cause"));
            assert!(!error.shown.contains("secret cause"));
        }
    }

    #[test]
    fn waits_read_well() {
        for (seconds, words) in [(1, "1 seconds"), (119, "119 seconds"), (121, "3 minutes")] {
            let error = Error::too_often(seconds);
            assert!(error.shown.contains(words), "{}", error.shown);
            assert_eq!(error.retry_after, Some(seconds));
        }
    }
}
