//! Where calls go: routes, their targets and credentials, and who may go there.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::{Answer, FakeProvider, Matcher, Script, Seen, TestGateway};

use crate::support::{BIN, CHAT, hello, passed, refused, until};

/// A gateway before two providers: `openai` of the environment, and `second` of the config file.
struct Fork {
    gateway: TestGateway,
    first: FakeProvider,
    second: FakeProvider,
    key: String,
}

impl Fork {
    fn with(toml: &str) -> Self {
        let (first, second) = (FakeProvider::start(), FakeProvider::start());
        let config = format!(
            "[upstreams.second]\nprovider = \"compatible\"\nbase_url = \"{}\"\n\
             credential = \"env:SECOND_KEY\"\n{toml}",
            second.base_url()
        );
        let gateway = TestGateway::builder(std::path::Path::new(BIN))
            .provider(&first)
            .also_provider(&second)
            .env("SECOND_KEY", second.credential())
            .config(&config)
            .with_other_prices()
            .start();
        let key = gateway.create_key(&json!({"name": "everything"})).value;
        Self { gateway, first, second, key }
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.gateway.json(&self.key, "POST", path, body)
    }

    fn chat_as(&self, key: &str, model: &str) -> Answer {
        self.gateway.json(key, "POST", CHAT, &asking(model))
    }

    /// Where a call of a model goes, and what the model is called there.
    #[track_caller]
    fn goes(&self, model: &str) -> (String, String) {
        self.goes_as(&self.key, model)
    }

    #[track_caller]
    fn goes_as(&self, key: &str, model: &str) -> (String, String) {
        self.first.clear();
        self.second.clear();
        let answer = self.chat_as(key, model);
        passed(&answer);
        let upstream = answer.header("x-tollgate-upstream").unwrap().to_owned();
        let at = if upstream == "second" { &self.second } else { &self.first };
        let [seen] = &at.seen()[..] else { panic!("one call to {upstream}") };
        (upstream, seen.json()["model"].as_str().unwrap().to_owned())
    }

    fn route(&self, body: &Value) -> Value {
        self.gateway.admin("POST", "/tollgate/v1/routes", body)
    }
}

fn asking(model: &str) -> Value {
    let mut body = hello();
    body["model"] = json!(model);
    body
}

fn at(upstream: &str, model: &str) -> (String, String) {
    (upstream.to_owned(), model.to_owned())
}

/// What any provider would answer, whoever asks.
fn answer() -> Script {
    let body = json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [{"index": 0, "finish_reason": "stop",
            "message": {"role": "assistant", "content": "hi"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    });
    Script::json(200, body.to_string()).always()
}

#[test]
fn without_routes_every_model_goes_to_the_environments_upstream() {
    let fork = Fork::with("");
    for model in ["gpt-4o-mini", "anything", "second/gpt-4o"] {
        assert_eq!(fork.goes(model), at("openai", model));
    }
}

#[test]
fn names_aliases_and_beginnings_lead_where_the_file_says() {
    let fork = Fork::with(
        r#"
[[routes]]
model = "fast"
aliases = ["quick"]
targets = [{ upstream = "second", model = "gpt-4o-mini" }]
[[routes]]
model = "other"
aliases = ["another"]
targets = [{ upstream = "second" }]
[[routes]]
model = "second/*"
targets = [{ upstream = "second", model = "*" }]
"#,
    );
    assert_eq!(fork.goes("fast"), at("second", "gpt-4o-mini"));
    assert_eq!(fork.goes("quick"), at("second", "gpt-4o-mini"));
    assert_eq!(fork.goes("another"), at("second", "other"));
    assert_eq!(fork.goes("second/gpt-4o"), at("second", "gpt-4o"));
    assert_eq!(fork.goes("gpt-4o"), at("openai", "gpt-4o"));
    // The record says what was asked for, and what was served.
    let records = fork.gateway.wait_records(5);
    let asked = |model: &str| records.iter().find(|record| record["model_asked"] == model);
    let of = |model| asked(model).map(|record| record["upstream_id"].clone());
    assert_ne!(of("fast"), of("gpt-4o"), "{records:?}");
}

#[test]
fn only_the_models_name_changes_in_a_body() {
    let fork = Fork::with(
        "[[routes]]\nmodel = \"fast\"\ntargets = [{ upstream = \"second\", model = \"gpt-4o\" }]\n",
    );
    let body = "{ \"n\":1,\"model\" : \"f\\u0061st\",\n \"temperature\":1.50, \
                \"messages\":[{\"role\":\"user\",\"content\":\"hi\\u00e9\"}],\"x\":1e0}";
    let bearer = format!("Bearer {}", fork.key);
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    passed(&fork.gateway.request("POST", CHAT, &headers, body));
    let sent = String::from_utf8(fork.second.seen()[0].body.to_vec()).unwrap();
    assert_eq!(sent, body.replace("f\\u0061st", "gpt-4o"));
}

#[test]
fn the_models_name_changes_in_a_form_small_or_large() {
    let fork = Fork::with(
        "[[routes]]\nmodel = \"hear\"\ntargets = [{ upstream = \"second\", model = \"whisper-1\" }]\n",
    );
    let bearer = format!("Bearer {}", fork.key);
    let headers =
        [("Authorization", bearer.as_str()), ("Content-Type", "multipart/form-data; boundary=b")];
    for size in [10, 600_000] {
        fork.second.clear();
        let form = |model: &str| {
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.wav\"\r\n\r\n\
                 {}\r\n--b\r\nContent-Disposition: form-data; name=\"model\"\r\n\r\n{model}\r\n\
                 --b\r\nContent-Disposition: form-data; name=\"language\"\r\n\r\nhear\r\n--b--\r\n",
                "x".repeat(size)
            )
        };
        let path = "/v1/audio/transcriptions";
        passed(&fork.gateway.request("POST", path, &headers, form("hear")));
        let sent = &fork.second.seen()[0];
        assert!(sent.complete && sent.body == form("whisper-1"), "{size}");
    }
}

