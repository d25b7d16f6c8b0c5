use dcrstakepool::decred::hdkey::{ExtendedKeyError, ExtendedPubKey};
use dcrstakepool::decred::{Address, Network, PrivateKey, PublicKey, RedeemScript};
use serde_json::Value;

use super::{bytes, height, list, network, text};

pub fn all(_: &str, vectors: &Value) {
    let networks = list(vectors, "networks");
    assert_eq!(networks.len(), Network::ALL.len());
    for vector in networks {
        account(vector);
    }
}

fn account(vector: &Value) {
    let network = network(vector);
    let written = text(vector, "account_public");
    let account = ExtendedPubKey::parse(network, written).unwrap();
    assert_eq!(account.encode().as_str(), written);
    assert_eq!(account.network(), network);
    for private in ["account_private", "master_private"] {
        assert_eq!(
            ExtendedPubKey::parse(network, text(vector, private)),
            Err(ExtendedKeyError::Private)
        );
    }
    for other in Network::ALL.into_iter().filter(|other| *other != network) {
        assert_eq!(
            ExtendedPubKey::parse(other, written),
            Err(ExtendedKeyError::Network {
                expected: other,
                found: network
            })
        );
    }
    let branch = account.external_branch().unwrap();
    assert_eq!(
        branch.extended().encode().as_str(),
        text(vector, "branch_public")
    );
    assert_eq!(format!("{account:?} {branch:?}"), "<redacted> <redacted>");

    let user = PublicKey::from_hex(text(vector, "user_pubkey")).unwrap();
    for child in list(vector, "children") {
        let index = height(child, "index").0;
        let key = branch.key(index).unwrap();
        assert_eq!(key.to_hex(), text(child, "pubkey"));
        assert_eq!(branch.extended().child(index).unwrap().public_key(), key);
        assert_eq!(
            Address::pubkey(network, &key).to_string(),
            text(child, "pubkeyaddr")
        );
        assert_eq!(
            Address::pubkey_hash(network, key.hash160()).to_string(),
            text(child, "p2pkh")
        );
        let script = RedeemScript::new(&key, &user);
        assert_eq!(script.to_hex(), text(child, "redeem_with_user"));
        assert_eq!(
            script.address(network).to_string(),
            text(child, "ticket_address")
        );
        private(vector, child, index);
    }
}

/// One child's private key gives the branch's, and that gives every other child's.
fn private(vector: &Value, child: &Value, index: u32) {
    let network = network(vector);
    let branch = ExtendedPubKey::parse(network, text(vector, "account_public"))
        .unwrap()
        .external_branch()
        .unwrap();
    let wif = text(child, "wif");
    let key = PrivateKey::from_wif(network, wif).unwrap();
    assert_eq!(key.to_bytes().as_slice(), bytes(child, "key"));
    assert_eq!(key.to_wif(network).as_str(), wif);
    let whole = branch.private(index, &key).unwrap();
    assert_eq!(
        whole.branch_key().to_bytes().as_slice(),
        bytes(vector, "branch_private_key")
    );
    for sibling in list(vector, "children") {
        let index = height(sibling, "index").0;
        assert_eq!(
            whole.key(index).unwrap().to_bytes().as_slice(),
            bytes(sibling, "key")
        );
    }
    let wrong = index ^ 1;
    assert_eq!(
        branch.private(wrong, &key).unwrap_err(),
        ExtendedKeyError::NotTheChild(wrong)
    );
    assert_eq!(format!("{whole:?}"), "<redacted>");
}
