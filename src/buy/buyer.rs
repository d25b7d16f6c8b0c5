//! The steps with the wallet, from its checks to the published tickets.

use std::time::Duration;

use tokio::time::Instant;

use super::assemble::{self, TicketAddresses};
use super::coins::{ACCOUNT, CONFIRMATIONS, coins, previous_output, unmined};
use super::consent::{Consent, say};
use super::error::Error;
use super::offer::Offer;
use super::plan::{Coin, Plan, PlanError, SplitPlan, TicketPlan, plan};
use super::terms::Terms;
use crate::decred::purchase::Price;
use crate::decred::{Address, Atoms, PayTo, Transaction, TxHash};
use crate::node::Dcrwallet;
use crate::node::dcrwallet::Unspent;

/// How often the wallet is asked whether the split was mined, and how often the holder is told.
const POLL: Duration = Duration::from_secs(1);
const TELL: Duration = Duration::from_mins(1);

/// A wallet is behind for a moment whenever a block comes: that is no reason to send the holder away.
const CATCH_UP: Duration = Duration::from_secs(10);

/// The price may rise while a split waits for its block, but not for ever.
const MAX_SPLITS: u32 = 5;

#[derive(Debug, Clone, Copy)]
pub struct Order {
    pub count: usize,
    /// How long a split is waited for.
    pub wait: Duration,
}

/// What was bought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    pub tickets: Vec<TxHash>,
    /// The last split that was made; `None` when the coins were there.
    pub split: Option<TxHash>,
    /// Of each ticket.
    pub price: Atoms,
    /// Of each ticket.
    pub pool_fee: Atoms,
}

