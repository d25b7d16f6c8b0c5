//! Calls of the internal RPC in which the voter asks its daemons: what web is told.

use std::collections::HashMap;

use dcrstakepool::decred::Network;
use dcrstakepool::decred::address::Address;
use dcrstakepool::decred::hash::Hash;
use dcrstakepool::decred::script::PayTo;
use dcrstakepool::decred::tx::Transaction;
use dcrstakepool::decred::{Height, TicketHash};
use dcrstakepool::domain::{KeyIndex, UserId};
use dcrstakepool::rpc::wire::{
    AddTickets, EnrolmentRequest, ImportRequest, ImportedScript, ScriptImport, ScriptOutcome,
    TicketOutcome, code,
};
use dcrstakepool::rpc::{Error, Voter as _};
use serde_json::{Value, json};

use super::voter_bed::{Bed, POOL, Running, own_ticket, vector};
use super::voter_chain::{bought, own_script, revocation_of};
use crate::harness::fake_daemon::{FakeDaemon, Reply};

/// The block of the tickets here.
const MINED_IN: Hash = Hash([44; 32]);

/// dcrd has these tickets, mined, and only the first is unspent.
fn let_it_know(dcrd: &FakeDaemon, tickets: &[&Transaction]) {
    let raw: HashMap<String, Value> = tickets
        .iter()
        .map(|tx| {
            let raw = json!({
                "hex": tx.to_hex(), "txid": tx.hash(), "blockhash": MINED_IN, "blockheight": 460,
                "confirmations": 2,
            });
            (tx.hash().to_string(), raw)
        })
        .collect();
    dcrd.script("getrawtransaction", move |params| {
        let raw = raw.get(params[0].as_str().unwrap()).cloned();
        raw.map_or_else(
            || Reply::Refusal(-5, "No information available about transaction".into()),
            Reply::Result,
        )
    });
    let unspent = json!(tickets[0].hash());
    dcrd.script("gettxout", move |params| {
        let output = json!({"confirmations": 2});
        Reply::Result(if params[0] == unspent {
            output
        } else {
            Value::Null
        })
    });
}

async fn outcomes(voter: &Running, hashes: &[TicketHash]) -> Vec<TicketOutcome> {
    let hashes = hashes.to_vec();
    let request = AddTickets {
        hashes: hashes.clone(),
    };
    let answer = voter.service.add_tickets(request).await.unwrap().tickets;
    let named: Vec<_> = answer.iter().map(|it| it.ticket_hash).collect();
    assert_eq!(named, hashes);
    answer.iter().map(|it| it.outcome).collect()
}

#[tokio::test]
async fn tickets_that_web_knows_are_indexed_and_given_to_the_wallet() {
    use TicketOutcome::{Added, Known, NotFound, NotOurs, Spent};

    let bed = Bed::new().await;
    bed.leave_state(5);
    let ours = own_script();
    let (new, spent) = (bought(1, ours), bought(2, ours));
    let foreign = bought(3, PayTo::ScriptHash([9; 20]));
    // A transaction, but no ticket.
    let revocation = revocation_of(spent.hash());
    let_it_know(&bed.dcrd, &[&new, &spent, &foreign, &revocation]);
    let own = json!({"isvalid": true, "ismine": true});
    bed.wallet.answer("validateaddress", own);
    bed.wallet
        .refuse("gettransaction", -5, "no information for transaction");
    bed.dcrd.answer("getrawmempool", json!([]));
    let voter = bed.start().await.unwrap();
    bed.let_wallet_sync();

    let none = TicketHash::of(b"none");
    let hashes = [
        own_ticket().hash,
        new.hash(),
        spent.hash(),
        foreign.hash(),
        none,
        revocation.hash(),
    ];
    let first = outcomes(&voter, &hashes).await;
    assert_eq!(first, [Known, Added, Spent, NotOurs, NotFound, NotFound]);
    let request = AddTickets {
        hashes: hashes.to_vec(),
    };
    let answer = voter.service.add_tickets(request).await.unwrap().tickets;
    let address = Address::script_hash(Network::Simnet, *ours.hash160());
    let address = Some(address.to_string());
    let told = |index: usize| {
        (
            answer[index].ticket_address.clone(),
            answer[index].mined_height,
        )
    };
    assert_eq!(told(1), (address.clone(), Some(Height(460))));
    assert_eq!(told(2), (address, Some(Height(460))), "spent, but ours");
    assert_eq!(told(3), (None, None), "whose it is nobody says");
    let again = outcomes(&voter, &hashes).await;
    assert_eq!(again, [Known, Known, Spent, NotOurs, NotFound, NotFound]);

    let given = bed.wallet.wait_for_calls("addtransaction", 1).await;
    assert_eq!(given[0], json!([MINED_IN, new.to_hex()]));

    bed.dcrd
        .refuse("getrawtransaction", -32603, "it is closing");
    let answer = voter.service.add_tickets(one()).await;
    assert_eq!(code_of(answer), code::UNAVAILABLE);
    voter.stop().await;
}