#[test]
fn calls_are_shared_by_weight_and_a_broken_target_is_passed_over() {
    let fork = Fork::with(
        r#"
[[routes]]
model = "shared"
targets = [
    { upstream = "openai", model = "gpt-4o", weight = 1 },
    { upstream = "second", model = "gpt-4o", weight = 3 },
    { upstream = "gone", weight = 1000 },
    { upstream = "second", model = "gpt-4o-mini", step = 1 },
]
"#,
    );
    let mut counts = BTreeMap::new();
    for _ in 0..80 {
        *counts.entry(fork.goes("shared")).or_insert(0_u32) += 1;
    }
    let second = counts[&at("second", "gpt-4o")];
    assert_eq!(counts.len(), 2, "no call goes to a later step: {counts:?}");
    // 60 of 80; less than 40 or more than 78 is one run in millions.
    assert!((40..=78).contains(&second), "{counts:?}");
    let told = fork.gateway.admin("POST", "/tollgate/v1/routes/test", &json!({"model": "shared"}));
    let places: Vec<_> = told["places"].as_array().unwrap().iter().collect();
    assert_eq!(places[0]["upstream"], "gone", "the heaviest first");
    assert_eq!(places[0]["passed_over"], "no such upstream is in use");
    assert_eq!((&places[3]["step"], &places[3]["model"]), (&json!(1), &json!("gpt-4o-mini")));
    let listed = fork.gateway.admin("GET", "/tollgate/v1/routes", &Value::Null);
    assert_eq!(listed["data"][0]["targets"][2]["broken"], true);
}

#[test]
fn a_projects_own_route_stands_before_the_organizations() {
    let fork = Fork::with("");
    let project = fork.gateway.create_project("own");
    let other = fork.gateway.create_key_in(&project, &json!({"name": "k"})).value;
    let to = |upstream: &str| json!([{"upstream": upstream, "model": "gpt-4o"}]);
    let all = fork.route(&json!({"model": "m", "targets": to("openai")}));
    let own = json!({"model": "m", "project_id": project, "targets": to("second")});
    let own = fork.route(&own);
    assert_eq!(fork.goes("m"), at("openai", "gpt-4o"));
    assert_eq!(fork.goes_as(&other, "m"), at("second", "gpt-4o"));
    // A change holds from the next call on.
    let path = |route: &Value| format!("/tollgate/v1/routes/{}", route["id"].as_str().unwrap());
    fork.gateway.admin("DELETE", &path(&own), &Value::Null);
    assert_eq!(fork.goes_as(&other, "m"), at("openai", "gpt-4o"));
    fork.gateway.admin("POST", &path(&all), &json!({"model": "m", "targets": to("second")}));
    assert_eq!(fork.goes("m"), at("second", "gpt-4o"));
    let admin = fork.gateway.admin_key();
    let taken = json!({"model": "x", "aliases": ["m"], "targets": to("openai")});
    let answer = fork.gateway.json(admin, "POST", "/tollgate/v1/routes", &taken);
    refused(&answer, 409, "conflict");
}

