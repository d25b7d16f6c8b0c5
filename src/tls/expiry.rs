//! Until when a certificate is valid, read from its bytes (X.509, RFC 5280). For the eyes of monitors: nobody is
//! trusted or refused by it.

use time::PrimitiveDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

const VERSION: u8 = 0xa0;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const MOMENT: &[BorrowedFormatItem<'_>] =
    format_description!("[year][month][day][hour][minute][second]Z");

/// Unix seconds of the first certificate in `pem`; `None`: there is no such certificate.
pub fn expires_at(pem: &str) -> Option<i64> {
    let chain = super::certificates(pem).ok()?;
    not_after(chain.first()?)
}

/// The same of one certificate in DER.
pub fn not_after(der: &[u8]) -> Option<i64> {
    let certificate = Element::first(der)?;
    let signed = Element::first(certificate.content)?;
    let first = Element::first(signed.content)?;
    // The version is left out of the oldest ones; then serial, algorithm and issuer.
    let mut rest = if first.tag == VERSION {
        first.rest
    } else {
        signed.content
    };
    for _ in 0..3 {
        rest = Element::first(rest)?.rest;
    }
    let validity = Element::first(rest)?;
    let begin = Element::first(validity.content)?;
    Element::first(begin.rest)?.moment()
}

const DAY: i64 = 24 * 3600;
/// Certificates are renewed a month before their end; who has less than this forgot.
const SHORT: i64 = 14 * DAY;

/// That a certificate which is valid until `end` ends soon, or has, in words; `None`: it is good for long.
pub fn ending(whose: &str, end: i64, now: i64) -> Option<String> {
    let left = end.saturating_sub(now);
    (left < SHORT).then(|| match left.div_euclid(DAY) {
        days if days < 0 => format!("the certificate of {whose} is over"),
        days => format!("the certificate of {whose} is good for {days} days"),
    })
}

/// One element of DER, and what follows it.
struct Element<'a> {
    tag: u8,
    content: &'a [u8],
    rest: &'a [u8],
}

impl<'a> Element<'a> {
    fn first(bytes: &'a [u8]) -> Option<Self> {
        let (tag, bytes) = bytes.split_first()?;
        let (length, bytes) = length(bytes)?;
        let (content, rest) = bytes.split_at_checked(length)?;
        Some(Self {
            tag: *tag,
            content,
            rest,
        })
    }

    fn moment(&self) -> Option<i64> {
        let text = std::str::from_utf8(self.content).ok()?;
        let text = match self.tag {
            UTC_TIME => {
                let century = if text.get(..2)? < "50" { "20" } else { "19" };
                format!("{century}{text}")
            }
            GENERALIZED_TIME => text.to_owned(),
            _ => return None,
        };
        let moment = PrimitiveDateTime::parse(&text, MOMENT).ok()?;
        Some(moment.assume_utc().unix_timestamp())
    }
}

/// A length of up to four bytes, and what follows it.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, bytes) = bytes.split_first()?;
    if *first < 0x80 {
        return Some((usize::from(*first), bytes));
    }
    let count = usize::from(*first & 0x7f);
    if !(1..=4).contains(&count) {
        return None;
    }
    let (digits, bytes) = bytes.split_at_checked(count)?;
    let length = digits
        .iter()
        .fold(0_u32, |length, digit| (length << 8) | u32::from(*digit));
    Some((usize::try_from(length).ok()?, bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::pki_types::pem::PemObject as _;

    /// A certificate that ends at the beginning of that year.
    fn until(year: i32) -> String {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        params.self_signed(&key).unwrap().pem()
    }

    #[test]
    fn both_ways_to_write_a_moment_are_read() {
        // UTCTime, and GeneralizedTime from 2050 on.
        for (year, expected) in [
            (1999, 915_148_800),
            (2027, 1_798_761_600),
            (2100, 4_102_444_800),
        ] {
            assert_eq!(expires_at(&until(year)), Some(expected), "{year}");
        }
    }

    #[test]
    fn what_is_cut_is_no_certificate() {
        assert_eq!(expires_at(""), None);
        assert_eq!(expires_at("-----BEGIN X-----"), None);
        let pem = until(2027);
        let der = rustls::pki_types::CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        for end in 0..der.len() {
            assert_eq!(not_after(&der[..end]), None, "{end}");
        }
        for at in 0..der.len() {
            for byte in [0, 0x7f, 0x80, 0x84, 0xff] {
                let mut damaged = der.to_vec();
                damaged[at] = byte;
                let _ = not_after(&damaged);
            }
        }
    }
}
