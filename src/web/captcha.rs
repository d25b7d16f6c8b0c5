//! Letters to copy from a picture, where it is asked whether a person is there. What the letters are follows
//! from a signed nonce: nothing is stored until an answer is right, and all web processes give and take the
//! same ones.

use captcha::Captcha;
use captcha::filters::{Cow, Noise, Wave};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use tokio::sync::Semaphore;

use super::mac::MacKey;

/// The field of the letters.
pub const ANSWER: &str = "captcha_answer";
/// The hidden field that says which letters they are.
pub const CHALLENGE: &str = "captcha_challenge";
/// A challenge is good for so many seconds; the pool remembers used ones for longer.
const LIFETIME: i64 = 600;

/// What a tag is for.
const CHALLENGES: [u8; 1] = *b"c";
const LETTERING: [u8; 1] = *b"l";

const LETTERS: usize = 5;
/// What the font has, without those that are mistaken for one another, and of one case.
const ALPHABET: &[u8] = b"abdefhkmnpqrtwxy";
const NONCE_BYTES: usize = 16;
const TIME_BYTES: usize = 8;
const TAG_BYTES: usize = 16;
/// Pictures are drawn on the threads for blocking work, so many at a time.
const DRAWING: usize = 2;
const WIDTH: u32 = 220;
const HEIGHT: u32 = 100;

/// Gives challenges, draws them, and knows the answers.
#[derive(Debug)]
pub struct Captchas {
    key: MacKey,
    places: Semaphore,
}

/// One that was answered rightly; used up when the pool has counted it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Solved(pub String);

impl Captchas {
    pub fn new(key: [u8; 32]) -> Self {
        Self {
            key: MacKey::new(key),
            places: Semaphore::new(DRAWING),
        }
    }

    /// A new challenge.
    pub fn challenge(&self, now: i64) -> String {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let expires = now.saturating_add(LIFETIME).to_be_bytes();
        let tag = self.tag(&nonce, &expires);
        hex::encode([nonce.as_slice(), &expires, &tag].concat())
    }

    /// Says which challenge it was, when the answer is right.
    pub fn check(&self, challenge: &str, answer: &str, now: i64) -> Option<Solved> {
        let nonce = self.open(challenge, now)?;
        let given = answer.trim().to_ascii_lowercase();
        (given == self.letters(&nonce)).then(|| Solved(hex::encode(nonce)))
    }

    /// What a person reads in the picture, for whoever has the key.
    pub fn answer(&self, challenge: &str, now: i64) -> Option<String> {
        Some(self.letters(&self.open(challenge, now)?))
    }

    /// The picture, a PNG of some kilobytes; `None` when the challenge is not one of ours or too old.
    /// Takes milliseconds of a thread for blocking work.
    pub async fn picture(&self, challenge: &str, now: i64) -> Option<Vec<u8>> {
        let letters = self.answer(challenge, now)?;
        let _place = self.places.acquire().await.ok()?;
        let drawn = tokio::task::spawn_blocking(move || draw(&letters)).await;
        drawn.ok().flatten()
    }

    fn open(&self, challenge: &str, now: i64) -> Option<[u8; NONCE_BYTES]> {
        let bytes = hex::decode(challenge).ok()?;
        let (nonce, rest) = bytes.split_first_chunk::<NONCE_BYTES>()?;
        let (expires, tag) = rest.split_first_chunk::<TIME_BYTES>()?;
        let mac = self.mac(CHALLENGES, nonce, expires);
        let is_ours = tag.len() == TAG_BYTES && mac.verify_truncated_left(tag).is_ok();
        (is_ours && i64::from_be_bytes(*expires) >= now).then_some(*nonce)
    }

    fn tag(&self, nonce: &[u8], expires: &[u8]) -> Vec<u8> {
        let tag = self.mac(CHALLENGES, nonce, expires).finalize();
        tag.into_bytes().iter().copied().take(TAG_BYTES).collect()
    }

    fn letters(&self, nonce: &[u8]) -> String {
        let seed = self.mac(LETTERING, nonce, &[]).finalize().into_bytes();
        let letters = seed.iter().take(LETTERS).filter_map(|byte| {
            let at = usize::from(*byte).checked_rem(ALPHABET.len())?;
            ALPHABET.get(at).map(|letter| char::from(*letter))
        });
        letters.collect()
    }

    fn mac(&self, purpose: [u8; 1], nonce: &[u8], expires: &[u8]) -> Hmac<Sha256> {
        self.key.over(&[&purpose, nonce, expires])
    }
}

fn draw(letters: &str) -> Option<Vec<u8>> {
    let mut picture = Captcha::new();
    for letter in letters.chars() {
        picture.set_chars(&[letter]).add_char();
    }
    picture
        .apply_filter(Noise::new(0.1))
        .apply_filter(Wave::new(2.0, 10.0).horizontal())
        .apply_filter(Wave::new(2.0, 5.0).vertical())
        .view(WIDTH, HEIGHT)
        .apply_filter(
            Cow::new()
                .min_radius(30)
                .max_radius(40)
                .circles(1)
                .area(captcha::Geometry::new(40, 180, 30, 70)),
        )
        .as_png()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_800_000_000;

    fn captchas() -> Captchas {
        Captchas::new([7; 32])
    }

    #[test]
    fn the_letters_are_the_answer_in_whatever_case_and_for_ten_minutes() {
        let captchas = captchas();
        let challenge = captchas.challenge(NOW);
        let letters = captchas.answer(&challenge, NOW).unwrap();
        assert_eq!(letters.len(), LETTERS);
        let shouted = format!(" {} ", letters.to_uppercase());
        let solved = captchas.check(&challenge, &letters, NOW);
        assert!(solved.is_some());
        assert_eq!(captchas.check(&challenge, &shouted, NOW + 600), solved);
        assert_eq!(captchas.check(&challenge, &letters, NOW + 601), None);
        assert_eq!(captchas.check(&challenge, "", NOW), None);
        assert_eq!(captchas.check(&challenge, &letters[1..], NOW), None);
    }

    #[test]
    fn every_challenge_is_another_and_only_ours_count() {
        let captchas = captchas();
        let (one, two) = (captchas.challenge(NOW), captchas.challenge(NOW));
        assert_ne!(one, two);
        let letters = captchas.answer(&one, NOW).unwrap();
        let other = Captchas::new([8; 32]);
        assert_eq!(other.check(&one, &letters, NOW), None);
        let longer = format!("{one}00");
        for bad in ["", "00", "zz", &one[2..], &one[..one.len() - 2], &longer] {
            assert_eq!(captchas.check(bad, &letters, NOW), None, "{bad}");
        }
    }

    #[tokio::test]
    async fn each_letter_can_be_drawn() {
        let captchas = captchas();
        let picture = captchas.picture(&captchas.challenge(NOW), NOW).await;
        assert!(picture.unwrap().starts_with(b"\x89PNG"));
        let font = Captcha::new().supported_chars();
        for letter in ALPHABET {
            assert!(
                font.contains(&char::from(*letter)),
                "{}",
                char::from(*letter)
            );
        }
        assert_eq!(captchas.picture("00", NOW).await, None);
    }
}
