//! Tickets before they are mined: they are known as soon as dcrd's mempool has them, and forgotten when they
//! vanish from it (replaced, evicted, spent twice) without having been mined.

use std::collections::HashSet;

use super::event::{Report, Request, Unmined};
use super::find;
use super::health::is_synced;
use super::links::Links;
use crate::decred::TicketHash;
use crate::node;

/// Tickets looked up in one look: there are more only when a whole chain was left.
const LOOKED_UP: usize = 500;

/// What was absent at the last look.
#[derive(Debug, Default)]
pub struct Absences(HashSet<TicketHash>);

impl Absences {
    /// Unmined tickets that the mempool lacked at the last look already.
    pub fn look(
        &mut self,
        unmined: &[TicketHash],
        mempool: &HashSet<TicketHash>,
    ) -> Vec<TicketHash> {
        let absent = unmined.iter().filter(|hash| !mempool.contains(*hash));
        let absent: HashSet<_> = absent.copied().collect();
        let again = absent.intersection(&self.0).copied().collect();
        self.0 = absent;
        again
    }
}

/// Looks at the mempool and reports what came and what is gone.
pub async fn look(links: &Links, absences: &mut Absences) -> Result<(), node::Error> {
    let dcrd = links.dcrd.pinned()?.unhurried();
    if !links.dcrd_fit.holds(dcrd.client()) {
        return Ok(());
    }
    let waiting = dcrd.mempool_tickets().await?;
    let unknown = links.ask(|reply| Request::Unknown(waiting.clone(), reply));
    if let Some(unknown) = unknown.await.filter(|unknown| !unknown.is_empty()) {
        find::tickets(links.clone(), unknown).await;
    }
    let Some(Unmined { tickets, tip }) = links.ask(Request::Unmined).await else {
        return Ok(());
    };
    // A ticket whose block is under way is in no list.
    let info = dcrd.chain_info().await?;
    if !is_synced(&info) || tip != Some(info.best_block) {
        return Ok(());
    }
    let mut gone = Vec::new();
    let absent = absences.look(&tickets, &waiting.into_iter().collect());
    for hash in absent.into_iter().take(LOOKED_UP) {
        match find::ticket(&dcrd, hash).await? {
            Some(found) => links.report(Report::Found(vec![found])).await,
            None => gone.push(hash),
        }
    }
    if !gone.is_empty() {
        links.report(Report::Gone(gone)).await;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::hash::Hash;

    #[test]
    fn only_what_is_absent_twice_in_a_row_is_suspected() {
        let (one, two) = (Hash([1; 32]), Hash([2; 32]));
        let mut absences = Absences::default();
        let mut look = |unmined: &[TicketHash], mempool: &[TicketHash]| {
            absences.look(unmined, &mempool.iter().copied().collect())
        };
        assert!(look(&[one, two], &[two]).is_empty());
        assert!(look(&[one, two], &[one]).is_empty(), "it came back");
        assert_eq!(look(&[one, two], &[]), [two]);
        assert!(look(&[], &[]).is_empty(), "they were mined");
        assert!(look(&[one], &[]).is_empty());
        assert_eq!(look(&[one], &[]), [one]);
    }
}