fn one() -> AddTickets {
    AddTickets {
        hashes: vec![TicketHash::of(b"none")],
    }
}

fn code_of<T: std::fmt::Debug>(answer: Result<T, Error>) -> String {
    match answer {
        Err(Error::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    }
}

fn enrolment() -> EnrolmentRequest {
    EnrolmentRequest {
        user_id: UserId(5),
        key_index: KeyIndex(0),
        user_pubkey_address: vector("/children/1/pubkeyaddr"),
    }
}

/// Asks until the wallet has its addresses.
async fn enrolling(voter: &Running) -> String {
    loop {
        match voter.service.verify_enrolment(enrolment()).await {
            Err(Error::Refused { message, .. }) if message.contains("not synchronised yet") => {
                tokio::task::yield_now().await;
            }
            answer => return code_of(answer),
        }
    }
}

async fn importing(voter: &Running) -> String {
    code_of(voter.service.import_scripts(import()).await)
}

fn import() -> ImportRequest {
    ImportRequest {
        pool_id: POOL,
        scripts: vec![ScriptImport {
            user_id: UserId(4),
            key_index: KeyIndex(1),
            redeem_script: vector("/children/1/redeem_with_user"),
            height_registered: Height(485),
        }],
    }
}

/// A refusal by the wallet, and what web is told: `disagrees` halts enrolment.
const REFUSALS: [(&str, i64, &str, &str); 14] = [
    ("validateaddress", -5, "invalid address", code::DISAGREES),
    ("validateaddress", -8, "invalid parameter", code::DISAGREES),
    ("validateaddress", -4, "database closed", code::UNAVAILABLE),
    ("validateaddress", -1, "shutting down", code::UNAVAILABLE),
    (
        "validateaddress",
        -18,
        "no wallet loaded",
        code::UNAVAILABLE,
    ),
    (
        "validateaddress",
        -32603,
        "internal error",
        code::UNAVAILABLE,
    ),
    ("createmultisig", -5, "invalid address", code::DISAGREES),
    ("createmultisig", -8, "no public key", code::DISAGREES),
    (
        "createmultisig",
        -32603,
        "internal error",
        code::UNAVAILABLE,
    ),
    ("importscript", -8, "empty script", code::DISAGREES),
    ("importscript", -22, "invalid byte", code::DISAGREES),
    ("importscript", -4, "database closed", code::UNAVAILABLE),
    ("importscript", -18, "no wallet loaded", code::UNAVAILABLE),
    ("importscript", -32603, "internal error", code::UNAVAILABLE),
];

#[tokio::test]
async fn a_wallet_in_trouble_is_no_wallet_that_disagrees() {
    let bed = Bed::new().await;
    let voter = bed.start().await.unwrap();
    bed.let_wallet_sync();
    let own = json!({
        "isvalid": true, "ismine": true, "pubkeyaddr": vector("/children/0/pubkeyaddr"),
    });
    for (method, number, message, expected) in REFUSALS {
        bed.wallet.answer("validateaddress", own.clone());
        bed.wallet.refuse(method, number, message);
        let told = match method {
            "importscript" => importing(&voter).await,
            _ => enrolling(&voter).await,
        };
        assert_eq!(told, expected, "{method} {number} {message}");
    }
    bed.wallet.answer("importscript", Value::Null);
    let answer = voter.service.import_scripts(import()).await.unwrap();
    let imported = ImportedScript {
        user_id: UserId(4),
        outcome: ScriptOutcome::Already,
    };
    assert_eq!(answer.scripts, [imported]);
    voter.stop().await;
}
