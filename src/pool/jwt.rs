//! API tokens: JWT with HS256, as the Go program made them. Old ones must verify for ever.

use biscuit::jwa::SignatureAlgorithm;
use biscuit::jws::{Compact, Header, RegisteredHeader, Secret as Key};
use biscuit::{ClaimsSet, Empty, RegisteredClaims, Validation, ValidationOptions};
use serde::{Deserialize, Serialize};

use super::Error;
use crate::domain::UserId;
use crate::secret::Secret;

type Token = Compact<ClaimsSet<Private>, Empty>;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Private {
    #[serde(rename = "loggedInAs")]
    logged_in_as: i64,
}

/// What a token with a good signature says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    pub user: UserId,
    pub issuer: String,
    /// Unix seconds.
    pub issued_at: i64,
}

/// Signs with the UTF-8 bytes of `secret`.
pub fn make(secret: &Secret, claims: &Claims) -> Result<Secret, Error> {
    let header = Header::from(RegisteredHeader {
        algorithm: SignatureAlgorithm::HS256,
        ..RegisteredHeader::default()
    });
    let set = ClaimsSet {
        registered: RegisteredClaims {
            issuer: Some(claims.issuer.clone()),
            issued_at: Some(claims.issued_at.into()),
            ..RegisteredClaims::default()
        },
        private: Private {
            logged_in_as: claims.user.0,
        },
    };
    Token::new_decoded(header, set)
        .encode(&key(secret))
        .and_then(|token| Ok(token.encoded()?.to_string()))
        .map(Secret::new)
        .map_err(|error| Error::Internal(format!("making an API token: {error}")))
}

/// What the token says, if it was signed with `secret`. The signature is checked before anything
/// inside is read.
pub fn read(secret: &Secret, token: &str) -> Option<Claims> {
    let token = Token::new_encoded(token)
        .decode(&key(secret), SignatureAlgorithm::HS256)
        .ok()?;
    // A renewal within the same second dates the new token a second ahead.
    let options = ValidationOptions {
        issued_at: Validation::Ignored,
        ..ValidationOptions::default()
    };
    token.validate(options).ok()?;
    let claims = token.payload().ok()?;
    Some(Claims {
        user: UserId(claims.private.logged_in_as),
        issuer: claims.registered.issuer.clone()?,
        issued_at: claims.registered.issued_at.map_or(0, |at| at.timestamp()),
    })
}

fn key(secret: &Secret) -> Key {
    Key::bytes_from_str(secret.expose())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header `{"alg":"HS256","typ":"JWT"}`, claims with sorted keys, as Go's library writes them.
    fn go_token(secret: &str, claims: &str) -> String {
        use hmac::{Hmac, KeyInit as _, Mac as _};
        let base64 = |bytes: &[u8]| base64_url(bytes);
        let signed = format!(
            "{}.{}",
            base64(br#"{"alg":"HS256","typ":"JWT"}"#),
            base64(claims.as_bytes())
        );
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(signed.as_bytes());
        format!("{signed}.{}", base64(&mac.finalize().into_bytes()))
    }

    fn base64_url(bytes: &[u8]) -> String {
        const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        bytes
            .chunks(3)
            .flat_map(|chunk| {
                let word = chunk.iter().enumerate().fold(0u32, |word, (i, byte)| {
                    word | u32::from(*byte) << (16 - 8 * i)
                });
                (0..=chunk.len()).map(move |i| {
                    char::from(DIGITS[usize::try_from(word >> (18 - 6 * i) & 63).unwrap()])
                })
            })
            .collect()
    }

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn a_token_with_the_longest_address_fits_into_its_column() {
        let length = |address: usize| {
            let claims = Claims {
                user: UserId(i64::from(i32::MAX)),
                issuer: "h".repeat(address),
                issued_at: 4_102_444_800,
            };
            make(&Secret::new(SECRET), &claims).unwrap().expose().len()
        };
        let longest = crate::config::BaseUrl::LONGEST;
        assert!(length(longest) <= 255 && length(longest + 1) > 255);
    }

    #[test]
    fn a_token_of_the_go_program_is_read() {
        let token = go_token(
            SECRET,
            r#"{"iat":1495836341,"iss":"https://pool.example.com","loggedInAs":7}"#,
        );
        let claims = read(&Secret::new(SECRET), &token).unwrap();
        assert_eq!(
            (claims.user, claims.issuer.as_str(), claims.issued_at),
            (UserId(7), "https://pool.example.com", 1_495_836_341)
        );
        assert_eq!(read(&Secret::new("another"), &token), None);
    }

    #[test]
    fn what_we_make_we_read_and_nothing_else() {
        let secret = Secret::new(SECRET);
        let claims = Claims {
            user: UserId(4),
            issuer: "https://pool.example.com".into(),
            issued_at: 1_700_000_000,
        };
        let token = make(&secret, &claims).unwrap();
        assert_eq!(read(&secret, token.expose()), Some(claims));
        let none = "eyJhbGciOiJub25lIn0.eyJsb2dnZWRJbkFzIjo0fQ.";
        for bad in ["", "a.b", "a.b.c", "....", none] {
            assert_eq!(read(&secret, bad), None, "{bad:?}");
        }
        let mut forged = token.expose().to_owned();
        forged.pop();
        assert_eq!(read(&secret, &forged), None);
        for claims in [
            r#"{"iat":1.5,"iss":"x","loggedInAs":7}"#,
            r#"{"iat":1,"iss":"x","loggedInAs":"7"}"#,
            r#"{"iat":1,"loggedInAs":7}"#,
            "[]",
        ] {
            assert_eq!(read(&secret, &go_token(SECRET, claims)), None, "{claims}");
        }
    }
}