#[test]
fn what_is_denied_is_not_reached_by_any_name() {
    let fork = Fork::with(
        "[[routes]]\nmodel = \"sly\"\ntargets = [{ upstream = \"second\", model = \"o1\" }, { upstream = \"openai\", model = \"gpt-4o\", step = 1 }]\n",
    );
    let project = fork.gateway.create_project("kept");
    let kept = fork.gateway.create_key_in(&project, &json!({"name": "k"})).value;
    fork.route(&json!({"model": "o1*", "project_id": project, "deny": true}));
    fork.first.clear();
    for model in ["o1", "o1-mini", "o1*"] {
        let answer = fork.chat_as(&kept, model);
        refused(&answer, 403, "model_not_allowed");
        assert_eq!(answer.json()["error"]["code"], "model_not_found");
    }
    // However it is written, and wherever it stands.
    let bearer = format!("Bearer {kept}");
    let headers = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
    let escaped = asking("o1").to_string().replace("o1", "\\u006f1");
    refused(&fork.gateway.request("POST", CHAT, &headers, escaped), 403, "model_not_allowed");
    assert_eq!(fork.first.seen_count() + fork.second.seen_count(), 0);
    assert_eq!(fork.goes_as(&kept, "sly"), at("openai", "gpt-4o"), "its first target is denied");
    assert_eq!(fork.goes("o1"), at("openai", "o1"), "others may");
    // An upstream that a project may not use: its calls go to the next, or nowhere.
    let away = json!({"model": "*", "project_id": project, "deny_upstreams": ["openai"]});
    fork.route(&away);
    assert_eq!(fork.goes_as(&kept, "gpt-4o"), at("second", "gpt-4o"));
    refused(&fork.chat_as(&kept, "sly"), 503, "no_upstream_available");
}

#[test]
fn names_of_routes_are_listed_as_models_to_those_who_may_use_them() {
    let fork = Fork::with(
        "[[routes]]\nmodel = \"fast\"\naliases = [\"quick\"]\ntargets = [{ upstream = \"openai\", model = \"gpt-4o\" }]\n[[routes]]\nmodel = \"o1*\"\ndeny = true\n",
    );
    let ids = |key: &str| -> Vec<String> {
        let listed = fork.gateway.json(key, "GET", "/v1/models", &Value::Null).json();
        let all = listed["data"].as_array().unwrap().iter();
        all.map(|model| model["id"].as_str().unwrap().to_owned()).collect()
    };
    let all = ids(&fork.key);
    assert_eq!(all[..2], ["fast", "quick"]);
    assert!(all.contains(&"gpt-4o".to_owned()) && !all.iter().any(|id| id.starts_with("o1")));
    let get = |name: &str| fork.gateway.json(&fork.key, "GET", name, &Value::Null);
    let fast = get("/v1/models/fast").json();
    assert_eq!((&fast["object"], &fast["display_name"]), (&json!("model"), &json!("gpt-4o")));
    refused(&get("/v1/models/o1"), 404, "model_not_found");
    let only = fork.gateway.create_key(&json!({"name": "q", "models": ["quick"]})).value;
    assert_eq!(ids(&only), ["quick"]);
}

#[test]
fn an_object_is_asked_for_where_it_is() {
    let fork = Fork::with(
        "[[routes]]\nmodel = \"far\"\ntargets = [{ upstream = \"second\", model = \"gpt-4o\" }]\n",
    );
    let made = fork.post("/v1/responses", &json!({"model": "far", "input": "hi"}));
    passed(&made);
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!((fork.first.seen_count(), fork.second.seen_count()), (0, 1));
    let path = format!("/v1/responses/{id}");
    passed(&fork.gateway.json(&fork.key, "GET", &path, &Value::Null));
    // A later turn goes along, whatever its own model's route says.
    for model in ["gpt-4o", "far"] {
        fork.second.clear();
        let turn = json!({"model": model, "input": "hi", "previous_response_id": id});
        passed(&fork.post("/v1/responses", &turn));
        assert_eq!(fork.second.seen()[0].json()["model"], "gpt-4o");
    }
    assert_eq!(fork.first.seen_count(), 0);
}

