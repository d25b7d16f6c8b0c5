//! How a voter says it is, asked as web asks.

use std::time::Duration;

use dcrstakepool::rpc::method::STATUS;
use dcrstakepool::rpc::wire::{PATH, Status};

use super::http;
use super::pool::Role;

/// A voter that has something to say says it sooner, on a busy machine too.
const LIMIT: Duration = Duration::from_secs(10);

/// By the way that no fault of the test's lies on.
pub fn status(voter: &Role) -> Result<Status, String> {
    let endpoint = voter.endpoint();
    let path = format!("{PATH}{STATUS}");
    let answer = http::post_secure(
        endpoint.port,
        &endpoint.cert,
        &path,
        &voter.token(),
        "{}",
        LIMIT,
    )
    .map_err(|error| error.to_string())?;
    if answer.status != 200 {
        return Err(format!("status: {} {}", answer.status, answer.body));
    }
    serde_json::from_str(&answer.body).map_err(|error| format!("{error}: {}", answer.body))
}
