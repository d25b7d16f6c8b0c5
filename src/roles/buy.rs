//! The ticket holder's tool: purchase information from the pool, tickets from the own wallet.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use serde::Serialize;

use super::Failure;
use crate::buy::error::Fault;
use crate::buy::terms::Terms;
use crate::buy::{Buyer, Consent, Error, Order, Receipt, site};
use crate::cli::BuyArgs;
use crate::config::node::host_port;
use crate::decred::{Network, TxHash};
use crate::node::{self, Dcrwallet};
use crate::secret::Secret;
use crate::shutdown::Tasks;

/// Connections get so long to close.
const GRACE: Duration = Duration::from_secs(2);

/// Runs it to its end.
pub async fn run(args: BuyArgs) -> Result<(), Failure> {
    let token = read_secret(&args.token_file, "the API token")?;
    let password = read_secret(&args.wallet_password_file, "the wallet's password")?;
    let info = site::purchase_info(&args.pool, &token)
        .await
        .map_err(failure)?;
    let terms = Terms::new(&info).map_err(|error| failure(error.into()))?;
    let config = wallet_config(&args, password, terms.network)?;

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

fn read_secret(path: &Path, what: &str) -> Result<Secret, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read {what} from {}", path.display()))
        .map_err(Failure::config)?;
    let secret = Secret::new(text.trim());
    if secret.is_empty() {
        let empty = anyhow::anyhow!("{} is empty: it must hold {what}", path.display());
        return Err(Failure::config(empty));
    }
    Ok(secret)
}

fn wallet_config(
    args: &BuyArgs,
    password: Secret,
    network: Network,
) -> Result<node::Config, Failure> {
    let host = host_port(&args.wallet, network.params().dcrwallet_port)
        .map_err(|reason| Failure::usage(anyhow::anyhow!("--wallet: {reason}")))?;
    let cert_pem = std::fs::read_to_string(&args.wallet_cert)
        .with_context(|| {
            let path = args.wallet_cert.display();
            format!("cannot read the wallet's certificate from {path}")
        })
        .map_err(Failure::config)?;
    Ok(node::Config {
        name: "dcrwallet",
        host,
        user: args.wallet_user.clone(),
        password,
        cert_pem,
    })
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
