//! Every file of `tests/data/vectors` is a test; the name's beginning says the shape. A file of an
//! unknown name fails, so that none lies there unread.

mod address;
mod fee;
mod hd;
mod primitives;
mod subsidy;
mod vote;

use std::path::{Path, PathBuf};

use dcrstakepool::decred::{Atoms, Height, Network};
use serde_json::Value;

fn directory() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/vectors")
}

/// All files by name, parsed.
fn files() -> Vec<(String, Value)> {
    let mut files: Vec<_> = std::fs::read_dir(directory())
        .expect("tests/data/vectors")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).expect("text");
            (name, serde_json::from_str(&text).expect("JSON"))
        })
        .collect();
    files.sort_by(|a, b| a.0.cmp(&b.0));
    files
}

type Check = fn(&str, &Value);

fn check_of(name: &str) -> Option<Check> {
    let shapes: [(&str, Check); 8] = [
        ("vote_", vote::vote),
        ("revocation_", vote::revocation),
        ("fee_vectors", fee::purchases),
        ("fee_edge", fee::edges),
        ("primitives", primitives::all),
        ("subsidy_payouts", subsidy::all),
        ("hd_", hd::all),
        ("addresses", address::all),
    ];
    shapes
        .into_iter()
        .find(|(prefix, _)| name.starts_with(prefix))
        .map(|(_, check)| check)
}

#[test]
fn every_vector_holds() {
    let files = files();
    assert!(files.len() >= 14, "only {} vectors", files.len());
    for (name, content) in files {
        assert!(
            Path::new(&name).extension().is_some_and(|e| e == "json"),
            "{name} is no vector"
        );
        let check = check_of(&name).unwrap_or_else(|| panic!("{name}: no test reads this file"));
        println!("{name}");
        check(&name, &content);
    }
}

/// The field `path`, dots between levels.
fn at<'a>(value: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(value, |value, key| {
        value
            .get(key)
            .unwrap_or_else(|| panic!("no field {key} of {path}"))
    })
}

fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    at(value, path)
        .as_str()
        .unwrap_or_else(|| panic!("{path} is no text"))
}

fn bytes(value: &Value, path: &str) -> Vec<u8> {
    hex::decode(text(value, path)).unwrap_or_else(|_| panic!("{path} is no hex"))
}

fn array<const N: usize>(value: &Value, path: &str) -> [u8; N] {
    bytes(value, path)
        .try_into()
        .unwrap_or_else(|_| panic!("{path} has another length"))
}

fn number(value: &Value, path: &str) -> i64 {
    at(value, path)
        .as_i64()
        .unwrap_or_else(|| panic!("{path} is no whole number"))
}

fn atoms(value: &Value, path: &str) -> Atoms {
    Atoms(number(value, path))
}

fn height(value: &Value, path: &str) -> Height {
    Height(u32::try_from(number(value, path)).expect("a height"))
}

fn list<'a>(value: &'a Value, path: &str) -> &'a Vec<Value> {
    at(value, path)
        .as_array()
        .unwrap_or_else(|| panic!("{path} is no list"))
}

fn network(value: &Value) -> Network {
    match text(value, at_network(value)) {
        "mainnet" => Network::Mainnet,
        "testnet3" => Network::Testnet,
        "simnet" => Network::Simnet,
        other => panic!("network {other}"),
    }
}

fn at_network(value: &Value) -> &'static str {
    if value.get("net").is_some() {
        "net"
    } else {
        "network"
    }
}
