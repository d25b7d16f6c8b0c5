//! Laws of the chain code that hold for every input, not only for the recorded ones.

use dcrstakepool::decred::agenda::{Agenda, Agendas, Choice};
use dcrstakepool::decred::fee::{self, FeeAddresses, FeeSchedule, LowFee};
use dcrstakepool::decred::hdkey::{Branch, ExtendedPubKey};
use dcrstakepool::decred::ticket::{self, Commitment, Ticket, TicketInput};
use dcrstakepool::decred::tx::{OutPoint, Tree, TxIn, TxOut};
use dcrstakepool::decred::vote::{self, ParsedVote, TreasuryVote, VoteRequest};
use dcrstakepool::decred::{
    Address, Atoms, Hash, Height, Network, PayTo, PrivateKey, RedeemScript, Transaction, VoteBits,
    VoteVersion, sighash,
};
use proptest::prelude::*;

/// The account of `hd_children.json` on simnet; its private keys are public knowledge.
const ACCOUNT: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";

fn branch() -> Branch {
    ExtendedPubKey::parse(Network::Simnet, ACCOUNT)
        .unwrap()
        .external_branch()
        .unwrap()
}

fn networks() -> impl Strategy<Value = Network> {
    prop::sample::select(Network::ALL.to_vec())
}

fn hashes() -> impl Strategy<Value = Hash> {
    any::<[u8; 32]>().prop_map(Hash)
}

fn pay_tos() -> impl Strategy<Value = PayTo> {
    (any::<bool>(), any::<[u8; 20]>()).prop_map(|(script, hash)| {
        if script {
            PayTo::ScriptHash(hash)
        } else {
            PayTo::PubKeyHash(hash)
        }
    })
}

fn private_keys() -> impl Strategy<Value = PrivateKey> {
    any::<[u8; 32]>().prop_filter_map("out of range", |bytes| PrivateKey::from_bytes(&bytes).ok())
}

fn scripts() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        9 => prop::collection::vec(any::<u8>(), 0..80),
        1 => prop::collection::vec(any::<u8>(), 250..300),
    ]
}

prop_compose! {
    fn out_points()(hash in hashes(), index: u32, tree in -1..3_i8) -> OutPoint {
        OutPoint { hash, index, tree: Tree(tree) }
    }
}

prop_compose! {
    fn inputs()(
        previous in out_points(), sequence: u32, value: i64, block_height: u32, block_index: u32,
        script in scripts(),
    ) -> TxIn {
        TxIn { previous, sequence, value_in: Atoms(value), block_height, block_index, script }
    }
}

prop_compose! {
    fn outputs()(value: i64, version: u16, script in scripts()) -> TxOut {
        TxOut { value: Atoms(value), version, script }
    }
}

prop_compose! {
    fn transactions()(
        version: u16,
        inputs in prop::collection::vec(inputs(), 0..6),
        outputs in prop::collection::vec(outputs(), 0..6),
        lock_time: u32,
        expiry: u32,
    ) -> Transaction {
        Transaction { version, inputs, outputs, lock_time, expiry }
    }
}

/// Amounts of tickets as they could be: up to a thousand times the supply.
const MANY_ATOMS: i64 = 21_000_000 * Atoms::PER_COIN;

prop_compose! {
    fn ticket_inputs()(
        spends in out_points(), value in 1..MANY_ATOMS, to in pay_tos(), change_to in pay_tos(),
        fee_limits: u16,
    ) -> TicketInput {
        TicketInput {
            spends,
            value: Atoms(value),
            commitment: Commitment { to, amount: Atoms(value), fee_limits },
            change_to,
            change: Atoms(0),
        }
    }
}

fn tickets() -> impl Strategy<Value = (Transaction, Vec<TicketInput>)> {
    (pay_tos(), prop::collection::vec(ticket_inputs(), 1..5)).prop_map(|(submission, inputs)| {
        let total: i64 = inputs.iter().map(|input| input.value.0).sum();
        let price = Atoms((total - 1).max(1));
        (ticket::build(submission, price, &inputs).unwrap(), inputs)
    })
}

