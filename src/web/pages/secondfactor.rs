//! `/settings/second-factor`: turning it on, in two steps, and off; new recovery codes. What is secret is in the
//! answer to a form, once, and nowhere else.

mod view;

use http::StatusCode;

use super::signup::sentence;
use crate::pool::{Limited, Offer, SecondFactorState, TurnOnError};
use crate::secret::Secret;
use crate::web::error::{Error, refused_proof};
use crate::web::request::{Standing, UserReq};
use crate::web::response::{self, Response};

#[derive(Debug)]
struct SecondFactor {
    token: String,
    /// An operator's, without which the operators' pages stay shut.
    needed: bool,
    done: Option<&'static str>,
    problem: Option<String>,
    step: Step,
}

/// What the page shows.
#[derive(Debug)]
enum Step {
    Off,
    /// A key to take over into an app.
    Offered(Offer),
    /// New recovery codes.
    Codes(Vec<Secret>),
    On(SecondFactorState),
}

pub async fn get(request: UserReq) -> Result<Response, Error> {
    let off = request.query.get("off").is_some() && !request.user().second_factor;
    let done = off.then_some("Your second factor is off: your password alone signs in.");
    show(&request, StatusCode::OK, done, None).await
}

pub async fn post(request: UserReq) -> Result<Response, Error> {
    match request.form.text("action") {
        "offer" => offer(&request).await,
        "on" => turn_on(&request).await,
        "codes" => renew_codes(&request).await,
        "off" => turn_off(&request).await,
        _ => refuse(&request, "That cannot be done here.").await,
    }
}

async fn offer(request: &UserReq) -> Result<Response, Error> {
    if request.user().second_factor {
        return refuse(request, &TurnOnError::Already.to_string()).await;
    }
    let (pool, client) = (&request.app.pool, request.client);
    let own = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, own).await?;
    let (user, cookie) = (request.user().id, request.session().cookie());
    let offered = pool
        .offer_second_factor(user, &request.owner_proof(), cookie, client)
        .await;
    match offered {
        Ok(offer) => {
            pool.forgive(Limited::SignIn, client, own).await;
            Ok(answer(request, StatusCode::OK, None, Step::Offered(offer)))
        }
        Err(error) => refuse(request, &refused_proof(error)?).await,
    }
}

async fn turn_on(request: &UserReq) -> Result<Response, Error> {
    let pool = &request.app.pool;
    let (user, cookie) = (request.user(), request.session().cookie());
    let (sealed, typed) = (request.form.text("offer"), request.form.text("code"));
    let turned = pool
        .turn_on_second_factor(user.id, cookie, sealed, typed, request.client)
        .await;
    let refusal = match turned {
        Ok(codes) => return Ok(answer(request, StatusCode::OK, None, Step::Codes(codes))),
        Err(TurnOnError::Pool(error)) => return Err(error.into()),
        Err(refusal) => refusal,
    };
    if matches!(refusal, TurnOnError::WrongCode)
        && let Some(offer) = pool.same_offer(user.id, &user.email, cookie, sealed)?
    {
        let text = Some(sentence(&refusal.to_string()));
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(answer(request, status, text, Step::Offered(offer)));
    }
    refuse(request, &refusal.to_string()).await
}

async fn renew_codes(request: &UserReq) -> Result<Response, Error> {
    let (pool, client) = (&request.app.pool, request.client);
    let own = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, own).await?;
    let renewed = pool
        .renew_recovery_codes(request.user().id, &request.owner_proof(), client)
        .await;
    match renewed {
        Ok(Some(codes)) => {
            pool.forgive(Limited::SignIn, client, own).await;
            Ok(answer(request, StatusCode::OK, None, Step::Codes(codes)))
        }
        Ok(None) => refuse(request, "your second factor is off").await,
        Err(error) => refuse(request, &refused_proof(error)?).await,
    }
}

async fn turn_off(request: &UserReq) -> Result<Response, Error> {
    let (pool, client) = (&request.app.pool, request.client);
    let own = request.user().email.as_str();
    pool.limit(Limited::SignIn, client, own).await?;
    let turned = pool
        .turn_off_second_factor(request.user().id, &request.owner_proof(), client)
        .await;
    match turned {
        Ok(()) => {
            pool.forgive(Limited::SignIn, client, own).await;
            Ok(response::see_other("/settings/second-factor?off"))
        }
        Err(error) => refuse(request, &refused_proof(error)?).await,
    }
}

async fn refuse(request: &UserReq, problem: &str) -> Result<Response, Error> {
    let problem = Some(sentence(problem));
    show(request, StatusCode::UNPROCESSABLE_ENTITY, None, problem).await
}

/// The page as things are.
async fn show(
    request: &UserReq,
    status: StatusCode,
    done: Option<&'static str>,
    problem: Option<String>,
) -> Result<Response, Error> {
    let state = request.app.pool.second_factor(request.user().id).await?;
    let page = SecondFactor {
        done,
        ..page(request, problem, state.map_or(Step::Off, Step::On))
    };
    Ok(request.page(status, &page))
}

fn answer(request: &UserReq, status: StatusCode, problem: Option<String>, step: Step) -> Response {
    request.page(status, &page(request, problem, step))
}

fn page(request: &UserReq, problem: Option<String>, step: Step) -> SecondFactor {
    SecondFactor {
        token: request.form_token(),
        // The session was read before a form turned it on.
        needed: request.standing() == Standing::LacksSecondFactor
            && matches!(step, Step::Off | Step::Offered(_)),
        done: None,
        problem,
        step,
    }
}
