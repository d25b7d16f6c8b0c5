//! A daemon that misbehaves in every way costs one connection at most: never a panic, never a call
//! that hangs, never an answer given to the wrong caller.

use std::time::Duration;

use dcrstakepool::decred::{Height, Network, TicketHash, VoteVersion};
use dcrstakepool::node::check::Unfit;
use dcrstakepool::node::client::{NO_PARAMS, Subscription, Timing};
use dcrstakepool::node::{
    Client, Config, Dcrd, Dcrwallet, Error, Fault, Notification, Notifications, Options,
    SendOutcome, Unavailable, Written,
};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use serde_json::{Value, json};
use tokio::time::timeout;

use crate::harness::fake_daemon::{FakeDaemon, Reply};

/// For what must happen, on a slow machine too.
const LONG: Duration = Duration::from_secs(30);
/// For what must not happen in time.
const SHORT: Duration = Duration::from_millis(50);

/// Gives up a silent daemon soon, so that the tests are quick.
fn impatient() -> Options {
    Options {
        subscriptions: vec![Subscription::new("notifyblocks", json!([]))],
        timing: Timing {
            ping_every: Duration::from_millis(50),
            silence: Duration::from_millis(500),
            ..Timing::default()
        },
        ..Options::default()
    }
}

async fn start(fake: &FakeDaemon, options: Options) -> (Client, Notifications, Tasks) {
    let tasks = Tasks::new();
    let (client, mut notifications) = Client::start(fake.config(), options, &tasks).await.unwrap();
    assert_eq!(next(&mut notifications).await, connected(1));
    (client, notifications, tasks)
}

fn connected(generation: u64) -> Notification {
    Notification::Connected { generation }
}

async fn next(notifications: &mut Notifications) -> Notification {
    let next = timeout(LONG, notifications.recv()).await;
    next.expect("no notification").expect("the client ended")
}

/// The connection is lost, and then there is another, subscribed again, that works.
async fn recovers(fake: &FakeDaemon, client: &Client, notifications: &mut Notifications) -> String {
    let Notification::Disconnected { generation, reason } = next(notifications).await else {
        panic!("still connected");
    };
    assert_eq!(generation, 1);
    assert_eq!(next(notifications).await, connected(2));
    fake.wait_for_calls("notifyblocks", 2).await;
    assert!(client.is_connected());
    works(client).await;
    reason
}

async fn works(client: &Client) {
    let _: Value = client.call("getbestblock", NO_PARAMS, LONG).await.unwrap();
}

fn is_disconnected<T>(answer: &Result<T, Error>) -> bool {
    matches!(
        answer,
        Err(Error::Unavailable {
            reason: Unavailable::Disconnected(_),
            ..
        })
    )
}

async fn start_error(config: Config) -> Error {
    let tasks = Tasks::new();
    let started = Client::start(config, Options::default(), &tasks).await;
    assert!(tasks.stop_and_wait(LONG).await, "a task stayed behind");
    started.map(drop).unwrap_err()
}

#[tokio::test]
async fn answers_out_of_order_reach_their_callers() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    fake.script("getblockhash", |_| Reply::Hold);
    let calls = (1..=5).map(|n| client.call::<u32>("getblockhash", (n,), LONG));
    let answering = async {
        let mut held = fake.held(5).await;
        held.sort_by_key(|call| call.params[0].as_u64());
        for call in held.iter().rev() {
            assert_eq!(call.method, "getblockhash");
            call.answer(&call.params[0]);
        }
    };
    let (answers, ()) = tokio::join!(futures_util::future::join_all(calls), answering);
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn late_double_and_unknown_answers_harm_nobody() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    fake.script("getblockhash", |_| Reply::Hold);
    let answer = client.call::<u32>("getblockhash", (1,), SHORT).await;
    assert!(matches!(
        answer,
        Err(Error::Unavailable {
            reason: Unavailable::TimedOut(SHORT),
            ..
        })
    ));
    let late = fake.held(1).await.remove(0);
    late.answer(&json!(1));
    late.answer(&json!(2));
    for stray in [
        r#"{"id":18446744073709551615,"result":3}"#,
        r#"{"id":"text","result":3}"#,
        r#"{"id":-1}"#,
        "{}",
        r#"{"method":"unknown","params":[1],"id":null}"#,
    ] {
        fake.send_text(stray);
    }
    works(&client).await;
    assert_eq!(fake.calls_of("version").len(), 1, "it reconnected");
}

