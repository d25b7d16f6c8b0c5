//! Buys pool tickets with the ticket holder's own dcrwallet.
//!
//! Owns what the pool's site tells a holder, the checks that make it safe to believe, the plan of coins
//! and amounts, and the steps with the wallet. It never holds a key or a coin: the wallet signs, and
//! every atom that is not the pool's committed fee goes to fresh addresses of that wallet.
//!
//! A run can be broken off at any point and started again: the split that an earlier run made is found
//! among the wallet's coins.

pub mod assemble;
pub mod buyer;
mod coins;
pub mod consent;
pub mod error;
pub mod offer;
pub mod plan;
pub mod site;
pub mod terms;

pub use buyer::{Buyer, Order, Receipt};
pub use consent::Consent;
pub use error::Error;
