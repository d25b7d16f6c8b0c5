//! `/address`: one public key in, the ticket address out, and how to buy with it.

pub mod by_hand;
mod view;

use std::borrow::Cow;

use http::StatusCode;
use maud::{Markup, Render};

use super::layout::Page;
use crate::decred::Network;
use crate::pool::{EnrolError, Enrolled, Limited, NotNow, PurchaseInfo};
use crate::web::api::Object;
use crate::web::error::Error;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

/// Before enrolment.
#[derive(Debug)]
struct Enrol {
    token: String,
    /// What the user typed.
    address: String,
    problem: Option<String>,
    /// Why nobody can enrol at this moment, if so.
    obstacle: Option<String>,
    network: Network,
}

/// After it.
#[derive(Debug)]
struct Ready {
    enrolled: Enrolled,
    info: PurchaseInfo,
    base_url: String,
    network: Network,
    told: Told,
    /// The user did not say yet that the script is saved.
    unsaved: bool,
    token: String,
}

/// What the page has to say first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Nothing,
    /// Enrolled by this very request.
    Accepted,
    /// A key was sent although there is one.
    Kept,
}

pub async fn get(request: UserReq) -> Result<Response, Error> {
    if let Some(enrolled) = request.user().enrolled.clone() {
        return ready(&request, enrolled, Told::Nothing).await;
    }
    let obstacle = obstacle(&request).await;
    Ok(form(&request, StatusCode::OK, None, obstacle))
}

pub async fn post(request: UserReq) -> Result<Response, Error> {
    let user = request.user().id;
    let pool = &request.app.pool;
    if request.form.is_set("scriptSaved") {
        pool.note_saved_script(user).await?;
        return Ok(response::see_other("/tickets"));
    }
    let address = request.form.text("UserPubKeyAddr").trim();
    pool.limit(Limited::Address, request.client, user).await?;
    let enrolled = pool.enrol(user, address, request.client).await;
    let refusal = match (enrolled, &request.user().enrolled) {
        (Ok(enrolled), _) => return ready(&request, enrolled, Told::Accepted).await,
        (Err(EnrolError::AlreadySubmitted), Some(enrolled)) => {
            return ready(&request, enrolled.clone(), Told::Kept).await;
        }
        (Err(EnrolError::Pool(error)), _) => return Err(error.into()),
        (Err(refusal), _) => refusal,
    };
    let status = match refusal {
        EnrolError::NotNow(_) => StatusCode::SERVICE_UNAVAILABLE,
        EnrolError::Closed(_) => StatusCode::FORBIDDEN,
        EnrolError::AlreadySubmitted => StatusCode::CONFLICT,
        _ => StatusCode::UNPROCESSABLE_ENTITY,
    };
    Ok(form(&request, status, Some(explain(&refusal)), None))
}

fn form(
    request: &UserReq,
    status: StatusCode,
    problem: Option<String>,
    obstacle: Option<String>,
) -> Response {
    let page = Enrol {
        token: request.form_token(),
        address: request.form.text("UserPubKeyAddr").trim().to_owned(),
        problem,
        obstacle,
        network: request.app.pool.settings().network,
    };
    request.page(status, &page)
}

async fn ready(request: &UserReq, enrolled: Enrolled, told: Told) -> Result<Response, Error> {
    let settings = request.app.pool.settings();
    let status = match told {
        Told::Nothing | Told::Accepted => StatusCode::OK,
        Told::Kept => StatusCode::CONFLICT,
    };
    let page = Ready {
        info: purchase_info(request, &enrolled),
        enrolled,
        base_url: settings.base_url.clone(),
        network: settings.network,
        told,
        unsaved: request
            .app
            .pool
            .lacks_saved_script(request.user().id)
            .await?,
        token: request.form_token(),
    };
    Ok(request.page(status, &page))
}

fn purchase_info(request: &UserReq, enrolled: &Enrolled) -> PurchaseInfo {
    request.app.pool.purchase_info(request.user(), enrolled)
}

/// What would stop an enrolment now, so that nobody types for nothing.
async fn obstacle(request: &UserReq) -> Option<String> {
    let pool = &request.app.pool;
    let closed = pool.closed_reason();
    if closed.is_some() {
        return closed;
    }
    let halted = pool.status().await.halt.is_some();
    halted.then(|| explain(&NotNow::Halted.into()))
}

fn explain(refusal: &EnrolError) -> String {
    match refusal {
        EnrolError::AlreadySubmitted => {
            "You have submitted an address before: it stays as it is. Open this page again to see it."
                .to_owned()
        }
        EnrolError::Closed(reason) => reason.clone(),
        EnrolError::TooShort => {
            "This address is too short for a public-key address. An ordinary address cannot be \
             used: the pool needs the public key behind it. See below how to get it."
                .to_owned()
        }
        EnrolError::TooLong => "This is too long for an address. Was something else pasted with it?".to_owned(),
        EnrolError::Undecodable => {
            "This is no address of this network: a character is missing or wrong, or it belongs to \
             another network."
                .to_owned()
        }
        EnrolError::WrongType => {
            "This is an address, but not one of a public key (secp256k1) of your own wallet. See \
             below how to get one."
                .to_owned()
        }
        EnrolError::NotNow(NotNow::Halted) => {
            "New addresses are not taken at this moment: the voting wallets do not agree with each \
             other, and the operator was told. Nothing was stored, and tickets of existing users are \
             voted as ever. Please try again later."
                .to_owned()
        }
        EnrolError::NotNow(NotNow::TooFewVoters { .. }) => {
            "Too few voting wallets can be reached to make sure that they all know your address. \
             Nothing was stored, and tickets of existing users are voted as ever. Please try again \
             in a few minutes."
                .to_owned()
        }
        EnrolError::NotNow(NotNow::Configuration(_)) => {
            "New addresses are not taken at this moment: the voting wallets are being configured. \
             Nothing was stored. Please try again later."
                .to_owned()
        }
        EnrolError::Pool(_) => "Something went wrong.".to_owned(),
    }
}

