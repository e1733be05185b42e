//! Answers kept, and one call for all that ask the same (P14; cases 111 to 116). Every test is held
//! against the provider's bill when it ends: what the cache gave was not billed, and costs nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and run on the real clock"
)]

mod file;
mod flights;
mod forms;
mod hits;
mod limits;
mod near;
mod never;
mod routes;
mod sharing;
mod strangers;
mod support;