proptest! {
    #[test]
    fn transactions_survive_the_wire(tx in transactions()) {
        let bytes = tx.serialize();
        prop_assert_eq!(&Transaction::decode(&bytes).unwrap(), &tx);
        prop_assert!(bytes.len() <= tx.size());
        let hex = tx.to_hex();
        prop_assert_eq!(&Transaction::from_hex(&hex).unwrap(), &tx);
        // The prefix and the witnesses are the whole, each behind its own version word.
        let (prefix, witnesses) = (tx.prefix_bytes(), tx.witness_bytes());
        prop_assert_eq!([&bytes[..4], &prefix[4..], &witnesses[4..]].concat(), bytes);
    }

    #[test]
    fn an_id_ignores_witnesses(tx in transactions(), script in scripts(), height: u32) {
        let mut mined = tx.clone();
        for input in &mut mined.inputs {
            input.script.clone_from(&script);
            input.block_height = height;
        }
        prop_assert_eq!(mined.hash(), tx.hash());
    }

    #[test]
    fn a_shortened_or_lengthened_transaction_is_refused(tx in transactions(), cut in 1..40_usize) {
        let mut bytes = tx.serialize();
        bytes.truncate(bytes.len().saturating_sub(cut));
        prop_assert!(Transaction::decode(&bytes).is_err());
        let mut bytes = tx.serialize();
        bytes.push(0);
        prop_assert!(Transaction::decode(&bytes).is_err());
    }

    #[test]
    fn addresses_survive_their_text(network in networks(), to in pay_tos(), key in private_keys()) {
        for address in [to.address(network), Address::pubkey(network, &key.public_key())] {
            let text = address.to_string();
            prop_assert_eq!(Address::decode_for(network, &text), Ok(address));
        }
        prop_assert_eq!(to.address(network).pay_to(), Some(to));
        prop_assert_eq!(PayTo::parse(&to.script()), Some(to));
    }

    #[test]
    fn a_mistyped_address_is_noticed(network in networks(), to in pay_tos(), at: prop::sample::Index, by in 1..57_usize) {
        const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut text = to.address(network).to_string().into_bytes();
        let at = at.index(text.len());
        let digit = ALPHABET.iter().position(|c| *c == text[at]).unwrap();
        text[at] = ALPHABET[(digit + by) % ALPHABET.len()];
        prop_assert!(Address::decode(&String::from_utf8(text).unwrap()).is_err());
    }

    #[test]
    fn private_keys_survive_their_text(network in networks(), key in private_keys()) {
        let text = key.to_wif(network);
        let read = PrivateKey::from_wif(network, &text).unwrap();
        prop_assert_eq!(read.to_bytes(), key.to_bytes());
        for other in Network::ALL.into_iter().filter(|other| *other != network) {
            prop_assert!(PrivateKey::from_wif(other, &text).is_err());
        }
    }

    #[test]
    fn redeem_scripts_survive_their_bytes(pool in private_keys(), user in private_keys()) {
        let script = RedeemScript::new(&pool.public_key(), &user.public_key());
        prop_assert_eq!(&RedeemScript::parse(&script.to_bytes()).unwrap(), &script);
        prop_assert_eq!(RedeemScript::from_hex(&script.to_hex()).unwrap(), script);
    }

    #[test]
    fn both_keys_of_a_script_sign(tx in transactions(), pool in private_keys(), user in private_keys()) {
        use k256::ecdsa::signature::hazmat::PrehashVerifier;
        prop_assume!(!tx.inputs.is_empty());
        let script = RedeemScript::new(&pool.public_key(), &user.public_key());
        let input = tx.inputs.len() - 1;
        for key in [&pool, &user] {
            let mut signed = tx.clone();
            sighash::sign_multisig(&mut signed, input, &script, key).unwrap();
            let pushed = signed.inputs[input].script.strip_suffix(&script.to_bytes()).unwrap();
            let der = &pushed[1..pushed.len() - 2];
            let signature = k256::ecdsa::Signature::from_der(der).unwrap();
            prop_assert_eq!(signature.normalize_s(), signature);
            let hash = sighash::signature_hash(&tx, input, &script.to_bytes()).unwrap();
            k256::ecdsa::VerifyingKey::from_sec1_bytes(key.public_key().as_bytes())
                .unwrap()
                .verify_prehash(&hash, &signature)
                .unwrap();
        }
        prop_assert!(sighash::sign_multisig(&mut tx.clone(), input + 1, &script, &pool).is_err());
    }

    #[test]
    fn tickets_survive_the_wire((tx, inputs) in tickets()) {
        let parsed = Ticket::parse(&tx).unwrap();
        prop_assert_eq!(parsed.hash, tx.hash());
        prop_assert_eq!(parsed.price, tx.outputs[0].value);
        let commitments: Vec<_> = inputs.iter().map(|input| input.commitment).collect();
        prop_assert_eq!(parsed.commitments.as_slice(), commitments);
        prop_assert!(!ticket::is_vote(&tx) && !ticket::is_revocation(&tx));
    }

    #[test]
    fn votes_survive_the_wire(
        (tx, _) in tickets(), block in hashes(), height: u32, bits: u16, version: u32,
        subsidy in 0..Atoms::PER_COIN * 1000, spends in prop::collection::vec((hashes(), 1..3_u8), 0..8),
    ) {
        let ticket = Ticket::parse(&tx).unwrap();
        let treasury: Vec<_> = spends
            .into_iter()
            .map(|(spend, choice)| TreasuryVote { spend, choice })
            .collect();
        let request = VoteRequest {
            ticket: &ticket,
            block,
            height: Height(height),
            bits: VoteBits(bits),
            version: VoteVersion(version),
            subsidy: Atoms(subsidy),
            treasury: &treasury,
        };
        let built = vote::build(&request).unwrap();
        let parsed = ParsedVote::parse(&built).unwrap();
        prop_assert_eq!(parsed.ticket, ticket.hash);
        prop_assert_eq!(parsed.block, block);
        prop_assert_eq!(parsed.height, request.height);
        prop_assert_eq!(parsed.bits, request.bits);
        prop_assert_eq!(parsed.version, request.version);
        prop_assert_eq!(&parsed.treasury, &treasury);
        let pay_tos: Vec<_> = ticket.commitments.iter().map(|c| c.to).collect();
        let paid_to: Vec<_> = parsed.payouts.iter().map(|(to, _)| *to).collect();
        prop_assert_eq!(paid_to, pay_tos);
        // Less than an atom a commitment is left to the miner.
        let lost = ticket.price.0 + subsidy - parsed.paid().unwrap().0;
        prop_assert!((0..i64::try_from(ticket.commitments.len()).unwrap()).contains(&lost));
        prop_assert_eq!(vote::build(&request).unwrap().to_hex(), built.to_hex());
    }

    #[test]
    fn the_required_fee_is_the_least_that_is_good(
        network in networks(), height in 0..3_000_000_u32, price in 1..MANY_ATOMS, fee in -1000..10_000_000_i64,
        percent in 1..10_000_u32,
    ) {
        prop_assume!(price + fee > 0);
        let params = network.params();
        let percent = f64::from(percent) / 100.0;
        let required = fee::required(params, Height(height), Atoms(price), Atoms(fee), percent).unwrap();
        prop_assert!(required.0 >= 0 && required.0 <= price + fee);
        prop_assume!(required.0 >= 1);
        let mut addresses = FeeAddresses::new();
        addresses.add(&Address::pubkey_hash(network, [1; 20]));
        let commitment = |hash, amount| Commitment {
            to: PayTo::PubKeyHash(hash),
            amount: Atoms(amount),
            fee_limits: 0,
        };
        let ticket = |paid| Ticket {
            hash: Hash::ZERO,
            price: Atoms(price),
            submission: PayTo::ScriptHash([9; 20]),
            commitments: vec![commitment([1; 20], paid), commitment([2; 20], price + fee - paid)].into(),
            change: Atoms(0),
        };
        let schedule = FeeSchedule::flat(percent).unwrap();
        let judge = |paid| fee::judge(&ticket(paid), params, Height(height), &schedule, &addresses);
        prop_assert_eq!(judge(required.0), Ok(required));
        let paid = Atoms(required.0 - 1);
        prop_assert_eq!(judge(paid.0), Err(LowFee::Amount { paid, required }));
    }

    #[test]
    fn no_amounts_break_the_fee_rule(height: u32, price: i64, fee: i64, percent: f64) {
        for network in Network::ALL {
            let _ = fee::required(network.params(), Height(height), Atoms(price), Atoms(fee), percent);
        }
    }

    #[test]
    fn the_bits_voted_with_are_always_valid(version in 1..4_u32, meant in 1..4_u32, bits: u16) {
        let agendas = two_agendas(VoteVersion(version));
        let effective = agendas.effective(VoteVersion(meant), VoteBits(bits));
        prop_assert!(agendas.valid_bits(effective));
        let chosen = version == meant && agendas.valid_bits(VoteBits(bits));
        prop_assert_eq!(effective == VoteBits(bits), chosen || bits == 1);
    }
}

