use dcrstakepool::decred::{Atoms, Height, fee, vote};
use serde_json::Value;

use super::{atoms, height, list, network};

pub fn all(_: &str, vectors: &Value) {
    for vector in list(vectors, "payouts") {
        let amounts = |name| -> Vec<Atoms> {
            list(vector, name)
                .iter()
                .map(|value| Atoms(value.as_i64().unwrap()))
                .collect()
        };
        let shares = vote::share(
            &amounts("Contrib"),
            atoms(vector, "Price"),
            atoms(vector, "Subsidy"),
        );
        assert_eq!(shares.unwrap(), amounts("Payouts"));
    }
    for vector in list(vectors, "vote_subsidy") {
        let params = network(vector).params();
        let height = height(vector, "voted_on_height");
        assert_eq!(
            fee::original_vote_subsidy(params, height),
            atoms(vector, "Orig"),
            "{vector}"
        );
        // What consensus pays today is dcrd's to say; the rule for fees never rises to it.
        assert!(fee::subsidy(params, Height(height.0)) <= atoms(vector, "Orig"));
    }
}
