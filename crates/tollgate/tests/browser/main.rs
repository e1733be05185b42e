//! The dashboard in a real browser: headless Chromium, as people use it.
//!
//! `pages.rs` looks at every page in three widths and two themes (pictures in
//! `target/screenshots`) and has axe look for what keeps people out; the other files walk through
//! what people do.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and start processes"
)]

mod egress;
mod keys;
mod managing;
mod office;
mod overview;
mod pages;
mod playground;
mod prices;
mod routes;
mod signing_in;
mod upstreams;
mod welcome;