/// How often each value of a header came.
fn counted(seen: &[Seen], header: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for one in seen {
        *counts.entry(one.header(header).unwrap_or("none").to_owned()).or_default() += 1;
    }
    counts
}

#[test]
fn credentials_of_an_upstream_share_its_calls_and_change_under_traffic() {
    let (first, many) = (FakeProvider::start(), FakeProvider::start());
    let gateway = TestGateway::builder(std::path::Path::new(BIN))
        .provider(&first)
        .also_provider(&many)
        .config("[egress]\nprivate_hosts = [\"127.0.0.1\"]\n")
        .with_other_prices()
        .start();
    let key = gateway.create_key(&json!({"name": "k"})).value;
    many.script(Matcher::new("POST", CHAT), answer());
    let body = json!({
        "name": "many", "provider": "compatible", "base_url": many.base_url(),
        "credentials": [
            {"credential": "sk-many-aaaaaaaaaaaa", "weight": 3},
            {"credential": "sk-many-bbbbbbbbbbbb"},
        ],
        "headers": {"X-Title": "Ours"},
    });
    for secret in ["sk-many-aaaaaaaaaaaa", "sk-many-bbbbbbbbbbbb", "sk-many-cccccccccccc"] {
        gateway.plant(secret);
    }
    let made = gateway.admin("POST", "/tollgate/v1/upstreams", &body);
    assert_eq!(made["credentials"][0]["last_four"], "aaaa");
    let route = json!({"model": "m", "targets": [{"upstream": "many"}]});
    gateway.admin("POST", "/tollgate/v1/routes", &route);
    let call = || passed(&gateway.json(&key, "POST", CHAT, &asking("m")));
    (0..60).for_each(|_| call());
    let counts = counted(&many.seen(), "authorization");
    assert_eq!(counts.len(), 2, "{counts:?}");
    let heavy = counts["Bearer sk-many-aaaaaaaaaaaa"];
    assert!((30..=59).contains(&heavy), "about 45 of 60: {counts:?}");
    assert_eq!(counted(&many.seen(), "x-title"), BTreeMap::from([("Ours".to_owned(), 60)]));
    // One more, then the others go: from the next call on.
    let path = "/tollgate/v1/upstreams/many/credentials";
    gateway.admin("POST", path, &json!({"credential": "sk-many-cccccccccccc"}));
    for credential in made["credentials"].as_array().unwrap() {
        let path = format!("{path}/{}", credential["id"].as_str().unwrap());
        gateway.admin("DELETE", &path, &Value::Null);
    }
    many.clear();
    (0..5).for_each(|_| call());
    let counts = counted(&many.seen(), "authorization");
    assert_eq!(counts, BTreeMap::from([("Bearer sk-many-cccccccccccc".to_owned(), 5)]));
    // Switched off, it is passed over; removed, its route is broken.
    gateway.admin("POST", "/tollgate/v1/upstreams/many", &json!({"enabled": false}));
    let off = gateway.json(&key, "POST", CHAT, &asking("m"));
    refused(&off, 503, "no_upstream_available");
    assert!(off.text().contains("switched off"), "{}", off.text());
    gateway.admin("DELETE", "/tollgate/v1/upstreams/many", &Value::Null);
    refused(&gateway.json(&key, "POST", CHAT, &asking("m")), 503, "no_upstream_available");
}

