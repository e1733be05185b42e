//! The Administration API on the real binary. Every success is held against OpenAI's document by
//! `TestGateway::request` itself.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "tests fail by panicking, and run on the real clock"
)]

mod authority;
mod certificates;
mod groups;
mod invites;
mod office;
mod roles;
mod terraform;
mod users;
