use dcrstakepool::decred::hash::{blake256, hash160};
use dcrstakepool::decred::hdkey::ExtendedPubKey;
use dcrstakepool::decred::{Address, Network, PrivateKey, PublicKey, RedeemScript};
use serde_json::Value;

use super::{array, bytes, list, text};

pub fn all(_: &str, vectors: &Value) {
    for vector in list(vectors, "blake256") {
        assert_eq!(
            blake256(&bytes(vector, "msg")).as_slice(),
            bytes(vector, "hash")
        );
    }
    for vector in list(vectors, "addresses") {
        address(vector);
    }
    for vector in list(vectors, "multisig") {
        multisig(vector);
    }
}

fn address(vector: &Value) {
    let network = Network::Simnet;
    let key = PublicKey::from_hex(text(vector, "pubkey")).unwrap();
    let hash: [u8; 20] = array(vector, "hash160");
    assert_eq!(key.hash160(), hash);
    assert_eq!(hash160(key.as_bytes()), hash);
    assert_eq!(
        Address::pubkey(network, &key).to_string(),
        text(vector, "pubkeyaddr")
    );
    assert_eq!(
        Address::pubkey_hash(network, hash).to_string(),
        text(vector, "p2pkh")
    );
    let wif = text(vector, "wif");
    let private = PrivateKey::from_wif(network, wif).unwrap();
    assert_eq!(private.to_bytes().as_slice(), bytes(vector, "key"));
    assert_eq!(private.public_key(), key);
    assert_eq!(private.to_wif(network).as_str(), wif);
    assert_eq!(format!("{private:?}"), "<redacted>");

    let (path, index) = text(vector, "derivation").rsplit_once('/').unwrap();
    assert_eq!(path, "xpub/0");
    let branch = ExtendedPubKey::parse(network, text(vector, "xpub"))
        .unwrap()
        .external_branch()
        .unwrap();
    assert_eq!(branch.key(index.parse().unwrap()).unwrap(), key);
}

fn multisig(vector: &Value) {
    let script = RedeemScript::new(
        &PublicKey::from_hex(text(vector, "pool")).unwrap(),
        &PublicKey::from_hex(text(vector, "user")).unwrap(),
    );
    assert_eq!(script.to_hex(), text(vector, "redeem"));
    assert_eq!(script.hash160(), array::<20>(vector, "hash160"));
    assert_eq!(
        script.address(Network::Simnet).to_string(),
        text(vector, "p2sh")
    );
}
