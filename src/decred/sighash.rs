//! What a signature signs, and signing an input of a 1-of-2 script. dcrd's `txscript/sighash.go`.

use super::codec::{write_var_bytes, write_var_int};
use super::hash::blake256;
use super::key::{MAX_SIGNATURE_BYTES, PrivateKey};
use super::multisig::RedeemScript;
use super::script::push_onto;
use super::tx::{Form, Transaction, version_word};

/// Every input and every output: the only kind that is used here.
pub const SIGHASH_ALL: u8 = 1;

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("the transaction has no input {0}")]
    NoInput(usize),
    #[error("the key is not one of the redeem script's")]
    WrongKey,
}

/// The witness form that is signed: the script that is spent at `input`, nothing elsewhere.
pub fn witness_signing_bytes(tx: &Transaction, input: usize, script: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(16 + tx.inputs.len() + script.len());
    out.extend_from_slice(&version_word(tx.version, Form::WitnessSigning));
    write_var_int(&mut out, tx.inputs.len());
    for index in 0..tx.inputs.len() {
        write_var_bytes(&mut out, if index == input { script } else { &[] });
    }
    out
}

/// The bytes whose hash is signed: hash type, hash of the prefix, hash of the witness form.
pub fn signature_preimage(tx: &Transaction, input: usize, script: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(4 + 32 + 32);
    out.extend_from_slice(&u32::from(SIGHASH_ALL).to_le_bytes());
    out.extend_from_slice(&tx.hash().0);
    out.extend_from_slice(&blake256(&witness_signing_bytes(tx, input, script)));
    out
}

/// The hash that an input's signature signs; `script` is what the input spends (for a script hash, the
/// redeem script).
pub fn signature_hash(
    tx: &Transaction,
    input: usize,
    script: &[u8],
) -> Result<[u8; 32], SignError> {
    if input >= tx.inputs.len() {
        return Err(SignError::NoInput(input));
    }
    Ok(blake256(&signature_preimage(tx, input, script)))
}

/// DER and the hash type, as it stands in a signature script.
pub fn sign(
    tx: &Transaction,
    input: usize,
    script: &[u8],
    key: &PrivateKey,
) -> Result<Vec<u8>, SignError> {
    let der = key.sign_der(&signature_hash(tx, input, script)?);
    let mut signature = Vec::with_capacity(MAX_SIGNATURE_BYTES);
    signature.extend_from_slice(der.as_bytes());
    signature.push(SIGHASH_ALL);
    Ok(signature)
}

/// Signs `input` for a 1-of-2 redeem script: signature and script, no leading 0.
pub fn sign_multisig(
    tx: &mut Transaction,
    input: usize,
    redeem: &RedeemScript,
    key: &PrivateKey,
) -> Result<(), SignError> {
    let public = key.public_key();
    if public != *redeem.pool_key() && public != *redeem.user_key() {
        return Err(SignError::WrongKey);
    }
    let redeem = redeem.to_bytes();
    let signature = sign(tx, input, &redeem, key)?;
    let mut script = Vec::with_capacity(signature.len() + redeem.len() + 2);
    push_onto(&mut script, &signature);
    push_onto(&mut script, &redeem);
    let signed = tx.inputs.get_mut(input).ok_or(SignError::NoInput(input))?;
    signed.script = script;
    Ok(())
}
