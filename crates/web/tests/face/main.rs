//! The administration API over its faces, without a socket: one program, so that it links once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[path = "../../../control/tests/support/world.rs"]
#[allow(dead_code, reason = "control's own tests use the rest")]
mod world;

mod access;
mod ages;
mod costs;
mod gateway;
mod keys;
mod leaks;
mod ledger;
mod managing;
mod organization;
mod prices;
mod rate_limits;
mod requests;
mod spending;
mod superset;
mod unusual;
mod usage;
