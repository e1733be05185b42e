//! The load generator. Every answer's status is checked and its bytes counted, so that a proxy
//! that fails cannot look fast; the first failure ends the run with what the proxy said.

pub(crate) mod bodies;
mod client;
mod held;
mod paced;
mod saturate;
mod streams;

pub(crate) use client::{Connection, Target, read_whole};
pub(crate) use held::hold_open;
pub(crate) use paced::paced;
pub(crate) use saturate::Saturation;
pub(crate) use streams::Streams;

use std::time::Duration;

use crate::Result;

/// No load of ours takes this long; one that does is stuck.
const AT_MOST: Duration = Duration::from_secs(180);

/// Bounds a load in time.
pub(crate) async fn bounded<T>(what: &str, load: impl Future<Output = Result<T>>) -> Result<T> {
    match tokio::time::timeout(AT_MOST, load).await {
        Ok(done) => done.map_err(|error| format!("{what}: {error}").into()),
        Err(_) => Err(format!("{what}: not done after {AT_MOST:?}").into()),
    }
}
