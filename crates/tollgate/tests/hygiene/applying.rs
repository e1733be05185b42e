//! `tollgate apply` and `tollgate export`: configuration as a file.

use serde_json::{Value, json};
use testkit::{FakeProvider, TestGateway};

use crate::support::{BIN, CHAT, Process, Stage, hello, passed, refused};

fn run(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let (url, key) = (stage.gateway.url(), stage.gateway.admin_key().to_owned());
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", key.as_str())];
    let mut process = Process::spawn(stage.gateway.home(), arguments, &env);
    assert_eq!(process.exit(), Some(code), "{}", process.output());
    process.output()
}

fn write(stage: &Stage, text: &str) -> String {
    let path = stage.gateway.home().join("wanted.toml");
    std::fs::write(&path, text).unwrap();
    path.display().to_string()
}

const WANTED: &str = r#"
[organization]
retention = "zero_data_retention"
[organization.sign_in]
sign_up = "open"

[projects."Default project"]
models = { mode = "deny_list", model_ids = ["o3"] }
tools = { mcp = false }
[projects."Default project".keys.app]
models = ["gpt-4o*"]

[projects.Batch]
retention = "none"
limits_usd = { month = "50.00", day = "2" }
[projects.Batch.rate_limits]
max_requests_per_1_minute = 90
"#;

#[test]
fn a_file_is_checked_applied_once_and_exported_again() {
    let stage = Stage::new();
    let default = stage.gateway.default_project();
    let key = stage.gateway.create_key_in(&default, &json!({ "name": "app" }));
    let file = write(&stage, WANTED);
    let count = || {
        let log = "/v1/organization/audit_logs?limit=100";
        stage.gateway.admin("GET", log, &Value::Null)["data"].as_array().unwrap().len()
    };
    let before = count();
    let told = run(&stage, &["apply", "-f", &file, "--check"], 1);
    for what in [
        "Batch: project",
        "Batch: limits_usd.month",
        "keys.app.models",
        "tools.mcp",
        "sign_in.sign_up",
    ] {
        assert!(told.contains(what), "{what} is not in\n{told}");
    }
    assert_eq!(count(), before, "a check changes nothing");

    run(&stage, &["apply", "-f", &file], 0);
    let after = count();
    assert_eq!(after - before, 10, "one change a value");
    assert!(run(&stage, &["apply", "-f", &file], 0).contains("Nothing to do"));
    run(&stage, &["apply", "-f", &file, "--check"], 0);
    assert_eq!(count(), after);
    let o3 = stage.gateway.json(&key.value, "POST", CHAT, &json!({ "model": "o3" }));
    refused(&o3, 403, "model_not_allowed");
    let mut allowed = hello();
    allowed["model"] = json!("gpt-4o-mini");
    passed(&stage.gateway.json(&key.value, "POST", CHAT, &allowed));

    // What is exported is what is there, and holds no secret.
    let exported = run(&stage, &["export"], 0);
    assert!(!exported.contains("sk-"), "{exported}");
    assert!(exported.contains("month = \"50"), "{exported}");
    assert!(exported.contains("sign_up = \"open\""), "{exported}");
    let again = write(&stage, &exported);
    assert!(run(&stage, &["apply", "-f", &again, "--check"], 0).contains("Nothing to do"));
    // Somebody changes a value by hand: the file has it back.
    let target = format!("/v1/organization/projects/{default}/hosted_tool_permissions");
    stage.gateway.admin("POST", &target, &json!({ "mcp": { "enabled": true } }));
    let told = run(&stage, &["apply", "-f", &again], 0);
    assert!(told.contains("tools.mcp") && told.contains("1 values were set"), "{told}");
}

#[test]
fn a_file_with_a_mistake_changes_nothing() {
    let stage = Stage::new();
    for (text, why) in [
        ("[projects.New]\nlimit = '5'\n", "'limit' is not known"),
        ("[projects.New]\n[projects.New.keys.app]\nmodels = ['o3']\n", "keys create"),
        ("[organization.limits_usd]\nmonth = 50\n", "US dollars"),
        ("[organization.sign_in]\nsign_up = 'all'\n", "invited or open"),
    ] {
        let file = write(&stage, text);
        let told = run(&stage, &["apply", "-f", &file], 1);
        assert!(told.contains(why), "{told}");
    }
    let listed = stage.gateway.admin("GET", "/v1/organization/projects", &Value::Null);
    assert!(!listed.to_string().contains("\"New\""));
}

