//! The registry of redeem scripts: which script is whose. It only grows; pure.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, OnceLock};

use crate::decred::Height;
use crate::decred::key::PrivateKey;
use crate::decred::multisig::{RedeemScript, RedeemScriptError};
use crate::decred::params::Network;
use crate::domain::{Digest, KeyIndex, UserId};
use crate::rpc::wire::{ImportedScript, ScriptImport, ScriptOutcome, ScriptRegistry};

/// What a ticket's first output pays to: Hash160 of the redeem script.
pub type ScriptHash = [u8; 20];

/// A user's 1-of-2 script.
#[derive(Debug)]
pub struct Script {
    pub user_id: UserId,
    pub key_index: KeyIndex,
    pub redeem: RedeemScript,
    pub height_registered: Height,
    network: Network,
    address: OnceLock<Box<str>>,
    /// The pool's private key of this script, once the memory signer derived it: kept to save the
    /// derivation on the way of a vote. `None` in it: not a child of our branch at `key_index`, as for
    /// users whom an older program enrolled with another key.
    pub key: OnceLock<Option<Box<PrivateKey>>>,
}

impl Script {
    pub fn new(
        network: Network,
        user_id: UserId,
        key_index: KeyIndex,
        redeem: RedeemScript,
        height_registered: Height,
    ) -> Self {
        Self {
            user_id,
            key_index,
            redeem,
            height_registered,
            network,
            address: OnceLock::new(),
            key: OnceLock::new(),
        }
    }

    /// The ticket address, made when it is first asked for: a start has more to do with 100,000 scripts.
    pub fn address(&self) -> &str {
        self.address
            .get_or_init(|| self.redeem.address(self.network).to_string().into())
    }
}

/// A script that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the script of user {user}: {reason}")]
pub struct BadScript {
    pub user: UserId,
    pub reason: RedeemScriptError,
}

#[derive(Debug, Clone)]
pub struct Scripts {
    network: Network,
    by_hash: HashMap<ScriptHash, Arc<Script>>,
    digest: Digest,
    highest: Option<KeyIndex>,
    /// Those that came since they were written to disk.
    unsaved: Vec<Arc<Script>>,
}

/// What an import brought.
#[derive(Debug, Default)]
pub struct Imported {
    pub new: Vec<Arc<Script>>,
    /// One for each script that was given, in its order.
    pub outcomes: Vec<ImportedScript>,
}

impl Scripts {
    pub fn new(network: Network) -> Self {
        Self {
            network,
            by_hash: HashMap::new(),
            digest: Digest::default(),
            highest: None,
            unsaved: Vec::new(),
        }
    }

    pub fn get(&self, hash: &ScriptHash) -> Option<&Arc<Script>> {
        self.by_hash.get(hash)
    }

    pub fn all(&self) -> impl Iterator<Item = &Arc<Script>> {
        self.by_hash.values()
    }

    pub fn hashes(&self) -> impl Iterator<Item = &ScriptHash> {
        self.by_hash.keys()
    }

    pub fn len(&self) -> usize {
        self.by_hash.len()
    }

    pub fn is_empty(&self) -> bool {
        self.by_hash.is_empty()
    }

    /// Takes all of `imports` or, when one of them is no script of the pool's form, none.
    pub fn import(&mut self, imports: &[ScriptImport]) -> Result<Imported, BadScript> {
        self.take(imports, RedeemScript::from_hex)
    }

    /// The same with those that were stored.
    pub fn restore(&mut self, stored: &[ScriptImport]) -> Result<Imported, BadScript> {
        self.take(stored, RedeemScript::from_stored_hex)
    }

