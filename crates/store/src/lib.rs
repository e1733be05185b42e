//! The only crate that speaks SQL or Redis.
//!
//! Three layers. What every database shares: the query texts (`sql`), the columns of domain
//! values (`columns`) and the folding of usage into rollups (`rollup`). What one database
//! needs: `sqlite`, the embedded default. And the errors of opening ([`OpenError`]).
//!
//! [`Store`] implements the ports of `domain::ports`. Its callers are asynchronous and never wait
//! on a disk: each call is a job for one of four threads, over a bounded queue (see `sqlite`).

#![forbid(unsafe_code)]

mod block;
mod cache;
mod columns;
mod error;
mod rollup;
mod route_columns;
mod sql;
mod sqlite;

pub use cache::{AnswerFile, AnswerRedis, RedisAt};
pub use error::OpenError;
pub use sqlite::Store;
