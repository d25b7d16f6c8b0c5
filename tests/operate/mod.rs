//! What operators run beside the program: alerts, units.

mod alerts;
mod tools;
mod units;
