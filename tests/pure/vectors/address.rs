use dcrstakepool::decred::address::{Address, AddressError, AddressKind};
use serde_json::Value;

use super::{bytes, list, network, text};

pub fn all(_: &str, vectors: &Value) {
    for valid in list(vectors, "valid") {
        check_valid(valid);
    }
    for invalid in list(vectors, "invalid") {
        check_invalid(invalid);
    }
}

fn check_valid(vector: &Value) {
    let written = text(vector, "address");
    let address = Address::decode(written).unwrap_or_else(|error| panic!("{written}: {error}"));
    assert_eq!(address.network(), network(vector), "{written}");
    assert_eq!(address.kind(), kind(text(vector, "kind")), "{written}");
    assert_eq!(
        address.script(),
        bytes(vector, "payment_script"),
        "{written}"
    );
    assert_eq!(address.to_string(), written);
    let payload = bytes(vector, "payload");
    if let Some(key) = address.public_key() {
        assert_eq!(key.as_bytes().as_slice(), payload);
        assert_eq!(Address::pubkey(address.network(), &key), address);
    }
    if payload.len() == 20 {
        assert_eq!(address.hash160().as_slice(), payload);
    } else {
        let hash = dcrstakepool::decred::hash::hash160(&payload);
        assert_eq!(address.hash160(), hash, "{written}");
        assert_eq!(address.to_hash_address().hash160(), hash);
    }
    for other in dcrstakepool::decred::Network::ALL {
        assert_eq!(
            Address::decode_for(other, written).is_ok(),
            other == address.network()
        );
    }
}

fn kind(name: &str) -> AddressKind {
    match name {
        "pubkey-ecdsa-secp256k1" => AddressKind::PubKey,
        "pubkeyhash-ecdsa-secp256k1" => AddressKind::PubKeyHash,
        "scripthash" => AddressKind::ScriptHash,
        "pubkey-schnorr-secp256k1" => AddressKind::PubKeySchnorr,
        "pubkeyhash-schnorr-secp256k1" => AddressKind::PubKeyHashSchnorr,
        "pubkeyhash-ed25519" => AddressKind::PubKeyHashEdwards,
        other => panic!("kind {other}"),
    }
}

fn check_invalid(vector: &Value) {
    let written = text(vector, "address");
    let error = Address::decode(written).expect_err(written);
    let why = text(vector, "why");
    let expected = match why {
        "space inside" => AddressError::Character(' '),
        "zero inside" => AddressError::Character('0'),
        "leading 1" | "truncated" | "lengthened" | "hash of 19 bytes" => AddressError::Length,
        "last character changed" => AddressError::Checksum,
        "x not on the curve" => AddressError::NotOnCurve,
        "unknown signature type" => match error {
            AddressError::SignatureType(_) => return,
            other => panic!("{written}: {other:?}"),
        },
        other => panic!("no such reason: {other}"),
    };
    assert_eq!(error, expected, "{written}: {why}");
}
