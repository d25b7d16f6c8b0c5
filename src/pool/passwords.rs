//! Passwords: the rules for new ones, and bcrypt on threads of its own.

use std::sync::Arc;

use bcrypt::{BcryptError, HashParts, Version};
use tokio::sync::Semaphore;

use super::hashing::{Broken, Threads};
use super::{Error, PasswordProblem};
use crate::secret::Secret;

/// Of new hashes; lower ones are raised at the next sign-in.
pub const COST: u32 = 10;

const MIN_CHARS: usize = 8;
/// bcrypt sees no more.
const MAX_BYTES: usize = 72;
/// Who finds more than these waiting is sent away: 64 wait about four seconds on two cores.
const MAX_WAITING: usize = 64;
/// More at a time serve nobody better.
const MAX_THREADS: usize = 4;

/// How many passwords at a time on a machine with so many cores: one is left to those who read pages, who would
/// otherwise wait for everybody who signs in.
pub(super) fn threads(cores: usize) -> usize {
    cores.saturating_sub(1).clamp(1, MAX_THREADS)
}

/// Whether a new password is acceptable. Nothing is cut off in silence.
pub fn check(password: &Secret) -> Result<(), PasswordProblem> {
    if password.expose().len() > MAX_BYTES {
        Err(PasswordProblem::TooLong)
    } else if password.expose().chars().count() < MIN_CHARS {
        Err(PasswordProblem::TooShort)
    } else {
        Ok(())
    }
}

/// Hashes and checks passwords, a few at a time.
#[derive(Debug, Clone)]
pub struct Hasher {
    threads: Threads,
    /// Places for those who are served or wait.
    places: Arc<Semaphore>,
    /// Of no password: checked for unknown addresses, so that they take as long.
    dummy: Arc<str>,
}

/// The queue is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Busy;

/// How a stored hash and a password go together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but the hash is cheaper than today's.
    RightButWeak,
}

impl Hasher {
    /// `threads` passwords at a time.
    pub fn new(threads: usize) -> Result<Self, Error> {
        let internal =
            |error: std::io::Error| Error::Internal(format!("password threads: {error}"));
        Ok(Self {
            threads: Threads::start(threads).map_err(internal)?,
            places: Arc::new(Semaphore::new(MAX_WAITING)),
            dummy: hash_now(&crate::pool::random::hex(32)?)?.into(),
        })
    }

    /// A hash in the form of the Go program (`$2a$`).
    pub async fn hash(&self, password: &Secret) -> Result<Result<Secret, Busy>, Error> {
        let password = password.clone();
        self.run(move || hash_now(&password).map(Secret::new)).await
    }

    /// Checks a password against a stored hash; without one against a dummy, which no password
    /// opens.
    pub async fn verify(
        &self,
        password: &Secret,
        hash: Option<&Secret>,
    ) -> Result<Result<Verdict, Busy>, Error> {
        let password = password.clone();
        let known = hash.is_some();
        let hash = hash.map_or_else(|| Secret::new(&*self.dummy), Clone::clone);
        let verdict = self.run(move || Ok(verify_now(&password, &hash))).await?;
        Ok(verdict.map(|verdict| if known { verdict } else { Verdict::Wrong }))
    }

    async fn run<T, F>(&self, work: F) -> Result<Result<T, Busy>, Error>
    where
        T: Send + 'static,
        F: FnOnce() -> Result<T, Error> + Send + 'static,
    {
        let Ok(_place) = self.places.try_acquire() else {
            return Ok(Err(Busy));
        };
        match self.threads.run(work).await {
            Ok(result) => result.map(Ok),
            Err(Broken) => Err(Error::Internal("password thread: panicked".to_owned())),
        }
    }
}

fn hash_now(password: &Secret) -> Result<String, Error> {
    // Not the crate's non-truncating form: that refuses 72 bytes, which Go's library took in full.
    bcrypt::hash_with_result(password.expose().as_bytes(), COST)
        .map(|parts| parts.format_for_version(Version::TwoA))
        .map_err(|error| internal(&error))
}

/// A hash that cannot be read opens to nobody.
fn verify_now(password: &Secret, hash: &Secret) -> Verdict {
    match bcrypt::verify(password.expose().as_bytes(), hash.expose()) {
        Ok(true) if cost_of(hash) < COST => Verdict::RightButWeak,
        Ok(true) => Verdict::Right,
        Ok(false) | Err(_) => Verdict::Wrong,
    }
}

fn cost_of(hash: &Secret) -> u32 {
    hash.expose()
        .parse::<HashParts>()
        .map_or(COST, |parts| parts.get_cost())
}

fn internal(error: &BcryptError) -> Error {
    Error::Internal(format!("bcrypt: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_passwords_have_8_characters_to_72_bytes() {
        let check = |text: &str| check(&Secret::new(text));
        assert_eq!(check("1234567"), Err(PasswordProblem::TooShort));
        assert_eq!(check("12345678"), Ok(()));
        assert_eq!(check("ααααααα"), Err(PasswordProblem::TooShort));
        assert_eq!(check("αααααααα"), Ok(()));
        assert_eq!(check(&"x".repeat(72)), Ok(()));
        assert_eq!(check(&"x".repeat(73)), Err(PasswordProblem::TooLong));
    }

    #[test]
    fn a_core_is_left_to_those_who_read_pages() {
        assert_eq!([1, 2, 3, 4, 64].map(threads), [1, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn hashes_are_in_the_old_form_and_the_first_72_bytes_count() {
        let hasher = Hasher::new(2).unwrap();
        let full = Secret::new("x".repeat(72));
        let hash = hasher.hash(&full).await.unwrap().unwrap();
        assert!(hash.expose().starts_with("$2a$10$"), "{}", hash.expose());
        let verify = async |password: Secret, hash: Option<&Secret>| {
            hasher.verify(&password, hash).await.unwrap().unwrap()
        };
        assert_eq!(verify(full.clone(), Some(&hash)).await, Verdict::Right);
        assert_eq!(
            verify(Secret::new("x".repeat(90)), Some(&hash)).await,
            Verdict::Right
        );
        assert_eq!(
            verify(Secret::new("x".repeat(71)), Some(&hash)).await,
            Verdict::Wrong
        );
        assert_eq!(verify(full, None).await, Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_cheap_hash_is_right_but_weak() {
        let hasher = Hasher::new(1).unwrap();
        let weak = bcrypt::hash_with_result(b"password", 4)
            .unwrap()
            .format_for_version(Version::TwoA);
        let verdict = hasher
            .verify(&Secret::new("password"), Some(&Secret::new(weak)))
            .await;
        assert_eq!(verdict.unwrap(), Ok(Verdict::RightButWeak));
        let broken = hasher
            .verify(&Secret::new("password"), Some(&Secret::new("rubbish")))
            .await;
        assert_eq!(broken.unwrap(), Ok(Verdict::Wrong));
    }
}
