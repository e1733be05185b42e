//! `GET /v1/organization/usage/…`: pages, filters and the exact shapes of each report.

use crate::gateway::Gateway;
use domain::{GroupBy, ImageSource, Tokens, UsageFamily, UsageRow};
use serde_json::json;

const USAGE: &str = "/v1/organization/usage/completions";
const DAY: i64 = 86_400;
/// The midnight before now.
const TODAY: i64 = crate::world::NOON - DAY / 2;

#[test]
fn every_bucket_is_there_and_a_page_goes_on_where_the_last_ended() {
    let gateway = Gateway::start();
    let tokens = Tokens { input: 7, input_cached: 2, output: 5, ..Tokens::default() };
    let row = UsageRow { requests: 3, tokens, ..UsageRow::default() };
    gateway.world.state().usage.insert(TODAY, row);
    let target = format!("{USAGE}?start_time={}", TODAY - 8 * DAY + 5);
    let first = gateway.ok("GET", &target, "");
    assert_eq!(first.text("/object"), "page");
    let buckets = first.body["data"].as_array().unwrap();
    assert_eq!(buckets.len(), 7);
    assert_eq!(
        buckets[0],
        json!({"object":"bucket","start_time":TODAY - 8 * DAY,"end_time":TODAY - 7 * DAY,"results":[]})
    );
    assert_eq!(first.body["has_more"], json!(true));

    let second = gateway.ok("GET", &format!("{target}&page={}", first.text("/next_page")), "");
    let buckets = second.body["data"].as_array().unwrap();
    assert_eq!((buckets.len(), &buckets[0]["start_time"]), (2, &json!(TODAY - DAY)));
    assert_eq!(second.body["has_more"], json!(false));
    assert!(second.body.get("next_page").is_some_and(serde_json::Value::is_null));
    let result = &buckets[1]["results"][0];
    assert_eq!(result["object"], "organization.usage.completions.result");
    assert_eq!(result["input_tokens"], 7);
    assert_eq!(result["input_uncached_tokens"], 5);
    assert_eq!(result["num_model_requests"], 3);
    for dimension in ["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"] {
        assert!(result.get(dimension).is_some_and(serde_json::Value::is_null), "{dimension}");
    }
}

#[test]
fn filters_and_groups_arrive_in_every_spelling() {
    let gateway = Gateway::start();
    for query in [
        "project_ids[]=a&project_ids[]=b&group_by[]=model&group_by[]=batch&batch=true",
        "project_ids%5B%5D=a&project_ids%5B%5D=b&group_by%5B%5D=model&group_by%5B%5D=batch&batch=true",
        "project_ids=a&project_ids=b&group_by=model&group_by=batch&batch=true",
    ] {
        gateway.ok("GET", &format!("{USAGE}?start_time=0&end_time=60&{query}"), "");
        let asked = gateway.world.state().questions.pop().unwrap();
        assert_eq!(asked.filter.projects, ["a", "b"]);
        assert_eq!(asked.filter.batch, Some(true));
        assert_eq!(asked.group, GroupBy { model: true, batch: true, ..GroupBy::default() });
    }
    let query = "user_ids=u&api_key_ids=k&models=m%2F1&bucket_width=1m";
    gateway.ok("GET", &format!("{USAGE}?start_time=61&end_time=121&{query}"), "");
    let asked = gateway.world.state().questions.pop().unwrap();
    assert_eq!((asked.start, asked.end), (60, 180));
    assert_eq!((asked.filter.users, asked.filter.keys), (vec!["u".into()], vec!["k".into()]));
    assert_eq!(asked.filter.models, ["m/1"]);
}

#[test]
fn an_empty_or_reversed_range_is_an_empty_page() {
    let gateway = Gateway::start();
    for range in ["start_time=0&end_time=0", "start_time=9&end_time=3", "start_time=9999999999"] {
        let reply = gateway.ok("GET", &format!("{USAGE}?{range}"), "");
        assert_eq!(
            reply.body,
            json!({"object":"page","data":[],"has_more":false,"next_page":null}),
            "{range}"
        );
    }
}

#[test]
fn each_width_has_its_page_size() {
    let gateway = Gateway::start();
    for (width, default, largest) in [("1d", 7, 31), ("1h", 24, 168), ("1m", 60, 1440)] {
        let count = |limit: &str| {
            let target = format!("{USAGE}?start_time=0&bucket_width={width}{limit}");
            gateway.ok("GET", &target, "").body["data"].as_array().unwrap().len()
        };
        assert_eq!((count(""), count(&format!("&limit={largest}"))), (default, largest));
        let target = format!("{USAGE}?start_time=0&bucket_width={width}&limit={}", largest + 1);
        assert_eq!(gateway.get(&target).refusal(), (400, "invalid_value", "limit"));
    }
}

