//! Addresses of the program before this one.

use crate::web::error::Error;
use crate::web::request::Request;
use crate::web::response::{Response, moved};

pub fn register(_: &Request) -> Result<Response, Error> {
    Ok(moved("/signup"))
}

pub fn login(_: &Request) -> Result<Response, Error> {
    Ok(moved("/signin"))
}
