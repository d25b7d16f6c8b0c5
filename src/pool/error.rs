//! Why the pool cannot do what it was asked. Each operation has its own enum; web turns each variant
//! into a page or a row of the API's table.

use super::LimitError;

/// Trouble that is nobody's mistake.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Database(#[from] crate::db::Error),
    /// A program error that was caught: shown as "internal error", logged in full.
    #[error("{0}")]
    Internal(String),
}

/// What is wrong with a new password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordProblem {
    #[error("a password needs at least 8 characters")]
    TooShort,
    #[error("a password has at most 72 bytes")]
    TooLong,
}

#[derive(Debug, thiserror::Error)]
pub enum SignUpError {
    /// Closed or full: the reason to show.
    #[error("{0}")]
    Closed(String),
    #[error("this is no e-mail address")]
    BadEmail,
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// Too many passwords are being hashed.
    #[error("too busy, try again")]
    Busy,
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// Spent, and what it was for is done.
    #[error("the link was used already")]
    Used,
    /// Unknown, spent or too old.
    #[error("the link is not valid any more")]
    Invalid,
    /// Closed or full: the reason to show.
    #[error("{0}")]
    Closed(String),
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Also when the address is not verified: nobody learns who has an account.
    #[error("e-mail or password is wrong, or the address is not verified yet")]
    Wrong,
    /// The password was right.
    #[error("this account is disabled")]
    Disabled,
    /// The password was right; an account of the Go program whose link was never opened.
    #[error("the e-mail address is not verified yet")]
    Unverified,
    /// Too many passwords are being checked.
    #[error("too busy, try again")]
    Busy,
    #[error(transparent)]
    Pool(#[from] Error),
}

/// Why the code that a browser owes did not sign it in.
#[derive(Debug, thiserror::Error)]
pub enum SecondSignInError {
    /// Used, ended, or too old: the password is needed again.
    #[error("that took too long")]
    Over,
    #[error("{WRONG_CODE}")]
    WrongCode,
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Pool(#[from] Error),
}

/// For those who were quick, too.
const WRONG_CODE: &str =
    "the code is wrong, or was used before: each works once, so wait for the next one";

/// Why the second factor is not on.
#[derive(Debug, thiserror::Error)]
pub enum TurnOnError {
    #[error("this code is not right: check the time of your phone, and type the newest code")]
    WrongCode,
    /// The key that was shown is too old.
    #[error("that took too long: begin again")]
    Over,
    #[error("the second factor is on already")]
    Already,
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum ChangePasswordError {
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// Too many passwords are being hashed.
    #[error("too busy, try again")]
    Busy,
    #[error(transparent)]
    Pool(#[from] Error),
}

/// Why what only the owner of an account may do is not done.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error("the current password is wrong")]
    WrongPassword,
    #[error("{WRONG_CODE}")]
    WrongCode,
    /// Too many passwords are being checked.
    #[error("too busy, try again")]
    Busy,
    #[error(transparent)]
    Limit(#[from] LimitError),
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum ResetPasswordError {
    /// Unknown, spent, void or too old.
    #[error("the link is not valid any more")]
    Invalid,
    /// The link stays good.
    #[error(transparent)]
    Password(#[from] PasswordProblem),
    /// Too many passwords are being hashed; the link stays good.
    #[error("too busy, try again")]
    Busy,
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeEmailError {
    #[error(transparent)]
    Proof(#[from] ProofError),
    #[error("this is no e-mail address")]
    BadEmail,
    #[error("this is your e-mail address already")]
    SameEmail,
    #[error(transparent)]
    Pool(#[from] Error),
}

#[derive(Debug, thiserror::Error)]
pub enum ConfirmEmailError {
    /// Unknown, spent, void or too old.
    #[error("the link is not valid any more")]
    Invalid,
    /// The link stays good: the other account may go.
    #[error("another account has this e-mail address")]
    Taken,
    #[error(transparent)]
    Pool(#[from] Error),
}

/// The rows of the API's table for `address`, in the order in which they are checked.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    #[error("an address was already submitted")]
    AlreadySubmitted,
    /// Closed or full: the reason to show.
    #[error("{0}")]
    Closed(String),
    #[error("the address is too short")]
    TooShort,
    #[error("the address is too long")]
    TooLong,
    /// Not an address, or one of another network.
    #[error("the address cannot be decoded")]
    Undecodable,
    /// Not a secp256k1 public-key address, or the pool's own key.
    #[error("the address is of the wrong type: a public-key address is needed")]
    WrongType,
    /// Code 14.
    #[error(transparent)]
    NotNow(#[from] NotNow),
    #[error(transparent)]
    Pool(#[from] Error),
}

/// Why nobody can enrol at present.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    #[error("enrolment is halted since the voting wallets disagree; the operator was told")]
    Halted,
    #[error("too few voting wallets can confirm: {confirmed} of {needed}")]
    TooFewVoters { confirmed: usize, needed: usize },
    /// The key of `[pool]` that differs between web and a voter.
    #[error("the voting nodes are configured differently: {0}")]
    Configuration(String),
}

#[derive(Debug, thiserror::Error)]
pub enum VotingError {
    #[error("vote bits are not valid for the current agendas")]
    Invalid,
    #[error(transparent)]
    Pool(#[from] Error),
}
