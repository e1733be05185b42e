//! Answers that may be given again: of which requests, which answers, and in which form.
//!
//! * [`request`]: whether a request's answer may be kept at all, and what makes two requests the same.
//! * [`answer`]: whether an answer is one to be kept.
//! * [`stream`]: from a stream's events to the plain answer and back.

pub mod answer;
pub mod request;
pub mod said;
pub mod stream;

pub use request::{Asked, Canonical, Form, Split, split};
