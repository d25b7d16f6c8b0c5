//! The pool with fake voters over a real database, a file per concern.

mod accounts;
mod enrolment;
mod halt;
mod voters;
