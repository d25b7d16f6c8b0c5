//! Until when the certificates of a voting node are good: the voter's own, dcrd's and dcrwallet's. They are pinned,
//! so that nothing here fails when they are over; other programs that use the daemons do.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::alarms::id;
use super::event::Report;
use super::links::Links;
use crate::metrics::catalogue;
use crate::tls;

const PERIOD: Duration = Duration::from_mins(1);
/// Their ends, in unix seconds, by whose they are.
#[derive(Debug, Default)]
pub struct Certificates(Mutex<BTreeMap<&'static str, i64>>);

impl Certificates {
    fn ends(&self) -> MutexGuard<'_, BTreeMap<&'static str, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// This is what is used from now on.
    pub fn note(&self, name: &'static str, cert_pem: &str) {
        let end = tls::expires_at(cert_pem);
        catalogue::CERTIFICATES.set([name], end);
        let mut ends = self.ends();
        match end {
            Some(end) => ends.insert(name, end),
            None => ends.remove(name),
        };
    }

    /// Those that end soon, in words.
    fn ending(&self, now: i64) -> Option<String> {
        let ends = self.ends();
        let ending: Vec<String> = ends
            .iter()
            .filter_map(|(name, end)| tls::ending(name, *end, now))
            .collect();
        (!ending.is_empty()).then(|| ending.join("; "))
    }
}

/// Never ends by itself.
pub async fn run(links: Links) {
    loop {
        let ending = links.certificates.ending(links.clock.unix_seconds());
        links
            .report(Report::Alarm(id::CERTIFICATE_EXPIRES, ending))
            .await;
        tokio::time::sleep(PERIOD).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600;

    #[test]
    fn what_ends_within_two_weeks_is_named_until_another_one_is_there() {
        let certificates = Certificates::default();
        let until = |end: i64| {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.not_after = time::OffsetDateTime::from_unix_timestamp(end).unwrap();
            params.self_signed(&key).unwrap().pem()
        };
        let end = 1_800_000_000;
        certificates.note("dcrd", &until(end));
        certificates.note("voter", &until(end + 365 * DAY));
        assert_eq!(certificates.ending(end - 14 * DAY), None);
        let soon = certificates.ending(end - 14 * DAY + 1);
        let expected = "the certificate of dcrd is good for 13 days";
        assert_eq!(soon.as_deref(), Some(expected));
        let over = certificates.ending(end + 1);
        assert_eq!(over.as_deref(), Some("the certificate of dcrd is over"));
        certificates.note("dcrd", &until(end + 365 * DAY));
        assert_eq!(certificates.ending(end), None);
    }
}
