//! The store through its ports. `conformance` is for every database; the rest is about the files,
//! the threads and the sums of this one.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests may")]

mod breaches;
mod conformance;
mod lifecycle;
mod load;
mod rollups;
mod support;
