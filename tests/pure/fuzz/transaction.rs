//! The transaction decoder.

use dcrstakepool::decred::{Hash, RedeemScript, Transaction, sighash};

use super::{Target, corpus};

pub struct Transactions {
    corpus: Vec<Vec<u8>>,
}

impl Transactions {
    pub fn new() -> Self {
        Self {
            corpus: corpus::bytes(|bytes| Transaction::decode(bytes).is_ok()),
        }
    }
}

impl Target for Transactions {
    fn name(&self) -> &'static str {
        "transaction"
    }

    fn corpus(&self) -> &[Vec<u8>] {
        &self.corpus
    }

    fn run(&self, _: usize, input: &[u8]) -> bool {
        let Ok(tx) = Transaction::decode(input) else {
            return false;
        };
        assert!(tx.serialize() == input, "two encodings of one transaction");
        assert!(tx.size() >= input.len(), "larger than its largest size");
        assert_eq!(tx.hash(), Hash::of(&tx.prefix_bytes()));
        for (index, input) in tx.inputs.iter().enumerate().take(2) {
            let signed = sighash::signature_hash(&tx, index, &input.script);
            assert!(signed.is_ok(), "an input that cannot be signed");
            let _ = RedeemScript::parse(&input.script);
        }
        assert!(sighash::signature_hash(&tx, tx.inputs.len(), &[]).is_err());
        true
    }
}
