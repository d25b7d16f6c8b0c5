//! Stories on real daemons: from sign-up to counted vote.

mod current;
mod recipes;
