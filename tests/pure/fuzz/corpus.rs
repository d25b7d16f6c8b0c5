//! What was recorded from real daemons and networks (`tests/data`).

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// Larger inputs cost time and bring no new shapes.
const MOST_BYTES: usize = 12 * 1024;

/// Every JSON file of a folder of `tests/data`.
pub fn files(folder: &str) -> Vec<(PathBuf, Value)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(folder);
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("tests/data is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).expect("a file can be read");
        let json = serde_json::from_str(&text).expect("it is JSON");
        (path, json)
    };
    paths.into_iter().map(read).collect()
}

/// All bytes that stand as hex anywhere in the recorded files and vectors and that `accept` takes.
pub fn bytes(accept: impl Fn(&[u8]) -> bool) -> Vec<Vec<u8>> {
    let mut found = BTreeSet::new();
    for folder in ["current", "legacy", "vectors"] {
        for (_, json) in files(folder) {
            collect(&json, &mut |bytes| {
                if bytes.len() <= MOST_BYTES && accept(&bytes) {
                    found.insert(bytes);
                }
            });
        }
    }
    assert!(found.len() > 5, "only {} recorded inputs", found.len());
    found.into_iter().collect()
}

fn collect(json: &Value, found: &mut impl FnMut(Vec<u8>)) {
    match json {
        Value::String(text) if text.len() > 100 => {
            if let Ok(bytes) = hex::decode(text) {
                found(bytes);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

/// Frames with the call that they answer: daemon, method, params.
pub fn frames() -> Vec<(String, String, Value, Vec<u8>)> {
    let mut found = Vec::new();
    for folder in ["current", "legacy"] {
        for (path, json) in files(folder) {
            let name = path.file_stem().expect("a name").to_string_lossy();
            let frame = match &json {
                file if file["response"].is_object() => file["response"].to_string(),
                file if file["method"].is_string() => file.to_string(),
                _ => continue,
            };
            if frame.len() > MOST_BYTES {
                continue;
            }
            let is_dcrd = name.starts_with("d_") || name.starts_with("dcrd");
            let daemon = if is_dcrd { "dcrd" } else { "dcrwallet" };
            let method = json["request"]["method"].as_str().unwrap_or_default();
            let params = json["request"]["params"].clone();
            found.push((
                daemon.to_owned(),
                method.to_owned(),
                params,
                frame.into_bytes(),
            ));
        }
    }
    assert!(found.len() > 200, "only {} recorded frames", found.len());
    found
}
