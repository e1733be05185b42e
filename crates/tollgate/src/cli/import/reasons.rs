//! Why something of LiteLLM's is not taken, and what does its work here.

/// By the last name of its place.
const REASONS: &[(&[&str], &str)] = &[
    (
        &["rpm", "tpm", "max_parallel_requests", "default_max_parallel_requests"],
        "a provider's limits are learned from its answers (docs/pacing.md); a limit of your own is \
         a project's or a key's: `tollgate rate-limits set`",
    ),
    (
        &["timeout", "stream_timeout", "request_timeout"],
        "times are the server's, for all upstreams: [timeouts] in tollgate.toml",
    ),
    (
        &["num_retries", "max_retries", "retry_policy", "model_group_retry_policy", "retry_after"],
        "repeats are the server's: [retries] in tollgate.toml, docs/retries.md",
    ),
    (
        &["allowed_fails", "cooldown_time", "allowed_fails_policy", "disable_cooldowns"],
        "a place that fails is passed over as docs/retries.md says; there is nothing to set",
    ),
    (
        &[
            "input_cost_per_token",
            "output_cost_per_token",
            "input_cost_per_second",
            "cache_read_input_token_cost",
            "cache_creation_input_token_cost",
        ],
        "prices are by provider and model: `tollgate prices set`",
    ),
    (
        &["master_key", "proxy_admin_email", "ui_username", "ui_password"],
        "Tollgate makes an admin key of its own at the first start, DIR/admin.key",
    ),
    (
        &["database_url", "store_model_in_db", "database_connection_pool_limit", "salt_key"],
        "Tollgate keeps everything in its data directory",
    ),
    (
        &["callbacks", "success_callback", "failure_callback", "service_callbacks"],
        "traces and metrics leave as OTLP and at /metrics: docs/observability.md",
    ),
    (&["environment_variables"], "set them in the environment of the server that needs them"),
    (
        &["drop_params", "modify_params", "add_function_to_prompt"],
        "a call goes to its provider as it came; what the provider does not know it refuses",
    ),
    (
        &["alerting", "alerting_threshold", "alert_types", "slack_alerting"],
        "spend alerts are set by the API: docs/alerts.md",
    ),
    (
        &["content_policy_fallbacks"],
        "what a provider refuses for its content is the caller's to hear",
    ),
    (
        &["routing_strategy_args", "redis_host", "redis_port", "redis_password", "redis_url"],
        "Tollgate balances within one process, by weight; it uses no Redis",
    ),
    (
        &[
            "guardrails",
            "prompts",
            "mcp_servers",
            "vector_store_registry",
            "pass_through_endpoints",
        ],
        "Tollgate has no such thing",
    ),
    (&["include"], "one file at a time: import each of them"),
    (
        &["provider_budget_config", "user_budget", "max_internal_user_budget", "soft_budget"],
        "spend limits are of the organization, of projects, users and keys: `tollgate limits set`",
    ),
    (
        &["temperature", "max_tokens", "top_p", "seed", "stop", "stream", "tools", "n"],
        "a call says this itself: Tollgate adds no defaults to what callers write",
    ),
];

/// What only describes, and needs no counterpart.
pub(super) const DESCRIPTIONS: &[&str] =
    &["id", "mode", "base_model", "description", "created_at", "updated_at", "db_model"];

pub(super) fn of(name: &str) -> &'static str {
    let found = REASONS.iter().find(|(names, _)| names.contains(&name));
    found.map_or("has no counterpart here", |(_, why)| why)
}
