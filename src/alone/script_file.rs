//! The script as the pool's site gave it: `ticket-script.json`, or its hex alone.

use serde::Deserialize;

use crate::decred::Network;
use crate::decred::multisig::{RedeemScript, RedeemScriptError};

#[derive(Debug, thiserror::Error)]
pub enum ScriptFileError {
    #[error("it is neither a script in hex nor the JSON file of the pool's site: {0}")]
    Shape(String),
    #[error("it names no network that is known here: {0:?}")]
    Network(String),
    #[error("its script: {0}")]
    Script(#[from] RedeemScriptError),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptFile {
    pub script: RedeemScript,
    /// `None`: the file does not say.
    pub network: Option<Network>,
}

#[derive(Deserialize)]
struct Json {
    network: String,
    redeem_script: String,
}

impl ScriptFile {
    pub fn read(text: &str) -> Result<Self, ScriptFileError> {
        let text = text.trim();
        if !text.starts_with('{') {
            if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(ScriptFileError::Shape("it is not hex".to_owned()));
            }
            return Ok(Self {
                script: RedeemScript::from_hex(text)?,
                network: None,
            });
        }
        let json: Json = serde_json::from_str(text)
            .map_err(|error| ScriptFileError::Shape(error.to_string()))?;
        let named = |network: &Network| network.params().name == json.network;
        let network = Network::ALL.into_iter().find(named);
        Ok(Self {
            script: RedeemScript::from_hex(&json.redeem_script)?,
            network: Some(network.ok_or(ScriptFileError::Network(json.network))?),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::key::PrivateKey;

    fn script() -> RedeemScript {
        let key = |byte| PrivateKey::from_bytes(&[byte; 32]).unwrap().public_key();
        RedeemScript::new(&key(1), &key(2))
    }

    #[test]
    fn both_files_of_the_site_are_read() {
        let hex = script().to_hex();
        let bare = ScriptFile::read(&format!("{hex}\n")).unwrap();
        assert_eq!((bare.script, bare.network), (script(), None));
        let json = format!(
            "{{\"network\":\"simnet\",\"ticket_address\":\"x\",\"redeem_script\":\"{hex}\"}}"
        );
        let full = ScriptFile::read(&json).unwrap();
        assert_eq!(
            (full.script, full.network),
            (script(), Some(Network::Simnet))
        );
    }

    #[test]
    fn what_is_no_script_is_told() {
        for bad in ["", "zz", "00", "{}", "{\"network\":\"simnet\"}"] {
            assert!(ScriptFile::read(bad).is_err(), "{bad}");
        }
        let hex = script().to_hex();
        let other = format!("{{\"network\":\"moon\",\"redeem_script\":\"{hex}\"}}");
        let error = ScriptFile::read(&other).unwrap_err();
        assert!(matches!(error, ScriptFileError::Network(_)), "{error}");
    }
}
