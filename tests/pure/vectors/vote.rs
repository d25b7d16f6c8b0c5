use dcrstakepool::decred::block::BlockHeader;
use dcrstakepool::decred::hash::blake256;
use dcrstakepool::decred::ticket::{self, Ticket};
use dcrstakepool::decred::vote::{self, ParsedVote, TreasuryVote, VoteRequest};
use dcrstakepool::decred::{
    Address, Atoms, Hash, PayTo, PrivateKey, PublicKey, RedeemScript, Transaction, VoteBits,
    VoteVersion, revocation, sighash,
};
use serde_json::Value;

use super::{array, at, atoms, bytes, height, list, network, number, text};

fn hash(value: &Value, path: &str) -> Hash {
    text(value, path).parse().unwrap()
}

/// Decodes, checks that encoding gives the same bytes, and compares the id.
fn transaction(value: &Value) -> Transaction {
    let tx = Transaction::from_hex(text(value, "hex")).unwrap();
    assert_eq!(tx.to_hex(), text(value, "hex"));
    assert_eq!(tx.hash(), hash(value, "txid"));
    tx
}

pub fn vote(name: &str, vector: &Value) {
    let ticket = check_ticket(vector);
    let script = check_keys(vector, &ticket);
    let mut tx = check_building(name, vector, &ticket);
    check_signing(vector, &mut tx, &script);
    check_outcome(vector, &tx);
}

fn check_ticket(vector: &Value) -> Ticket {
    let network = network(vector);
    let given = at(vector, "ticket");
    let tx = transaction(given);
    assert!(ticket::is_ticket(&tx) && !ticket::is_vote(&tx) && !ticket::is_revocation(&tx));
    let ticket = Ticket::parse(&tx).unwrap();
    assert_eq!(ticket.price, atoms(given, "price"));
    let [first, ..] = tx.outputs.as_slice() else {
        panic!("no outputs")
    };
    assert_eq!(first.script, bytes(given, "submission_script"));
    assert_eq!(
        ticket.address(network).to_string(),
        text(given, "voting_address")
    );
    let commitments = list(given, "commitments");
    assert_eq!(ticket.commitments.len(), commitments.len());
    for (found, expected) in ticket.commitments.iter().zip(commitments) {
        assert_eq!(*found.to.hash160(), array::<20>(expected, "hash160"));
        assert_eq!(found.amount, atoms(expected, "amount"));
        assert_eq!(
            found.to.is_script_hash(),
            at(expected, "p2sh").as_bool().unwrap()
        );
        assert_eq!(
            format!("{:#06x}", found.fee_limits),
            text(expected, "fee_limits")
        );
        assert_eq!(
            found.to.address(network).to_string(),
            text(expected, "address")
        );
    }
    let scripts: Vec<_> = tx
        .outputs
        .iter()
        .skip(2)
        .step_by(2)
        .map(|output| Value::String(hex::encode(&output.script)))
        .collect();
    assert_eq!(&scripts, list(given, "change_scripts"));
    check_rebuilt(&tx, &ticket);
    ticket
}

/// The builder makes the same transaction again, up to its signatures and what the miner fills in.
fn check_rebuilt(tx: &Transaction, ticket: &Ticket) {
    let inputs: Vec<_> = tx
        .inputs
        .iter()
        .zip(&ticket.commitments)
        .zip(tx.outputs.iter().skip(2).step_by(2))
        .map(|((input, commitment), change)| ticket::TicketInput {
            spends: input.previous,
            value: input.value_in,
            commitment: *commitment,
            change_to: PayTo::parse(&change.script[1..]).unwrap(),
            change: change.value,
        })
        .collect();
    let built = ticket::build(ticket.submission, ticket.price, &inputs).unwrap();
    assert_eq!(built.prefix_bytes(), tx.prefix_bytes());
}

fn check_keys(vector: &Value, ticket: &Ticket) -> RedeemScript {
    let network = network(vector);
    let script = RedeemScript::from_hex(text(vector, "redeem_script")).unwrap();
    let pool = PublicKey::from_hex(text(vector, "pool_pubkey")).unwrap();
    let user = PublicKey::from_hex(text(vector, "user_pubkey")).unwrap();
    assert_eq!((script.pool_key(), script.user_key()), (&pool, &user));
    assert_eq!(RedeemScript::new(&pool, &user), script);
    assert_eq!(script.address(network), ticket.address(network));
    let key = PrivateKey::from_wif(network, text(vector, "pool_key_wif")).unwrap();
    assert_eq!(key.to_bytes().as_slice(), bytes(vector, "pool_key_hex"));
    assert_eq!(key.public_key(), pool);
    let user_key = PrivateKey::from_bytes(&array(vector, "user_key_hex")).unwrap();
    assert_eq!(user_key.public_key(), user);
    script
}

fn treasury_votes(name: &str) -> Vec<TreasuryVote> {
    if name != "vote_tv.json" {
        return Vec::new();
    }
    vec![
        TreasuryVote {
            spend: Hash([0x11; 32]),
            choice: 1,
        },
        TreasuryVote {
            spend: Hash([0x22; 32]),
            choice: 2,
        },
    ]
}

