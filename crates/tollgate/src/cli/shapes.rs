//! The parts of the API's documents that the tables show.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: i64,
    #[serde(default)]
    pub(super) archived_at: Option<i64>,
}

#[derive(Deserialize)]
pub(super) struct Key {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) redacted_value: String,
    pub(super) created_at: i64,
    pub(super) last_used_at: Option<i64>,
    pub(super) expires_at: Option<i64>,
    /// Absent from servers of before.
    #[serde(default)]
    pub(super) secret_created_at: Option<i64>,
    pub(super) permission: String,
    pub(super) scopes: Vec<String>,
    pub(super) models: Option<Vec<String>>,
    pub(super) networks: Option<Vec<String>>,
    pub(super) owner: Owner,
    /// Only where one key is shown.
    #[serde(default)]
    pub(super) suspended: Option<Suspended>,
    /// Newest first; only where one key is shown.
    #[serde(default)]
    pub(super) secrets: Vec<Shown>,
}

/// One secret of a key, as far as it may be seen.
#[derive(Deserialize)]
pub(super) struct Shown {
    pub(super) redacted_value: String,
    pub(super) created_at: i64,
    pub(super) ends_at: Option<i64>,
    pub(super) last_used_at: Option<i64>,
    #[serde(default)]
    pub(super) leaked_at: Option<i64>,
}

/// Why a key may not be used for now.
#[derive(Deserialize)]
pub(super) struct Suspended {
    pub(super) reason: String,
    pub(super) at: i64,
    pub(super) note: String,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Owner {
    User { user: Named },
    ServiceAccount { service_account: Named },
}

#[derive(Deserialize)]
pub(super) struct Named {
    pub(super) id: String,
    pub(super) name: String,
}

#[derive(Deserialize)]
pub(super) struct Upstream {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) provider: String,
    pub(super) base_url: String,
    pub(super) source: String,
    #[serde(default)]
    pub(super) in_use: bool,
    #[serde(default)]
    pub(super) credentials: Vec<Credential>,
}

#[derive(Deserialize)]
pub(super) struct Credential {
    pub(super) id: String,
    pub(super) last_four: String,
    pub(super) weight: u32,
    pub(super) created_at: i64,
}

#[derive(Deserialize)]
pub(super) struct ModelRoute {
    pub(super) id: String,
    pub(super) project_id: Option<String>,
    pub(super) model: String,
    pub(super) aliases: Vec<String>,
    pub(super) targets: Vec<RouteTarget>,
    pub(super) deny: bool,
    pub(super) deny_upstreams: Vec<String>,
    #[serde(default)]
    pub(super) cache: serde_json::Map<String, serde_json::Value>,
    pub(super) source: String,
}

#[derive(Deserialize)]
pub(super) struct RouteTarget {
    pub(super) upstream: String,
    pub(super) model: Option<String>,
    pub(super) weight: u32,
    pub(super) step: u32,
    pub(super) min_input_tokens: Option<u64>,
    pub(super) max_input_tokens: Option<u64>,
    pub(super) tools: Option<bool>,
    pub(super) images: Option<bool>,
    pub(super) share: Option<u32>,
    pub(super) share_by: Option<String>,
    pub(super) near_limit: Option<u32>,
    pub(super) shadow: Option<u32>,
    pub(super) broken: bool,
}

#[derive(Deserialize)]
pub(super) struct UsageBucket {
    pub(super) start_time: i64,
    pub(super) results: Vec<UsageResult>,
}

