//! `/tickets.csv` and `/tickets.json`: all that the pool knows of a user's tickets, read from the database in
//! batches while it is sent.

use std::sync::Arc;

use futures_util::stream::try_unfold;
use hyper::body::Bytes;

use super::search::{Search, word};
use crate::decred::Atoms;
use crate::decred::params::Params;
use crate::domain::{FeeVerdict, TicketRecord, UserId};
use crate::pool::{Pool, TicketFilter, TicketPlace};
use crate::web::api::Object;
use crate::web::body::{Body, Cut};
use crate::web::error::Error;
use crate::web::request::UserReq;
use crate::web::response::{self, Response};

pub async fn csv(request: UserReq) -> Result<Response, Error> {
    let body = Export::start(&request, Format::Csv).await?;
    let response = response::streamed("text/csv; charset=utf-8", body);
    Ok(response::download(response, "tickets.csv"))
}

pub async fn json(request: UserReq) -> Result<Response, Error> {
    let body = Export::start(&request, Format::Json).await?;
    let response = response::streamed("application/json; charset=utf-8", body);
    Ok(response::download(response, "tickets.json"))
}

#[derive(Debug, Clone, Copy)]
enum Format {
    Csv,
    Json,
}

/// What a ticket's column holds.
#[derive(Debug)]
enum Value {
    Nothing,
    Text(String),
    Number(u64),
    Amount(Atoms),
}

impl Value {
    fn text(text: Option<impl ToString>) -> Self {
        text.map_or(Self::Nothing, |text| Self::Text(text.to_string()))
    }

    fn number(number: Option<impl Into<u64>>) -> Self {
        number.map_or(Self::Nothing, |number| Self::Number(number.into()))
    }
}

/// A ticket's columns in their order, which only grows at its end: people's sheets rely on it.
fn columns(ticket: &TicketRecord, params: &Params) -> [(&'static str, Value); 17] {
    let (mined, vote) = (ticket.mined, ticket.vote.as_ref());
    let callable = ticket.callable(params);
    [
        ("ticket", Value::text(Some(ticket.hash))),
        ("status", Value::text(Some(word(ticket.status)))),
        ("fee_verdict", Value::text(Some(verdict(ticket.verdict)))),
        ("ticket_address", Value::text(Some(&ticket.ticket_address))),
        ("price_dcr", Value::Amount(ticket.price)),
        ("pool_fee_dcr", Value::Amount(ticket.fee_paid)),
        ("mined_block", Value::text(mined.map(|(block, _)| block))),
        (
            "mined_height",
            Value::number(mined.map(|(_, height)| height.0)),
        ),
        (
            "first_call_height",
            Value::number(callable.map(|(first, _)| first)),
        ),
        (
            "expiry_height",
            Value::number(callable.map(|(_, last)| last)),
        ),
        ("vote", Value::text(vote.map(|vote| vote.hash))),
        ("vote_block", Value::text(vote.map(|vote| vote.block))),
        ("vote_height", Value::number(vote.map(|vote| vote.height.0))),
        ("vote_bits", Value::number(vote.map(|vote| vote.bits.0))),
        (
            "vote_version",
            Value::number(vote.map(|vote| vote.version.0)),
        ),
        (
            "reward_dcr",
            vote.map_or(Value::Nothing, |vote| Value::Amount(vote.reward)),
        ),
        ("revocation", Value::text(ticket.revocation)),
    ]
}

fn verdict(verdict: FeeVerdict) -> &'static str {
    match verdict {
        FeeVerdict::Pending => "pending",
        FeeVerdict::Good => "good",
        FeeVerdict::Low => "low",
        FeeVerdict::Added => "added",
    }
}

const CSV_HEAD: &str = "ticket,status,fee_verdict,ticket_address,price_dcr,pool_fee_dcr,mined_block,mined_height,\
                        first_call_height,expiry_height,vote,vote_block,vote_height,vote_bits,vote_version,\
                        reward_dcr,revocation\r\n";

fn csv_row(ticket: &TicketRecord, params: &Params) -> String {
    let cells = columns(ticket, params).map(|(_, value)| match value {
        Value::Nothing => String::new(),
        Value::Text(text) => csv_text(&text),
        Value::Number(number) => number.to_string(),
        Value::Amount(amount) => amount.to_string(),
    });
    cells.join(",") + "\r\n"
}