/// Key derivation is slow unoptimised: fewer cases.
#[test]
fn private_and_public_derivation_agree() {
    let branch = branch();
    let private = branch_private(&branch);
    for index in [0, 1, 2, 255, 256, 9_999, 10_000, (1 << 31) - 1] {
        let key = private.key(index).unwrap();
        assert_eq!(key.public_key(), branch.key(index).unwrap());
        let again = branch.private(index, &key).unwrap();
        assert_eq!(
            again.branch_key().to_bytes(),
            private.branch_key().to_bytes()
        );
    }
    assert!(branch.key(1 << 31).is_err());
    assert!(private.key(u32::MAX).is_err());
}

fn branch_private(branch: &Branch) -> dcrstakepool::decred::hdkey::BranchPrivateKey {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../data/vectors/hd_children.json")).unwrap();
    let simnet = vectors["networks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|network| network["network"] == "simnet")
        .unwrap();
    let child = &simnet["children"][0];
    let wif = child["wif"].as_str().unwrap();
    let key = PrivateKey::from_wif(Network::Simnet, wif).unwrap();
    let index = u32::try_from(child["index"].as_u64().unwrap()).unwrap();
    branch.private(index, &key).unwrap()
}

fn two_agendas(version: VoteVersion) -> Agendas {
    let agenda = |shift: u16| Agenda {
        id: format!("agenda{shift}"),
        description: String::new(),
        mask: 3 << shift,
        status: "started".to_owned(),
        choices: [0, 1, 2]
            .into_iter()
            .map(|bits| Choice {
                id: format!("choice{bits}"),
                description: String::new(),
                bits: bits << shift,
                is_abstain: bits == 0,
                is_no: bits == 1,
            })
            .collect(),
    };
    Agendas {
        version,
        agendas: vec![agenda(1), agenda(3)],
    }
}

#[test]
fn vote_bits_are_valid_by_the_agendas() {
    let agendas = two_agendas(VoteVersion(7));
    for bits in [0b00001, 0b00011, 0b00101, 0b01001, 0b10001, 0b10101] {
        assert!(agendas.valid_bits(VoteBits(bits)), "{bits:#b}");
    }
    for bits in [0, 0b00010, 0b00111, 0b11001, 0b10_0001, 0x8001, u16::MAX] {
        assert!(!agendas.valid_bits(VoteBits(bits)), "{bits:#b}");
    }
    let none = Agendas {
        version: VoteVersion(10),
        agendas: Vec::new(),
    };
    assert!(none.valid_bits(VoteBits(1)) && !none.valid_bits(VoteBits(3)));
}
