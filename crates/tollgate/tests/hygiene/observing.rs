//! What a Tollgate tells of itself: metrics, the files that go by them, traces, lines of log,
//! readiness.

mod boards;
mod collector;
mod figures;
mod lines;
mod page;
mod readiness;
mod traces;
