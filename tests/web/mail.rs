//! Mails as a mail server gets them.

use dcrstakepool::config::{MailConfig, MailTls};
use dcrstakepool::mail::{Carrier as _, DeliveryError, Mail, Parcel, Smtp};
use dcrstakepool::secret::Secret;
use http::StatusCode;

use super::browser::{Browser, PASSWORD};
use super::site::{MONITOR_TOKEN, Site, Wish, user_address, wait_for};
use crate::harness::port::free_port;
use crate::harness::smtp::{Manners, Security, SmtpServer};

const MAIL_PASSWORD: &str = "the-mail-server-s-password";

fn with_login() -> Manners {
    Manners {
        login: Some(("pool".into(), MAIL_PASSWORD.into())),
        ..Manners::default()
    }
}

fn config(server: &SmtpServer, tls: MailTls) -> MailConfig {
    MailConfig {
        host: "127.0.0.1".into(),
        port: server.port,
        tls,
        from: "Test pool <pool@example.com>".parse().expect("an address"),
        username: String::new(),
        password: Secret::default(),
        ca_cert_pem: Some(server.authority().to_owned()),
    }
}

fn signed_in(config: MailConfig, password: &str) -> MailConfig {
    MailConfig {
        username: "pool".into(),
        password: Secret::new(password),
        ..config
    }
}

async fn send(config: MailConfig) -> Result<(), DeliveryError> {
    let parcel = Parcel {
        id: "00ff".into(),
        created: 1_700_000_000,
        mail: Mail {
            to: "kim@example.com".into(),
            subject: "häläütös".into(),
            body: "first\n.\n..last\n".into(),
            html: "<p>first</p>".into(),
        },
    };
    Smtp::new(config).expect("usable").carry(&parcel).await
}

#[tokio::test]
async fn mails_leave_in_plain_text_by_starttls_and_by_tls() {
    for (security, tls) in [
        (Security::Plain, MailTls::None),
        (Security::StartTls, MailTls::StartTls),
        (Security::Tls, MailTls::Tls),
    ] {
        let server = SmtpServer::start(security, with_login()).await;
        send(signed_in(config(&server, tls), MAIL_PASSWORD))
            .await
            .unwrap_or_else(|error| panic!("{security:?}: {error}"));
        let taken = server.taken().pop().expect("a mail");
        assert_eq!(taken.encrypted, security != Security::Plain);
        assert!(taken.signed_in);
        assert_eq!(
            (taken.from.as_str(), taken.to.as_str()),
            ("pool@example.com", "kim@example.com")
        );
        assert!(taken.text.contains("\r\n.\r\n..last\r\n"), "{}", taken.text);
    }
}

#[tokio::test]
async fn a_mail_is_sent_when_it_is_taken_however_the_server_parts() {
    let clings = Manners {
        clings: true,
        ..Manners::default()
    };
    let server = SmtpServer::start(Security::Plain, clings).await;
    send(config(&server, MailTls::None)).await.expect("sent");
    assert_eq!(server.taken().len(), 1);
}

#[tokio::test]
async fn nothing_is_said_to_a_server_that_is_not_the_right_one() {
    let other = SmtpServer::start(Security::Tls, Manners::default()).await;
    for (security, tls) in [
        (Security::StartTls, MailTls::StartTls),
        (Security::Tls, MailTls::Tls),
    ] {
        let server = SmtpServer::start(security, Manners::default()).await;
        let foreign = MailConfig {
            ca_cert_pem: Some(other.authority().to_owned()),
            ..config(&server, tls)
        };
        let error = send(foreign).await.unwrap_err();
        assert!(matches!(error, DeliveryError::Later(_)), "{error:?}");
        assert!(server.taken().is_empty());
    }
    // Offers no encryption: a wire-tapper may have cut it out.
    let server = SmtpServer::start(Security::Plain, Manners::default()).await;
    let error = send(config(&server, MailTls::StartTls)).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Later(_)), "{error:?}");
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_wrong_login_gives_up_no_mail_and_a_refused_recipient_does() {
    let server = SmtpServer::start(Security::StartTls, with_login()).await;
    let login = signed_in(config(&server, MailTls::StartTls), "wrong");
    let error = send(login).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Later(_)), "{error:?}");
    let none = config(&server, MailTls::StartTls);
    let error = send(none).await.unwrap_err();
    assert!(matches!(error, DeliveryError::Later(_)), "{error:?}");
    server.behave(Manners {
        refuses: Some("kim@example.com".into()),
        ..Manners::default()
    });
    let error = send(config(&server, MailTls::StartTls)).await.unwrap_err();
    assert!(
        matches!(&error, DeliveryError::Refused(text) if text.contains("no such user")),
        "{error:?}"
    );
}

pub(super) fn section(port: u16, tls: &str, more: &str) -> String {
    format!(
        "[mail]\nhost = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\n\
         from = \"Test pool <pool@example.com>\"\n{more}"
    )
}

async fn site(mail: String) -> Site {
    Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\n",
        mail,
        ..Wish::default()
    })
    .await
}

pub(super) async fn mailed(server: &SmtpServer, to: &str, path: &str) -> String {
    wait_for(|| {
        let taken = server.taken();
        let mails = taken.iter().filter(|mail| mail.to == to);
        mails.filter_map(|mail| mail.token(path)).next_back()
    })
    .await
}

pub(super) async fn sign_up(browser: &mut Browser, email: &str) {
    let fields = [
        ("email", email),
        ("password", PASSWORD),
        ("passwordrepeat", PASSWORD),
    ];
    let answer = browser.submit("/signup", &fields).await;
    assert_eq!(answer.status, StatusCode::OK, "{answer:#?}");
}

