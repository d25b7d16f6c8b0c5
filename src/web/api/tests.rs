use super::document::Document;
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

/// Every refusal of a command that the code can give, as the document must tell them.
fn refusals(command: Command) -> Vec<Envelope> {
    let unread =
        |command: Command| command.failure(database(), "failed to read user from database");
    let token = command.refusal(Code::Unauthenticated, "invalid api token");
    match command {
        Command::PurchaseInfo => vec![token, no_address(), unread(command)],
        Command::Address => [
            EnrolError::AlreadySubmitted,
            EnrolError::Closed("the pool is full".into()),
            EnrolError::TooShort,
            EnrolError::TooLong,
            EnrolError::Undecodable,
            EnrolError::WrongType,
            NotNow::Halted.into(),
            database().into(),
        ]
        .map(address_refusal)
        .into_iter()
        .chain([token, unread(command)])
        .collect(),
        Command::Voting => vec![
            token,
            unread(command),
            command.refusal(
                Code::InvalidArgument,
                "unable to convert votebits to uint16",
            ),
            voting_refusal(VotingError::Invalid),
            voting_refusal(database().into()),
        ],
        Command::Stats => vec![command.refusal(Code::Unavailable, "RPC server error")],
    }
}

fn json(envelope: &Envelope) -> serde_json::Value {
    serde_json::from_str(&envelope.to_line()).unwrap()
}

/// Envelopes in an order that does not depend on where they came from.
fn sorted(envelopes: impl Iterator<Item = serde_json::Value>) -> Vec<String> {
    let mut lines: Vec<String> = envelopes.map(|value| value.to_string()).collect();
    lines.sort();
    lines
}

fn keys(value: &serde_json::Value) -> Vec<&String> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().collect();
    keys.sort();
    keys
}

#[test]
fn the_document_has_every_command_of_the_route_table_and_no_other() {
    let document = Document::read().unwrap();
    let mut documented = Vec::new();
    for (path, operations) in &document.paths {
        for (method, operation) in operations {
            for version in ["v1", "v2"] {
                let token = !operation.security.is_empty();
                documented.push((
                    format!("/api/{version}{path}"),
                    method.to_uppercase(),
                    token,
                ));
            }
        }
    }
    let mut routed: Vec<_> = router::ROUTES
        .iter()
        .filter(|route| route.path.starts_with("/api/v"))
        .map(|route| {
            let method = if route.post { "POST" } else { "GET" };
            let token = matches!(route.handler, router::Handler::ApiUser(..));
            (route.path.to_owned(), method.to_owned(), token)
        })
        .collect();
    documented.sort();
    routed.sort();
    assert_eq!(documented, routed);
}

#[test]
fn the_document_tells_every_answer_of_every_command() {
    let document = Document::read().unwrap();
    for (command, path) in [
        (Command::PurchaseInfo, "/getpurchaseinfo"),
        (Command::Address, "/address"),
        (Command::Voting, "/voting"),
        (Command::Stats, "/stats"),
    ] {
        let operation = document.paths[path].values().next().unwrap();
        let media = operation.responses["200"].media().unwrap();
        let mut examples = media.examples.values().map(|example| example.value.clone());
        let mut success = examples.next().unwrap();
        let told = sorted(examples);
        assert_eq!(told, sorted(refusals(command).iter().map(json)), "{path}");
        let data = success.as_object_mut().unwrap().remove("data");
        assert_eq!(success, json(&command.success(Data::Absent)), "{path}");
        let real = match command {
            Command::PurchaseInfo => purchase_info_object(&purchase_info()),
            Command::Stats => stats_object(&stats(), &settings()),
            Command::Address | Command::Voting => {
                assert_eq!(data, None);
                continue;
            }
        };
        let real: serde_json::Value = serde_json::from_str(&real.to_json()).unwrap();
        assert_eq!(keys(&data.unwrap()), keys(&real), "{path}");
        let described: Vec<_> = document.data(operation).unwrap().keys().collect();
        assert_eq!(described, keys(&real), "{path}");
    }
}

#[test]
fn the_document_tells_what_happens_below_the_commands_and_every_code() {
    let document = Document::read().unwrap();
    let mut statuses = std::collections::BTreeSet::new();
    let operations = document.paths.iter();
    let operations = operations.flat_map(|(path, it)| it.values().map(move |it| (path, it)));
    for (path, operation) in operations {
        for (status, answer) in &operation.responses {
            let media = answer.media().unwrap();
            if let Some(example) = &media.example {
                let code = StatusCode::from_bytes(status.as_bytes()).unwrap();
                let real = transport_refusal(code, no_data_at(path));
                assert_eq!(*example, json(&real), "{path} {status}");
                statuses.insert(code.as_u16());
            }
        }
        assert_eq!(
            operation.body.is_some(),
            operation.responses.contains_key("413")
        );
    }
    let statuses: Vec<u16> = statuses.into_iter().collect();
    assert_eq!(statuses, [400, 408, 413, 429, 431, 500, 503]);
    let codes = &document.components.schemas["Code"].one_of;
    let codes: Vec<u8> = codes.iter().map(|code| code.value).collect();
    let real = [
        Code::Ok,
        Code::InvalidArgument,
        Code::AlreadyExists,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Internal,
        Code::Unavailable,
        Code::Unauthenticated,
    ];
    assert_eq!(codes, real.map(|code| code as u8));
}

#[test]
fn the_document_names_this_pool() {
    let text = document::openapi("https://pool.example.com/");
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["openapi"], "3.1.0");
    assert_eq!(value["info"]["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        value["servers"][0]["url"],
        "https://pool.example.com/api/{version}"
    );
    assert!(!text.contains("@BASE") && !text.contains("@VERSION"));
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
        &no_address(),
        9,
        "purchaseinfo error - no address submitted",
        ",\"data\":null",
    );
    expect(
        &Command::PurchaseInfo.failure(database(), "failed to read user from database"),
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
    let line = Command::PurchaseInfo
        .success(Data::Object(purchase_info_object(&purchase_info())))
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

fn purchase_info() -> PurchaseInfo {
    PurchaseInfo {
        fee_address: "Ssfee".into(),
        fee_percent: 7.5,
        redeem_script: "5121ab".into(),
        ticket_address: "Scticket".into(),
        vote_bits: VoteBits(5),
        vote_version: VoteVersion(12),
    }
}

fn stats() -> Stats {
    Stats {
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
    }
}

#[test]
fn stats_are_what_wallets_expect() {
    let line = Command::Stats
        .success(Data::Object(stats_object(&stats(), &settings())))
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
