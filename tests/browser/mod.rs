//! The real site in Debian's Chromium: the whole story by keyboard alone, and every page in four
//! variants, examined with axe and kept as pictures in `target/browser`. The scripts beside this file
//! drive the browser; here is the site that they see.

mod album;
mod node;

use std::path::Path;

use super::web::browser::Browser;
use super::web::site::{Site, Wish, user_address};
use crate::harness::mariadb::MariaDb;

use album::{Album, People};
use node::Node;

#[tokio::test]
async fn the_whole_story_is_told_by_keyboard_alone() {
    let site = Site::start().await;
    let mut node = Node::start("story.mjs", &site, &[&user_address(1)]);
    while let Some(line) = node.line().await {
        let mail = line.strip_prefix("mail ").and_then(|it| it.split_once(' '));
        if let Some((email, path)) = mail {
            let token = site.mailed_link(email, path).await;
            node.answer(&format!("{path}?t={token}"));
        }
    }
    node.ended();
}

#[tokio::test]
async fn every_page_in_every_variant_is_accessible_and_fits() {
    let site = Site::with(Wish {
        voters: 2,
        pool: "min_voters = 2\n",
        limits: "sign_in_per_minute = 0\nsign_up_per_hour = 0\nmail_per_hour = 20\naddress_per_hour = 0\n\
                 preference_per_minute = 0\n",
        assets: &[
            (
                "terms.html",
                "<h2>What we promise</h2><p>To vote, always.</p>",
            ),
            (
                "privacy.html",
                "<p>We keep your e-mail address, and nothing that we need not.</p>",
            ),
        ],
        ..Wish::default()
    })
    .await;
    let mut people = People::of(&site).await;
    let folder = node::pictures();
    let usual = people.album();
    look(&site, &usual, &folder).await;
    let trouble = people.in_trouble(&site).await;
    look(&site, &trouble, &folder).await;
    let guarded = guarded(&folder).await;
    let pictures = std::fs::read_dir(folder.join("360-dark")).expect("pictures");
    assert_eq!(pictures.count(), usual.pages() + trouble.pages() + guarded);
}

/// The pages of another site, with captcha, whose database falls silent; gives how many there are.
async fn guarded(folder: &Path) -> usize {
    let server = MariaDb::start();
    let mut site = Site::with(Wish {
        voters: 1,
        pool: "min_voters = 1\n",
        database: Some(server.url(&server.create_database())),
        ..Wish::default()
    })
    .await;
    let user = Browser::new_user(&site, "kim@example.com").await;
    site.edit("captcha = false", "captcha = true");
    site.stop().await;
    site.start_again().await;
    let captcha = album::with_captcha(&site).await;
    look(&site, &captcha, folder).await;
    server.freeze();
    let silent = album::without_database(&user);
    look(&site, &silent, folder).await;
    server.thaw();
    captcha.pages() + silent.pages()
}

/// All pages of the album, into the folder.
async fn look(site: &Site, album: &Album, folder: &Path) {
    let plan = site.folder.path().join("album.json");
    std::fs::write(&plan, album.json()).expect("folder");
    let arguments = [plan.to_str(), folder.to_str()].map(|path| path.expect("a path of letters"));
    let mut node = Node::start("looks.mjs", site, &arguments);
    while node.line().await.is_some() {}
    node.ended();
}

/// Signed up, signed in, and with a ticket address.
async fn enrolled(site: &Site, email: &str, number: u32) -> Browser {
    let mut browser = Browser::new_user(site, email).await;
    let answer = browser
        .submit("/address", &[("UserPubKeyAddr", &user_address(number))])
        .await;
    answer.shows("Your key was accepted");
    browser
}
