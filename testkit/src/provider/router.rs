//! Who may come in, which handler answers, and the headers that every answer of the account has.

use super::calls::Call;
use super::reply::{Reply, error};
use super::world::World;
use super::{
    assistants, audio, batches, chat, completions, conversations, embeddings, files, images, misc,
    models, objects, responses, vectors,
};

/// 401 unless the request has the account's key.
pub(crate) fn refuse(authorization: &str, credential: &str) -> Option<Reply> {
    let (code, message) = match authorization.strip_prefix("Bearer ") {
        Some(key) if key == credential => return None,
        Some(key) => {
            let tail: String =
                key.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
            let text = format!(
                "Incorrect API key provided: sk-...{tail}. You can find your API key at \
                 https://platform.openai.com/account/api-keys."
            );
            (Some("invalid_api_key"), text)
        }
        None => {
            let text = "You didn't provide an API key. You need to provide your API key in an \
                        Authorization header using Bearer auth (i.e. Authorization: Bearer \
                        YOUR_KEY).";
            (None, text.to_owned())
        }
    };
    Some(error(401, "invalid_request_error", code, None, &message))
}

/// The answer of the account. What has no handler of its own is an object of some kind.
pub(crate) fn answer(call: &Call, world: &mut World) -> Reply {
    let segments: Vec<&str> = call.path.split('/').skip(1).collect();
    match (call.method.as_str(), segments.as_slice()) {
        ("POST", ["chat", "completions"]) => chat::create(call, world),
        ("POST", ["completions"]) => completions::create(call, world),
        ("POST", ["embeddings"]) => embeddings::create(call),
        ("POST", ["moderations"]) => misc::moderate(call, world),
        (_, ["responses", rest @ ..]) => responses::route(call, rest, world),
        ("POST", ["conversations"]) => conversations::create(call, world),
        (_, ["conversations", id, "items", ..]) if call.method != "GET" => {
            conversations::items(call, id, world)
        }
        (_, ["models", rest @ ..]) => models::route(call, rest, world),
        ("POST", ["images", which]) => images::create(call, which, world),
        ("POST", ["audio", which @ ("speech" | "transcriptions" | "translations")]) => {
            audio::create(call, which)
        }
        ("POST", ["files"]) => files::create(call, world),
        ("POST", ["uploads", rest @ ..]) if !rest.is_empty() => files::upload(call, rest, world),
        ("POST", ["batches"]) => batches::create(call, world),
        ("GET", ["batches", id]) => batches::get(call, id, world),
        (_, ["vector_stores", rest @ ..]) => vectors::route(call, rest, world),
        ("POST", ["threads", rest @ ..]) => assistants::route(call, rest, world),
        ("POST", ["videos", ..]) => misc::video(call, &segments[1..], world),
        ("POST", ["containers", _, "files"]) => misc::container_file(call, world),
        ("POST", ["skills", ..]) => misc::skill(call, &segments[1..], world),
        ("POST", ["realtime", rest @ ..]) => misc::realtime(call, rest, world),
        ("POST", ["chatkit", "sessions"]) => misc::chatkit_session(call, world),
        ("POST", ["evals"]) => misc::create_eval(call, world),
        ("POST", ["evals", id, "runs", run]) => misc::cancel_eval_run(call, id, run, world),
        ("POST", ["fine_tuning", "alpha", "graders", which]) => misc::grader(call, which),
        ("POST", ["fine_tuning", "checkpoints", model, "permissions"]) => {
            misc::checkpoint_permissions(call, model, world)
        }
        ("POST", ["content_provenance_checks"]) => misc::provenance(world),
        _ => objects::answer(call, world),
    }
}

/// The headers that the account puts on every answer, next to one that nobody should see.
pub(crate) fn account_headers(request_id: &str) -> Vec<(&'static str, String)> {
    let fixed = [
        ("Server", "cloudflare"),
        ("openai-organization", "org-fakeaccount"),
        ("openai-processing-ms", "42"),
        ("openai-version", "2020-10-01"),
        ("set-cookie", "__cf_bm=fakecookie.0123456789; path=/; HttpOnly; Secure"),
        ("x-ratelimit-limit-requests", "10000"),
        ("x-ratelimit-limit-tokens", "2000000"),
        ("x-ratelimit-remaining-requests", "9999"),
        ("x-ratelimit-remaining-tokens", "1999990"),
        ("x-ratelimit-reset-requests", "6ms"),
        ("x-ratelimit-reset-tokens", "1s"),
        ("x-secret-internal", "fake-account-internals"),
    ];
    let mut all: Vec<_> = fixed.map(|(name, value)| (name, value.to_owned())).into();
    all.push(("Date", httpdate::fmt_http_date(std::time::SystemTime::now())));
    all.push(("x-request-id", request_id.to_owned()));
    all
}
