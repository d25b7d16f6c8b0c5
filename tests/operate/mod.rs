//! What operators run beside the program: alerts.

mod alerts;
mod tools;
