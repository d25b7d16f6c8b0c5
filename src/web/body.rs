//! What an answer consists of: most in one piece, exports and events in parts.

use std::convert::Infallible;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use http_body_util::Full;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

/// The rest of an answer cannot be had: the connection is cut, so that nobody takes the part for the whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer was cut off")]
pub struct Cut;

type Parts = Pin<Box<dyn Stream<Item = Result<Bytes, Cut>> + Send>>;

/// The body of an answer.
pub enum Body {
    Whole(Full<Bytes>),
    /// Made as fast as the reader takes them, never faster.
    Parts(Parts),
}

impl Body {
    pub fn whole(bytes: impl Into<Bytes>) -> Self {
        Self::Whole(Full::new(bytes.into()))
    }

    pub fn parts(parts: impl Stream<Item = Result<Bytes, Cut>> + Send + 'static) -> Self {
        Self::Parts(Box::pin(parts))
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole(body) => fmt::Debug::fmt(body, f),
            Self::Parts(_) => f.write_str("<parts>"),
        }
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = Cut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Cut>>> {
        match &mut *self {
            Self::Whole(body) => Pin::new(body)
                .poll_frame(cx)
                .map_err(|never: Infallible| match never {}),
            Self::Parts(parts) => parts.as_mut().poll_next(cx).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Whole(body) => body.is_end_stream(),
            Self::Parts(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(body) => body.size_hint(),
            Self::Parts(_) => SizeHint::default(),
        }
    }
}
