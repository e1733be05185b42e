//! The only crate that opens an outbound socket (but for the operator's own databases).
//!
//! * [`Origin`]: where an upstream is, and how we may reach it.
//! * [`Pool`]: kept-alive connections of one worker; [`Pool::send`] places one request.
//! * [`Exits`]: the operator's proxies and who takes which; [`Way`]: how one call leaves.
//! * [`Poster`]: one POST to a URL that somebody of the organization chose.
//! * [`Fetcher`]: one request to a place that the operator named.
//! * [`probe`]: a look at the way to an upstream, step by step.
//! * [`smtp`]: handing an e-mail to the operator's mail server.
//! * [`guard`]: which addresses may be connected to.
//!
//! Nothing here follows a redirect, reads a proxy from the environment, or sends a request twice
//! after a byte of it may have left (case 84).

#![forbid(unsafe_code)]

mod balance;
mod body;
mod connect;
mod dial;
mod exits;
mod failure;
mod fetch;
pub mod guard;
mod health;
mod identity;
mod names;
mod origin;
mod pool;
mod post;
pub mod probe;
mod proxy;
mod public_url;
pub mod smtp;
mod tls;
mod way;

pub use body::{BoxError, Outgoing};
pub use connect::Dialled;
pub use exits::{Asker, Exits, check_url};
pub use failure::{Cause, ProxyFault, SendError, Stage, TlsFault};
pub use fetch::{Ask, Authorization, Fetcher};
pub use identity::IdentityFetcher;
pub use origin::{BadUrl, InProcess, Origin};
pub use pool::{Answer, AnswerBody, Pool};
pub use post::{Poster, may_post_to};
pub use proxy::check_credential;
pub use public_url::check_public;
pub use tls::Tls;
pub use way::Way;
