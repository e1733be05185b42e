//! What a call makes belongs to its project; what it says arrives as it was said; what it cost is
//! on record. Each module is one promise (P14, P15; cases 33 to 39 and 93 to 103).
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "tests fail by panicking, and run on the real clock"
)]

mod batches;
mod costs;
mod hangups;
mod identity;
mod lists;
mod make;
mod matrix;
mod memory;
mod metering;
mod models;
mod money;
mod old;
mod prompt;
mod references;
mod requests;
mod rig;
mod streams;
mod uploads;
mod usage;
mod usage_report;
