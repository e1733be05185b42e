//! Pacing: how much of a provider's rate limit is left, and whose turn it is.
//!
//! One [`Lane`] stands for one account's limits for one family of models. It holds two [`meter`]s
//! (requests and tokens) and a [`FairQueue`] of the calls that wait.
//!
//! **What is known.** Between answers a meter is reckoned: what we place goes off it, and time
//! refills it at the provider's rate. An answer's headers say what was left when *that* call was
//! admitted. Calls that were under way beside it may or may not be in that number, and answers come
//! out of order, so an answer gives no level but a range: at least what is left if none of the
//! calls beside it was counted yet, at most what is left if all of those before it were. The level
//! is moved into that range and no further. So no place is freed twice, and an error heals with the
//! first answer that had nothing beside it.
//!
//! **Refill.** Providers refill steadily (a token bucket as large as the limit) or all at once at a
//! window's end. Limit, remaining and reset of one answer tell which, and how long the window is.
//!
//! **Turns.** A call passes at once when nobody waits and there is room. Else it waits, fairly among
//! keys, unless its turn would come later than it is willing to wait: that is said at once, with
//! the time.
//!
//! Time comes in as a [`Moment`]; nothing here reads a clock.

mod headers;
mod lane;
mod meter;
mod queue;
#[cfg(test)]
mod tests;

pub use headers::{Reading, Told, amount, family, reset_us};
pub use lane::{Answer, Ask, Lane, Ticket};
pub use queue::{Bounds, FairQueue, Full, PlaceId};

pub use crate::rate::Moment;

/// What one call takes of an account's limits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draw {
    pub requests: u64,
    pub tokens: u64,
}

impl Draw {
    /// In the order of a lane's meters.
    fn parts(self) -> [u64; 2] {
        [self.requests, self.tokens]
    }
}