/// Quoted where need be; what a spreadsheet would take for a formula is made a text.
fn csv_text(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']);
    let text = format!("{}{text}", if formula { "'" } else { "" });
    if text.contains([',', '"', '\r', '\n']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

/// What is not there is left out.
fn json_row(ticket: &TicketRecord, params: &Params) -> String {
    let columns = columns(ticket, params).into_iter();
    let object = columns.fold(Object::new(), |object, (name, value)| match value {
        Value::Nothing => object,
        Value::Text(text) => object.text(name, &text),
        Value::Number(number) => object.count(name, number),
        Value::Amount(amount) => object.amount(name, amount),
    });
    object.to_json()
}

/// How far an export is.
struct Export {
    pool: Arc<Pool>,
    user: UserId,
    /// `None`: nothing can match.
    filter: Option<TicketFilter>,
    format: Format,
    /// The first batch was read before the answer began.
    first: Option<Vec<TicketRecord>>,
    /// The last ticket that was sent.
    place: Option<TicketPlace>,
    ended: bool,
}

impl Export {
    /// Fails while there still can be an error page.
    async fn start(request: &UserReq, format: Format) -> Result<Body, Error> {
        let mut export = Self {
            pool: request.app.pool.clone(),
            user: request.user().id,
            filter: Search::read(&request.query).filter(),
            format,
            first: None,
            place: None,
            ended: false,
        };
        export.first = Some(export.read().await?);
        Ok(Body::parts(try_unfold(export, Self::next)))
    }

    async fn read(&self) -> Result<Vec<TicketRecord>, Error> {
        let Some(filter) = self.filter.clone() else {
            return Ok(Vec::new());
        };
        let place = self.place.clone();
        Ok(self.pool.next_tickets(self.user, filter, place).await?)
    }

    async fn next(mut self) -> Result<Option<(Bytes, Self)>, Cut> {
        if self.ended {
            return Ok(None);
        }
        let (batch, begins) = match self.first.take() {
            Some(batch) => (batch, true),
            None => (self.read().await.map_err(|error| cut(&error))?, false),
        };
        self.ended = batch.is_empty();
        self.place = batch.last().map(TicketPlace::of);
        let text = self.text(&batch, begins);
        // The tail of a CSV file is empty, and an empty part is none.
        Ok((!text.is_empty()).then(|| (text.into(), self)))
    }

    fn text(&self, batch: &[TicketRecord], begins: bool) -> String {
        let params = self.pool.settings().params();
        match self.format {
            Format::Csv => {
                let head = if begins { CSV_HEAD } else { "" };
                let rows = batch.iter().map(|ticket| csv_row(ticket, params));
                rows.fold(head.to_owned(), |text, row| text + &row)
            }
            Format::Json => {
                let head = if begins {
                    json_head(params.name)
                } else {
                    String::new()
                };
                let rows = batch.iter().enumerate().map(|(index, ticket)| {
                    let comma = if begins && index == 0 { "\n" } else { ",\n" };
                    comma.to_owned() + &json_row(ticket, params)
                });
                let text = rows.fold(head, |text, row| text + &row);
                text + if batch.is_empty() { "\n]}\n" } else { "" }
            }
        }
    }
}

fn json_head(network: &str) -> String {
    format!("{{\"network\":\"{network}\",\"tickets\":[")
}

fn cut(error: &Error) -> Cut {
    crate::web::router::log(error);
    Cut
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decred::Network;
    use crate::web::pages::tickets::row::tests::{ticket, voted_ticket};

    #[test]
    fn every_column_has_its_head_and_a_ticket_s_life_is_told_whole() {
        let params = Network::Mainnet.params();
        let names = columns(&ticket(), params).map(|(name, _)| name);
        assert_eq!(names.join(",") + "\r\n", CSV_HEAD);
        let (own, block, vote, in_block) = (
            "ab".repeat(32),
            "cd".repeat(32),
            "ef".repeat(32),
            "01".repeat(32),
        );
        assert_eq!(
            csv_row(&ticket(), params),
            format!("{own},live,good,Sc,20.50000000,0.00012345,{block},1000,1256,42216,,,,,,,\r\n")
        );
        assert_eq!(
            csv_row(&voted_ticket(), params),
            format!(
                "{own},voted,good,Sc,20.50000000,0.00012345,{block},1000,1256,42216,{vote},{in_block},\
                 2000,5,12,1.50000000,\r\n"
            )
        );
        let json: serde_json::Value =
            serde_json::from_str(&json_row(&voted_ticket(), params)).unwrap();
        assert_eq!(json["reward_dcr"], 1.5);
        assert_eq!(
            (&json["vote_bits"], &json["vote_height"]),
            (&5.into(), &2000.into())
        );
        assert!(json.get("revocation").is_none());
        assert!(json_row(&ticket(), params).contains("\"price_dcr\":20.50000000,"));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for (text, cell) in [
            ("plain", "plain"),
            ("=1+1", "'=1+1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+1", "'+1"),
            ("-1", "'-1"),
            ("\t=1", "'\t=1"),
            ("a,b", "\"a,b\""),
            ("=\"x\"", "\"'=\"\"x\"\"\""),
            ("a\nb", "\"a\nb\""),
        ] {
            assert_eq!(csv_text(text), cell);
        }
    }
}
