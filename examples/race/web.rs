//! The site beside a bare server that sends the same bytes, page by page, in turns.

mod crowd;
pub mod load;
mod mirror;
mod report;
mod site;

use std::time::Instant;

use super::options::Web;
use load::{Load, Target};
use mirror::Mirror;
use report::{Burst, Page, Run, Summary, tell};
use site::{Database, Site};

/// A pool to measure.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub database: Database,
    pub users: u32,
    pub sessions: u32,
    /// Of the user who looks.
    pub tickets: u32,
    /// Of the others.
    pub other_tickets: u32,
}

const FIRST: Setting = Setting {
    database: Database::Sqlite,
    users: 2_000,
    sessions: 2_000,
    tickets: 400,
    other_tickets: 2_000,
};

const LARGE: Setting = Setting {
    users: 100_000,
    sessions: 100_000,
    tickets: 10_000,
    other_tickets: 31_000,
    ..FIRST
};

const OTHERS: [Setting; 3] = [
    LARGE,
    Setting {
        database: Database::MariaDb,
        ..FIRST
    },
    Setting {
        database: Database::MariaDb,
        ..LARGE
    },
];

/// What is asked for: a path, and who asks.
const PAGES: [(&str, Who); 8] = [
    ("/", Who::Guest),
    ("/stats", Who::Guest),
    ("/signin", Who::Guest),
    ("/assets/style.css", Who::Guest),
    ("/api/v2/stats", Who::Guest),
    ("/tickets", Who::Owner),
    ("/settings", Who::Owner),
    ("/api/v2/getpurchaseinfo", Who::Token),
];

#[derive(Debug, Clone, Copy)]
enum Who {
    Guest,
    /// With the session of the user who has tickets.
    Owner,
    /// With that user's API token.
    Token,
}

pub fn race(options: &Web) {
    let first = run(options, FIRST);
    let mut runs = Vec::new();
    if !options.quick {
        runs.extend(OTHERS.map(|setting| run(options, setting)));
    }
    let summary = Summary::of(first, runs);
    if options.json
        && let Ok(line) = serde_json::to_string(&summary)
    {
        println!("{line}");
    }
}

fn run(options: &Web, setting: Setting) -> Run {
    let start = Instant::now();
    println!("\n{setting}");
    let mut site = Site::open(setting);
    println!("ready after {} s", start.elapsed().as_secs());
    let idle = site.memory_mb();
    let mut load_mb = idle;
    let mut pages = Vec::new();
    for (path, who) in PAGES {
        let target = target(&site, path, who);
        let page = measure(options, &target);
        tell(path, &page);
        pages.push((path, page));
        load_mb = site.memory_mb().max(load_mb);
    }
    let burst = burst(options, &mut site);
    println!("memory {idle:.1} MB idle, {load_mb:.1} MB after load; {burst}");
    Run::of(setting, pages, (idle, load_mb), burst)
}

fn target(site: &Site, path: &str, who: Who) -> Target {
    let header = match who {
        Who::Guest => None,
        Who::Owner => Some(("Cookie", site.cookie())),
        Who::Token => Some(("Authorization", site.bearer())),
    };
    Target {
        port: site.port(),
        path: match path {
            "/assets/style.css" => site.style_sheet(),
            path => path.to_owned(),
        },
        header,
    }
}

/// The site and the limit take turns, so that what else the machine does meets both.
fn measure(options: &Web, target: &Target) -> Page {
    let answer = target.ask();
    assert_eq!(answer.status, 200, "{}: {}", target.path, answer.body);
    let mirror = Mirror::of(&answer);
    let reflected = Target {
        port: mirror.port(),
        ..target.clone()
    };
    assert_eq!(reflected.ask().body, answer.body, "the mirror distorts");
    let (mut ours, mut limit) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        ours.push(Load::of(target, options.seconds));
        limit.push(Load::of(&reflected, options.seconds));
    }
    Page::of(&Load::mean(&ours), &Load::mean(&limit), answer.body.len())
}

/// What others wait while 50 people sign in again and again.
fn burst(options: &Web, site: &mut Site) -> Burst {
    let target = target(site, "/stats", Who::Guest);
    let before = Load::of(&target, options.seconds);
    let during = site.while_signing_in(50, || Load::of(&target, options.seconds));
    Burst::of(&before, &during)
}
