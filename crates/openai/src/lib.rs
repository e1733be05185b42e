//! The only crate that knows the public contract: OpenAI's HTTP surface, as facts and pure
//! functions over bytes. It opens no socket and keeps no state between calls.
//!
//! * [`surface`]: every data-plane path, classed once; [`target`] reads a request's path.
//! * [`json`]: one validating walk over a JSON text; [`view`] keeps what we act on, as spans.
//! * [`demand`]: what a request can consume at most; [`pin`] tells the provider what that rests on.
//! * [`answer`]: what we note of an answer (ids, usage), found by scanning, not by building trees.
//! * [`sse`]: where events end; [`multipart`]: the fields of a form, as they pass.
//! * [`list`]: filtering list pages without touching their elements.
//! * [`envelope`]: our refusals in OpenAI's error shape.
//! * [`admin`]: the Administration API's shapes and list pages.

#![forbid(unsafe_code)]

pub mod admin;
pub mod answer;
pub mod demand;
pub mod envelope;
pub mod json;
pub mod kept;
pub mod list;
pub mod multipart;
pub mod pin;
pub mod sse;
pub mod surface;
pub mod target;
pub mod view;
