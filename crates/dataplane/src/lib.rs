//! The only crate that is on the paid path: from a client's request to the provider and back.
//!
//! [`pipeline`] shows the order of a call on one screen. Each stage takes the former's value and
//! returns the next's: arrival → [`caller`] → [`permit`] → body → [`owned`] → [`plan`] →
//! [`rate`] → [`attempt`] → [`relay`] → [`tab`] (the settlement) → reply.

#![forbid(unsafe_code)]

mod arrival;
mod attempt;
mod batches;
mod body;
mod budget;
mod cache;
mod caller;
mod claims;
mod demo;
mod detach;
mod directory;
mod examine;
mod frozen;
mod headers;
mod honeytokens;
mod idempotency;
mod intern;
mod jobs;
mod lists;
mod metrics;
mod models;
mod names;
mod observed;
mod overload;
mod owned;
mod pace;
mod permit;
mod pipeline;
mod places;
mod plan;
mod prices;
mod probe;
mod proof;
mod rate;
mod recorder;
mod refusal;
mod relay;
mod reply;
mod settings;
mod shared;
mod slots;
mod standing;
mod tab;
mod tasks;
mod trace;
mod upstreams;

pub use arrival::Peer;
pub use body::reply::ReplyBody;
pub use budget::LESSEE;
pub use cache::CacheSettings;
pub use examine::{Subject, Watched, serve_within};
pub use idempotency::IdempotencySettings;
pub use jobs::{Checked, Checker};
pub use metrics::requests::{Answered, Place};
pub use metrics::{Figures, Metrics};
pub use observed::{Observed, Refused};
pub use pipeline::serve;
pub use probe::Prober;
pub use proof::Proof;
pub use reply::{fault_reply, request_id};
pub use settings::Settings;
pub use shared::{Dataplane, Ports, UpstreamName, Worker};
pub use slots::{Found, Money, Slot, Slots};
pub use tab::{Settled, Taken};
pub use tasks::Tasks;
pub use trace::{Asked, Hex, Sampler, Trace};
pub use upstreams::LiveUpstream;
