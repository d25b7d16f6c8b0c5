//! What each request of a signed-in user costs in the process: `cargo bench --bench site`. The database is a file of
//! SQLite.

#![expect(
    clippy::expect_used,
    reason = "a site that cannot be made ends the benchmark with the reason"
)]

use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use dcrstakepool::clock::Clock;
use dcrstakepool::db::{Access, Enrolment, Options, SignUp, Store, TicketPage, Verification};
use dcrstakepool::decred::{Atoms, Height, Network, TicketHash};
use dcrstakepool::domain::{FeeVerdict, InstanceId, TicketRecord, TicketStatus, UserId};
use dcrstakepool::mail::{Delivery, LogMailer};
use dcrstakepool::pool::{Alerting, AsOf, DoorSign, Limits, Parts, Pool, Settings};
use dcrstakepool::secret::Secret;
use dcrstakepool::shutdown::Tasks;
use dcrstakepool::web::{self, App, Brand, router};
use http::Request;
use http_body_util::{BodyExt as _, Empty};
use hyper::body::Bytes;
use tokio::runtime::Runtime;

const EXTPUB: &str = "spubVUkaTP2Zou5goHKCg4oskYSmojxFuf7vf99REjYMXYioE2iWc4kcDXLq3wF9keARCdHTWdXgUbEdXJwKftCDUacbYLZRqMYMZU7dPf8qgBT";
const TICKETS: u32 = 400;

/// A site without sockets, and the cookie of a user with tickets.
struct Site {
    app: Arc<App>,
    cookie: Secret,
    _folder: tempfile::TempDir,
}

impl Site {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite://{}", folder.path().join("pool.db").display());
        let options = Options::new(Secret::new(url), 4, Access::Owner);
        let store = Store::connect(options).await.expect("a database");
        store.require_schema().await.expect("a schema");
        let user = user_with_tickets(&store).await;
        let parts = Parts {
            settings: settings(),
            pool_id: store.pool_id().await.expect("an id"),
            store,
            peers: Vec::new(),
            delivery: Delivery::AtOnce(Arc::new(LogMailer)),
            alerting: Alerting::default(),
            clock: Clock::system(),
            tasks: Tasks::new(),
        };
        let pool = Arc::new(Pool::new(parts).expect("a pool"));
        let cookie = pool.start_session(user, None).await.expect("a session");
        let settings = web::Settings::default();
        Self {
            app: Arc::new(App::new(settings, Brand::default(), pool)),
            cookie,
            _folder: folder,
        }
    }

    async fn page(&self, path: &str, signed_in: bool) -> usize {
        let mut request = Request::get(path);
        if signed_in {
            request = request.header("cookie", format!("session={}", self.cookie.expose()));
        }
        let (parts, body) = request
            .body(Empty::<Bytes>::new())
            .expect("a request")
            .into_parts();
        let answer = router::answer(&self.app, None, parts, body).await;
        assert!(answer.status().is_success(), "{path}: {}", answer.status());
        let body = answer.into_body().collect().await;
        body.expect("a page").to_bytes().len()
    }
}

fn settings() -> Settings {
    Settings {
        network: Network::Simnet,
        name: "Pool".into(),
        description: String::new(),
        email: "admin@example.com".into(),
        link: String::new(),
        fees: vec![(Height(0), 5.0)],
        sign: DoorSign::default(),
        voting_wallet_extpub: Secret::new(EXTPUB),
        cold_wallet_extpub: Secret::new(EXTPUB),
        min_voters: 1,
        max_users: 100,
        base_url: "http://127.0.0.1".into(),
        former_base_urls: Vec::new(),
        api_secret: Secret::new("0123456789abcdef0123456789abcdef"),
        limits: Limits::default(),
    }
}

async fn user_with_tickets(store: &Store) -> UserId {
    let sign_up = SignUp {
        email: "kim@example.com".into(),
        password_hash: Secret::new("none"),
        token_hash: "hash".into(),
        now: 0,
    };
    store.record_sign_up(sign_up).await.expect("a sign-up");
    let verified = store.verify_sign_up("hash", 100, 0).await;
    let Ok(Verification::Verified(user)) = verified else {
        return UserId(0);
    };
    let enrolment = Enrolment {
        user_id: user,
        pool_pubkey_address: "Sk".into(),
        user_pubkey_address: "Sk".into(),
        redeem_script: "51".into(),
        ticket_address: "Sc".into(),
        fee_address: "Ss".into(),
        height_registered: Height(1),
    };
    assert!(store.enrol(enrolment, None).await.expect("an enrolment"));
    let page = TicketPage {
        voter: "voter".into(),
        instance: InstanceId(uuid::Uuid::nil()),
        sequence: 1,
        tickets: (0..TICKETS).map(|number| ticket(number, user)).collect(),
        gone: Vec::new(),
        overrules: false,
        tip: None,
    };
    store.store_tickets(page).await.expect("tickets");
    user
}

fn ticket(number: u32, user: UserId) -> TicketRecord {
    let hash = TicketHash::of(&number.to_le_bytes());
    TicketRecord {
        hash,
        user_id: user,
        ticket_address: "Sc".into(),
        price: Atoms(25_123_456_789),
        fee_paid: Atoms(12_345_678),
        mined: Some((hash, Height(number))),
        status: TicketStatus::Live,
        verdict: FeeVerdict::Good,
        vote: None,
        revocation: None,
    }
}

fn benches(c: &mut Criterion) {
    let runtime = Runtime::new().expect("threads");
    let site = runtime.block_on(Site::open());
    for (path, signed_in) in [("/", false), ("/signin", false), ("/tickets", true)] {
        c.bench_function(&format!("page {path}"), |b| {
            b.iter(|| runtime.block_on(site.page(path, signed_in)));
        });
    }
    for (name, as_of) in [("of a moment ago", AsOf::Lately), ("of now", AsOf::Now)] {
        c.bench_function(&format!("session lookup, {name}"), |b| {
            b.iter(|| runtime.block_on(site.app.pool.session(site.cookie.expose(), as_of)));
        });
    }
}

criterion_group!(all, benches);
criterion_main!(all);
