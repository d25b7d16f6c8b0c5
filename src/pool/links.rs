//! Links that hold a token: made, and read back.

use super::{Error, Pool, keys, random};
use crate::db::{self, Link, LinkPurpose};
use crate::secret::Secret;

impl Pool {
    /// A token for a mailed link, and what is stored of it.
    pub(super) fn mail_token(&self) -> Result<(Secret, String), Error> {
        let token = random::hex(16)?;
        let stored = self.stored_form(token.expose());
        Ok((token, stored))
    }

    pub(super) fn stored_form(&self, token: &str) -> String {
        keys::stored_form(&self.settings.api_secret, keys::Purpose::MailLink, token)
    }

    /// The link of a token and its user, if both are still good.
    pub(super) async fn usable_link(
        &self,
        purpose: LinkPurpose,
        token: &str,
        now: i64,
    ) -> Result<Option<(Link, db::User)>, Error> {
        if !is_token(token) {
            return Ok(None);
        }
        let hash = self.stored_form(token);
        let Some(link) = self.store.link(purpose, &hash, token, now).await? else {
            return Ok(None);
        };
        let user = self.store.user(link.user_id).await?;
        let user = user.filter(|user| !user.disabled);
        Ok(user.map(|user| (link, user)))
    }
}

/// 16 bytes in hex.
pub(super) fn is_token(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_32_hex_digits() {
        assert!(is_token("00112233445566778899aabbccddeeff"));
        assert!(!is_token("00112233445566778899aabbccddeef"));
        assert!(!is_token("00112233445566778899aabbccddeefg"));
    }
}
