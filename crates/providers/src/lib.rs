//! The only crate that knows upstream bytes: providers are rows, dialects are code, signing is
//! here. It sends nothing.
//!
//! * [`catalogue`]: one row a provider.
//! * [`paths`]: where in a provider's tree an operation is.
//! * [`sign`]: puts our credential on a request; the one place outside the vault that reads it.
//! * [`demo`]: the built-in provider that needs no account.
//! * [`models`]: what is publicly known of models; [`tokens`]: counting where nobody did.
//! * [`prices`]: the price format of the field, and the prices that are built in.

#![forbid(unsafe_code)]

pub mod catalogue;
pub mod demo;
pub mod models;
pub mod paths;
pub mod prices;
pub mod sign;
pub mod tokens;

pub use catalogue::{Auth, Paths, Provider};
