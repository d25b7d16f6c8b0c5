//! What operators run beside the program: alerts, the public face in front of web, units, packages; and
//! what they read.

mod alerts;
mod book;
mod faces;
mod package;
mod rehearsal;
mod tools;
mod units;
