//! Without any I/O but reading files: the chain's facts against recorded examples, laws that must hold
//! for every input, and the shape of the source tree.

mod commands;
mod documents;
pub mod fuzz;
mod hostile;
mod laws;
mod layers;
pub mod monitoring;
mod secrets;
mod vectors;
