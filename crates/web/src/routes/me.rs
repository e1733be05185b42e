//! `GET /tollgate/v1/me`: what the calling key may do, has used, and has left.

use openai::admin::{Me, MonthUsage};

use super::limits::shape;
use super::project_api_keys::owner;
use crate::call::HolderCall;
use crate::reply::{Answer, json};

pub(super) async fn get(call: &HolderCall<'_>) -> Answer {
    let (owned, project) = call.control.own_key(&call.key).await?;
    let (month, used) = call.control.month_usage(&owned.key.id).await?;
    let limits = call.control.limits_on_key(&call.key).await?;
    let limits = limits.iter().map(shape).collect();
    let month = MonthUsage::new(month, &used);
    json(&Me::new(&owned.key, &owner(&owned), &project, month, limits))
}
