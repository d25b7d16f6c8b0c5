//! Is the daemon behind a connection the right one? Daemons are exchanged and reconfigured while we run, so
//! it is found out once for each connection. Until then its chain is not followed, nothing that it says is
//! believed and nothing is written into it; votes wait for none of this.

use super::alarms::id;
use super::event::Report;
use super::links::Links;
use crate::node::Fault;
use crate::node::check::Unfit;

/// As at start: version, network, transaction index.
pub async fn check_dcrd(links: Links) {
    let Ok(dcrd) = links.dcrd.pinned() else {
        return;
    };
    let unfit = dcrd.check(links.params.network).await.err();
    if unfit.is_none() {
        links.dcrd_fit.set(dcrd.client());
        links.pokes.follow.notify_one();
    }
    alarm(&links, id::DCRD_UNFIT, unfit).await;
}

/// As at start: version, network, its own voting, its master key.
pub async fn check_wallet(links: Links) {
    let Ok(wallet) = links.wallet.pinned() else {
        return;
    };
    let network = links.params.network;
    let unfit = wallet.check(network, &links.voting_extpub).await.err();
    // The lock is looked at last, and a locked wallet is still the pool's.
    if matches!(unfit, None | Some(Unfit::Locked(_))) {
        links.wallet_fit.set(wallet.client());
        links.pokes.sync.notify_one();
    }
    alarm(&links, id::WALLET_UNFIT, unfit).await;
}

async fn alarm(links: &Links, id: &'static str, unfit: Option<Unfit>) {
    // What is only away is told by alarms of its own.
    let wrong = unfit.filter(|unfit| unfit.fault() == Fault::Wrong);
    let message = wrong.map(|unfit| unfit.to_string());
    links.report(Report::Alarm(id, message)).await;
}
