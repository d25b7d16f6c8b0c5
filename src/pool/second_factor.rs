//! The second factor: a code of an app beside the password, for whoever turns it on.
//!
//! Invariants: no session before the code was right; each code is taken once, whichever web process is asked; the
//! app's key is stored sealed, recovery codes as keyed hashes.

mod code;
mod seal;
mod seed;

use std::net::IpAddr;

use super::keys::{self, Purpose};
use super::{
    Error, Limited, OwnerProof, Pool, ProofError, SecondSignInError, TurnOnError, gauges, random,
};
use crate::db::{HalfSignIn, NewSecondFactor, SecondFactor, SecondProof, SecondUse};
use crate::domain::UserId;
use crate::mail::texts;
use crate::secret::Secret;
use code::Code;
use seal::SealKey;
use seed::Seed;

/// How long the key that a page shows can be taken over, in seconds.
const OFFER_SECS: i64 = 1800;
const EXPIRY_BYTES: usize = 8;

/// What the owner of an account may know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SecondFactorState {
    /// Unix seconds.
    pub since: i64,
    /// Recovery codes that were not used.
    pub codes_left: u64,
}

/// A key for an app that is not in force before a code of the app comes back with `sealed`.
#[derive(Debug, Clone)]
pub struct Offer {
    /// The key, for this user, this session and half an hour.
    pub sealed: Secret,
    /// To be typed.
    pub text: Secret,
    /// To be drawn as a QR code.
    pub link: Secret,
}

impl Pool {
    /// `None`: it is off.
    pub async fn second_factor(&self, user: UserId) -> Result<Option<SecondFactorState>, Error> {
        let stored = self.store.second_factor(user).await?;
        Ok(stored.map(|it| SecondFactorState {
            since: it.since,
            codes_left: it.codes_left,
        }))
    }

    /// A new key for the user's app. Nothing is stored.
    pub async fn offer_second_factor(
        &self,
        user: UserId,
        proof: &OwnerProof,
        cookie: &str,
        client: Option<IpAddr>,
    ) -> Result<Offer, ProofError> {
        let stored = self.with_proof(user, proof, client).await?;
        let seed = Seed::random()?;
        let expires = self.clock.unix_seconds().saturating_add(OFFER_SECS);
        let bound_to = self.offer_binding(user, cookie, expires);
        let sealed = seed.seal(&self.offer_key()?, &bound_to)?;
        let expires = hex::encode(expires.to_be_bytes());
        let sealed = Secret::new(expires + sealed.expose());
        Ok(self.offer(sealed, &seed, &stored.email)?)
    }

    /// An offer that came back; `None`: too old, or not for this user and session.
    pub fn same_offer(
        &self,
        user: UserId,
        email: &str,
        cookie: &str,
        sealed: &str,
    ) -> Result<Option<Offer>, Error> {
        let Some(seed) = self.offered(user, cookie, sealed)? else {
            return Ok(None);
        };
        self.offer(Secret::new(sealed), &seed, email).map(Some)
    }

    fn offer(&self, sealed: Secret, seed: &Seed, email: &str) -> Result<Offer, Error> {
        Ok(Offer {
            sealed,
            text: seed.text(),
            link: seed.link(&self.settings.name, email)?,
        })
    }

    fn offered(&self, user: UserId, cookie: &str, sealed: &str) -> Result<Option<Seed>, Error> {
        let Some((expires, sealed)) = sealed.split_at_checked(2 * EXPIRY_BYTES) else {
            return Ok(None);
        };
        let mut bytes = [0; EXPIRY_BYTES];
        if hex::decode_to_slice(expires, &mut bytes).is_err() {
            return Ok(None);
        }
        let expires = i64::from_be_bytes(bytes);
        let bound_to = self.offer_binding(user, cookie, expires);
        let seed = Seed::open(&self.offer_key()?, sealed, &bound_to);
        Ok(seed.filter(|_| expires > self.clock.unix_seconds()))
    }

    fn offer_binding(&self, user: UserId, cookie: &str, expires: i64) -> Vec<u8> {
        format!("{user} {expires} {}", self.session_hash(cookie)).into_bytes()
    }

    fn offer_key(&self) -> Result<SealKey, Error> {
        SealKey::new(&self.settings.api_secret, Purpose::SecondFactorOffer)
    }

