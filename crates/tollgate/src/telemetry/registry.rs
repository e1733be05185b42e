//! The one table of all metrics. `/metrics`, `docs/metrics.md` and the tests of the dashboard and
//! of the alerts go by it.

use std::fmt::Write as _;

use super::histogram::{self, Bounds, Histogram as Counts};

/// What kind of metric it is.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    Counter,
    Gauge,
    /// Its bounds are in microseconds where the name ends in `_seconds`, else plain numbers.
    Histogram(Bounds),
}

/// One metric.
#[derive(Debug)]
pub struct Family {
    pub name: &'static str,
    pub kind: Kind,
    pub labels: &'static [&'static str],
    /// One sentence.
    pub help: &'static str,
}

impl Family {
    /// An empty histogram of this family.
    pub fn histogram(&self) -> Counts {
        match self.kind {
            Kind::Histogram(bounds) => Counts::new(bounds),
            Kind::Counter | Kind::Gauge => Counts::new(&[]),
        }
    }
}

impl Kind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

macro_rules! families {
    ($($id:ident = $kind:expr, $name:literal, [$($label:literal),*], $help:literal;)*) => {
        $(pub static $id: Family =
            Family { name: $name, kind: $kind, labels: &[$($label),*], help: $help };)*
        /// Every metric, in the order in which `/metrics` shows them.
        pub static ALL: &[&Family] = &[$(&$id),*];
    };
}

use Kind::{Counter, Gauge, Histogram};

