//! The API token of a user: made when first needed, valid while it equals the stored one.

use std::net::IpAddr;
use std::sync::Arc;

use super::jwt::{self, Claims};
use super::{AsOf, Error, Pool, ProofError, User};
use crate::domain::UserId;
use crate::secret::Secret;

/// Makes API tokens.
#[derive(Debug)]
pub struct TokenIssuer {
    pub api_secret: Secret,
    pub base_url: String,
    /// Unix seconds.
    pub now: i64,
}

impl TokenIssuer {
    /// A token for `user` that differs from the former one.
    pub fn issue(&self, user: UserId, former: Option<&Secret>) -> Result<Secret, Error> {
        let before = former
            .and_then(|token| jwt::read(&self.api_secret, token.expose()))
            .map_or(0, |claims| claims.issued_at);
        let claims = Claims {
            user,
            issuer: self.base_url.clone(),
            // Never the same second twice: an equal token would revoke nothing.
            issued_at: self.now.max(before.saturating_add(1)),
        };
        jwt::make(&self.api_secret, &claims)
    }
}

impl Pool {
    /// The user's API token, made when there is none that is valid.
    pub async fn api_token(&self, user: UserId) -> Result<Secret, Error> {
        let stored = self.stored_token(user).await?;
        match stored {
            Some(token) if self.speaks_for(&token) == Some(user) => Ok(token),
            former => self.replace_token(user, former).await,
        }
    }

    /// Replaces the API token, so that the old one is void. `code` is looked at where the user has a second
    /// factor.
    pub async fn renew_api_token(
        &self,
        user: UserId,
        code: &Secret,
        client: Option<IpAddr>,
    ) -> Result<Secret, ProofError> {
        self.demand_code(user, code.expose(), client).await?;
        let former = self.stored_token(user).await?;
        let token = self.replace_token(user, former).await?;
        self.audit("api_token_renewed", Some(user), client, "")
            .await;
        Ok(token)
    }

    /// The user that an API token speaks for; `None` for every kind of bad token.
    pub async fn user_by_api_token(
        &self,
        token: &Secret,
        as_of: AsOf,
    ) -> Result<Option<Arc<User>>, Error> {
        let Some(id) = self.speaks_for(token) else {
            return Ok(None);
        };
        let reading = self.reading_accounts();
        if as_of == AsOf::Lately
            && let Some((user, stored)) = self.recent_tokens.get(&id, reading)
            // Another one may have been made elsewhere since.
            && stored.matches(token.expose())
        {
            return Ok(Some(user));
        }
        let user = self.store.user(id).await?.filter(|user| {
            let stored = user.api_token.as_ref();
            let in_force = stored.is_some_and(|stored| stored.matches(token.expose()));
            user.verified && !user.disabled && in_force
        });
        let user = user.map(|user| Arc::new(User::from(user)));
        if let Some(user) = user.as_ref().filter(|_| as_of == AsOf::Lately) {
            let kept = (user.clone(), token.clone());
            self.recent_tokens.keep(id, kept, reading);
        }
        Ok(user)
    }

    async fn stored_token(&self, user: UserId) -> Result<Option<Secret>, Error> {
        let user = self.store.user(user).await?.ok_or_else(|| gone(user))?;
        Ok(user.api_token)
    }

    /// Stores a new token. When somebody else replaced it at the same time, theirs is the answer.
    async fn replace_token(&self, user: UserId, former: Option<Secret>) -> Result<Secret, Error> {
        let issuer = TokenIssuer {
            api_secret: self.settings.api_secret.clone(),
            base_url: self.settings.base_url.clone(),
            now: self.clock.unix_seconds(),
        };
        let token = issuer.issue(user, former.as_ref())?;
        if self
            .store
            .set_api_token(user, former.as_ref(), &token)
            .await?
        {
            return Ok(token);
        }
        self.stored_token(user).await?.ok_or_else(|| gone(user))
    }

    /// Whose token this is, by signature and issuer alone.
    fn speaks_for(&self, token: &Secret) -> Option<UserId> {
        let claims = jwt::read(&self.settings.api_secret, token.expose())?;
        self.settings
            .is_issuer(&claims.issuer)
            .then_some(claims.user)
    }
}

fn gone(user: UserId) -> Error {
    Error::Internal(format!("user {user} is gone"))
}