    /// Turns it on by the first code of the app, and ends the other sessions. The result are the recovery codes,
    /// which are never shown again.
    pub async fn turn_on_second_factor(
        &self,
        user: UserId,
        cookie: &str,
        sealed: &str,
        typed: &str,
        client: Option<IpAddr>,
    ) -> Result<Vec<Secret>, TurnOnError> {
        let seed = self.offered(user, cookie, sealed)?;
        let seed = seed.ok_or(TurnOnError::Over)?;
        let now = self.clock.unix_seconds();
        let step = match Code::read(typed) {
            Some(Code::App(code)) => seed.step_of(code.expose(), now),
            _ => None,
        };
        let step = step.ok_or(TurnOnError::WrongCode)?;
        let codes = code::recovery_codes()?;
        let turned = self.store.turn_on_second_factor(NewSecondFactor {
            user_id: user,
            seed: seed.seal(&self.seed_key()?, &seed_binding(user))?,
            step,
            code_hashes: self.code_hashes(user, &codes),
            keep_session: self.session_hash(cookie),
            now,
        });
        if !turned.await.map_err(Error::from)? {
            return Err(TurnOnError::Already);
        }
        self.audit("second_factor_on", Some(user), client, "").await;
        if let Some(stored) = self.store.user(user).await.map_err(Error::from)? {
            let cause = self.cause(client);
            let mail = texts::second_factor_on(&self.settings.name, &stored.email, cause);
            self.send_notice(mail).await;
        }
        Ok(codes.iter().map(code::for_reading).collect())
    }

    pub async fn turn_off_second_factor(
        &self,
        user: UserId,
        proof: &OwnerProof,
        client: Option<IpAddr>,
    ) -> Result<(), ProofError> {
        let stored = self.with_proof(user, proof, client).await?;
        let was_on = self.store.turn_off_second_factor(user).await;
        if was_on.map_err(Error::from)? {
            self.audit("second_factor_off", Some(user), client, "")
                .await;
            let cause = self.cause(client);
            let mail = texts::second_factor_off(&self.settings.name, &stored.email, cause);
            self.send_notice(mail).await;
        }
        Ok(())
    }

    /// New recovery codes in place of the old ones; `None`: the second factor is off.
    pub async fn renew_recovery_codes(
        &self,
        user: UserId,
        proof: &OwnerProof,
        client: Option<IpAddr>,
    ) -> Result<Option<Vec<Secret>>, ProofError> {
        self.with_proof(user, proof, client).await?;
        let codes = code::recovery_codes()?;
        let hashes = self.code_hashes(user, &codes);
        let replaced = self.store.replace_recovery_codes(user, hashes).await;
        if !replaced.map_err(Error::from)? {
            return Ok(None);
        }
        self.audit("recovery_codes_renewed", Some(user), client, "")
            .await;
        Ok(Some(codes.iter().map(code::for_reading).collect()))
    }

    /// Takes a code where the user has a second factor.
    pub(super) async fn demand_code(
        &self,
        user: UserId,
        typed: &str,
        client: Option<IpAddr>,
    ) -> Result<(), ProofError> {
        let stored = self.store.second_factor(user).await.map_err(Error::from)?;
        let Some(stored) = stored else {
            return Ok(());
        };
        let Some(code) = Code::read(typed) else {
            return Err(ProofError::WrongCode);
        };
        self.limit_account(Limited::SecondFactor, user).await?;
        let taken = match self.proof_of(user, &stored, &code)? {
            Some(proof) => {
                let taking = self.store.use_second_factor(second_use(user, proof)?);
                taking.await.map_err(Error::from)?
            }
            None => false,
        };
        if !taken {
            self.audit("second_factor_failed", Some(user), client, "")
                .await;
            return Err(ProofError::WrongCode);
        }
        self.code_was_right(user, &code, client).await;
        Ok(())
    }

    /// Remembers that the password was right; the result is the cookie of the browser that owes the code.
    pub(super) async fn begin_half_sign_in(&self, user: UserId) -> Result<Secret, Error> {
        let token = random::hex(32)?;
        let now = self.clock.unix_seconds();
        let hash = self.half_hash(token.expose());
        self.store.begin_half_sign_in(&hash, user, now).await?;
        Ok(token)
    }

    /// Whether this browser gave a right password and may bring the code.
    pub async fn owes_code(&self, token: &str) -> Result<bool, Error> {
        let now = self.clock.unix_seconds();
        let half = self.store.half_sign_in(&self.half_hash(token), now).await?;
        Ok(half.is_some())
    }