async fn wait_until_synced(wallet: &Dcrwallet) -> Result<(), Error> {
    let start = Instant::now();
    while !wallet.sync_status().await?.synced {
        if start.elapsed() >= CATCH_UP {
            return Err(Error::NotSynced);
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// A checked wallet with checked terms.
#[derive(Debug)]
pub struct Buyer {
    wallet: Dcrwallet,
    terms: Terms,
    consent: Consent,
}

impl Buyer {
    /// Checks that the wallet is fit, of the pool's network, and owner of a key of the script, which it
    /// is then given: from now on it knows the tickets as its own.
    pub async fn new(wallet: Dcrwallet, terms: Terms, consent: Consent) -> Result<Self, Error> {
        wallet.check_own(terms.network).await?;
        wait_until_synced(&wallet).await?;
        let adopted = wallet.adopt_script(terms.network, &terms.script).await?;
        adopted.map_err(|address| Error::NotOurKey { address })?;
        Ok(Self {
            wallet,
            terms,
            consent,
        })
    }

    /// Buys. What an earlier, broken run prepared is used.
    pub async fn buy(&self, order: Order) -> Result<Receipt, Error> {
        let mut agreed: Option<Offer> = None;
        let mut last_split = None;
        for _ in 0..MAX_SPLITS {
            let (price, unspent) = self.look().await?;
            if let Some(hash) = unmined(&unspent, price, order.count) {
                say(&format!(
                    "coins for the tickets are there, but not mined: {hash}"
                ));
                self.wait_until_mined(hash, order.wait).await?;
                last_split = Some(hash);
                continue;
            }
            let plan = plan(coins(&unspent, CONFIRMATIONS), price, order.count)?;
            let offer = Offer::new(&plan, &self.terms);
            if !agreed.as_ref().is_some_and(|agreed| agreed.covers(&offer)) {
                if agreed.is_some() {
                    say("the ticket price rose meanwhile:");
                }
                self.consent.to(&offer).await?;
                agreed = Some(offer);
            }
            match &plan.split {
                Some(split) => {
                    let hash = self.publish_split(split).await?;
                    self.wait_until_mined(hash, order.wait).await?;
                    last_split = Some(hash);
                }
                None => return self.publish_tickets(&plan, last_split).await,
            }
        }
        Err(Error::TooManySplits(MAX_SPLITS))
    }

    /// What a ticket costs now, and what the wallet has, unmined coins too.
    async fn look(&self) -> Result<(Price, Vec<Unspent>), Error> {
        let tip = self.wallet.best_block().await?.height;
        let ticket = self.wallet.ticket_price().await?;
        let price = self
            .terms
            .price(tip, ticket)
            .ok_or(Error::Plan(PlanError::Price))?;
        let unspent = self.wallet.unspent(0).await?;
        Ok((price, unspent))
    }

    async fn publish_split(&self, plan: &SplitPlan) -> Result<TxHash, Error> {
        let mut fresh = Vec::new();
        for _ in 0..assemble::split_addresses(plan) {
            fresh.push(self.fresh_address().await?);
        }
        let tx = assemble::split(plan, &fresh);
        let hash = self.sign_and_send("the split", &tx, &plan.inputs).await?;
        say(&format!(
            "split published: {hash} makes the coins for {} tickets",
            plan.tickets
        ));
        Ok(hash)
    }

    async fn wait_until_mined(&self, split: TxHash, limit: Duration) -> Result<(), Error> {
        say(
            "waiting for the split to be mined (it may take several minutes; breaking off is safe)",
        );
        let start = Instant::now();
        let mut told = start;
        while start.elapsed() < limit {
            let found = self.wallet.transaction(split).await;
            match found {
                Ok(Some(tx)) if tx.confirmations >= i64::from(CONFIRMATIONS) => return Ok(()),
                // A wallet that restarts in these minutes is no reason to give up.
                Err(error) if !error.is_unavailable() => return Err(error.into()),
                _ => {}
            }
            if told.elapsed() >= TELL {
                told = Instant::now();
                say(&format!(
                    "still waiting for {split}, {} min",
                    start.elapsed().as_secs() / 60
                ));
            }
            tokio::time::sleep(POLL).await;
        }
        Err(Error::SplitNotMined {
            split,
            waited: limit,
        })
    }

    async fn publish_tickets(&self, plan: &Plan, split: Option<TxHash>) -> Result<Receipt, Error> {
        let mut tickets = Vec::new();
        for ticket in &plan.ready {
            match self.publish_ticket(ticket, plan.price.ticket).await {
                Ok(hash) => {
                    say(&format!("ticket published: {hash}"));
                    tickets.push(hash);
                }
                Err(cause) if tickets.is_empty() => return Err(cause),
                Err(cause) => {
                    return Err(Error::Partly {
                        bought: tickets,
                        wanted: plan.ready.len(),
                        cause: Box::new(cause),
                    });
                }
            }
        }
        let pool_fee = plan.ready.iter().map(|ticket| ticket.fee_commitment).max();
        Ok(Receipt {
            tickets,
            split,
            price: plan.price.ticket,
            pool_fee: pool_fee.unwrap_or_default(),
        })
    }

    async fn publish_ticket(&self, plan: &TicketPlan, price: Atoms) -> Result<TxHash, Error> {
        let addresses = TicketAddresses {
            refund: self.fresh_address().await?,
            fee_change: self.change_address(plan.fee_change).await?,
            rest_change: self.change_address(plan.rest_change).await?,
        };
        let tx = assemble::ticket(plan, &self.terms, price, &addresses)?;
        let coins = [plan.fee_coin.clone(), plan.rest_coin.clone()];
        self.sign_and_send("the ticket", &tx, &coins).await
    }

    async fn change_address(&self, change: Atoms) -> Result<Option<PayTo>, Error> {
        if change > Atoms(0) {
            self.fresh_address().await.map(Some)
        } else {
            Ok(None)
        }
    }

    async fn fresh_address(&self) -> Result<PayTo, Error> {
        let text = self.wallet.new_address_to_use(ACCOUNT).await?;
        Address::decode_for(self.terms.network, &text)
            .ok()
            .and_then(|address| address.pay_to())
            .ok_or(Error::BadAddress(text))
    }

    /// Has the wallet sign, makes sure that it signed just this, and publishes.
    async fn sign_and_send(
        &self,
        what: &'static str,
        tx: &Transaction,
        spent: &[Coin],
    ) -> Result<TxHash, Error> {
        let previous: Vec<_> = spent.iter().map(previous_output).collect();
        let signed = self
            .wallet
            .sign_transaction(&tx.to_hex(), &previous)
            .await?;
        if !signed.complete {
            return Err(Error::NotSigned { what });
        }
        let hash = tx.hash();
        if Transaction::decode(&signed.bytes).map(|signed| signed.hash()) != Ok(hash) {
            return Err(Error::SignedAnother);
        }
        self.wallet
            .send_transaction(&hex::encode(&signed.bytes))
            .await?;
        Ok(hash)
    }
}
