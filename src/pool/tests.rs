//! The pool with fake voters over a real database, a file per concern.

mod accounts;
mod alerts;
mod differences;
mod email_change;
mod enrolment;
mod halt;
mod low_fee;
mod mails;
mod news;
mod password_reset;
mod recent;
mod restored;
mod samples;
mod second_factor;
mod teaching;
mod voters;
