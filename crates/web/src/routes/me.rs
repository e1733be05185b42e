//! `GET /tollgate/v1/me`: what the calling key may do and has used.

use openai::admin::{Me, MonthUsage};

use super::project_api_keys::owner;
use crate::call::HolderCall;
use crate::reply::{Answer, json};

pub(super) async fn get(call: &HolderCall<'_>) -> Answer {
    let (owned, project) = call.control.own_key(&call.key).await?;
    let (month, used) = call.control.month_usage(&owned.key.id).await?;
    json(&Me::new(&owned.key, &owner(&owned), &project, MonthUsage::new(month, &used)))
}