#[test]
fn case_14_what_is_not_understood_is_named() {
    let gateway = Gateway::start();
    let terms = "&models=m".repeat(10_000);
    for (query, code, param) in [
        ("", "missing_required_parameter", "start_time"),
        ("start_time=now", "invalid_value", "start_time"),
        ("start_time=-1", "invalid_value", "start_time"),
        ("start_time=99999999999999999999", "invalid_value", "start_time"),
        ("start_time=0&end_time=x", "invalid_value", "end_time"),
        ("start_time=0&bucket_width=1w", "invalid_value", "bucket_width"),
        ("start_time=0&group_by=cost", "invalid_value", "group_by"),
        ("start_time=0&limit=0", "invalid_value", "limit"),
        ("start_time=0&batch=perhaps", "invalid_value", "batch"),
        ("start_time=0&page=x", "invalid_value", "page"),
        ("start_time=0&page=a&page=b", "invalid_value", "page"),
        ("start_time=0&group_by=line_item", "invalid_value", "group_by"),
        ("start_time=0&page=page_1", "invalid_value", "page"),
        ("start_time=0&page=page_-15180", "invalid_value", "page"),
        (&format!("start_time=0{terms}"), "invalid_value", "models"),
    ] {
        let reply = gateway.get(&format!("{USAGE}?{query}"));
        assert_eq!(reply.refusal(), (400, code, param), "{:.60}", query);
    }
    assert!(gateway.world.state().questions.is_empty());
}

/// Path, object name, the required counters, what it can be grouped by.
type Shape = (&'static str, &'static str, &'static [&'static str], &'static [&'static str]);

const WHO: &[&str] = &["project_id", "user_id", "api_key_id", "model"];
/// As OpenAI's document has them: the names in the answers differ from those in the paths.
const METERED: [Shape; 6] = [
    (
        "completions",
        "completions",
        &[
            "input_tokens",
            "input_cached_tokens",
            "input_cache_write_tokens",
            "input_uncached_tokens",
            "output_tokens",
            "input_text_tokens",
            "output_text_tokens",
            "input_cached_text_tokens",
            "input_audio_tokens",
            "input_cached_audio_tokens",
            "output_audio_tokens",
            "input_image_tokens",
            "input_cached_image_tokens",
            "output_image_tokens",
            "num_model_requests",
        ],
        &["project_id", "user_id", "api_key_id", "model", "batch", "service_tier"],
    ),
    ("embeddings", "embeddings", &["input_tokens", "num_model_requests"], WHO),
    ("moderations", "moderations", &["input_tokens", "num_model_requests"], WHO),
    (
        "images",
        "images",
        &["images", "num_model_requests"],
        &["project_id", "user_id", "api_key_id", "model", "size", "source"],
    ),
    ("audio_speeches", "audio_speeches", &["characters", "num_model_requests"], WHO),
    ("audio_transcriptions", "audio_transcriptions", &["seconds", "num_model_requests"], WHO),
];

const UNMETERED: [(&str, &[&str]); 4] = [
    ("vector_stores", &["project_id"]),
    ("code_interpreter_sessions", &["project_id"]),
    ("file_search_calls", &["project_id", "user_id", "api_key_id", "vector_store_id"]),
    ("web_search_calls", &["project_id", "user_id", "api_key_id", "model", "context_level"]),
];

fn report(name: &str) -> String {
    format!("/v1/organization/usage/{name}?start_time={TODAY}&end_time={}", TODAY + DAY)
}

#[test]
fn every_report_has_its_shape_to_the_field() {
    let gateway = Gateway::start();
    let text = |text: &str| Some(text.to_owned());
    let row = UsageRow {
        project: text("proj_1"),
        user: text("user-1"),
        key: text("key_1"),
        model: text("gpt"),
        batch: Some(false),
        service_tier: text("default"),
        source: Some(ImageSource::Edit),
        requests: 3,
        tokens: Tokens { input: 7, output: 5, ..Tokens::default() },
        images: 4,
        media_ms: 2_001,
        characters: 9,
        ..UsageRow::default()
    };
    gateway.world.state().usage.insert(TODAY, row);
    for (path, object, counters, dimensions) in METERED {
        let reply = gateway.ok("GET", &report(path), "");
        let result = reply.body["data"][0]["results"][0].as_object().unwrap();
        assert_eq!(result["object"], json!(format!("organization.usage.{object}.result")));
        let mut expected: Vec<&str> = ["object"].into_iter().collect();
        expected.extend(counters.iter().chain(dimensions));
        expected.sort_unstable();
        let mut found: Vec<&str> = result.keys().map(String::as_str).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{path}");
        assert!(counters.iter().all(|counter| result[*counter].is_u64()), "{path}");
        assert_eq!((&result["project_id"], &result["model"]), (&json!("proj_1"), &json!("gpt")));
        assert_eq!(result["num_model_requests"], 3);
    }
    let one = |path: &str, field: &str| {
        gateway.ok("GET", &report(path), "").body["data"][0]["results"][0][field].clone()
    };
    assert_eq!(one("audio_transcriptions", "seconds"), 3);
    assert_eq!(
        (one("images", "source"), one("images", "size")),
        (json!("image.edit"), json!(null))
    );
}

