//! What operators run beside the program: alerts, the public face in front of web, units, packages.

mod alerts;
mod faces;
mod package;
mod rehearsal;
mod tools;
mod units;
