//! Accounts and sessions over the real binary: forms as a browser sends them, mail as a server of
//! mail takes it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking"
)]

mod door;
mod email;
mod factor;
mod forms;
mod house;
mod identities;
mod mail;
mod matrix;
mod pages;
mod passwords;
mod phones;
mod real_provider;
mod rights;
mod sessions;
mod webhooks;
