//! Who sends a mail says so again and again; a claim that stands still is that of a process that is gone. No
//! clocks are compared: a claim is watched for a while, and only while the database answers, so that after it was
//! away for everybody who sends has the time to say so.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

/// How often who sends a mail says so.
pub(super) const RENEW: Duration = Duration::from_secs(5);
/// Who could not say so for this long stops sending.
pub(super) const TRUST: Duration = Duration::from_secs(20);
/// A claim that stands still for this long belongs to nobody.
const ABANDONED: Duration = Duration::from_secs(30);

/// The claims that were seen, each with its end and since when that is the same.
#[derive(Debug, Default)]
pub(in crate::pool) struct Watched(HashMap<String, (i64, Instant)>);

impl Watched {
    /// Those of `claims`, as the database has them at `now`, that stand still.
    pub fn abandoned(&mut self, claims: Vec<(String, i64)>, now: Instant) -> Vec<(String, i64)> {
        let mut abandoned = Vec::new();
        let mut seen = HashMap::new();
        for (id, until) in claims {
            let before = self.0.get(&id).filter(|(then, _)| *then == until);
            let since = before.map_or(now, |(_, since)| *since);
            if now.saturating_duration_since(since) >= ABANDONED {
                abandoned.push((id.clone(), until));
            }
            seen.insert(id, (until, since));
        }
        self.0 = seen;
        abandoned
    }

    /// Begins anew.
    pub fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(all: &[(&str, i64)]) -> Vec<(String, i64)> {
        let owned = |(id, until): &(&str, i64)| ((*id).to_owned(), *until);
        all.iter().map(owned).collect()
    }

    #[test]
    fn only_a_claim_that_stood_still_long_enough_is_abandoned() {
        let mut watched = Watched::default();
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let both = claims(&[("dead", 480), ("alive", 480)]);
        assert_eq!(watched.abandoned(both.clone(), at(0)), []);
        let later = claims(&[("dead", 480), ("alive", 490)]);
        assert_eq!(watched.abandoned(later.clone(), at(29)), []);
        let dead = claims(&[("dead", 480)]);
        assert_eq!(watched.abandoned(later.clone(), at(30)), dead);
        // Which somebody claimed anew.
        let anew = claims(&[("dead", 511), ("alive", 500)]);
        assert_eq!(watched.abandoned(anew.clone(), at(31)), []);
        assert_eq!(watched.abandoned(anew.clone(), at(60)), []);
        // The database was away.
        watched.forget();
        assert_eq!(watched.abandoned(anew.clone(), at(200)), []);
        assert_eq!(watched.abandoned(anew.clone(), at(229)), []);
        assert_eq!(watched.abandoned(anew.clone(), at(230)), anew);
    }
}