#[derive(Deserialize)]
pub(super) struct UsageResult {
    pub(super) input_tokens: u64,
    #[serde(default)]
    pub(super) input_cached_tokens: u64,
    pub(super) output_tokens: u64,
    pub(super) num_model_requests: u64,
    pub(super) project_id: Option<String>,
    pub(super) user_id: Option<String>,
    pub(super) api_key_id: Option<String>,
    pub(super) model: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Limit {
    pub(super) scope: LimitScope,
    pub(super) period: String,
    pub(super) amount_usd: String,
    pub(super) clamp_output: bool,
    #[serde(default)]
    pub(super) elastic: bool,
    pub(super) unbounded: String,
    pub(super) default_max_output: Option<u64>,
    #[serde(default)]
    pub(super) time_zone: Option<String>,
    #[serde(default)]
    pub(super) anchor_day: Option<i8>,
    pub(super) source: String,
    pub(super) resets_at: Option<i64>,
    pub(super) spent_usd: String,
    pub(super) held_usd: String,
    pub(super) left_usd: String,
    #[serde(default)]
    pub(super) overage_usd: String,
    #[serde(default = "yes")]
    pub(super) overage_acknowledged: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
pub(super) struct LimitScope {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct LedgerAccount {
    pub(super) scope: LimitScope,
    pub(super) period: String,
    pub(super) period_start: i64,
    pub(super) limit_usd: Option<String>,
    pub(super) posted_usd: String,
    pub(super) held_usd: String,
    pub(super) overage_usd: String,
    pub(super) num_orphans: u64,
    pub(super) orphaned_usd: String,
    pub(super) forfeited_usd: String,
    pub(super) corrected_usd: String,
    pub(super) frozen: bool,
}

#[derive(Deserialize)]
pub(super) struct LedgerEntry {
    pub(super) id: String,
    pub(super) created_at: i64,
    pub(super) reason: String,
    pub(super) num_attempts: u64,
    pub(super) cost_usd: String,
    pub(super) overage_usd: String,
    pub(super) api_key_id: Option<String>,
    pub(super) project_id: Option<String>,
    pub(super) account_id: Option<String>,
    pub(super) request_id: Option<String>,
    pub(super) corrects: Option<String>,
    pub(super) corrected_by: Option<String>,
    pub(super) correction_reason: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct LedgerVerification {
    pub(super) breaches: Vec<LedgerBreach>,
}

#[derive(Deserialize)]
pub(super) struct LedgerBreach {
    pub(super) account: LedgerAccountId,
    pub(super) sum: String,
    pub(super) kept_usd: String,
    pub(super) summed_usd: String,
}

#[derive(Deserialize)]
pub(super) struct LedgerAccountId {
    pub(super) id: String,
}

#[derive(Deserialize)]
pub(super) struct LedgerCorrection {
    pub(super) id: String,
    pub(super) amount_usd: String,
    pub(super) breaches: Vec<LedgerBreach>,
}

#[derive(Deserialize)]
pub(super) struct CostBucket {
    pub(super) start_time: i64,
    pub(super) results: Vec<CostResult>,
}

#[derive(Deserialize)]
pub(super) struct CostResult {
    pub(super) line_item: Option<String>,
    #[serde(default)]
    pub(super) project_id: Option<String>,
    #[serde(default)]
    pub(super) api_key_id: Option<String>,
    pub(super) amount_nanos: i64,
    pub(super) estimated_nanos: i64,
    pub(super) num_unpriced_requests: u64,
}

#[derive(Deserialize)]
pub(super) struct RequestAttempts {
    pub(super) attempts: Vec<LoggedRequest>,
    pub(super) cost: String,
}

#[derive(Deserialize)]
pub(super) struct LoggedRequest {
    pub(super) request_id: String,
    pub(super) attempt: u32,
    pub(super) created_at: i64,
    pub(super) operation: String,
    pub(super) project_id: String,
    pub(super) api_key_id: String,
    pub(super) model: Option<String>,
    pub(super) model_served: Option<String>,
    pub(super) upstream_id: String,
    pub(super) upstream_request_id: Option<String>,
    pub(super) status: u16,
    pub(super) outcome: String,
    pub(super) error: Option<String>,
    pub(super) usage: LoggedUsage,
    /// Absent where the model has no price.
    pub(super) cost: Option<LoggedCost>,
    pub(super) times: LoggedTimes,
}

#[derive(Deserialize)]
pub(super) struct LoggedUsage {
    pub(super) estimated: bool,
    pub(super) input_tokens: u64,
    pub(super) input_cached_tokens: u64,
    pub(super) output_tokens: u64,
}

#[derive(Deserialize)]
pub(super) struct LoggedCost {
    pub(super) usd: String,
}

/// Microseconds.
#[derive(Deserialize)]
pub(super) struct LoggedTimes {
    pub(super) first_byte_us: u64,
    pub(super) total_us: u64,
}