    /// Who is signed in by the code that was owed.
    pub async fn complete_sign_in(
        &self,
        token: &str,
        typed: &str,
        client: Option<IpAddr>,
    ) -> Result<UserId, SecondSignInError> {
        let outcome = self.take_owed_code(token, typed, client).await;
        gauges::count_second_sign_in(&outcome);
        outcome
    }

    async fn take_owed_code(
        &self,
        token: &str,
        typed: &str,
        client: Option<IpAddr>,
    ) -> Result<UserId, SecondSignInError> {
        let (hash, now) = (self.half_hash(token), self.clock.unix_seconds());
        let user = self.store.half_sign_in(&hash, now).await;
        let user = user.map_err(Error::from)?.ok_or(SecondSignInError::Over)?;
        let stored = self.store.second_factor(user).await.map_err(Error::from)?;
        let stored = stored.ok_or(SecondSignInError::Over)?;
        let code = Code::read(typed).ok_or(SecondSignInError::WrongCode)?;
        self.limit_account(Limited::SecondFactor, user).await?;
        let outcome = match self.proof_of(user, &stored, &code)? {
            Some(proof) => {
                let second = second_use(user, proof)?;
                let completed = self.store.complete_half_sign_in(&hash, second, now).await;
                completed.map_err(Error::from)?
            }
            None => HalfSignIn::Refused,
        };
        match outcome {
            HalfSignIn::Completed => {}
            HalfSignIn::Over => return Err(SecondSignInError::Over),
            HalfSignIn::Refused => {
                self.audit("second_factor_failed", Some(user), client, "")
                    .await;
                return Err(SecondSignInError::WrongCode);
            }
        }
        self.code_was_right(user, &code, client).await;
        // The password that was counted was right, too.
        if let Some(owner) = self.store.user(user).await.map_err(Error::from)? {
            let email = owner.email.as_str();
            self.forgive(Limited::SignIn, client, email).await;
        }
        self.audit("sign_in", Some(user), client, "").await;
        Ok(user)
    }

    async fn code_was_right(&self, user: UserId, code: &Code, client: Option<IpAddr>) {
        self.forgive(Limited::SecondFactor, client, user).await;
        if matches!(code, Code::Recovery(_)) {
            self.audit("recovery_code_used", Some(user), client, "")
                .await;
        }
    }

    /// What is to be taken once for this code; `None`: it is not right now.
    fn proof_of(
        &self,
        user: UserId,
        stored: &SecondFactor,
        code: &Code,
    ) -> Result<Option<SecondProof>, Error> {
        let code = match code {
            Code::App(code) => code,
            Code::Recovery(code) => {
                let hash = self.code_hash(user, code);
                return Ok(Some(SecondProof::Recovery(hash)));
            }
        };
        let sealed = stored.seed.expose();
        let Some(seed) = Seed::open(&self.seed_key()?, sealed, &seed_binding(user)) else {
            tracing::error!(
                user.id = %user,
                "second factor cannot be read: was web.api_secret changed? Reset it: dcrstakepool user"
            );
            return Ok(None);
        };
        let step = seed.step_of(code.expose(), self.clock.unix_seconds());
        Ok(step.map(SecondProof::Step))
    }

    fn seed_key(&self) -> Result<SealKey, Error> {
        SealKey::new(&self.settings.api_secret, Purpose::SecondFactor)
    }

    fn code_hashes(&self, user: UserId, codes: &[Secret]) -> Vec<String> {
        codes
            .iter()
            .map(|code| self.code_hash(user, code))
            .collect()
    }

    fn code_hash(&self, user: UserId, code: &Secret) -> String {
        let text = Secret::new(format!("{user} {}", code.expose()));
        let secret = &self.settings.api_secret;
        keys::stored_form(secret, Purpose::RecoveryCode, text.expose())
    }

    fn half_hash(&self, token: &str) -> String {
        keys::stored_form(&self.settings.api_secret, Purpose::HalfSignIn, token)
    }
}

/// No row opens for another user.
fn seed_binding(user: UserId) -> Vec<u8> {
    user.to_string().into_bytes()
}

fn second_use(user: UserId, proof: SecondProof) -> Result<SecondUse, Error> {
    Ok(SecondUse {
        user_id: user,
        proof,
        mark: random::hex(16)?.expose().to_owned(),
    })
}
