//! The table of all refusals. One row each; the codes are part of the outside contract.

use super::{Blame, Entry, Retry};

pub static MISSING_API_KEY: Entry = Entry {
    code: "missing_api_key",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY).",
    remedy: "Send `Authorization: Bearer sk-tg-…`. `tollgate keys create` makes a key.",
};

pub static INVALID_API_KEY: Entry = Entry {
    code: "invalid_api_key",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("invalid_api_key"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Incorrect API key provided.",
    remedy: "Check for a cut or mistyped key. Make a new one with `tollgate keys create`; a lost secret cannot be shown again.",
};

pub static KEY_EXPIRED: Entry = Entry {
    code: "key_expired",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("invalid_api_key"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This API key has expired.",
    remedy: "Make a new key, or give it a later expiry before it ends next time.",
};

pub static KEY_REVOKED: Entry = Entry {
    code: "key_revoked",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("invalid_api_key"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This API key has been revoked.",
    remedy: "Ask the project's owner for a new key. A rotated key's old secret ends when its grace time is over.",
};

pub static KEY_DISABLED: Entry = Entry {
    code: "key_disabled",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("not_authorized_invalid_project"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The project of this API key has been archived and is no longer accessible.",
    remedy: "Use a key of another project.",
};

pub static KEY_PAUSED: Entry = Entry {
    code: "key_paused",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("invalid_api_key"),
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "This API key is paused: it was used in a way that is unusual for it.",
    remedy: "`tollgate keys show KEY` says what was seen. If it was you, `tollgate keys resume KEY` lets it work again; if not, `tollgate keys revoke KEY`.",
};

pub static KEY_RETIRED: Entry = Entry {
    code: "key_retired",
    status: 401,
    kind: "invalid_request_error",
    public_code: Some("invalid_api_key"),
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "This API key is out of use: it is older, or was idle for longer, than its project allows.",
    remedy: "`tollgate keys rotate KEY` gives it a new secret; `tollgate keys resume KEY` lets the old one work for a while.",
};

pub static INVALID_LEAK_REPORT: Entry = Entry {
    code: "invalid_leak_report",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The report of leaked keys is not signed by a key that this Tollgate trusts.",
    remedy: "Sign the body as it is sent with ECDSA P-256 and SHA-256, under a key that `[leaks]` of the config file names or that is published at its `keys_url`.",
};

pub static LEAK_KEYS_UNAVAILABLE: Entry = Entry {
    code: "leak_keys_unavailable",
    status: 503,
    kind: "server_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "The published keys that sign reports of leaked keys cannot be fetched.",
    remedy: "Look into the log for why; check `keys_url` in `[leaks]` of the config file, or pin the keys there.",
};

pub static AMBIGUOUS_CREDENTIALS: Entry = Entry {
    code: "ambiguous_credentials",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The request carries more than one API key, and they differ.",
    remedy: "Send one Authorization header and no other key header.",
};

pub static KEY_IN_QUERY_NOT_ALLOWED: Entry = Entry {
    code: "key_in_query_not_allowed",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "An API key must not be part of the URL.",
    remedy: "Move the key into the Authorization header, and rotate it: URLs end up in logs.",
};

pub static PERMISSION_DENIED: Entry = Entry {
    code: "permission_denied",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "You have insufficient permissions for this operation.",
    remedy: "Give the key the scope named in the message, or use another key.",
};

pub static PRIVILEGE_ESCALATION: Entry = Entry {
    code: "privilege_escalation",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Nobody can give a permission that they do not have.",
    remedy: "Leave out the permission named in the message, or ask an owner of the organization.",
};

pub static ROLE_REQUIRED: Entry = Entry {
    code: "role_required",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Your role does not allow this.",
    remedy: "Ask an owner of the organization.",
};

pub static MODEL_NOT_ALLOWED: Entry = Entry {
    code: "model_not_allowed",
    status: 403,
    kind: "invalid_request_error",
    public_code: Some("model_not_found"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This API key does not have access to the model.",
    remedy: "Use a model from GET /v1/models, or add the model to the key's list.",
};

pub static TOOL_NOT_ALLOWED: Entry = Entry {
    code: "tool_not_allowed",
    status: 403,
    kind: "invalid_request_error",
    public_code: Some("tool_not_allowed"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The project may not use this tool of the provider, or what the call names may bring it.",
    remedy: "Leave the tool out, or enable it at /v1/organization/projects/{id}/hosted_tool_permissions.",
};

pub static ADDRESS_NOT_ALLOWED: Entry = Entry {
    code: "address_not_allowed",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This API key may not be used from your network address.",
    remedy: "Call from an allowed network, or add yours to the key's networks.",
};

pub static CLIENT_CERTIFICATE_REQUIRED: Entry = Entry {
    code: "client_certificate_required",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This API key works only over TLS with a client certificate, and your connection shows none.",
    remedy: "Give your HTTP client the certificate and its key. Which ones are accepted: GET /v1/organization/certificates, and the same of the key's project.",
};

pub static CLIENT_CERTIFICATE_NOT_TRUSTED: Entry = Entry {
    code: "client_certificate_not_trusted",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Your TLS client certificate is not accepted here.",
    remedy: "Show a certificate that is active for the key's project or the organization, or that is signed by such a one and sent with all that stand between. docs/certificates.md has an example.",
};

pub static CLIENT_CERTIFICATE_UNSEEN: Entry = Entry {
    code: "client_certificate_unseen",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "This API key works only with a TLS client certificate, which cannot be seen here: the connection that reaches Tollgate is not TLS.",
    remedy: "Let TLS end at Tollgate ([tls] in tollgate.toml) and have proxies pass it through, or deactivate the certificates of the key's project and of the organization.",
};

pub static MODEL_PRICE_UNKNOWN: Entry = Entry {
    code: "model_price_unknown",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "The model has no price here, so a spend limit cannot be kept.",
    remedy: "Give the model a price with `tollgate prices set`.",
};

pub static FEATURE_NOT_ALLOWED_WITH_HARD_LIMIT: Entry = Entry {
    code: "feature_not_allowed_with_hard_limit",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("feature_not_allowed_with_hard_limit"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "What this feature costs cannot be bounded, and a spend limit applies.",
    remedy: "Do what the message says of the named field: leave it out, or send it. Or have the limit set to allow what cannot be bounded.",
};

pub static INVALID_MAX_TOKENS: Entry = Entry {
    code: "invalid_max_tokens",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("invalid_value"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The maximum output is no number of tokens, and a spend limit needs one.",
    remedy: "Send a whole number of tokens above zero, in one field only.",
};

pub static ROUTE_NOT_METERED: Entry = Entry {
    code: "route_not_metered",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "This operation cannot be metered, and a limit applies.",
    remedy: "Use another operation, or a project without a limit.",
};

pub static NOT_FOUND: Entry = Entry {
    code: "not_found",
    status: 404,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Not found.",
    remedy: "Check the path and the id. The base URL must end in /v1.",
};

pub static OPERATION_NOT_OFFERED: Entry = Entry {
    code: "operation_not_offered",
    status: 404,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The provider that the call goes to does not offer this operation.",
    remedy: "Use a model whose provider has it, or give the model a route to such a provider.",
};

pub static MODEL_NOT_FOUND: Entry = Entry {
    code: "model_not_found",
    status: 404,
    kind: "invalid_request_error",
    public_code: Some("model_not_found"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The model does not exist or you do not have access to it.",
    remedy: "GET /v1/models lists what this key may use.",
};

pub static PREVIOUS_RESPONSE_NOT_FOUND: Entry = Entry {
    code: "previous_response_not_found",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("previous_response_not_found"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The previous response was not found.",
    remedy: "Send the whole input instead of previous_response_id, or an id of this project.",
};

pub static METHOD_NOT_ALLOWED: Entry = Entry {
    code: "method_not_allowed",
    status: 405,
    kind: "invalid_request_error",
    public_code: Some("method_not_supported"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This path does not take that method.",
    remedy: "See the API reference for the path.",
};

pub static INVALID_JSON: Entry = Entry {
    code: "invalid_json",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "We could not parse the JSON body of your request.",
    remedy: "Send one JSON object in UTF-8, at most 128 levels deep, without repeated keys.",
};

pub static INVALID_VALUE: Entry = Entry {
    code: "invalid_value",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("invalid_value"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "A value is not allowed here.",
    remedy: "The message names the field and what it takes.",
};

pub static MISSING_REQUIRED_PARAMETER: Entry = Entry {
    code: "missing_required_parameter",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("missing_required_parameter"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "A required parameter is missing.",
    remedy: "Send the field that the message names.",
};

pub static UNKNOWN_FIELD: Entry = Entry {
    code: "unknown_field",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("unknown_parameter"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The body has a field that this operation does not know.",
    remedy: "Remove the field that the message names.",
};

pub static UNKNOWN_TIME_ZONE: Entry = Entry {
    code: "unknown_time_zone",
    status: 400,
    kind: "invalid_request_error",
    public_code: Some("invalid_value"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "There is no such time zone.",
    remedy: "Send a name of the IANA database, such as `Europe/Zurich` or `UTC`. Offsets and abbreviations do not say when clocks are changed.",
};

pub static FIELD_NOT_ALLOWED: Entry = Entry {
    code: "field_not_allowed",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "A caller may not choose the host.",
    remedy: "Remove the field; upstreams are set by the operator.",
};

pub static INVALID_MULTIPART: Entry = Entry {
    code: "invalid_multipart",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "We could not parse the multipart body of your request.",
    remedy: "Send multipart/form-data with a boundary.",
};

pub static UNSUPPORTED_MEDIA_TYPE: Entry = Entry {
    code: "unsupported_media_type",
    status: 415,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This operation does not take that Content-Type.",
    remedy: "Send application/json, or multipart/form-data where the path takes files.",
};

pub static UNSUPPORTED_CONTENT_ENCODING: Entry = Entry {
    code: "unsupported_content_encoding",
    status: 415,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Compressed request bodies are not accepted.",
    remedy: "Send the body without Content-Encoding.",
};

pub static REQUEST_TOO_LARGE: Entry = Entry {
    code: "request_too_large",
    status: 413,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The request body is too large.",
    remedy: "Send less; files go through /v1/uploads in parts.",
};

pub static BODY_TIMEOUT: Entry = Entry {
    code: "body_timeout",
    status: 408,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Later,
    what: "The request body did not arrive in time.",
    remedy: "Check the connection, then send it again.",
};

pub static BAD_REQUEST_TARGET: Entry = Entry {
    code: "bad_request_target",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The request target is not a plain path.",
    remedy: "Send an origin-form path without dots, backslashes or empty segments.",
};

pub static BAD_FORWARDED_ADDRESS: Entry = Entry {
    code: "bad_forwarded_address",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "A trusted proxy did not say in a readable way whom it asks for.",
    remedy: "Have the proxy write the client's address behind `X-Forwarded-For` or `Forwarded`, and only one of the two; or take it out of `trusted_proxies`.",
};

pub static UPGRADE_NOT_SUPPORTED: Entry = Entry {
    code: "upgrade_not_supported",
    status: 426,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This path does not serve WebSockets.",
    remedy: "Use HTTP: POST /v1/responses with `stream: true`.",
};

pub static TOO_MANY_AUTH_FAILURES: Entry = Entry {
    code: "too_many_auth_failures",
    status: 429,
    kind: "requests",
    public_code: Some("rate_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Later,
    what: "Too many wrong API keys from your address.",
    remedy: "Stop, mend the key, and try again later.",
};

pub static RATE_LIMIT_EXCEEDED: Entry = Entry {
    code: "rate_limit_exceeded",
    status: 429,
    kind: "requests",
    public_code: Some("rate_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Later,
    what: "Rate limit reached.",
    remedy: "Wait for the time in Retry-After. Where there is none the call is larger than the limit: make it smaller, or raise the limit with `tollgate rate-limits set`.",
};

pub static API_KEY_SPEND_LIMIT_EXCEEDED: Entry = Entry {
    code: "api_key_spend_limit_exceeded",
    status: 429,
    kind: "insufficient_quota",
    public_code: Some("api_key_spend_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The API key has reached its spend limit.",
    remedy: "Where the message says that something is left, ask for no more output than it would pay for. Else wait for the next period, or raise the key's limit with `tollgate limits set`.",
};

pub static USER_SPEND_LIMIT_EXCEEDED: Entry = Entry {
    code: "user_spend_limit_exceeded",
    status: 429,
    kind: "insufficient_quota",
    public_code: Some("user_spend_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The user has reached their spend limit.",
    remedy: "Where the message says that something is left, ask for no more output than it would pay for. Else wait for the next period, or raise the user's limit with `tollgate limits set`.",
};

pub static PROJECT_SPEND_LIMIT_EXCEEDED: Entry = Entry {
    code: "project_spend_limit_exceeded",
    status: 429,
    kind: "insufficient_quota",
    public_code: Some("project_spend_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The project has reached its spend limit.",
    remedy: "Where the message says that something is left, ask for no more output than it would pay for. Else wait for the next period, or raise the project's limit with `tollgate limits set`.",
};

pub static ORGANIZATION_SPEND_LIMIT_EXCEEDED: Entry = Entry {
    code: "organization_spend_limit_exceeded",
    status: 429,
    kind: "insufficient_quota",
    public_code: Some("organization_spend_limit_exceeded"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The organization has reached its spend limit.",
    remedy: "Where the message says that something is left, ask for no more output than it would pay for. Else wait for the next period, or raise the organization's limit with `tollgate limits set`.",
};

pub static UPSTREAM_RATE_LIMITED: Entry = Entry {
    code: "upstream_rate_limited",
    status: 429,
    kind: "requests",
    public_code: Some("rate_limit_exceeded"),
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider is limiting the rate of calls.",
    remedy: "Wait for the time in Retry-After, or add another upstream.",
};

pub static UPSTREAM_AUTH_FAILED: Entry = Entry {
    code: "upstream_auth_failed",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "The provider refused Tollgate's own credential.",
    remedy: "Check the upstream's key: `OPENAI_API_KEY` or the upstream's stored credential. Your Tollgate key is fine.",
};

pub static UPSTREAM_ERROR: Entry = Entry {
    code: "upstream_error",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider could not be reached or gave no usable answer.",
    remedy: "Try again. If it lasts, check the provider's status and the upstream's base URL.",
};

pub static UPSTREAM_REDIRECT: Entry = Entry {
    code: "upstream_redirect",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "The provider answered with a redirect, which is never followed.",
    remedy: "Set the upstream's base URL to the final address.",
};

pub static UPSTREAM_RESPONSE_TOO_LARGE: Entry = Entry {
    code: "upstream_response_too_large",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Never,
    what: "The provider's answer is larger than is allowed.",
    remedy: "Ask for less.",
};

pub static UPSTREAM_MALFORMED_STREAM: Entry = Entry {
    code: "upstream_malformed_stream",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider sent a stream that is not a valid event stream.",
    remedy: "Try again; report it to the provider if it lasts.",
};

pub static UPSTREAM_INCOMPLETE: Entry = Entry {
    code: "upstream_incomplete",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider closed the stream before its end.",
    remedy: "Try again. What arrived may be billed.",
};

pub static UPSTREAM_ADDRESS_NOT_ALLOWED: Entry = Entry {
    code: "upstream_address_not_allowed",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "The upstream's address is not a public one.",
    remedy: "Set it in the environment or the config file if it is meant.",
};

pub static UPSTREAM_TIMEOUT: Entry = Entry {
    code: "upstream_timeout",
    status: 504,
    kind: "server_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider did not answer in time.",
    remedy: "Try again, or ask for a shorter answer.",
};

pub static NOT_CACHED: Entry = Entry {
    code: "not_cached",
    status: 504,
    kind: "invalid_request_error",
    public_code: Some("not_cached"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The request asks for a stored answer only, and there is none.",
    remedy: "Send it without `Cache-Control: only-if-cached`.",
};

pub static EGRESS_UNAVAILABLE: Entry = Entry {
    code: "egress_unavailable",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "No proxy of the egress in use could carry the call; it was not sent.",
    remedy: "`tollgate egress test NAME` shows what is wrong with each proxy. Calls never go directly instead, unless the egress says `allow_direct`.",
};

pub static NO_UPSTREAM_AVAILABLE: Entry = Entry {
    code: "no_upstream_available",
    status: 503,
    kind: "service_unavailable_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "No upstream is set up for this call.",
    remedy: "Set OPENAI_API_KEY before the start, or add an upstream.",
};

pub static LEDGER_UNAVAILABLE: Entry = Entry {
    code: "ledger_unavailable",
    status: 503,
    kind: "service_unavailable_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "Tollgate cannot write its records, so nothing was sent.",
    remedy: "Check the disk and the database of this Tollgate, then retry.",
};

pub static OVERLOADED: Entry = Entry {
    code: "overloaded",
    status: 503,
    kind: "service_unavailable_error",
    public_code: Some("server_is_overloaded"),
    blame: Blame::Tollgate,
    retry: Retry::Later,
    what: "Tollgate is at its limit of concurrent work.",
    remedy: "Retry after the time in Retry-After.",
};

pub static BUDGET_EXHAUSTED_MID_STREAM: Entry = Entry {
    code: "budget_exhausted_mid_stream",
    status: 429,
    kind: "insufficient_quota",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The spend limit was reached while the answer was on its way; it ends here.",
    remedy: "Raise the limit, or ask for less: the limit is elastic, and holds a stream's cost as it \
             goes on.",
};

pub static SHUTTING_DOWN: Entry = Entry {
    code: "shutting_down",
    status: 503,
    kind: "service_unavailable_error",
    public_code: Some("server_is_overloaded"),
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "This Tollgate is shutting down.",
    remedy: "Retry; another instance or the restarted one will answer.",
};

pub static INTERNAL_ERROR: Entry = Entry {
    code: "internal_error",
    status: 500,
    kind: "server_error",
    public_code: None,
    blame: Blame::Tollgate,
    retry: Retry::Later,
    what: "Tollgate had an error while processing your request.",
    remedy: "Retry. If it lasts, report it with the x-request-id.",
};

/// Of no answer: it stands in the request log alone.
pub static ORPHANED: Entry = Entry {
    code: "orphaned",
    status: 500,
    kind: "server_error",
    public_code: None,
    blame: Blame::Tollgate,
    retry: Retry::Later,
    what: "Tollgate's process ended while this call was in flight, so nobody can say what it cost.",
    remedy: "Nothing was answered, and the most that it could cost is posted. Where the provider's bill says less, `tollgate ledger correct --entry ID --amount=-USD` takes the rest back.",
};

/// Of no answer: in the request log it tells an attempt that never reached its provider.
pub static UPSTREAM_NOT_SENT: Entry = Entry {
    code: "upstream_not_sent",
    status: 502,
    kind: "server_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Later,
    what: "The provider could not be reached; the call was not sent.",
    remedy: "Check the upstream's base URL, its name's address, its certificate and the network. Nothing was billed.",
};

pub static MANAGED_BY_FILE: Entry = Entry {
    code: "managed_by_file",
    status: 409,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The config file owns this, so it cannot be changed here.",
    remedy: "Change tollgate.toml and reload.",
};

pub static CONFLICT: Entry = Entry {
    code: "conflict",
    status: 409,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The change conflicts with what is there.",
    remedy: "Read the current state and try again.",
};

pub static SIGN_IN_FAILED: Entry = Entry {
    code: "sign_in_failed",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The e-mail address or the password is not right.",
    remedy: "Check both. A password that is lost is set anew over \"Forgot your password?\".",
};

pub static SESSION_REQUIRED: Entry = Entry {
    code: "session_required",
    status: 401,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "You are not signed in, or your session has ended.",
    remedy: "Sign in.",
};

pub static PROOF_REQUIRED: Entry = Entry {
    code: "proof_required",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This needs you to show once more who you are.",
    remedy: "Enter your password again.",
};

pub static CSRF_REJECTED: Entry = Entry {
    code: "csrf_rejected",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This form did not come from a page of this Tollgate.",
    remedy: "Open the page again and send its form from there. Behind a proxy, set `public_url` under [dashboard] to the address that people see.",
};

pub static FORM_SENT_ALREADY: Entry = Entry {
    code: "form_sent_already",
    status: 409,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This form was sent already. Nothing was done a second time.",
    remedy: "Open the page again to see what came of it.",
};

pub static LINK_INVALID: Entry = Entry {
    code: "link_invalid",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This link was used already, is too old, or is not complete.",
    remedy: "Ask for a new one. A link works once and for a short time.",
};

pub static PASSWORD_REFUSED: Entry = Entry {
    code: "password_refused",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This password cannot be used.",
    remedy: "Choose a longer one: four or five words in a row are good.",
};

pub static PUBLIC_URL_REQUIRED: Entry = Entry {
    code: "public_url_required",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Operator,
    retry: Retry::Never,
    what: "Signing in is not safe at this address: passwords would go over the network unencrypted.",
    remedy: "Serve Tollgate over TLS and set `public_url` under [dashboard] to the https:// address that people see, or open it on the machine itself.",
};

pub static CODE_WRONG: Entry = Entry {
    code: "code_wrong",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This code is not right, or was used before.",
    remedy: "Wait for the next code of your app; its clock and ours may differ by half a minute. A recovery code works once.",
};

pub static SIGN_UP_CLOSED: Entry = Entry {
    code: "sign_up_closed",
    status: 403,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Accounts are made by invitation here.",
    remedy: "Ask an owner of the organization for an invitation.",
};

pub static OAUTH_STATE_INVALID: Entry = Entry {
    code: "oauth_state_invalid",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This way back from the provider is not one that this browser began, or it took too long.",
    remedy: "Begin anew on the sign-in page, in the browser that you go on with.",
};

pub static OAUTH_REFUSED: Entry = Entry {
    code: "oauth_refused",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The provider of identities did not let you in, or you declined.",
    remedy: "Begin anew on the sign-in page.",
};

pub static OAUTH_CODE_INVALID: Entry = Entry {
    code: "oauth_code_invalid",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The provider of identities did not take the code that it gave you.",
    remedy: "Begin anew on the sign-in page. If it goes on, check client_id and client_secret under [[sign_in]].",
};

pub static OAUTH_TOKEN_INVALID: Entry = Entry {
    code: "oauth_token_invalid",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Never,
    what: "The provider of identities sent a token that does not count.",
    remedy: "Begin anew on the sign-in page. If it goes on, check issuer and client_id under [[sign_in]], and both clocks.",
};

pub static OAUTH_EMAIL_UNVERIFIED: Entry = Entry {
    code: "oauth_email_unverified",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "Nobody has checked that this address is yours.",
    remedy: "Have the provider check your address, or sign in with your password. For a provider of your own company, set trust_email under [[sign_in]].",
};

pub static OAUTH_PROVIDER_FAILED: Entry = Entry {
    code: "oauth_provider_failed",
    status: 502,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider of identities cannot be asked.",
    remedy: "Try again; if it goes on, check issuer under [[sign_in]].",
};

pub static PHONE_REFUSED: Entry = Entry {
    code: "phone_refused",
    status: 400,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "No message can be sent to this phone.",
    remedy: "Check the number, with its country; take a mobile phone's.",
};

pub static PHONE_PROVIDER_FAILED: Entry = Entry {
    code: "phone_provider_failed",
    status: 502,
    kind: "invalid_request_error",
    public_code: None,
    blame: Blame::Provider,
    retry: Retry::Later,
    what: "The provider that brings codes to phones cannot be asked. Nothing was changed.",
    remedy: "Try again; if it goes on, check [phone] in the config file: the log says what was answered.",
};

pub static REQUEST_IN_PROGRESS: Entry = Entry {
    code: "request_in_progress",
    status: 409,
    kind: "invalid_request_error",
    public_code: Some("request_in_progress"),
    blame: Blame::Caller,
    retry: Retry::Later,
    what: "A call with this Idempotency-Key is still running.",
    remedy: "Wait as long as Retry-After says and send the same call again: it gets the first one's answer.",
};

pub static IDEMPOTENCY_MISMATCH: Entry = Entry {
    code: "idempotency_mismatch",
    status: 422,
    kind: "invalid_request_error",
    public_code: Some("idempotency_mismatch"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "This Idempotency-Key was used for another call: the path or the body differs.",
    remedy: "Use a new key for every new call, and the same key only to send the very same call again.",
};

pub static IDEMPOTENT_ANSWER_NOT_KEPT: Entry = Entry {
    code: "idempotent_answer_not_kept",
    status: 409,
    kind: "invalid_request_error",
    public_code: Some("idempotent_answer_not_kept"),
    blame: Blame::Caller,
    retry: Retry::Never,
    what: "The call with this Idempotency-Key was answered, and its answer was not kept.",
    remedy: "It is not made again under this key, since it was paid for. To have it made again, use a new key. Answers are not kept where the project retains nothing, or where they are too large: docs/idempotency.md.",
};

/// Every row, in the order of the page.
pub static ALL: &[&Entry] = &[
    &MISSING_API_KEY,
    &INVALID_API_KEY,
    &KEY_EXPIRED,
    &KEY_REVOKED,
    &KEY_DISABLED,
    &KEY_PAUSED,
    &KEY_RETIRED,
    &INVALID_LEAK_REPORT,
    &LEAK_KEYS_UNAVAILABLE,
    &AMBIGUOUS_CREDENTIALS,
    &KEY_IN_QUERY_NOT_ALLOWED,
    &PERMISSION_DENIED,
    &ROLE_REQUIRED,
    &PRIVILEGE_ESCALATION,
    &MODEL_NOT_ALLOWED,
    &TOOL_NOT_ALLOWED,
    &ADDRESS_NOT_ALLOWED,
    &CLIENT_CERTIFICATE_REQUIRED,
    &CLIENT_CERTIFICATE_NOT_TRUSTED,
    &CLIENT_CERTIFICATE_UNSEEN,
    &MODEL_PRICE_UNKNOWN,
    &ROUTE_NOT_METERED,
    &FEATURE_NOT_ALLOWED_WITH_HARD_LIMIT,
    &INVALID_MAX_TOKENS,
    &NOT_FOUND,
    &OPERATION_NOT_OFFERED,
    &MODEL_NOT_FOUND,
    &PREVIOUS_RESPONSE_NOT_FOUND,
    &METHOD_NOT_ALLOWED,
    &INVALID_JSON,
    &INVALID_VALUE,
    &MISSING_REQUIRED_PARAMETER,
    &UNKNOWN_FIELD,
    &UNKNOWN_TIME_ZONE,
    &FIELD_NOT_ALLOWED,
    &INVALID_MULTIPART,
    &UNSUPPORTED_MEDIA_TYPE,
    &UNSUPPORTED_CONTENT_ENCODING,
    &REQUEST_TOO_LARGE,
    &BODY_TIMEOUT,
    &BAD_REQUEST_TARGET,
    &BAD_FORWARDED_ADDRESS,
    &UPGRADE_NOT_SUPPORTED,
    &TOO_MANY_AUTH_FAILURES,
    &RATE_LIMIT_EXCEEDED,
    &API_KEY_SPEND_LIMIT_EXCEEDED,
    &USER_SPEND_LIMIT_EXCEEDED,
    &PROJECT_SPEND_LIMIT_EXCEEDED,
    &ORGANIZATION_SPEND_LIMIT_EXCEEDED,
    &UPSTREAM_RATE_LIMITED,
    &UPSTREAM_AUTH_FAILED,
    &UPSTREAM_ERROR,
    &UPSTREAM_REDIRECT,
    &UPSTREAM_RESPONSE_TOO_LARGE,
    &UPSTREAM_MALFORMED_STREAM,
    &UPSTREAM_INCOMPLETE,
    &UPSTREAM_ADDRESS_NOT_ALLOWED,
    &UPSTREAM_TIMEOUT,
    &NOT_CACHED,
    &EGRESS_UNAVAILABLE,
    &NO_UPSTREAM_AVAILABLE,
    &LEDGER_UNAVAILABLE,
    &OVERLOADED,
    &BUDGET_EXHAUSTED_MID_STREAM,
    &SHUTTING_DOWN,
    &INTERNAL_ERROR,
    &ORPHANED,
    &UPSTREAM_NOT_SENT,
    &MANAGED_BY_FILE,
    &CONFLICT,
    &SIGN_IN_FAILED,
    &SESSION_REQUIRED,
    &PROOF_REQUIRED,
    &CSRF_REJECTED,
    &FORM_SENT_ALREADY,
    &LINK_INVALID,
    &PASSWORD_REFUSED,
    &PUBLIC_URL_REQUIRED,
    &CODE_WRONG,
    &SIGN_UP_CLOSED,
    &OAUTH_STATE_INVALID,
    &OAUTH_REFUSED,
    &OAUTH_CODE_INVALID,
    &OAUTH_TOKEN_INVALID,
    &OAUTH_EMAIL_UNVERIFIED,
    &OAUTH_PROVIDER_FAILED,
    &PHONE_REFUSED,
    &PHONE_PROVIDER_FAILED,
    &REQUEST_IN_PROGRESS,
    &IDEMPOTENCY_MISMATCH,
    &IDEMPOTENT_ANSWER_NOT_KEPT,
];

/// The row of a code.
#[must_use]
pub fn find(code: &str) -> Option<&'static Entry> {
    ALL.iter().copied().find(|entry| entry.code == code)
}
