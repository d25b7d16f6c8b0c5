//! The pages: a file each, with what it shows as a struct of plain values, and its handlers. They
//! read the request, call one method of the pool, and choose a page.

pub mod address;
pub mod adminlog;
pub mod adminpool;
pub mod admintickets;
pub mod adminusers;
pub mod apipage;
mod audit;
pub mod captcha;
pub mod components;
pub mod emailupdate;
pub mod emailverify;
pub mod error;
pub mod files;
pub mod home;
pub mod icons;
pub mod layout;
pub mod legal;
pub mod logout;
pub mod passwordreset;
pub mod passwordupdate;
pub mod probes;
pub mod qr;
pub mod redirects;
pub mod secondfactor;
pub mod settings;
pub mod signin;
pub mod signincode;
pub mod signup;
pub mod stats;
pub mod status;
pub mod tickets;
pub mod voting;

use http::StatusCode;

use super::kept::{Basis, Kept};
use super::request::AnonymousReq;
use super::response::{self, Response};
use layout::{Frame, Page};

/// The pages that all guests see alike.
#[derive(Debug, Default)]
pub(super) struct KeptPages {
    home: Kept<(Frame, home::Home)>,
    stats: Kept<(Frame, stats::StatsPage)>,
}

impl<P: Basis> Basis for (Frame, P) {
    fn is_same(&self, other: &Self) -> bool {
        self.0.is_same(&other.0) && self.1.is_same(&other.1)
    }
}

/// The page, made anew only if it is another one than the last guest's.
fn for_everybody<P: Page + Basis>(
    request: &AnonymousReq,
    kept: &Kept<(Frame, P)>,
    page: P,
) -> Response {
    if request.user().is_some() {
        return request.ok(&page);
    }
    let html = kept.answer((request.frame().clone(), page), |(frame, page)| {
        layout::render(frame, page).into_string().into()
    });
    response::revalidated(response::html(StatusCode::OK, html))
}
