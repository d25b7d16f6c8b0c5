//! `/admintickets`: which tickets are voted although their fee is too low.

mod view;

use std::collections::BTreeSet;

use http::StatusCode;

use crate::decred::TicketHash;
use crate::pool::{LowFeeAnswer, LowFeeLife};
use crate::web::error::Error;
use crate::web::request::AdminReq;
use crate::web::response::Response;

use view::LowFeeTickets;

pub async fn get(request: AdminReq) -> Result<Response, Error> {
    page(&request, StatusCode::OK, Vec::new(), None).await
}

pub async fn post(request: AdminReq) -> Result<Response, Error> {
    let (tickets, unreadable) = tickets(&request);
    let pool = &request.app.pool;
    let admin = request.user().id;
    let chosen = !tickets.is_empty();
    let mut answers = match request.form.text("action") {
        "add" if chosen => pool.add_low_fee(admin, request.client, tickets).await?,
        "remove" if chosen => pool.remove_low_fee(admin, request.client, tickets).await?,
        "add" | "remove" if unreadable.is_empty() => {
            return refuse(&request, "No ticket is chosen.").await;
        }
        "add" | "remove" => Vec::new(),
        _ => return refuse(&request, "Tickets can be added or removed, nothing else.").await,
    };
    answers.sort_by_key(|(ticket, _)| *ticket);
    let mut done: Vec<Done> = answers
        .into_iter()
        .map(|(ticket, answer)| Done {
            ticket: ticket.to_string(),
            answer: Some(answer),
        })
        .collect();
    done.extend(unreadable.into_iter().map(|ticket| Done {
        ticket,
        answer: None,
    }));
    page(&request, StatusCode::OK, done, None).await
}

/// What became of a ticket of the form.
#[derive(Debug)]
struct Done {
    /// As it was sent.
    ticket: String,
    /// `None`: it is no hash.
    answer: Option<LowFeeAnswer>,
}

/// The form's tickets, and what is no hash.
fn tickets(request: &AdminReq) -> (BTreeSet<TicketHash>, Vec<String>) {
    let (mut tickets, mut unreadable) = (BTreeSet::new(), Vec::new());
    for text in request.form.all("tickets[]") {
        match text.trim().parse() {
            Ok(hash) => drop(tickets.insert(hash)),
            Err(_) => unreadable.push(text.chars().take(80).collect()),
        }
    }
    (tickets, unreadable)
}

async fn refuse(request: &AdminReq, problem: &'static str) -> Result<Response, Error> {
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    page(request, status, Vec::new(), Some(problem)).await
}

async fn page(
    request: &AdminReq,
    status: StatusCode,
    done: Vec<Done>,
    problem: Option<&'static str>,
) -> Result<Response, Error> {
    let life = match request.query.get("past") {
        Some(_) => LowFeeLife::Past,
        None => LowFeeLife::Open,
    };
    let pool = &request.app.pool;
    let page = LowFeeTickets {
        token: request.form_token(),
        life,
        page: pool.low_fee_tickets(life, request.page_number()).await?,
        network: pool.settings().network,
        done,
        problem,
    };
    Ok(request.page(status, &page))
}