#[tokio::test]
async fn a_dropped_call_is_forgotten() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    fake.script("getblockhash", |_| Reply::Hold);
    let held = {
        let call = client.call::<u32>("getblockhash", (1,), LONG);
        tokio::select! {
            _ = call => panic!("answered by nobody"),
            mut held = fake.held(1) => held.remove(0),
        }
    };
    held.answer(&json!(7));
    works(&client).await;
}

#[tokio::test]
async fn garbage_costs_the_connection_and_pending_calls_learn_it_at_once() {
    for garbage in [
        "garbage",
        "",
        r#"{"id":1,"result":"#,
        "[]",
        r#"{"method":"winningtickets","params":["zz"]}"#,
    ] {
        let fake = FakeDaemon::dcrd().await;
        let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
        fake.script("getblockhash", |_| Reply::Silence);
        let pending = client.call::<u32>("getblockhash", (1,), LONG);
        let sending = async {
            fake.wait_for_calls("getblockhash", 1).await;
            fake.send_text(garbage);
        };
        let (answer, ()) = tokio::join!(pending, sending);
        assert!(is_disconnected(&answer), "{garbage}: {answer:?}");
        let reason = recovers(&fake, &client, &mut notifications).await;
        assert!(reason.starts_with("garbage"), "{reason}");
    }
}

#[tokio::test]
async fn garbage_instead_of_an_answer_fails_the_call() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
    fake.script("getblockhash", |_| {
        Reply::Text("<html>busy</html>".to_owned())
    });
    let answer = client.call::<u32>("getblockhash", (1,), LONG).await;
    assert!(is_disconnected(&answer), "{answer:?}");
    recovers(&fake, &client, &mut notifications).await;
}

#[tokio::test]
async fn frames_that_are_none_cost_the_connection() {
    // A reserved opcode; a frame of 2^40 bytes; a masked frame; a text that is no UTF-8; a binary one.
    let frames: [&[u8]; 5] = [
        &[0x83, 0x00],
        &[0x81, 0x7f, 0, 0, 1, 0, 0, 0, 0, 0],
        &[0x81, 0x81, 1, 2, 3, 4, 5],
        &[0x81, 0x02, 0xc3, 0x28],
        &[0x82, 0x01, 0x00],
    ];
    for frame in frames {
        let fake = FakeDaemon::dcrd().await;
        let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
        fake.script("getblockhash", |_| Reply::Silence);
        let call = client.call::<u32>("getblockhash", (1,), LONG);
        let sending = async {
            fake.wait_for_calls("getblockhash", 1).await;
            fake.send_bytes(frame);
        };
        let (answer, ()) = tokio::join!(call, sending);
        assert!(is_disconnected(&answer), "{frame:?}: {answer:?}");
        recovers(&fake, &client, &mut notifications).await;
    }
}

#[tokio::test]
async fn a_truncated_frame_ends_by_silence() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
    // 1,000 bytes are announced, two come.
    fake.script("getblockhash", |_| {
        Reply::Bytes(vec![0x81, 0x7e, 0x03, 0xe8, b'{', b'"'])
    });
    let call = client.call::<u32>("getblockhash", (1,), LONG);
    let freezing = async {
        fake.wait_for_calls("getblockhash", 1).await;
        fake.freeze();
    };
    let (answer, ()) = tokio::join!(call, freezing);
    assert!(is_disconnected(&answer), "{answer:?}");
    let reason = recovers(&fake, &client, &mut notifications).await;
    assert_eq!(reason, "the daemon is silent");
}

#[tokio::test]
async fn a_silent_daemon_is_noticed_and_left() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
    fake.freeze();
    let answer = client.call::<u32>("getblockhash", (1,), LONG).await;
    assert!(is_disconnected(&answer), "{answer:?}");
    recovers(&fake, &client, &mut notifications).await;
}

#[tokio::test]
async fn a_connection_lost_before_the_answer_fails_the_call_as_unknown() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
    fake.script("sendrawtransaction", |_| Reply::Drop);
    let outcome = Dcrd::new(client.clone())
        .send_vote("00", LONG, &Written::default())
        .await;
    assert!(matches!(outcome, SendOutcome::Unknown(_)), "{outcome:?}");
    recovers(&fake, &client, &mut notifications).await;
}