families! {
    BUILD_INFO = Gauge, "tollgate_build_info", ["version"],
        "Always 1; the label tells the running version.";
    CALLS_IN_FLIGHT = Gauge, "tollgate_calls_in_flight", [],
        "Calls, drains and counts that have not ended.";
    CONNECTIONS = Gauge, "tollgate_connections", [], "Open client connections.";
    REQUESTS = Counter, "tollgate_http_requests_total", ["method", "route", "code"],
        "Requests answered, by the route's template and the answer's status; a stream counts when its head is sent.";
    REFUSALS = Counter, "tollgate_refusals_total", ["code"],
        "Refusals of ours, by the code in x-tollgate-error.";
    KEY_REJECTS = Counter, "tollgate_key_checksum_rejects_total", [],
        "Keys refused by their checksum, without a look-up.";

    CALLS = Counter, "tollgate_calls_total", ["operation", "model", "upstream", "outcome"],
        "Attempts that have ended: completed, refused by the provider, client_gone, or upstream_failed. A call that was tried again counts each time; tollgate_http_requests_total counts calls.";
    CALL_SECONDS = Histogram(histogram::OPERATION), "tollgate_call_duration_seconds", ["operation"],
        "From a request's head to the last byte of its answer.";
    FIRST_BYTE_SECONDS = Histogram(histogram::FIRST_TOKEN), "tollgate_time_to_first_byte_seconds",
        ["operation", "upstream"], "From sending a request to the head of the provider's answer.";
    OVERHEAD_SECONDS = Histogram(histogram::OVERHEAD), "tollgate_overhead_seconds", [],
        "The part of a call's time that is ours: from its head until it is about to be sent, without the wait for its body, and from the last byte of an answer that is read whole until it is settled. Calls that needed one attempt.";
    ATTEMPTS = Counter, "tollgate_attempts_total", ["outcome"], "Attempts at providers, by their end.";
    UPSTREAM_ATTEMPTS = Counter, "tollgate_upstream_attempts_total", ["upstream", "class"],
        "Attempts at providers, by what came of them.";
    BREAKER = Gauge, "tollgate_breaker_state", ["upstream"],
        "An upstream's breaker: 0 closed, 1 open to one call that looks how things stand, 2 open.";
    BREAKER_OPENINGS = Counter, "tollgate_breaker_openings_total", [],
        "How often a breaker of an upstream or of a credential has opened.";
    REPEATS = Counter, "tollgate_repeats_total", [], "Attempts made again at the same upstream.";
    FAILOVERS = Counter, "tollgate_failovers_total", [], "Attempts made at another upstream.";
    PACING_WAITING = Gauge, "tollgate_pacing_waiting", [],
        "Calls that wait for their turn at an upstream's rate limit.";
    PACING_WAITED = Counter, "tollgate_pacing_waited_total", [],
        "Calls that have waited for their turn.";
    PACING_WAITED_SECONDS = Counter, "tollgate_pacing_waited_seconds_total", [],
        "For how long they waited, together.";
    PACING_LATE = Counter, "tollgate_pacing_late_total", [],
        "Calls whose turn would have come later than they wait.";
    PROXY_UP = Gauge, "tollgate_egress_proxy_up", ["egress", "proxy"],
        "1 while an egress uses its proxy, 0 while it is passed by after failures.";
    PROXY_ATTEMPTS = Counter, "tollgate_egress_attempts_total", ["egress", "proxy"],
        "Calls that took a proxy, or tried to.";
    PROXY_FAILURES = Counter, "tollgate_egress_failures_total", ["egress", "proxy", "reason"],
        "Failures of proxies, by reason.";
    PROXY_OPEN = Gauge, "tollgate_egress_connections", ["egress", "proxy"],
        "Open connections through a proxy.";

    TOKENS = Counter, "tollgate_tokens_total", ["model", "kind"],
        "Tokens as billed. input and output are totals, the other kinds are parts of them.";
    COST = Counter, "tollgate_cost_usd_total", ["model", "project"],
        "What settled attempts cost, in US dollars.";
    UNPRICED = Counter, "tollgate_unpriced_attempts_total", [], "Attempts without a price.";
    ESTIMATED = Counter, "tollgate_usage_estimated_total", [],
        "Attempts whose tokens we counted ourselves.";
    BAD_USAGE = Counter, "tollgate_bad_usage_total", [], "Usage reports that were not believed.";
    OVERAGES = Counter, "tollgate_overages_total", [],
        "Attempts that cost more than was held for them.";

    CACHE = Counter, "tollgate_cache_total", ["result"],
        "Calls that went by the answer cache: hit, joined to an equal one in flight, or miss.";
    CACHE_STALE = Counter, "tollgate_cache_stale_total", [],
        "Hits that were stale, and asked for anew in the background.";
    CACHE_UNKEPT = Counter, "tollgate_cache_unkept_total", [],
        "Answers that were not kept although the cache was on: cut, filtered, or too long.";
    CACHE_SAVED = Counter, "tollgate_cache_saved_usd_total", [],
        "What the calls that the cache answered had cost when they were made, in US dollars.";
    CACHE_BYTES = Gauge, "tollgate_cache_memory_bytes", [], "Bytes of stored answers in memory.";
    CACHE_ENTRIES = Gauge, "tollgate_cache_memory_entries", [], "Stored answers in memory.";

    LIMIT = Gauge, "tollgate_limit_usd", ["scope", "project", "period"], "A spend limit of the organization or of a project, in US dollars.";
    LIMIT_REMAINING = Gauge, "tollgate_limit_remaining_usd", ["scope", "project", "period"],
        "What is left of a spend limit: the limit less what is posted and held.";
    HELD = Gauge, "tollgate_held_usd", ["scope", "project", "period"],
        "What is set aside under a spend limit for calls in flight.";
    LIMIT_REFUSING = Gauge, "tollgate_limit_refusing", ["scope", "project", "period"],
        "1 while a spend limit refuses calls.";

    LEDGER_BREACHES = Gauge, "tollgate_ledger_breaches", [],
        "Sums of the ledger that disagree; nothing passes under their scopes.";
    LEDGER_FROZEN = Gauge, "tollgate_ledger_frozen_scopes", [],
        "Scopes that are closed because their ledger does not add up.";
    USAGE_RECORDS = Counter, "tollgate_usage_records_total", [], "Usage records made.";
    UNPOSTED = Gauge, "tollgate_unposted_attempts", [],
        "Settled attempts that the store does not have yet.";
    POSTING_STALLED = Gauge, "tollgate_posting_stalled_seconds", [],
        "How long settled attempts have waited while none could be posted; 0 while the store takes them.";
    LOG_LOST = Counter, "tollgate_request_log_lost_total", [],
        "Rows that the request log could not take; what they cost is posted all the same.";
    ORPHANS = Counter, "tollgate_orphans_total", [],
        "Attempts that this start found sent and never ended, and posted in full.";
    PASSWORDS = Counter, "tollgate_passwords_hashed_total", [],
        "Passwords of people hashed or compared; each takes a core some 50 ms, two at once.";
    SLOTS_USED = Gauge, "tollgate_slot_file_used_ratio", [],
        "The share of attempt slots in use; at 1 calls are refused before they are sent.";

    GEN_TOKENS = Histogram(histogram::TOKENS), "gen_ai_client_token_usage",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model", "gen_ai_token_type"],
        "Tokens of a call (OpenTelemetry's gen_ai.client.token.usage).";
    GEN_SECONDS = Histogram(histogram::OPERATION), "gen_ai_client_operation_duration_seconds",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model", "error_type"],
        "Time of a call (gen_ai.client.operation.duration); error_type is empty where it went well.";
    GEN_FIRST_CHUNK = Histogram(histogram::OPERATION), "gen_ai_client_operation_time_to_first_chunk_seconds",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model"],
        "From a stream's request to the head of its answer (gen_ai.client.operation.time_to_first_chunk).";
    GEN_SERVER_SECONDS = Histogram(histogram::OPERATION), "gen_ai_server_request_duration_seconds",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model"],
        "The provider's part of a call's time (gen_ai.server.request.duration).";
    GEN_FIRST_TOKEN = Histogram(histogram::FIRST_TOKEN), "gen_ai_server_time_to_first_token_seconds",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model"],
        "From sending a stream's request to the head of its answer (gen_ai.server.time_to_first_token).";
    GEN_TOKEN_GAP = Histogram(histogram::TOKEN_GAP), "gen_ai_server_time_per_output_token_seconds",
        ["gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model", "gen_ai_response_model"],
        "A stream's time after its head, by each further output token (gen_ai.server.time_per_output_token).";

    SPANS_DROPPED = Counter, "tollgate_trace_spans_dropped_total", [],
        "Spans that were not exported: the queue was full, or the collector did not take them.";
    SPANS_EXPORTED = Counter, "tollgate_trace_spans_exported_total", [], "Spans that a collector took.";
    ACCESS_SKIPPED = Counter, "tollgate_access_lines_skipped_total", [],
        "Calls without a line in the log, because there were too many in their second.";

    START_TIME = Gauge, "process_start_time_seconds", [], "When the process began, in Unix time.";
    MEMORY = Gauge, "process_resident_memory_bytes", [], "Resident memory.";
    CPU = Counter, "process_cpu_seconds_total", [], "User and system CPU time.";
    OPEN_FDS = Gauge, "process_open_fds", [], "Open file descriptors.";
    MAX_FDS = Gauge, "process_max_fds", [], "The most file descriptors that may be open.";
}

