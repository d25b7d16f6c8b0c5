//! Votes a holder's tickets with the holder's own key, should the pool be away: the script of a pool ticket
//! wants one of two keys, and the holder has one of them.
//!
//! dcrd names the winners, the wallet that bought the tickets knows which are its own and signs. It holds no
//! key and no state: a vote that a voter of the pool sent first is found to be there already.

mod script_file;
mod voter;

pub use script_file::{ScriptFile, ScriptFileError};
pub use voter::{Alone, Cast, Error};
