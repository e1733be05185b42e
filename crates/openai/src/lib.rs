//! The only crate that knows the public contract: OpenAI's HTTP surface, as facts and pure
//! functions over bytes. It opens no socket and keeps no state between calls.
//!
//! * [`surface`]: every data-plane path, classed once.
//! * [`view`]: what we act on in a request body, as spans over untouched bytes.
//! * [`sse`], [`usage`]: finding events and their usage in an answer, without building trees.
//! * [`multipart`]: the fields of a form, as spans.
//! * [`envelope`]: our refusals in OpenAI's error shape.
//! * [`admin`]: the Administration API's shapes and list pages.

#![forbid(unsafe_code)]

pub mod admin;
pub mod envelope;
