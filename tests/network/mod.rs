//! Stories on real daemons: from sign-up to counted vote.

mod claims;
mod current;
mod legacy;
mod recipes;