#[test]
fn every_report_takes_its_own_groups_and_no_others() {
    let gateway = Gateway::start();
    let metered = METERED.map(|(path, _, _, groups)| (path, groups));
    let mut words: Vec<&str> =
        metered.iter().chain(&UNMETERED).flat_map(|row| row.1).copied().collect();
    words.push("line_item");
    for (path, groups) in metered.iter().chain(&UNMETERED) {
        let all: String = groups.iter().map(|word| format!("&group_by[]={word}")).collect();
        gateway.ok("GET", &format!("{}{all}", report(path)), "");
        for word in words.iter().filter(|word| !groups.contains(word)) {
            let reply = gateway.get(&format!("{}&group_by={word}", report(path)));
            assert_eq!(reply.refusal(), (400, "invalid_value", "group_by"), "{path} {word}");
        }
    }
}

#[test]
fn each_report_counts_its_own_family() {
    let gateway = Gateway::start();
    for (path, family) in [
        ("completions", UsageFamily::Completions),
        ("embeddings", UsageFamily::Embeddings),
        ("moderations", UsageFamily::Moderations),
        ("images", UsageFamily::Images),
        ("audio_speeches", UsageFamily::AudioSpeeches),
        ("audio_transcriptions", UsageFamily::AudioTranscriptions),
    ] {
        gateway.ok("GET", &format!("{}&batch=true", report(path)), "");
        let asked = gateway.world.state().questions.pop().unwrap();
        assert_eq!(asked.families, [family]);
        // Only completions know of batches; elsewhere the word means nothing.
        assert_eq!(asked.filter.batch.is_some(), path == "completions");
    }
}

#[test]
fn what_is_not_metered_has_every_bucket_and_nothing_in_it() {
    let gateway = Gateway::start();
    gateway.world.state().usage.insert(TODAY, UsageRow { requests: 1, ..UsageRow::default() });
    for (path, _) in UNMETERED {
        let reply = gateway.ok("GET", &report(path), "");
        let bucket = json!({
            "object": "bucket", "start_time": TODAY, "end_time": TODAY + DAY, "results": [],
        });
        assert_eq!(
            reply.body,
            json!({"object": "page", "data": [bucket], "has_more": false, "next_page": null})
        );
    }
    assert!(gateway.world.state().questions.is_empty());
}

#[test]
fn images_are_filtered_by_source_and_no_size_is_on_record() {
    let gateway = Gateway::start();
    let images = report("images");
    gateway.ok("GET", &format!("{images}&sources[]=image.edit&sources[]=image.variation"), "");
    let asked = gateway.world.state().questions.pop().unwrap();
    assert_eq!(asked.filter.sources, [ImageSource::Edit, ImageSource::Variation]);
    let reply = gateway.get(&format!("{images}&sources=image.theft"));
    assert_eq!(reply.refusal(), (400, "invalid_value", "sources"));
    gateway.world.state().usage.insert(TODAY, UsageRow { images: 1, ..UsageRow::default() });
    let reply = gateway.ok("GET", &format!("{images}&sizes=1024x1024"), "");
    assert_eq!(reply.body["data"][0]["results"], json!([]));
}

#[test]
fn a_page_of_another_report_is_refused() {
    let gateway = Gateway::start();
    let start = TODAY - 20 * DAY;
    let target = |query: &str| format!("{USAGE}?start_time={start}&models=a&models=b{query}");
    let token = gateway.ok("GET", &target(""), "").text("/next_page");
    // The same report: another order of the same filter, another size of the page.
    let same = format!("{USAGE}?start_time={start}&models=b&models=a&limit=3&page={token}");
    let again = gateway.ok("GET", &same, "");
    assert_eq!(again.body["data"][0]["start_time"], json!(start + 7 * DAY));
    for other in [
        target(&format!("&group_by=model&page={token}")),
        target(&format!("&batch=true&page={token}")),
        target(&format!("&project_ids=p&page={token}")),
        target(&format!("&bucket_width=1h&page={token}")),
        // Stale: the report ends before it.
        target(&format!("&end_time={}&page={token}", start + 2 * DAY)),
        format!("{USAGE}?start_time={}&models=a&models=b&page={token}", start - DAY),
        format!(
            "/v1/organization/usage/embeddings?start_time={start}&models=a&models=b&page={token}"
        ),
        format!("/v1/organization/costs?start_time={start}&page={token}"),
    ] {
        assert_eq!(gateway.get(&other).refusal(), (400, "invalid_value", "page"), "{other}");
    }
}
