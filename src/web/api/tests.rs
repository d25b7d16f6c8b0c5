use super::*;
use crate::decred::{Atoms, Height, Network, VoteVersion};
use crate::pool::{self, DoorSign, Limits, NotNow};
use crate::rpc::wire::TicketCounts;
use crate::secret::Secret;

fn database() -> pool::Error {
    pool::Error::Database(crate::db::Error::Unavailable("away".into()))
}

/// One row of the contract: what happened, code, message.
fn expect(envelope: &Envelope, code: u8, message: &str, data: &str) {
    let expected =
        format!("{{\"status\":\"error\",\"code\":{code},\"message\":\"{message}\"{data}}}\n");
    assert_eq!(envelope.to_line(), expected);
}

#[test]
fn successes_have_their_texts() {
    let line = |command: Command| command.success(Data::Absent).to_line();
    assert_eq!(
        line(Command::Address),
        "{\"status\":\"success\",\"code\":0,\"message\":\"address successfully imported\"}\n"
    );
    assert_eq!(
        line(Command::Voting),
        "{\"status\":\"success\",\"code\":0,\"message\":\"successfully updated voting preferences\"}\n"
    );
}

#[test]
fn refused_tokens_have_the_texts_of_their_command() {
    let refuse = |command: Command| command.refusal(Code::Unauthenticated, "invalid api token");
    expect(
        &refuse(Command::Address),
        16,
        "address error - invalid api token",
        "",
    );
    expect(
        &refuse(Command::Voting),
        16,
        "voting error - invalid api token",
        "",
    );
    expect(
        &refuse(Command::PurchaseInfo),
        16,
        "purchaseinfo error - invalid api token",
        ",\"data\":null",
    );
}

#[test]
fn refused_addresses_have_the_texts_of_the_table() {
    let table: Vec<(EnrolError, u8, &str)> = vec![
        (
            EnrolError::AlreadySubmitted,
            6,
            "address error - address already submitted",
        ),
        (
            EnrolError::Closed("The pool is full.".into()),
            9,
            "address error - The pool is full.",
        ),
        (EnrolError::TooShort, 3, "address error - address too short"),
        (EnrolError::TooLong, 3, "address error - address too long"),
        (
            EnrolError::Undecodable,
            3,
            "address error - couldn't decode address",
        ),
        (
            EnrolError::WrongType,
            3,
            "address error - incorrect address type",
        ),
        (
            NotNow::Halted.into(),
            14,
            "system error - unable to process wallet commands",
        ),
        (
            NotNow::TooFewVoters {
                confirmed: 1,
                needed: 2,
            }
            .into(),
            14,
            "system error - unable to process wallet commands",
        ),
        (
            NotNow::Configuration("pool.fees".into()).into(),
            14,
            "system error - unable to process wallet commands",
        ),
        (
            database().into(),
            13,
            "address error - failed to save address in database",
        ),
    ];
    for (error, code, message) in table {
        expect(&address_refusal(error), code, message, "");
    }
}

#[test]
fn the_other_refusals_have_the_texts_of_the_table() {
    expect(
        &purchase_info_refusal(PurchaseInfoError::NoAddress),
        9,
        "purchaseinfo error - no address submitted",
        ",\"data\":null",
    );
    expect(
        &purchase_info_refusal(database().into()),
        13,
        "purchaseinfo error - failed to read user from database",
        ",\"data\":null",
    );
    expect(
        &voting_refusal(VotingError::Invalid),
        3,
        "voting error - votebits invalid for current agendas",
        "",
    );
    expect(
        &voting_refusal(database().into()),
        13,
        "voting error - failed to update voting prefs in database",
        "",
    );
    expect(
        &Command::Stats.refusal(Code::Unavailable, "RPC server error"),
        14,
        "stats error - RPC server error",
        ",\"data\":null",
    );
}

#[test]
fn vote_bits_are_decimal_digits_of_sixteen_bits() {
    assert_eq!(vote_bits("1"), Some(VoteBits(1)));
    assert_eq!(vote_bits("0065535"), Some(VoteBits(65535)));
    for bad in ["", "65536", "-1", "+1", " 1", "1 ", "0x1", "١", "1.0"] {
        assert_eq!(vote_bits(bad), None, "{bad:?}");
    }
}

#[test]
fn purchase_info_is_what_wallets_expect() {
    let info = PurchaseInfo {
        fee_address: "Ssfee".into(),
        fee_percent: 7.5,
        redeem_script: "5121ab".into(),
        ticket_address: "Scticket".into(),
        vote_bits: VoteBits(5),
        vote_version: VoteVersion(12),
    };
    let line = Command::PurchaseInfo
        .success(Data::Object(purchase_info_object(&info)))
        .to_line();
    assert_eq!(
        line,
        "{\"status\":\"success\",\"code\":0,\"message\":\"purchaseinfo successfully retrieved\",\
         \"data\":{\"PoolAddress\":\"Ssfee\",\"PoolFees\":7.5,\"Script\":\"5121ab\",\
         \"TicketAddress\":\"Scticket\",\"VoteBits\":5,\"VoteBitsVersion\":12}}\n"
    );
}

fn settings() -> Settings {
    Settings {
        network: Network::Testnet,
        name: String::new(),
        description: String::new(),
        email: "admin@example.com".into(),
        link: String::new(),
        fees: vec![(Height(0), 5.0)],
        sign: DoorSign::default(),
        voting_wallet_extpub: Secret::default(),
        cold_wallet_extpub: Secret::default(),
        min_voters: 1,
        max_users: 10,
        base_url: String::new(),
        former_base_urls: Vec::new(),
        api_secret: Secret::default(),
        limits: Limits::default(),
    }
}

#[test]
fn stats_are_what_wallets_expect() {
    let stats = Stats {
        refreshed_at: 0,
        height: Height(1000),
        ticket_price: Atoms(10_050_000_000),
        pool_size: 40,
        mempool_tickets: 3,
        own: TicketCounts {
            mempool: 1,
            immature: 2,
            live: 10,
            voted: 30,
            missed: 2,
            expired: 4,
            revoked: 5,
            low_fee: 9,
        },
        total_subsidy: Atoms(123_456_789),
        users: 7,
        active_users: 6,
        fee_percent: 5.0,
        open: true,
    };
    let line = Command::Stats
        .success(Data::Object(stats_object(&stats, &settings())))
        .to_line();
    let expected = format!(
        "{{\"status\":\"success\",\"code\":0,\"message\":\"stats successfully retrieved\",\"data\":{{\
         \"AllMempoolTix\":3,\"APIVersionsSupported\":[1,2],\"BlockHeight\":1000,\
         \"Difficulty\":100.5,\"Expired\":4,\"Immature\":2,\"Live\":10,\"Missed\":2,\
         \"OwnMempoolTix\":1,\"PoolSize\":40,\"ProportionLive\":0.25,\"ProportionMissed\":0.0625,\
         \"Revoked\":5,\"TotalSubsidy\":1.23456789,\"Voted\":30,\"Network\":\"testnet3\",\
         \"PoolEmail\":\"admin@example.com\",\"PoolFees\":5,\"PoolStatus\":\"Open\",\
         \"UserCount\":7,\"UserCountActive\":6,\"Version\":\"{}\"}}}}\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(line, expected);
}

#[test]
fn anything_else_is_unknown() {
    let response = unknown();
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        response.headers()["content-type"],
        "application/json; charset=utf-8"
    );
}
