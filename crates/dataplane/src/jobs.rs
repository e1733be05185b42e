//! Jobs: calls whose work goes on at the provider after their reply.
//!
//! The creating call's hold moves to a row of the store before the reply goes on ([`hand_over`]);
//! from there on only [`Checker`] ends it, by what the provider says when it is asked.

mod check;
mod delete;
mod open;
mod output;

pub use check::{Checked, Checker};
pub(crate) use delete::before_delete;
pub(crate) use open::{Handed, Lines, begins_run, begun, hand_over, hand_over_run, is_plain};