const PLACES: &str = r#"
[upstreams.second]
provider = "compatible"
base_url = "URL"
credential = "env:SECOND_KEY"
headers = { X-Title = "ours" }

[projects.Research]
retention = "none"

[[routes]]
model = "fast"
aliases = ["quick"]
cache = { enabled = true, ttl_seconds = 600, replay = "paced" }
targets = [
    { upstream = "second", model = "gpt-4o-mini", weight = 3 },
    { upstream = "openai", step = 1, on = ["throttled"], max_output_price = "60" },
]

[[routes]]
model = "o3*"
project = "Research"
deny = true
"#;

/// A gateway whose API may make an upstream of the second provider.
fn fork() -> (TestGateway, FakeProvider, FakeProvider) {
    let (first, second) = (FakeProvider::start(), FakeProvider::start());
    let gateway = TestGateway::builder(std::path::Path::new(BIN))
        .provider(&first)
        .also_provider(&second)
        .config("[egress]\nprivate_hosts = [\"127.0.0.1\"]\n")
        .with_other_prices()
        .start();
    (gateway, first, second)
}

fn command(gateway: &TestGateway, arguments: &[&str], more: &[(&str, &str)], code: i32) -> String {
    let (url, key) = (gateway.url(), gateway.admin_key().to_owned());
    let mut env = vec![("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", key.as_str())];
    env.extend(more);
    let mut process = Process::spawn(gateway.home(), arguments, &env);
    assert_eq!(process.exit(), Some(code), "{}", process.output());
    process.output()
}

#[test]
fn upstreams_and_routes_of_a_file_are_made_changed_and_exported() {
    let (gateway, _first, second) = fork();
    let secret = second.credential();
    let env = [("SECOND_KEY", secret)];
    let write = |text: &str| {
        let path = gateway.home().join("places.toml");
        std::fs::write(&path, text.replace("URL", &second.base_url())).unwrap();
        path.display().to_string()
    };
    let file = write(PLACES);
    // A reference to nothing is found before anything is made.
    let told = command(&gateway, &["apply", "-f", &file], &[], 1);
    assert!(told.contains("the environment has no SECOND_KEY"), "{told}");
    let told = command(&gateway, &["apply", "-f", &file, "--check"], &env, 1);
    for what in ["upstreams.second", "routes.fast", "Research: routes.o3*", "second=gpt-4o-mini"] {
        assert!(told.contains(what), "{what} is not in\n{told}");
    }
    command(&gateway, &["apply", "-f", &file], &env, 0);
    assert!(command(&gateway, &["apply", "-f", &file], &env, 0).contains("Nothing to do"));

    let key = gateway.create_key(&json!({ "name": "app" })).value;
    let mut body = hello();
    body["model"] = json!("quick");
    let answer = gateway.json(&key, "POST", CHAT, &body);
    passed(&answer);
    assert_eq!(answer.header("x-tollgate-upstream"), Some("second"));

    // By hand: the file has it back, value by value.
    let at = "/tollgate/v1/upstreams/second";
    gateway.admin("POST", at, &json!({ "enabled": false }));
    gateway.admin(
        "POST",
        &format!("{at}/credentials"),
        &json!({ "credential": "another-key-of-24-letters" }),
    );
    let on = format!("{PLACES}\n").replace("credential =", "enabled = true\ncredential =");
    let told = command(&gateway, &["apply", "-f", &write(&on)], &env, 0);
    assert!(
        told.contains("upstreams.second.enabled") && told.contains("upstreams.second.credentials")
    );
    assert!(told.contains("2 values were set"), "{told}");
    assert!(!told.contains(secret), "{told}");
    let less = write(&PLACES.replace("weight = 3", "weight = 5").replace("[\"quick\"]", "[]"));
    let told = command(&gateway, &["apply", "-f", &less], &env, 0);
    assert!(told.contains("second=gpt-4o-mini weight 5"), "{told}");
    assert_eq!(
        gateway.json(&key, "POST", CHAT, &body).header("x-tollgate-upstream"),
        Some("openai")
    );

    // An export needs no secret to be applied, and holds none.
    let exported = command(&gateway, &["export"], &[], 0);
    assert!(
        !exported.contains(secret) && exported.contains("[upstreams.\"second\"]"),
        "{exported}"
    );
    assert!(exported.contains("# The upstream openai is the server's own (environment)."));
    let again = write(&exported);
    let told = command(&gateway, &["apply", "-f", &again, "--check"], &[], 0);
    assert!(told.contains("Nothing to do"), "{told}\n{exported}");
}