/// `docs/metrics.md`.
#[must_use]
pub fn markdown() -> String {
    let mut out = String::from(HEAD);
    for family in ALL {
        let labels: Vec<_> = family.labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(", ") };
        let (name, kind, help) = (family.name, family.kind.as_str(), family.help);
        let _ = writeln!(out, "| `{name}` | {kind} | {labels} | {help} |");
    }
    out
}

const HEAD: &str = "\
# Metrics

<!-- Written by `tollgate explain --metrics --markdown`; a test compares. -->

`GET /metrics` answers in Prometheus' text format 0.0.4, or in OpenMetrics 1.0 where `Accept` asks
for it. How to reach it, what the labels hold, and what is ready to be used with them:
[observability.md](observability.md).

| name | type | labels | meaning |
|---|---|---|---|
";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules() {
        let mut names: Vec<_> = ALL.iter().map(|family| family.name).collect();
        for family in ALL {
            let name = family.name;
            assert!(name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
            let counts = matches!(family.kind, Kind::Counter);
            assert_eq!(name.ends_with("_total"), counts, "{name}");
            assert!(family.help.ends_with('.') && !family.help.contains('|'), "{name}");
            for label in family.labels {
                assert!(!matches!(*label, "le" | "quantile" | "job" | "instance"), "{name}");
            }
        }
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "a name stands twice");
    }

    #[test]
    fn the_page_of_metrics_is_fresh() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/metrics.md");
        let page = std::fs::read_to_string(page).unwrap_or_default();
        assert!(
            page == markdown(),
            "run: target/debug/tollgate explain --metrics --markdown > docs/metrics.md"
        );
    }
}
