//! The vector of a question: a call of its own to the project's embedding route, held, booked and
//! logged to the same key like any other.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use domain::Vector;
use http::Request;
use http::header::CONTENT_TYPE;
use http_body::Body;
use openai::kept::said::embedding;
use openai::surface::by_id;
use serde_json::json;
use tokio::time::{Instant, timeout};

use super::seen::Seen;
use super::{Ahead, Taken, place, send};
use crate::overload;
use crate::permit::Permit;
use crate::reply::request_id;
use crate::shared::Worker;

/// A call waits so long for the vector of its question, then goes on without. The call for it goes to
/// its end all the same.
const PATIENCE: Duration = Duration::from_secs(2);
/// Bytes of an answer with a vector.
const LONGEST: usize = 1 << 20;
const MEDIA: &str = "application/json";

/// `None` where there is none soon, or the key may not have it: then nothing is near.
pub(super) async fn vector(
    worker: &Arc<Worker>,
    permit: &Permit,
    (model, text): (&str, &str),
) -> Option<Vector> {
    let body = json!({ "model": model, "input": text, "encoding_format": "float" }).to_string();
    let asking = Box::pin(ask(Arc::clone(worker), permit.again(), body));
    timeout(PATIENCE, asking).await.ok().flatten()
}

async fn ask(worker: Arc<Worker>, permit: Permit, body: String) -> Option<Vector> {
    let shared = &worker.shared;
    let operation = by_id("createEmbedding")?;
    if !permit.key.policy.permission.allows(operation.scope) {
        return None;
    }
    shared.frozen.admits(&permit, operation).ok()?;
    let taken = Taken::json(operation, Some(MEDIA), body.into()).ok()?;
    permit.check_models(operation, taken.model(), &taken.models()).ok()?;
    taken.check_denied(&shared.places(), &permit.project).ok()?;
    let (at, arrived) = (shared.clock.now(), Instant::now());
    let room = overload::room(shared, &permit).await.ok()?;
    let plan = place(shared, &permit, &taken, (operation, None, at)).await.ok()?;
    let head = Request::post("/v1/embeddings").header(CONTENT_TYPE, MEDIA).body(()).ok()?;
    let ahead = Ahead {
        id: request_id(at),
        times: (at, arrived, arrived + PATIENCE, Duration::ZERO),
        operation,
        object: None,
        head: Box::new(head.into_parts().0),
        taken,
        plan,
        keeping: None,
        room: Some((shared.tasks.open(), room)),
    };
    let mut seen = Seen::begin();
    seen.permit = Some(permit);
    let reply = send(&worker, &mut seen, ahead, None).await.ok()?;
    let (fine, mut body) = (reply.status().is_success(), pin!(reply.into_body()));
    let mut text = Vec::new();
    while let Some(frame) = poll_fn(|cx| Pin::new(&mut *body).poll_frame(cx)).await {
        text.extend_from_slice(frame.ok()?.data_ref().map_or(&[][..], |piece| &piece[..]));
        if text.len() > LONGEST {
            return None;
        }
    }
    embedding(&text).filter(|_| fine)
}
