//! What bad input, faults and stops must meet: the hygiene of the data plane and of the process.
//! Each test names the case (`case_70`) or the promise (`p13`) that it answers.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking, and run on the real clock"
)]

mod advice;
mod applying;
mod attempts;
mod audit;
mod bodies;
mod certificates;
mod crossing;
mod doctor;
mod egress;
mod front;
mod http2;
mod idempotency;
mod jobs;
mod key_use;
mod keys;
mod kill;
mod kill_loop;
mod leaks;
mod ledger;
mod limits;
mod models;
mod money;
mod observing;
mod pacing;
mod prices;
mod project_rules;
mod proxies;
mod quickstart;
mod rates;
mod refusals;
mod reloading;
mod revoking;
mod rotation;
mod routes;
mod rules;
mod runs;
mod scopes;
mod starting;
mod stopping;
mod streams;
mod support;
mod surface;
mod targets;
mod terminal;
mod tls;
mod upstreams;
mod wire;