fn check_building(name: &str, vector: &Value, ticket: &Ticket) -> Transaction {
    let expected: Vec<Atoms> = amounts(vector, "expected_payouts");
    let subsidy = atoms(vector, "subsidy.value");
    assert_eq!(vote::payouts(ticket, subsidy).unwrap(), expected);
    let treasury = treasury_votes(name);
    let mut tx = vote::build(&VoteRequest {
        ticket,
        block: hash(vector, "voted_block.hash"),
        height: height(vector, "voted_block.height"),
        bits: VoteBits(u16::try_from(number(vector, "vote_bits")).unwrap()),
        version: VoteVersion(u32::try_from(number(vector, "vote_version")).unwrap()),
        subsidy,
        treasury: &treasury,
    })
    .unwrap();
    // One recorded vote leaves a fee, which its ticket's limits allow and we never use.
    for (output, value) in tx.outputs[2..]
        .iter_mut()
        .zip(amounts(vector, "actual_payouts"))
    {
        output.value = value;
    }
    assert_eq!(tx.to_hex(), text(vector, "unsigned_vote_hex"));
    tx
}

fn amounts(vector: &Value, path: &str) -> Vec<Atoms> {
    list(vector, path)
        .iter()
        .map(|value| Atoms(value.as_i64().unwrap()))
        .collect()
}

fn check_signing(vector: &Value, tx: &mut Transaction, script: &RedeemScript) {
    let parts = at(vector, "sighash_parts");
    let input = usize::try_from(number(vector, "input_index")).unwrap();
    assert_eq!(input, vote::SIGNED_INPUT);
    assert_eq!(i64::from(sighash::SIGHASH_ALL), number(vector, "hash_type"));
    let prefix = tx.prefix_bytes();
    assert_eq!(prefix, bytes(parts, "prefix_serialization"));
    assert_eq!(blake256(&prefix), array::<32>(parts, "prefix_hash"));
    let witness = sighash::witness_signing_bytes(tx, input, &script.to_bytes());
    assert_eq!(witness, bytes(parts, "witness_serialization"));
    assert_eq!(blake256(&witness), array::<32>(parts, "witness_hash"));
    assert_eq!(
        sighash::signature_preimage(tx, input, &script.to_bytes()),
        bytes(parts, "sighash_preimage")
    );
    assert_eq!(
        sighash::signature_hash(tx, input, &script.to_bytes()).unwrap(),
        array::<32>(parts, "sighash")
    );
    let key = PrivateKey::from_bytes(&array(vector, "pool_key_hex")).unwrap();
    assert_eq!(
        sighash::sign(tx, input, &script.to_bytes(), &key).unwrap(),
        bytes(vector, "signature_der_hashtype")
    );
    sighash::sign_multisig(tx, input, script, &key).unwrap();
    assert_eq!(tx.inputs[input].script, bytes(vector, "sigscript"));
    let stranger = PrivateKey::from_bytes(&[7; 32]).unwrap();
    assert_eq!(
        sighash::sign_multisig(tx, input, script, &stranger),
        Err(sighash::SignError::WrongKey)
    );
}

fn check_outcome(vector: &Value, tx: &Transaction) {
    let given = at(vector, "vote");
    assert_eq!(transaction(given), *tx);
    assert!(ticket::is_vote(tx) && !ticket::is_ticket(tx) && !ticket::is_revocation(tx));
    assert_eq!(i64::from(tx.version), number(given, "version"));
    let parsed = ParsedVote::parse(tx).unwrap();
    assert_eq!(parsed.hash, hash(given, "txid"));
    assert_eq!(parsed.ticket, hash(vector, "ticket.txid"));
    assert_eq!(parsed.block, hash(vector, "voted_block.hash"));
    assert_eq!(parsed.height, height(vector, "voted_block.height"));
    assert_eq!(i64::from(parsed.bits.0), number(vector, "vote_bits"));
    assert_eq!(i64::from(parsed.version.0), number(vector, "vote_version"));
    assert_eq!(parsed.subsidy, atoms(vector, "subsidy.value"));
    assert_eq!(parsed.price, atoms(vector, "ticket.price"));
    let payouts = amounts(vector, "actual_payouts");
    let paid: i64 = payouts.iter().map(|value| value.0).sum();
    assert_eq!(parsed.paid(), Some(Atoms(paid)));
    assert_eq!(parsed.reward(), Some(Atoms(paid - parsed.price.0)));
    for ((to, value), (commitment, expected)) in parsed
        .payouts
        .iter()
        .zip(list(vector, "ticket.commitments").iter().zip(payouts))
    {
        assert_eq!(*value, expected);
        assert_eq!(
            to.address(network(vector)).to_string(),
            text(commitment, "address")
        );
    }
    assert_eq!(parsed.treasury.is_empty(), tx.version == 1);
}

pub fn revocation(_: &str, vector: &Value) {
    let ticket_tx = transaction(at(vector, "ticket"));
    let ticket = Ticket::parse(&ticket_tx).unwrap();
    let given = at(vector, "revocation");
    let tx = transaction(given);
    assert!(ticket::is_revocation(&tx) && !ticket::is_vote(&tx) && !ticket::is_ticket(&tx));
    let parsed = revocation::parse(&tx).unwrap();
    assert_eq!(parsed.hash, hash(given, "txid"));
    assert_eq!(parsed.ticket, ticket.hash);
    let before = BlockHeader::from_hex(text(vector, "prev_block_header_hex")).unwrap();
    let mined = at(given, "verbose");
    assert_eq!(before.height.0 + 1, height(mined, "blockheight").0);
    let outputs = list(given, "verbose.vout");
    assert_eq!(parsed.payouts.len(), outputs.len());
    for ((to, value), output) in parsed.payouts.iter().zip(outputs) {
        assert_eq!(
            Some(*value),
            Atoms::from_dcr(at(output, "value").as_f64().unwrap())
        );
        let address = list(output, "scriptPubKey.addresses")[0].as_str().unwrap();
        assert_eq!(Address::decode(address).unwrap().pay_to(), Some(*to));
    }
}
