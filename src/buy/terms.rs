//! What the pool tells a ticket holder, checked for all that can be checked without the wallet.

use serde::Deserialize;

use crate::decred::address::AddressError;
use crate::decred::multisig::RedeemScriptError;
use crate::decred::purchase::Price;
use crate::decred::{Address, AddressKind, Atoms, Height, Network, PayTo, RedeemScript};

/// The `data` of getpurchaseinfo.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct PurchaseInfo {
    /// Where the pool's fee goes.
    pub pool_address: String,
    /// In percent.
    pub pool_fees: f64,
    /// The redeem script, hex.
    pub script: String,
    pub ticket_address: String,
}

#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum TermsError {
    #[error("its ticket address: {0}")]
    TicketAddress(AddressError),
    #[error("its ticket address {0} is no script address")]
    TicketKind(String),
    #[error("its fee address: {0}")]
    FeeAddress(AddressError),
    #[error("its fee address {0} is no key hash address")]
    FeeKind(String),
    #[error("its redeem script: {0}")]
    Script(RedeemScriptError),
    #[error("its redeem script belongs to {script}, not to its ticket address {ticket}")]
    OtherScript { script: String, ticket: String },
    #[error("its fee of {0} % is none")]
    Fee(f64),
}

/// Purchase information that fits together.
#[derive(Debug, Clone, PartialEq)]
pub struct Terms {
    pub network: Network,
    pub ticket_address: Address,
    pub script: RedeemScript,
    /// Where the fee is committed to.
    pub fee_to: PayTo,
    pub fee_address: Address,
    pub fee_percent: f64,
}

impl Terms {
    /// The network is the ticket address's; everything else must agree with it.
    pub fn new(info: &PurchaseInfo) -> Result<Self, TermsError> {
        let ticket_address =
            Address::decode(&info.ticket_address).map_err(TermsError::TicketAddress)?;
        if ticket_address.kind() != AddressKind::ScriptHash {
            return Err(TermsError::TicketKind(info.ticket_address.clone()));
        }
        let network = ticket_address.network();
        let fee_address =
            Address::decode_for(network, &info.pool_address).map_err(TermsError::FeeAddress)?;
        let Some(fee_to @ PayTo::PubKeyHash(_)) = fee_address.pay_to() else {
            return Err(TermsError::FeeKind(info.pool_address.clone()));
        };
        let script = RedeemScript::from_hex(&info.script).map_err(TermsError::Script)?;
        let own_address = script.address(network);
        if own_address != ticket_address {
            return Err(TermsError::OtherScript {
                script: own_address.to_string(),
                ticket: ticket_address.to_string(),
            });
        }
        if !(0.0..=100.0).contains(&info.pool_fees) {
            return Err(TermsError::Fee(info.pool_fees));
        }
        Ok(Self {
            network,
            ticket_address,
            script,
            fee_to,
            fee_address,
            fee_percent: info.pool_fees,
        })
    }

    /// What a ticket costs that is bought after `tip`.
    pub fn price(&self, tip: Height, ticket: Atoms) -> Option<Price> {
        Price::of(self.network.params(), tip, ticket, self.fee_percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `vote_createrawsstx.json` in the vectors.
    fn info() -> PurchaseInfo {
        serde_json::from_value(serde_json::json!({
            "PoolAddress": "SsmRzMovvwa1bAHZ3BT7Ncwz2g84iZBmgbd",
            "PoolFees": 7.5,
            "Script": "512102fdfe2076c340945c582646d3ccdf0f9b03b54c82aca561c671c771768102845a21021439913739a200bf336b07fff0a175cfc81c15786f04423285e147d06ad8247752ae",
            "TicketAddress": "Sct4KkAwQf3s12bweyMUHZu7W76JoC6xUrC",
            "VoteBits": 1,
            "VoteBitsVersion": 12,
        }))
        .unwrap()
    }

    #[test]
    fn honest_terms_pass() {
        let terms = Terms::new(&info()).unwrap();
        assert_eq!(terms.network, Network::Simnet);
        assert_eq!(terms.fee_address.to_string(), info().pool_address);
    }

    #[test]
    fn a_script_of_another_address_is_refused() {
        let swapped = PurchaseInfo {
            ticket_address: "Scr98c3EjBQ9suG2MUgzScc81UzJVYyJc8e".to_owned(),
            ..info()
        };
        assert!(matches!(
            Terms::new(&swapped),
            Err(TermsError::OtherScript { .. })
        ));
    }

    #[test]
    fn addresses_of_the_wrong_kind_or_network_are_refused() {
        let ticket = PurchaseInfo {
            ticket_address: info().pool_address,
            ..info()
        };
        assert!(matches!(
            Terms::new(&ticket),
            Err(TermsError::TicketKind(_))
        ));
        let fee = PurchaseInfo {
            pool_address: info().ticket_address,
            ..info()
        };
        assert!(matches!(Terms::new(&fee), Err(TermsError::FeeKind(_))));
        let mainnet = PurchaseInfo {
            pool_address: "DsRdqjoGGxFoPgKWfcWUyPwtoUk7UP1w5Hg".to_owned(),
            ..info()
        };
        assert!(matches!(
            Terms::new(&mainnet),
            Err(TermsError::FeeAddress(AddressError::Network { .. }))
        ));
        let negative = PurchaseInfo {
            pool_fees: -1.0,
            ..info()
        };
        assert!(matches!(Terms::new(&negative), Err(TermsError::Fee(_))));
    }
}
