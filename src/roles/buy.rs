//! The ticket holder's tool: purchase information from the pool, tickets from the own wallet.

use std::time::Duration;

use serde::Serialize;

use super::{Failure, holder};
use crate::buy::error::Fault;
use crate::buy::terms::Terms;
use crate::buy::{Buyer, Consent, Error, Order, Receipt, site};
use crate::cli::BuyArgs;
use crate::decred::TxHash;
use crate::node::Dcrwallet;
use crate::shutdown::Tasks;

/// Connections get so long to close.
const GRACE: Duration = Duration::from_secs(2);

/// Runs it to its end.
pub async fn run(args: BuyArgs) -> Result<(), Failure> {
    let token = holder::read_secret(&args.token_file, "the API token")?;
    let info = site::purchase_info(&args.pool, &token)
        .await
        .map_err(failure)?;
    let terms = Terms::new(&info).map_err(|error| failure(error.into()))?;
    let config = holder::wallet(&args.wallet, terms.network)?;

    let tasks = Tasks::new();
    let (wallet, _notifications) = Dcrwallet::start(config, &tasks)
        .await
        .map_err(|error| failure(error.into()))?;
    let bought = buy(wallet, terms, &args).await;
    tasks.stop_and_wait(GRACE).await;
    print(&bought.map_err(failure)?, args.json)?;
    Ok(())
}

async fn buy(wallet: Dcrwallet, terms: Terms, args: &BuyArgs) -> Result<Receipt, Error> {
    let consent = if args.yes {
        Consent::Given
    } else {
        Consent::Ask
    };
    let order = Order {
        count: usize::try_from(args.count).unwrap_or(usize::MAX),
        wait: Duration::from_mins(u64::from(args.wait_minutes)),
    };
    Buyer::new(wallet, terms, consent).await?.buy(order).await
}

fn failure(error: Error) -> Failure {
    match error.fault() {
        Fault::Failed => Failure::failed(error),
        Fault::Usage => Failure::usage(error),
        Fault::Unavailable => Failure::unavailable(error),
        Fault::Wrong => Failure::wrong_service(error),
        Fault::Config => Failure::config(error),
    }
}

/// What `--json` prints; the names are fixed.
#[derive(Serialize)]
struct Bought<'a> {
    tickets: &'a [TxHash],
    split: Option<TxHash>,
    price_atoms: i64,
    pool_fee_atoms: i64,
}

/// The one thing on standard output.
fn print(receipt: &Receipt, json: bool) -> anyhow::Result<()> {
    if json {
        let bought = Bought {
            tickets: &receipt.tickets,
            split: receipt.split,
            price_atoms: receipt.price.0,
            pool_fee_atoms: receipt.pool_fee.0,
        };
        println!("{}", serde_json::to_string(&bought)?);
    } else {
        for ticket in &receipt.tickets {
            println!("{ticket}");
        }
    }
    Ok(())
}