#[tokio::test]
async fn a_user_joins_and_sets_a_new_password_by_mail() {
    let server = SmtpServer::start(Security::StartTls, with_login()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let authority = folder.path().join("ca.pem");
    std::fs::write(&authority, server.authority()).expect("a file");
    let more = format!(
        "username = \"pool\"\npassword = \"{MAIL_PASSWORD}\"\nca_cert = \"{}\"\n",
        authority.display()
    );
    let site = site(section(server.port, "starttls", &more)).await;
    let mut browser = site.browser();
    let email = "alice@example.com";
    sign_up(&mut browser, email).await;
    let verify = mailed(&server, email, "http://pool.example.com/emailverify").await;
    let page = format!("/emailverify?t={verify}");
    let answer = browser.submit(&page, &[("t", &verify)]).await;
    answer.shows("your account is ready");

    browser.submit("/passwordreset", &[("email", email)]).await;
    let reset = mailed(&server, email, "http://pool.example.com/passwordupdate").await;
    let fields = [
        ("t", reset.as_str()),
        ("password", "battery staple"),
        ("passwordrepeat", "battery staple"),
    ];
    let page = format!("/passwordupdate?t={reset}");
    let answer = browser.submit(&page, &fields).await;
    answer.shows("Your password is changed");
    let signed_in = browser.sign_in(email, "battery staple").await;
    assert_eq!(signed_in.status, StatusCode::SEE_OTHER);
    wait_for(|| (server.taken().len() == 3).then_some(())).await;

    let address = user_address(1);
    let key = [("UserPubKeyAddr", address.as_str())];
    let page = browser.submit("/address", &key).await;
    page.shows("A copy is on its way to your mail box.");
    let script = browser.get("/address/script.txt").await.body;
    wait_for(|| (server.taken().len() == 4).then_some(())).await;
    let said = server.taken().pop().expect("a mail").said();
    let copies = said.matches(script.trim()).count();
    assert!(script.len() > 140 && copies == 2, "{script} in {said}");
    let log = site.log();
    for secret in [verify.as_str(), &reset, MAIL_PASSWORD] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

async fn status(site: &Site) -> String {
    let mut monitor = site.browser();
    monitor
        .headers
        .push(("authorization", format!("Bearer {MONITOR_TOKEN}")));
    monitor.get("/status").await.body
}

async fn status_shows(site: &Site, text: &str) {
    for _ in 0..1500 {
        if status(site).await.contains(text) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no {text:?} in {}", status(site).await);
}

#[tokio::test]
async fn a_dead_mail_server_holds_up_no_page_and_loses_no_mail() {
    let mut site = site(section(free_port(), "none", "")).await;
    sign_up(&mut site.browser(), "alice@example.com").await;
    site.logged("mail not sent yet").await;
    status_shows(&site, "1 waiting").await;
    assert!(!site.log().contains("?t="), "{}", site.log());
    // Not even by a power cut.
    site.kill();
    site.start_again().await;
    status_shows(&site, "1 waiting").await;
}

/// The mail line of `check web`, and what it ended with.
async fn checked(site: &Site) -> (Option<i32>, String) {
    let output = site.command(&["check", "web"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains("mail "));
    let line = line.unwrap_or_else(|| panic!("no line in {text}"));
    (output.status.code(), line.to_owned())
}

#[tokio::test]
async fn check_says_whether_the_mail_server_answers() {
    let server = SmtpServer::start(Security::Plain, with_login()).await;
    let login = format!("username = \"pool\"\npassword = \"{MAIL_PASSWORD}\"\n");
    let site = site(section(server.port, "none", &login)).await;
    let (_, line) = checked(&site).await;
    assert!(line.contains("answers as [mail] says"), "{line}");
    server.behave(Manners {
        login: Some(("pool".into(), "another".into())),
        ..Manners::default()
    });
    let (code, line) = checked(&site).await;
    assert!(code == Some(1) && line.contains("wrong"), "{code:?} {line}");
    assert!(!line.contains(MAIL_PASSWORD));
    drop(server);
    let (code, line) = checked(&site).await;
    assert_eq!(code, Some(1));
    assert!(
        line.contains("127.0.0.1") && !line.contains("answers as"),
        "{line}"
    );
}

#[tokio::test]
async fn a_silent_mail_server_holds_up_no_page() {
    let server = SmtpServer::start(
        Security::Plain,
        Manners {
            silent: true,
            ..Manners::default()
        },
    )
    .await;
    let site = site(section(server.port, "none", "")).await;
    let mut browser = site.browser();
    for n in 0..5 {
        sign_up(&mut browser, &format!("user{n}@example.com")).await;
    }
    status_shows(&site, "5 waiting").await;
    assert!(server.taken().is_empty());
}

#[tokio::test]
async fn a_refused_recipient_is_given_up_and_the_others_get_theirs() {
    let server = SmtpServer::start(
        Security::Plain,
        Manners {
            refuses: Some("nobody@example.com".into()),
            ..Manners::default()
        },
    )
    .await;
    let site = site(section(server.port, "none", "")).await;
    let mut browser = site.browser();
    sign_up(&mut browser, "nobody@example.com").await;
    sign_up(&mut browser, "alice@example.com").await;
    mailed(&server, "alice@example.com", "/emailverify").await;
    status_shows(&site, "0 waiting, 1 given up").await;
    assert_eq!(server.taken().len(), 1);
}
