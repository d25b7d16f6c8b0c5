//! Of several `migrate` on one MySQL database one is at work at a time. (SQLite has the lock of its file.)

use std::fmt;
use std::time::Duration;

use diesel::connection::SimpleConnection as _;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Nullable};

use super::connection::Location;
use super::error::Failure;
use super::{Error, Options, Result};
use crate::secret::Secret;

/// The server is asked to wait for so many seconds at a time.
const PATIENCE: u32 = 5;
/// No answer takes longer.
const LIMIT: Duration = Duration::from_secs(20);

/// Held until it is dropped, or the process ends. Nodes of a Galera cluster do not know of each other's: there it
/// keeps apart who works over the same node.
pub struct Turn {
    _connection: Option<MysqlConnection>,
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

/// Waits until nobody else changes the tables of this database, and keeps others from it; `waits` is called once if
/// there is somebody.
///
/// # Errors
/// When the server cannot be reached, or goes.
pub async fn take_turn(options: &Options, waits: fn()) -> Result<Turn> {
    let Location::Mysql { url, .. } = Location::parse(&options.url)? else {
        return Ok(Turn { _connection: None });
    };
    let mut connection = within_limit(move || open(&url)).await?;
    let mut patience = 0;
    loop {
        let (answer, back) = within_limit(move || {
            let answer = ask(&mut connection, patience)?;
            Ok((answer, connection))
        })
        .await?;
        connection = back;
        match answer {
            Answer::Yours => {
                return Ok(Turn {
                    _connection: Some(connection),
                });
            }
            Answer::NoSuchLocks => return Ok(Turn { _connection: None }),
            Answer::Another if patience == 0 => waits(),
            Answer::Another => {}
        }
        patience = PATIENCE;
    }
}

async fn within_limit<T: Send + 'static>(
    work: impl FnOnce() -> std::result::Result<T, Failure> + Send + 'static,
) -> Result<T> {
    match tokio::time::timeout(LIMIT, tokio::task::spawn_blocking(work)).await {
        Ok(Ok(done)) => Ok(done?),
        Ok(Err(error)) => Err(Error::Query(error.to_string())),
        Err(_) => Err(Error::Unavailable("no answer".into())),
    }
}

fn open(url: &Secret) -> std::result::Result<MysqlConnection, Failure> {
    let mut connection =
        MysqlConnection::establish(url.expose()).map_err(|error| Failure::of_connecting(&error))?;
    // It says nothing more, for as long as the work takes.
    connection
        .batch_execute("SET SESSION wait_timeout = 604800")
        .map_err(|error| Failure::of_statement(&error))?;
    Ok(connection)
}

enum Answer {
    Yours,
    Another,
    /// Some clusters refuse them.
    NoSuchLocks,
}

#[derive(QueryableByName)]
struct Got {
    #[diesel(sql_type = Nullable<BigInt>)]
    got: Option<i64>,
}

fn ask(connection: &mut MysqlConnection, patience: u32) -> std::result::Result<Answer, Failure> {
    // The names of locks are the whole server's.
    let asked: QueryResult<Got> = diesel::sql_query(format!(
        "SELECT CAST(GET_LOCK(CONCAT('dcrstakepool.', MD5(DATABASE())), {patience}) AS SIGNED) AS got"
    ))
    .get_result(connection);
    match asked {
        Ok(Got { got: Some(1) }) => Ok(Answer::Yours),
        Ok(Got { got: Some(_) }) => Ok(Answer::Another),
        Ok(Got { got: None }) => Err(Failure::unavailable("the server gives no lock")),
        Err(error) => {
            let failure = Failure::of_statement(&error);
            if !failure.spares_connection() {
                return Err(failure);
            }
            tracing::warn!(%error, "another `migrate` on this database would not be noticed");
            Ok(Answer::NoSuchLocks)
        }
    }
}
