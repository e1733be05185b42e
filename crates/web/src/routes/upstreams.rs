//! `GET /tollgate/v1/upstreams`.

use openai::admin::{List, Upstream};

use crate::call::AdminCall;
use crate::reply::{Answer, json};

pub(super) async fn list(call: &AdminCall<'_>) -> Answer {
    let upstreams = call.control.list_upstreams().await?;
    json(&List::of(upstreams.iter().map(Upstream::from).collect(), false))
}
