//! Why a daemon gave no usable answer, and the RPC codes that mean something to us.

use std::time::Duration;

use super::Peer;

/// RPC error codes. Sources: dcrd `dcrjson/jsonrpcerr.go`, dcrwallet `internal/rpc/jsonrpc/errors.go`.
pub mod code {
    /// A rule of consensus or mempool refuses it; also dcrwallet's "cannot be done".
    pub const MISC: i64 = -1;
    /// dcrwallet: anything that went wrong inside, among them an address that is not its own.
    pub const WALLET: i64 = -4;
    /// Unknown block or transaction; dcrwallet: invalid address.
    pub const NOT_FOUND: i64 = -5;
    /// dcrd `getvoteinfo`: a vote version without agendas; dcrwallet: an argument that does not decode.
    pub const INVALID_PARAMETER: i64 = -8;
    pub const UNKNOWN_ACCOUNT: i64 = -11;
    /// The wallet must be unlocked first.
    pub const WALLET_UNLOCK_NEEDED: i64 = -13;
    /// Bytes that do not decode.
    pub const DESERIALIZATION: i64 = -22;
    /// dcrd: the very transaction is known already.
    pub const DUPLICATE_TRANSACTION: i64 = -40;
    pub const METHOD_NOT_FOUND: i64 = -32601;
}

/// Why a call, or a connection at start, brought no answer. Text of a daemon is cut to a sane length
/// where it enters; nothing here ever holds a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("{peer} is unavailable: {reason}")]
    Unavailable { peer: Peer, reason: Unavailable },
    /// The daemon's own word.
    #[error("{peer} refuses {method}: {message} ({code})")]
    Rpc {
        peer: Peer,
        method: &'static str,
        code: i64,
        message: String,
    },
    /// An answer without the essentials of its method.
    #[error("{peer} answers {method} with what cannot be understood: {reason}")]
    Garbled {
        peer: Peer,
        method: &'static str,
        reason: String,
    },
    #[error("{peer} shows another certificate than the pinned one")]
    WrongCertificate { peer: Peer },
    #[error("{peer} is reached, but TLS fails: {reason}")]
    Tls { peer: Peer, reason: String },
    #[error("{peer} refuses the user name and password")]
    Unauthorized { peer: Peer },
    /// TLS is fine and the certificate is right, but this is no daemon of the expected kind.
    #[error("{peer} is not a {expected}: {reason}")]
    WrongDaemon {
        peer: Peer,
        expected: &'static str,
        reason: String,
    },
    /// The pinned certificate itself cannot be used.
    #[error("the pinned certificate of {peer}: {reason}")]
    BadPin { peer: Peer, reason: String },
}

/// Transport trouble: it passes, and a reconnect mends it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("connecting: {0}")]
    Connect(String),
    #[error("no answer within {}", seconds(*.0))]
    TimedOut(Duration),
    #[error("not connected")]
    NotConnected,
    /// The connection ended before the answer came: whether the call took effect is unknown.
    #[error("the connection ended: {0}")]
    Disconnected(String),
    #[error("stopping")]
    Stopping,
}

/// What kind of trouble an error is; the roles choose the exit code by it (69, 76, 78).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Not there, or not now.
    Unavailable,
    /// There, but wrong.
    Wrong,
    /// Our own configuration.
    Config,
}

impl Error {
    pub fn fault(&self) -> Fault {
        match self {
            Error::Unavailable { .. } => Fault::Unavailable,
            Error::BadPin { .. } => Fault::Config,
            _ => Fault::Wrong,
        }
    }

    /// The daemon's error code, if it gave one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Error::Rpc { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// The daemon knows no such block, transaction or address.
    pub fn is_not_found(&self) -> bool {
        self.code() == Some(code::NOT_FOUND)
    }

    pub fn is_locked(&self) -> bool {
        self.code() == Some(code::WALLET_UNLOCK_NEEDED)
    }

    pub fn is_method_not_found(&self) -> bool {
        self.code() == Some(code::METHOD_NOT_FOUND)
    }

    pub fn is_unavailable(&self) -> bool {
        matches!(self, Error::Unavailable { .. })
    }

    /// In one word, for metrics.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Error::Rpc { .. } | Error::Unauthorized { .. } => "refused",
            Error::Unavailable {
                reason: Unavailable::TimedOut(_),
                ..
            } => "timed_out",
            Error::Garbled { .. } | Error::WrongDaemon { .. } => "garbled",
            _ => "unavailable",
        }
    }
}

fn seconds(limit: Duration) -> String {
    if limit.subsec_millis() == 0 {
        format!("{} s", limit.as_secs())
    } else {
        format!("{} ms", limit.as_millis())
    }
}

/// A daemon's text, fit for a log line: one line, bounded.
pub(super) fn tidy(text: &str) -> String {
    text.chars()
        .take(500)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_daemon_host_and_reason() {
        let peer = Peer {
            name: "dcrwallet",
            host: "10.0.0.1:9110".into(),
        };
        let error = Error::Unavailable {
            peer,
            reason: Unavailable::TimedOut(Duration::from_secs(5)),
        };
        assert_eq!(
            error.to_string(),
            "dcrwallet at 10.0.0.1:9110 is unavailable: no answer within 5 s"
        );
        assert_eq!(error.fault(), Fault::Unavailable);
    }

    #[test]
    fn a_daemons_text_cannot_break_the_log() {
        assert_eq!(tidy("a\nb\u{1b}[31m"), "a b [31m");
        assert_eq!(tidy(&"x".repeat(10_000)).len(), 500);
    }
}
