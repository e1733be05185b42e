//! What the tests of Tollgate stand on.
//!
//! - [`FakeProvider`]: OpenAI's data plane on a local port, with the true bill of all it did and
//!   scripts for every way in which an upstream can misbehave.
//! - [`TestGateway`]: the real `tollgate` binary as a child process, which checks its own books
//!   and looks for leaked secrets when it is dropped.
//! - [`FakeProxy`]: a proxy between the gateway and the provider, with scripts likewise.
//! - [`Browser`]: headless Chromium on the gateway's pages, with pictures of them and what axe finds.
//! - [`LyingIssuer`]: a provider of identities that says what a test wants.
//! - [`KillLoop`]: both of them, and `kill -9` over and over.
//! - [`Lists`]: lists of a hundred thousand rows, and what a page takes.
//! - [`Walk`]: every page of the dashboard, what it weighs and what it takes.
//! - [`load`]: calls that leave by the clock, for pacing and overload.
//! - [`corpus`]: answers and streams with odd but legal bytes, for byte-equality tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test harness fails by panicking, and runs on the real clock"
)]

pub mod browser;
mod certificate;
mod codec;
pub mod corpus;
mod faults;
mod gateway;
pub mod issuer;
mod kill_loop;
mod lists;
pub mod load;
mod pages;
pub mod phones;
mod provider;
mod proxy;
mod small_server;
pub mod spec;
mod stolen;
mod tls;
mod toxic;
mod watch;

pub use browser::Browser;
pub use certificate::{Authority, Certificate, Valid};
pub use faults::{Faults, Survived, Way};
pub use gateway::{Answer, Builder, Key, Stream, TestGateway, TlsClient};
pub use issuer::{Lie, LyingIssuer};
pub use kill_loop::{KillLoop, Killed};
pub use lists::{Listed, Lists};
pub use pages::{Looked, Visitor, Walk};
pub use phones::{FakePhones, PhoneMood};
pub use provider::{Act, Bill, FakeProvider, Matcher, Piece, Script, Seen, Then, Tokens};
pub use proxy::{FakeProxy, ProxyAct, ProxySeen};
pub use stolen::FakeLists;
pub use tls::{Flaw, TlsFront};
pub use toxic::{Toxic, Toxin};
pub use watch::Watch;
