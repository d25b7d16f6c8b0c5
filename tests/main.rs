//! All integration tests in one binary, a module per ring: `scripts/test RING…` runs `RING::`.

#[cfg(test)]
#[expect(dead_code, reason = "some verbs are for examples/demo.rs alone")]
mod harness;

#[cfg(test)]
mod browser;
#[cfg(test)]
mod db;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod network;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod pure;
#[cfg(test)]
mod upgrade;
#[cfg(test)]
mod web;
