//! What operators run beside the program: alerts, the public face in front of web, units.

mod alerts;
mod faces;
mod tools;
mod units;
