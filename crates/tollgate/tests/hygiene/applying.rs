//! `tollgate apply` and `tollgate export`: configuration as a file.

use serde_json::{Value, json};

use crate::support::{CHAT, Process, Stage, hello, passed, refused};

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
    for what in ["Batch: project", "Batch: limits_usd.month", "keys.app.models", "tools.mcp"] {
        assert!(told.contains(what), "{what} is not in\n{told}");
    }
    assert_eq!(count(), before, "a check changes nothing");

    run(&stage, &["apply", "-f", &file], 0);
    let after = count();
    assert_eq!(after - before, 9, "one change a value");
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
    ] {
        let file = write(&stage, text);
        let told = run(&stage, &["apply", "-f", &file], 1);
        assert!(told.contains(why), "{told}");
    }
    let listed = stage.gateway.admin("GET", "/v1/organization/projects", &Value::Null);
    assert!(!listed.to_string().contains("\"New\""));
}