#[test]
fn what_the_server_owns_and_what_cannot_become_is_told_before_any_change() {
    let (gateway, _first, second) = fork();
    let url = second.base_url();
    let path = gateway.home().join("bad.toml");
    gateway.admin(
        "POST",
        "/tollgate/v1/upstreams",
        &json!({ "name": "mine", "provider": "compatible", "base_url": url }),
    );
    for (text, why) in [
        ("[upstreams.openai]\nenabled = false\n".to_owned(), "the server's environment"),
        (
            format!("[upstreams.mine]\nprovider = \"vllm\"\nbase_url = \"{url}\"\n"),
            "cannot become vllm",
        ),
        (
            "[[routes]]\nmodel = \"a\"\nproject = \"Nobody\"\ndeny = true\n".to_owned(),
            "no project 'Nobody'",
        ),
        ("[[routes]]\nmodel = \"a\"\ndeny = true\n".repeat(2), "has a route already"),
        (
            "[upstreams.x]\nprovider = \"groq\"\ncredential = \"sk-literal\"\n".to_owned(),
            "Write a reference",
        ),
    ] {
        std::fs::write(&path, format!("{text}\n[projects.New]\nretention = \"none\"\n")).unwrap();
        let told = command(&gateway, &["apply", "-f", &path.display().to_string()], &[], 1);
        assert!(told.contains(why), "{why}: {told}");
    }
    let projects = gateway.admin("GET", "/v1/organization/projects", &Value::Null);
    assert!(!projects.to_string().contains("\"New\""));
}

#[test]
fn litellms_file_becomes_upstreams_and_routes() {
    let (gateway, _first, second) = fork();
    let path = gateway.home().join("config.yaml");
    let text = format!(
        "model_list:\n  - model_name: house\n    litellm_params:\n      model: openai/gpt-4o-mini\n      \
         api_base: {}\n      api_key: os.environ/SECOND_KEY\n      rpm: 10\n",
        second.base_url()
    );
    std::fs::write(&path, &text).unwrap();
    let file = path.display().to_string();
    let env = [("SECOND_KEY", second.credential())];
    let dry = command(&gateway, &["import", "litellm", &file, "--dry-run"], &[], 0);
    assert!(dry.contains("credential = \"env:SECOND_KEY\"") && dry.contains("rpm"), "{dry}");
    assert!(
        !gateway.admin("GET", "/tollgate/v1/routes", &Value::Null).to_string().contains("house")
    );
    let told = command(&gateway, &["import", "litellm", &file], &env, 0);
    assert!(told.contains("2 values were set") && told.contains("Not taken"), "{told}");
    let told = command(&gateway, &["import", "litellm", &file], &env, 0);
    assert!(told.contains("Nothing to do"), "{told}");
    let key = gateway.create_key(&json!({ "name": "app" })).value;
    let mut body = hello();
    body["model"] = json!("house");
    let answer = gateway.json(&key, "POST", CHAT, &body);
    passed(&answer);
    assert_eq!(answer.header("x-tollgate-upstream"), Some("compatible"));

    std::fs::write(&path, text.replace("os.environ/SECOND_KEY", "sk-literal-secret")).unwrap();
    let told = command(&gateway, &["import", "litellm", &file, "--dry-run"], &[], 1);
    assert!(told.contains("api_key (line 6)") && !told.contains("sk-literal"), "{told}");
}