#[test]
fn azure_is_signed_and_asked_in_its_own_way() {
    let (first, azure) = (FakeProvider::start(), FakeProvider::start());
    let base = azure.base_url();
    let host = base.strip_suffix("/v1").unwrap();
    let config = format!(
        "[upstreams.new]\nprovider = \"azure\"\nbase_url = \"{host}\"\ncredential = \"env:AZ\"\n\
         [upstreams.old]\nprovider = \"azure\"\nbase_url = \"{host}\"\n\
         api_version = \"2024-10-21\"\ncredential = \"env:AZ\"\n\
         [[routes]]\nmodel = \"new\"\ntargets = [{{ upstream = \"new\", model = \"my-gpt\" }}]\n\
         [[routes]]\nmodel = \"old\"\ntargets = [{{ upstream = \"old\", model = \"my gpt\" }}]\n"
    );
    let gateway = TestGateway::builder(std::path::Path::new(BIN))
        .provider(&first)
        .also_provider(&azure)
        .env("AZ", "azure-key-0123456789")
        .config(&config)
        .with_other_prices()
        .start();
    gateway.plant("azure-key-0123456789");
    azure.script(Matcher::any(), answer());
    let key = gateway.create_key(&json!({"name": "k"})).value;
    for (model, target) in [
        ("new", "/openai/v1/chat/completions"),
        ("old", "/openai/deployments/my%20gpt/chat/completions?api-version=2024-10-21"),
    ] {
        azure.clear();
        passed(&gateway.json(&key, "POST", CHAT, &asking(model)));
        let seen = azure.seen();
        assert_eq!(seen[0].target, target);
        assert_eq!(seen[0].header("api-key"), Some("azure-key-0123456789"));
        assert_eq!(seen[0].header("authorization"), None);
    }
}

#[test]
fn a_providers_usual_variable_makes_its_upstream() {
    let groq = FakeProvider::start();
    let gateway = TestGateway::builder(std::path::Path::new(BIN))
        .also_provider(&groq)
        .env("GROQ_API_KEY", groq.credential())
        .env("GROQ_BASE_URL", &groq.base_url())
        .with_other_prices()
        .start();
    let key = gateway.create_key(&json!({"name": "k"})).value;
    let answer = gateway.json(&key, "POST", CHAT, &hello());
    passed(&answer);
    assert_eq!(answer.header("x-tollgate-upstream"), Some("groq"));
    // OpenAI's price of the same name is not Groq's.
    assert_eq!(answer.header("x-tollgate-cost"), None);
    let prices = || gateway.admin("GET", "/tollgate/v1/prices", &Value::Null);
    until("the call without a price is told", || {
        prices()["unpriced"][0]["model"].as_str().is_some_and(|m| m.starts_with("groq/gpt-4o-mini"))
    });
    // Nor does it have all of OpenAI's operations.
    groq.clear();
    let answer = gateway.json(&key, "POST", "/v1/videos", &json!({"model": "m", "prompt": "p"}));
    refused(&answer, 404, "operation_not_offered");
    assert_eq!(groq.seen_count(), 0);
    let tested = gateway.admin("POST", "/tollgate/v1/upstreams/groq/test", &json!({}));
    assert_eq!((&tested["ok"], &tested["status"]), (&json!(true), &json!(200)), "{tested}");
}

#[test]
fn case_105_an_upstream_of_the_api_is_public_or_listed() {
    let fork = Fork::with("");
    let admin = fork.gateway.admin_key();
    let make = |url: &str| {
        let body = json!({"name": "x", "provider": "openai", "base_url": url, "credential": "sk-aaaaaaaa"});
        fork.gateway.json(admin, "POST", "/tollgate/v1/upstreams", &body)
    };
    for url in [
        "https://127.0.0.1/v1",
        "https://2130706433/v1",
        "https://0x7f.1/v1",
        "https://[::ffff:10.0.0.1]/v1",
        "https://localhost/v1",
        "https://metadata.google.internal/v1",
        "http://api.openai.com/v1",
    ] {
        refused(&make(url), 400, "upstream_address_not_allowed");
    }
    for url in ["ftp://a.example", "https://u:p@a.example/", "https://a.example/?k=1", "nonsense"] {
        refused(&make(url), 400, "invalid_value");
    }
    // Nor is a credential sent to another host than it was given for.
    passed(&make("https://api.openai.com/v1"));
    let elsewhere = json!({"base_url": "https://attacker.example/v1"});
    let answer = fork.gateway.json(admin, "POST", "/tollgate/v1/upstreams/x", &elsewhere);
    refused(&answer, 400, "invalid_value");
    // What the environment and the file name is theirs.
    for name in ["openai", "second"] {
        let path = format!("/tollgate/v1/upstreams/{name}");
        let answer = fork.gateway.json(admin, "POST", &path, &json!({"enabled": false}));
        refused(&answer, 409, "managed_by_file");
    }
}