#[tokio::test]
async fn a_daemon_that_is_away_is_awaited() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, impatient()).await;
    fake.close(true);
    fake.drop_connections();
    assert!(matches!(
        next(&mut notifications).await,
        Notification::Disconnected { generation: 1, .. }
    ));
    let answer = client.call::<u32>("getblockhash", (1,), LONG).await;
    assert!(answer.unwrap_err().is_unavailable());
    assert!(client.connected(SHORT).await.is_err());
    fake.close(false);
    client.connected(LONG).await.unwrap();
    assert_eq!(next(&mut notifications).await, connected(2));
    works(&client).await;
}

#[tokio::test]
async fn an_answer_without_essentials_fails_its_call_only() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    let dcrd = Dcrd::new(client.clone());
    for result in [
        Value::Null,
        json!({}),
        json!({"pos": "secret text"}),
        json!([]),
    ] {
        fake.answer("getblocksubsidy", result);
        let error = dcrd.vote_subsidy(Height(144)).await.unwrap_err();
        assert!(matches!(error, Error::Garbled { .. }), "{error}");
        assert!(!error.to_string().contains("secret"), "{error}");
    }
    fake.answer("existslivetickets", json!("01"));
    let nine = [TicketHash::ZERO; 9];
    assert!(dcrd.exists_live(&nine[..8]).await.unwrap()[0]);
    assert!(dcrd.exists_live(&nine).await.is_err());
    fake.refuse("getvoteinfo", -8, "10: unrecognized vote version");
    assert_eq!(dcrd.vote_info(VoteVersion(10)).await.unwrap(), None);
    assert_eq!(fake.calls_of("version").len(), 1, "it reconnected");
}

#[tokio::test]
async fn votes_are_pipelined_and_background_calls_leave_them_room() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    fake.script("getblockhash", |_| Reply::Hold);
    fake.script("sendrawtransaction", |_| Reply::Hold);
    let dcrd = Dcrd::new(client);
    let background = dcrd.unhurried();
    let slow = (0..30).map(|height| background.block_hash(Height(height)));
    let slow = futures_util::future::join_all(slow);
    let written = Written::default();
    let votes = (0..5).map(|_| dcrd.send_vote("00", LONG, &written));
    let votes = futures_util::future::join_all(votes);
    let answering = async {
        // Five votes beside the eight calls that background work may have under way.
        let held = fake.held(13).await;
        assert_eq!(fake.calls_of("sendrawtransaction").len(), 5);
        let hash = TicketHash::ZERO;
        fake.answer("getblockhash", json!(hash));
        for call in held {
            call.answer(&json!(hash));
        }
    };
    let (votes, slow, ()) = tokio::join!(votes, slow, answering);
    for vote in votes {
        assert!(matches!(vote, SendOutcome::Accepted(_)), "{vote:?}");
    }
    assert!(slow.iter().all(Result::is_ok));
}

#[tokio::test]
async fn overflow_of_the_queue_is_told_and_nothing_waits_for_the_reader() {
    let fake = FakeDaemon::dcrd().await;
    let options = Options {
        queue: 4,
        ..impatient()
    };
    let (client, mut notifications, _tasks) = start(&fake, options).await;
    for height in 0..50 {
        fake.notify(
            "winningtickets",
            &json!([TicketHash::ZERO, height, {"0": TicketHash::ZERO}]),
        );
    }
    // An answer behind the flood: the reader has got over it.
    works(&client).await;
    assert_eq!(next(&mut notifications).await, Notification::Lost);
    for expected in 0..4 {
        let Notification::WinningTickets(winners) = next(&mut notifications).await else {
            panic!("not the oldest ones");
        };
        assert_eq!(winners.height, Height(expected));
    }
}

#[tokio::test]
async fn tens_of_thousands_of_tickets_are_read() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, Options::default()).await;
    let tickets = vec![TicketHash::of(b"ticket"); 40_960];
    fake.answer("livetickets", json!({"tickets": tickets}));
    assert_eq!(Dcrd::new(client).live_tickets().await.unwrap(), tickets);
}

