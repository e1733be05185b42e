//! Load by the clock: calls leave when they are due, not when an answer came (an open loop), so that
//! what is slow shows as waiting and not as less load.
//!
//! [`Pacing`] holds an account with a rate limit under several times its rate; [`Overload`] offers
//! several times what may be in flight.

mod client;
mod overload;
mod pacing;

pub use overload::{Overload, Shed};
pub use pacing::{Paced, Pacing};
