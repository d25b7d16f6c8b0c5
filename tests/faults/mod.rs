//! What goes wrong on a real network: processes die or freeze, connections break, while blocks come about
//! every second. Each scenario asserts from the chain that no vote was missed, sees everything become
//! normal again without help, and writes one line that begins with `measured:`.

mod accidents;
mod alone;
mod base;
mod chaos;
mod clock;
mod cluster;
mod connections;
mod database;
mod disks;
mod downtime;
mod enrolment;
mod missed;
mod order;
mod procedures;
mod processes;
mod reorganisation;
mod scripted_chain;
mod stage;
mod state;
mod truth;
mod verdict;
mod wallets;