#[tokio::test]
async fn a_list_comes_on_a_connection_of_its_own_and_ends_with_the_one_it_was_asked_by() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, tasks) = start(&fake, Options::default()).await;
    fake.script("livetickets", |_| Reply::Hold);
    let dcrd = Dcrd::new(client);
    let stopping = async {
        fake.held(1).await;
        tasks.stop();
    };
    let asking = tokio::time::timeout(LONG, dcrd.live_tickets());
    let (answer, ()) = tokio::join!(asking, stopping);
    let error = answer.expect("an end before the list's own").unwrap_err();
    assert!(error.is_unavailable(), "{error}");
}

#[tokio::test]
async fn calls_in_flight_are_answered_after_the_order_to_stop() {
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, tasks) = start(&fake, Options::default()).await;
    fake.script("sendrawtransaction", |_| Reply::Hold);
    let dcrd = Dcrd::new(client.clone());
    let answering = async {
        let held = fake.held(1).await;
        tasks.stop();
        held[0].answer(&json!(TicketHash::ZERO));
    };
    let written = Written::default();
    let (outcome, ()) = tokio::join!(dcrd.send_vote("00", LONG, &written), answering);
    assert!(matches!(outcome, SendOutcome::Accepted(_)), "{outcome:?}");
    assert!(tasks.stop_and_wait(LONG).await, "a task stayed behind");
    let after = client.call::<u32>("getblockhash", (1,), LONG).await;
    assert!(after.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn a_client_ends_with_its_last_handle() {
    let fake = FakeDaemon::dcrd().await;
    let (client, mut notifications, _tasks) = start(&fake, Options::default()).await;
    drop(client);
    assert_eq!(timeout(LONG, notifications.recv()).await.unwrap(), None);
}

#[tokio::test]
async fn start_tells_a_wrong_certificate_password_or_daemon() {
    let fake = FakeDaemon::dcrd().await;
    let other = FakeDaemon::dcrd().await;
    let right = fake.config();

    let error = start_error(Config {
        cert_pem: other.config().cert_pem,
        ..right.clone()
    })
    .await;
    assert!(matches!(error, Error::WrongCertificate { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Wrong);
    assert!(
        error.to_string().contains(&fake.address().to_string()),
        "{error}"
    );

    let error = start_error(Config {
        cert_pem: "none".to_owned(),
        ..right.clone()
    })
    .await;
    assert!(matches!(error, Error::BadPin { .. }), "{error}");
    assert_eq!(error.fault(), Fault::Config);

    let wrong = Config {
        password: Secret::new("hunter2"),
        ..right.clone()
    };
    let error = start_error(wrong).await;
    assert!(matches!(error, Error::Unauthorized { .. }), "{error}");
    assert!(!error.to_string().contains("hunter2"));

    let error = start_error(Config {
        name: "dcrwallet",
        ..right.clone()
    })
    .await;
    assert!(matches!(error, Error::WrongDaemon { .. }), "{error}");
}

#[tokio::test]
async fn start_tells_what_is_no_daemon_or_not_there() {
    let fake = FakeDaemon::dcrd().await;
    let right = fake.config();
    fake.handshake_status(Some(404));
    let error = start_error(right.clone()).await;
    assert!(matches!(error, Error::WrongDaemon { .. }), "{error}");

    fake.handshake_status(Some(503));
    let error = start_error(right.clone()).await;
    assert_eq!(error.fault(), Fault::Unavailable, "{error}");

    fake.close(true);
    let error = start_error(right.clone()).await;
    assert_eq!(error.fault(), Fault::Unavailable, "{error}");

    drop(fake);
    let error = start_error(Config {
        host: "127.0.0.1:1".to_owned(),
        ..right
    })
    .await;
    assert!(error.to_string().contains("refused"), "{error}");
    assert_eq!(error.fault(), Fault::Unavailable);
}

#[tokio::test]
async fn a_silent_or_plain_server_is_told_from_a_daemon() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let fake = FakeDaemon::dcrd().await;
    let config = Config {
        host: silent.local_addr().unwrap().to_string(),
        ..fake.config()
    };
    let tasks = Tasks::new();
    let hasty = Options {
        timing: Timing {
            connect: SHORT,
            ..Timing::default()
        },
        ..Options::default()
    };
    let error = Client::start(config.clone(), hasty, &tasks)
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                reason: Unavailable::TimedOut(_),
                ..
            }
        ),
        "{error}"
    );

    let plain = async {
        use tokio::io::AsyncWriteExt as _;
        // The first one is the hasty client's.
        let (_hasty, _) = silent.accept().await.unwrap();
        let (mut stream, _) = silent.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        // Closing now would reset the connection under the answer.
        stream
    };
    let (error, _stream) = tokio::join!(start_error(config), plain);
    assert!(matches!(error, Error::Tls { .. }), "{error}");
}

