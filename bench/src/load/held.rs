//! Many streams that stay open, to weigh what one of them holds.

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::task::JoinSet;

use super::client::{Connection, Target};
use crate::Result;

/// How many streams are being opened at a time.
const OPENERS: usize = 64;

/// Open for as long as it lives.
pub(crate) struct Held {
    _connection: Connection,
    _body: Incoming,
}

/// Opens `count` streams and returns once each has shown its first chunk.
pub(crate) async fn hold_open(target: &Target, count: usize, body: &Bytes) -> Result<Vec<Held>> {
    let mut tasks = JoinSet::new();
    for opener in 0..OPENERS {
        let mine = (opener..count).step_by(OPENERS).count();
        tasks.spawn(open_some(target.clone(), mine, body.clone()));
    }
    let mut held = Vec::with_capacity(count);
    while let Some(opened) = tasks.join_next().await {
        held.extend(opened??);
    }
    Ok(held)
}

async fn open_some(target: Target, count: usize, body: Bytes) -> Result<Vec<Held>> {
    let mut held = Vec::with_capacity(count);
    for _ in 0..count {
        let mut connection = Connection::open(&target).await?;
        let mut stream = connection.chat(&body).await?.into_body();
        stream.frame().await.ok_or("a stream ended before its first chunk")??;
        held.push(Held { _connection: connection, _body: stream });
    }
    Ok(held)
}