    fn take(
        &mut self,
        imports: &[ScriptImport],
        parse: impl Fn(&str) -> Result<RedeemScript, RedeemScriptError>,
    ) -> Result<Imported, BadScript> {
        let scripts = imports
            .iter()
            .map(|import| self.read(import, &parse))
            .collect::<Result<Vec<_>, _>>()?;
        let mut imported = Imported::default();
        for (hash, script) in scripts {
            let user_id = script.user_id;
            let outcome = match self.by_hash.entry(hash) {
                Entry::Occupied(_) => ScriptOutcome::Already,
                Entry::Vacant(place) => {
                    self.digest.add(&script.redeem.to_bytes());
                    self.highest = self.highest.max(Some(script.key_index));
                    self.unsaved.push(script.clone());
                    imported.new.push(place.insert(script).clone());
                    ScriptOutcome::Imported
                }
            };
            imported.outcomes.push(ImportedScript { user_id, outcome });
        }
        Ok(imported)
    }

    fn read(
        &self,
        import: &ScriptImport,
        parse: impl Fn(&str) -> Result<RedeemScript, RedeemScriptError>,
    ) -> Result<(ScriptHash, Arc<Script>), BadScript> {
        let redeem = parse(&import.redeem_script).map_err(|reason| BadScript {
            user: import.user_id,
            reason,
        })?;
        let script = Script::new(
            self.network,
            import.user_id,
            import.key_index,
            redeem,
            import.height_registered,
        );
        Ok((redeem.hash160(), Arc::new(script)))
    }

    /// In the form of an import, by key index, for disk.
    pub fn export(&self) -> Vec<ScriptImport> {
        let sorted: BTreeMap<_, _> = self
            .by_hash
            .iter()
            .map(|(hash, script)| ((script.key_index, *hash), script))
            .collect();
        sorted
            .into_values()
            .map(|script| exported(script))
            .collect()
    }

    pub fn unsaved(&self) -> usize {
        self.unsaved.len()
    }

    /// In the form of an import; counts as written what it gives.
    pub fn take_unsaved(&mut self) -> Vec<ScriptImport> {
        let unsaved = std::mem::take(&mut self.unsaved);
        unsaved.iter().map(|script| exported(script)).collect()
    }

    pub fn summary(&self) -> ScriptRegistry {
        ScriptRegistry {
            count: self.by_hash.len() as u64,
            highest_key_index: self.highest,
            digest: self.digest.to_hex(),
        }
    }
}

fn exported(script: &Script) -> ScriptImport {
    ScriptImport {
        user_id: script.user_id,
        key_index: script.key_index,
        redeem_script: script.redeem.to_hex(),
        height_registered: script.height_registered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::voter::testing::{import, script};

    fn outcomes(imported: &Imported) -> Vec<(i64, ScriptOutcome)> {
        let outcomes = imported.outcomes.iter();
        outcomes.map(|it| (it.user_id.0, it.outcome)).collect()
    }

    #[test]
    fn the_registry_only_grows() {
        let mut scripts = Scripts::new(Network::Simnet);
        let (one, two) = (import(&script(4)), import(&script(5)));
        let first = scripts.import(std::slice::from_ref(&one)).unwrap();
        assert_eq!(outcomes(&first), [(4, ScriptOutcome::Imported)]);
        let second = scripts.import(&[one.clone(), two.clone()]).unwrap();
        assert_eq!(second.new.len(), 1);
        assert_eq!(
            outcomes(&second),
            [(4, ScriptOutcome::Already), (5, ScriptOutcome::Imported)]
        );
        let third = scripts.import(&[]).unwrap();
        assert!(third.new.is_empty() && third.outcomes.is_empty());
        assert_eq!(scripts.export(), [one, two]);
        assert_eq!(scripts.summary().count, 2);
        assert_eq!(scripts.summary().highest_key_index, Some(KeyIndex(5)));
    }

    #[test]
    fn a_bad_script_spoils_the_whole_import() {
        let mut scripts = Scripts::new(Network::Simnet);
        let mut bad = import(&script(5));
        bad.redeem_script.truncate(20);
        let error = scripts.import(&[import(&script(4)), bad]).unwrap_err();
        assert_eq!(error.user, UserId(5));
        assert!(scripts.is_empty());
    }
}
