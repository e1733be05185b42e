//! The only crate that opens an outbound socket (but for the operator's own databases).
//!
//! * [`Origin`]: where an upstream is, and how we may reach it.
//! * [`Pool`]: kept-alive connections of one worker; [`Pool::send`] places one request.
//! * [`Poster`]: one POST to a URL that somebody of the organization chose.
//! * [`probe`]: a look at the way to an upstream, step by step.
//! * [`smtp`]: handing an e-mail to the operator's mail server.
//! * [`guard`]: which addresses may be connected to.
//!
//! Nothing here follows a redirect, reads a proxy from the environment, or sends a request twice
//! after a byte of it may have left (case 84).

#![forbid(unsafe_code)]

mod body;
mod connect;
pub mod guard;
mod origin;
mod pool;
mod post;
pub mod probe;
pub mod smtp;
mod tls;

pub use body::{BoxError, Outgoing};
pub use connect::Dialled;
pub use origin::{BadUrl, InProcess, Origin};
pub use pool::{Answer, AnswerBody, Pool, SendError, Stage};
pub use post::{Poster, may_post_to};
pub use tls::Tls;
