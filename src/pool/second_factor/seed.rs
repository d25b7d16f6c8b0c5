//! What an authenticator app and the pool share: RFC 6238 as all apps speak it, SHA-1, six digits, thirty seconds.

use totp_rs::{Algorithm, Builder, Totp};
use zeroize::Zeroizing;

use super::seal::SealKey;
use crate::pool::{Error, random};
use crate::secret::Secret;

const DIGITS: u8 = 6;
const STEP_SECS: u64 = 30;
/// Steps by which a phone's clock may be wrong, before or behind.
const SKEW: u16 = 1;
/// As long as SHA-1's result (RFC 4226).
const SEED_BYTES: usize = 20;

/// The key of one user's app.
#[derive(Debug)]
pub struct Seed(Zeroizing<[u8; SEED_BYTES]>);

impl Seed {
    pub fn random() -> Result<Self, Error> {
        random::bytes().map(Self)
    }

    pub fn seal(&self, key: &SealKey, bound_to: &[u8]) -> Result<Secret, Error> {
        key.seal(self.0.as_slice(), bound_to)
    }

    pub fn open(key: &SealKey, sealed: &str, bound_to: &[u8]) -> Option<Self> {
        let bytes = key.open(sealed, bound_to)?;
        let bytes: [u8; SEED_BYTES] = bytes.as_slice().try_into().ok()?;
        Some(Self(Zeroizing::new(bytes)))
    }

    /// The step of which this is the code, if that is now or a step beside. The caller takes each step once.
    pub fn step_of(&self, code: &str, now: i64) -> Option<i64> {
        let totp = self.builder().build_noncompliant();
        let step = totp.check(code, u64::try_from(now).ok()?)?;
        i64::try_from(step).ok()
    }

    /// To be typed into an app.
    pub fn text(&self) -> Secret {
        Secret::new(self.builder().build_noncompliant().secret().to_base32())
    }

    /// To be read by an app as a QR code, with the names that it will show.
    pub fn link(&self, pool: &str, account: &str) -> Result<Secret, Error> {
        // The colon parts the two names.
        let name = |text: &str| text.replace(':', " ");
        let issuer = Some(name(pool)).filter(|name| !name.trim().is_empty());
        let link = self
            .builder()
            .with_issuer(issuer)
            .with_account_name(name(account))
            .build()
            .and_then(|totp: Totp| totp.to_url());
        link.map(Secret::new)
            .map_err(|error| Error::Internal(format!("no link for an app: {error}")))
    }

    fn builder(&self) -> Builder {
        Builder::new()
            .with_algorithm(Algorithm::SHA1)
            .with_digits(DIGITS)
            .with_skew(SKEW)
            .with_step_duration(STEP_SECS)
            .with_secret(*self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::keys::Purpose;

    /// RFC 6238, appendix B: the secret of its table for SHA-1.
    fn seed() -> Seed {
        Seed(Zeroizing::new(*b"12345678901234567890"))
    }

    #[test]
    fn codes_are_those_of_the_standard() {
        // The table has eight digits; six are its last ones.
        for (time, code) in [
            (59, "94287082"),
            (1_111_111_109, "07081804"),
            (1_111_111_111, "14050471"),
            (1_234_567_890, "89005924"),
            (2_000_000_000, "69279037"),
            (20_000_000_000, "65353130"),
        ] {
            assert_eq!(seed().step_of(&code[2..], time), Some(time / 30), "{time}");
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_one_step() {
        let code = "081804";
        let step = 1_111_111_109 / 30;
        let start = step * 30;
        for now in [start - 30, start, start + 29, start + 59] {
            assert_eq!(seed().step_of(code, now), Some(step), "{now}");
        }
        for now in [start - 31, start + 60, 0, -1, i64::MAX / 2] {
            assert_eq!(seed().step_of(code, now), None, "{now}");
        }
        for bad in [
            "", "81804", "0818040", "08180x", "-81804", "+81804", "081 804",
        ] {
            assert_eq!(seed().step_of(bad, start), None, "{bad}");
        }
    }

    #[test]
    fn apps_get_the_key_with_both_names() {
        let link = seed().link("My: pool & co", "kim+1@example.com").unwrap();
        assert_eq!(
            link.expose(),
            "otpauth://totp/My%20%20pool%20%26%20co:kim%2B1%40example.com\
             ?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=My%20%20pool%20%26%20co"
        );
        assert_eq!(seed().text().expose(), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        let nameless = seed().link("", "kim@example.com").unwrap();
        assert!(!nameless.expose().contains("issuer"));
        assert!(!format!("{:?}", seed().builder()).contains("49, 50, 51"));
    }

    #[test]
    fn seeds_differ_and_come_back_from_their_seal() {
        let key = SealKey::new(&Secret::new("a secret"), Purpose::SecondFactor).unwrap();
        let seed = Seed::random().unwrap();
        assert!(!seed.text().matches(Seed::random().unwrap().text().expose()));
        let sealed = seed.seal(&key, b"7").unwrap();
        let back = Seed::open(&key, sealed.expose(), b"7").unwrap();
        assert!(back.text().matches(seed.text().expose()));
        let short = key.seal(b"short", b"7").unwrap();
        assert!(Seed::open(&key, short.expose(), b"7").is_none());
    }
}