#[tokio::test]
async fn a_subscription_that_fails_at_start_is_an_error() {
    let fake = FakeDaemon::dcrd().await;
    fake.refuse(
        "notifywinningtickets",
        -1,
        "limited user not authorized for this method",
    );
    let tasks = Tasks::new();
    let error = Dcrd::start(fake.config(), &tasks).await.unwrap_err();
    assert!(error.to_string().contains("limited user"), "{error}");
    assert!(tasks.stop_and_wait(LONG).await, "a task stayed behind");
}

#[tokio::test]
async fn checks_name_what_makes_a_daemon_unfit() {
    let tasks = Tasks::new();
    let fake = FakeDaemon::dcrd().await;
    let (dcrd, _notifications) = Dcrd::start(fake.config(), &tasks).await.unwrap();
    let facts = dcrd.check(Network::Simnet).await.unwrap();
    assert!(facts.version.starts_with("2.1.6"), "{}", facts.version);
    let unfit = dcrd.check(Network::Mainnet).await.unwrap_err();
    assert!(
        unfit.to_string().ends_with("is on simnet, not on mainnet"),
        "{unfit}"
    );
    fake.answer("getinfo", json!({"version": 1, "blocks": 1}));
    let unfit = dcrd.check(Network::Simnet).await.unwrap_err();
    assert!(matches!(unfit, Unfit::NoTxIndex(_)), "{unfit}");

    let fake = FakeDaemon::dcrwallet().await;
    let (wallet, _notifications) = Dcrwallet::start(fake.config(), &tasks).await.unwrap();
    let key = wallet.master_pubkey("default").await.unwrap();
    wallet.check(Network::Simnet, &key).await.unwrap();
    let unfit = wallet
        .check(Network::Simnet, &Secret::new("spub"))
        .await
        .unwrap_err();
    assert!(matches!(unfit, Unfit::OtherMasterKey { .. }), "{unfit}");
    assert_eq!(unfit.fault(), Fault::Wrong);
    let info = |unlocked: bool, voting: bool| json!({"daemonconnected": true, "unlocked": unlocked, "voting": voting, "voteversion": 12});
    fake.answer("walletinfo", info(false, false));
    let unfit = wallet.check(Network::Simnet, &key).await.unwrap_err();
    assert_eq!(unfit.fault(), Fault::Unavailable, "{unfit}");
    fake.answer("walletinfo", info(true, true));
    let unfit = wallet.check(Network::Simnet, &key).await.unwrap_err();
    assert!(matches!(unfit, Unfit::VotesItself(_)), "{unfit}");
}

/// Each worker calls and calls; an answer must be its own, and trouble must be named as such.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn calls_across_many_lost_connections_never_get_anothers_answer() {
    const WORKERS: u32 = 8;
    let fake = FakeDaemon::dcrd().await;
    let (client, _notifications, _tasks) = start(&fake, impatient()).await;
    fake.script("getblockhash", |params| Reply::Result(params[0].clone()));
    let work = (0..WORKERS).map(|worker| {
        let client = client.clone();
        async move {
            let mut answered = 0_u32;
            let mut number = worker;
            while answered < 200 {
                number += WORKERS;
                match client.call::<u32>("getblockhash", (number,), LONG).await {
                    Ok(answer) => {
                        assert_eq!(answer, number);
                        answered += 1;
                    }
                    Err(error) => {
                        assert!(error.is_unavailable(), "{error}");
                        client.connected(LONG).await.unwrap();
                    }
                }
            }
        }
    });
    let breaking = async {
        for round in 1..=10 {
            fake.wait_for_calls("getblockhash", round * 100).await;
            fake.drop_connections();
        }
    };
    let all = async { tokio::join!(futures_util::future::join_all(work), breaking) };
    timeout(LONG, all).await.expect("a call hangs");
}