/// What `dcrctl` wants to hear about the network.
fn network_flag(network: Network) -> &'static str {
    match network {
        Network::Mainnet => "",
        Network::Testnet => "--testnet ",
        Network::Simnet => "--simnet ",
    }
}

/// The script alone, for `importscript`.
pub fn script_text(request: &UserReq) -> Result<Response, Error> {
    let Some(enrolled) = &request.user().enrolled else {
        return Ok(response::see_other("/address"));
    };
    let text = format!("{}\n", enrolled.redeem_script);
    Ok(response::download(
        response::text(StatusCode::OK, text),
        "ticket-script.txt",
    ))
}

/// All that is needed to buy tickets, or to spend them should the pool ever vanish.
pub fn script_json(request: &UserReq) -> Result<Response, Error> {
    let Some(enrolled) = &request.user().enrolled else {
        return Ok(response::see_other("/address"));
    };
    let info = purchase_info(request, enrolled);
    let json = Object::new()
        .text("network", request.app.pool.settings().params().name)
        .text("ticket_address", &enrolled.ticket_address)
        .text("redeem_script", &enrolled.redeem_script)
        .text("user_pubkey_address", &enrolled.user_pubkey_address)
        .text("pool_pubkey_address", &enrolled.pool_pubkey_address)
        .text("fee_address", &info.fee_address)
        .number("fee_percent", info.fee_percent)
        .to_json();
    Ok(response::download(
        response::json(StatusCode::OK, json + "\n"),
        "ticket-script.json",
    ))
}

impl Page for Enrol {
    fn title(&self) -> Cow<'static, str> {
        "Your public key".into()
    }
}

impl Render for Enrol {
    fn render(&self) -> Markup {
        view::enrol(self)
    }
}

impl Page for Ready {
    fn title(&self) -> Cow<'static, str> {
        "Your ticket address".into()
    }
}

impl Render for Ready {
    fn render(&self) -> Markup {
        view::ready(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::{Height, VoteBits, VoteVersion};

    fn enrol() -> Enrol {
        Enrol {
            token: "t".into(),
            address: "Sk\"typed".into(),
            problem: None,
            obstacle: None,
            network: Network::Simnet,
        }
    }

    #[test]
    fn the_form_keeps_what_was_typed() {
        let mut page = enrol();
        page.problem = Some(explain(&EnrolError::TooShort));
        let html = page.render().into_string();
        assert!(html.contains("name=\"UserPubKeyAddr\"") && html.contains("Sk&quot;typed"));
        assert!(html.contains("too short") && html.contains("name=\"csrf_token\""));
    }

    #[test]
    fn while_nobody_can_enrol_there_is_no_form() {
        let mut page = enrol();
        page.obstacle = Some(explain(&NotNow::Halted.into()));
        let html = page.render().into_string();
        assert!(html.contains("do not agree") && !html.contains("UserPubKeyAddr"));
    }

    #[test]
    fn every_refusal_says_that_nothing_is_lost_or_what_to_do() {
        for refusal in [
            EnrolError::AlreadySubmitted,
            EnrolError::TooLong,
            EnrolError::Undecodable,
            EnrolError::WrongType,
            NotNow::Configuration("pool.fees".into()).into(),
            NotNow::TooFewVoters {
                confirmed: 0,
                needed: 1,
            }
            .into(),
        ] {
            let text = explain(&refusal);
            assert!(text.len() > 40 && !text.contains("pool.fees"), "{text}");
        }
    }

    #[test]
    fn buyers_see_all_that_their_wallet_needs() {
        let page = Ready {
            enrolled: Enrolled {
                ticket_address: "Scticket".into(),
                redeem_script: "5121ab".into(),
                pool_pubkey_address: "Skpool".into(),
                user_pubkey_address: "Skuser".into(),
                fee_address: "Ssfee".into(),
                height_registered: Height(7),
            },
            info: PurchaseInfo {
                fee_address: "Ssfee".into(),
                fee_percent: 7.5,
                redeem_script: "5121ab".into(),
                ticket_address: "Scticket".into(),
                vote_bits: VoteBits(1),
                vote_version: VoteVersion(1),
            },
            base_url: "https://pool.example.com".into(),
            network: Network::Simnet,
            unsaved: true,
            token: String::new(),
            told: Told::Accepted,
        };
        let html = page.render().into_string();
        for text in [
            "Scticket",
            "5121ab",
            "Ssfee",
            "Skuser",
            "7.5 %",
            "dcrstakepool buy --pool https://pool.example.com",
            "localhost:19557",
            "purchaseticket",
            "/address/script.txt",
            "/address/script.json",
        ] {
            assert!(html.contains(text), "{text}");
        }
    }
}
