//! The audit log: every change is a line, by whom and from where, and no line can be changed
//! without being seen.

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::support::{PATIENCE, Process, Stage, refused};

const LOGS: &str = "/v1/organization/audit_logs";

/// The pages' lines, newest first.
fn lines(stage: &Stage, query: &str) -> Vec<Value> {
    let page = stage.gateway.admin("GET", &format!("{LOGS}?limit=100{query}"), &Value::Null);
    page["data"].as_array().unwrap().clone()
}

fn events(lines: &[Value]) -> Vec<&str> {
    lines.iter().map(|line| line["tollgate"]["event"].as_str().unwrap()).collect()
}

/// A project that is renamed, limited and archived, with a key in it: its id and the key's.
fn story(stage: &Stage) -> (String, String) {
    let project = stage.gateway.create_project("Blue");
    let key = stage.gateway.create_key_in(&project, &json!({ "name": "one" }));
    let path = format!("/v1/organization/projects/{project}");
    let post = |target: &str, body: &Value| stage.gateway.admin("POST", target, body);
    post(&path, &json!({ "name": "Red" }));
    post(&format!("{path}/api_keys/{}", key.id), &json!({ "models": ["gpt-4o"] }));
    post(
        &format!("{path}/spend_limit"),
        &json!({ "threshold_amount": 500, "currency": "USD", "interval": "month" }),
    );
    post(&format!("{path}/archive"), &json!({}));
    (project, key.id)
}

#[test]
fn p27_every_change_is_a_line_with_who_where_before_and_after() {
    let stage = Stage::new();
    let (project, key) = story(&stage);
    let told = lines(&stage, &format!("&project_ids%5B%5D={project}"));
    let wanted = [
        "project.archived",
        "spend_limit.updated",
        "api_key.updated",
        "project.updated",
        "api_key.created",
        "project.created",
    ];
    assert_eq!(events(&told), wanted);
    for line in &told {
        assert_eq!(line["project"], json!({ "id": project, "name": "Red" }));
        assert_eq!(line["actor"]["type"], "api_key");
        assert!(line["actor"]["api_key"]["user"]["id"].as_str().unwrap().starts_with("user-"));
        assert_eq!(line["tollgate"]["ip_address"], "127.0.0.1");
        assert!(line["tollgate"]["request_id"].as_str().unwrap().starts_with("req_"));
        assert_eq!(line["tollgate"]["hash"].as_str().unwrap().len(), 64);
    }
    let renamed = &told[3]["project.updated"];
    assert_eq!(renamed["before"], json!({ "title": "Blue" }));
    assert_eq!(renamed["changes_requested"], json!({ "title": "Red" }));
    // OpenAI has no such event: it stands as one of its own, and under our name beside it.
    assert_eq!(told[1]["type"], "organization.updated");
    assert_eq!(told[2]["tollgate"]["details"]["before"], json!({ "models": null }));
    assert_eq!(told[2]["api_key.updated"]["id"], key);

    let whole = lines(&stage, "");
    let text = Value::from(whole.clone()).to_string();
    assert!(!text.contains("sk-"), "no secret, not even a part of one");
    let first = whole.last().unwrap();
    assert_eq!((&first["actor"], &first["tollgate"]["ip_address"]), (&Value::Null, &Value::Null));
}

#[test]
fn the_log_is_filtered_and_paged_both_ways() {
    let stage = Stage::new();
    let (project, key) = story(&stage);
    let whole = lines(&stage, "");
    let id = |line: &Value| line["id"].as_str().unwrap().to_owned();
    let count = |query: &str| lines(&stage, query).len();

    let of_key = lines(&stage, &format!("&resource_ids[]={key}"));
    assert_eq!(events(&of_key), ["api_key.updated", "api_key.created"]);
    let two = "&event_types[]=project.archived&event_types%5B%5D=project.updated";
    assert_eq!(events(&lines(&stage, two)), ["project.archived", "project.updated"]);
    let ours = lines(&stage, &format!("&event_types=organization.updated&project_ids={project}"));
    assert_eq!(events(&ours), ["spend_limit.updated"]);
    assert_eq!(count("&event_types[]=spend_limit.updated"), 1);
    assert_eq!(count("&event_types[]=tenant.user.added&tenant_only=true"), 0);
    assert_eq!(count("&actor_ids[]=key_nobody"), 0);
    assert_eq!(count("&actor_emails[]=nobody@example.com"), 0);
    let actor = &of_key[0]["actor"]["api_key"];
    for by in [&actor["id"], &actor["user"]["id"]] {
        let by = by.as_str().unwrap();
        assert_eq!(count(&format!("&actor_ids[]={by}&project_ids[]={project}")), 6);
    }
    let email = actor["user"]["email"].as_str().unwrap().replace('@', "%40");
    assert_eq!(count(&format!("&actor_emails[]={email}&project_ids[]={project}")), 6);

    let at = whole[0]["effective_at"].as_i64().unwrap();
    assert_eq!(count(&format!("&effective_at[gt]={at}")), 0);
    assert_eq!(count(&format!("&effective_at%5Blte%5D={at}&effective_at[gte]=0")), whole.len());
    let oldest = whole.last().unwrap()["effective_at"].as_i64().unwrap();
    assert_eq!(count(&format!("&effective_at[lt]={oldest}")), 0);

    let page = |query: String| {
        let page = stage.gateway.admin("GET", &format!("{LOGS}?{query}"), &Value::Null);
        (page["data"].as_array().unwrap().clone(), page["has_more"] == true)
    };
    let (second, third, last) = (id(&whole[1]), id(&whole[2]), id(whole.last().unwrap()));
    assert_eq!(page(format!("limit=2&after={second}")), (whole[2..4].to_vec(), true));
    assert_eq!(page(format!("limit=1&before={third}")), (whole[1..2].to_vec(), true));
    assert_eq!(page(format!("limit=2&before={third}")), (whole[..2].to_vec(), false));
    assert_eq!(page(format!("after={last}")), (vec![], false));
    assert_eq!(page("after=audit_log-of_another".into()), (vec![], false));

    for (query, parameter) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("event_types[]=project.exploded", "event_types"),
        ("tenant_only=true&event_types[]=project.created", "event_types"),
        ("effective_at[gt]=soon", "effective_at[gt]"),
        ("effective_at[lte]=99999999999999999", "effective_at[lte]"),
    ] {
        let admin = stage.gateway.admin_key().to_owned();
        let answer = stage.gateway.json(&admin, "GET", &format!("{LOGS}?{query}"), &Value::Null);
        refused(&answer, 400, "invalid_value");
        assert_eq!(answer.json()["error"]["param"], parameter, "{query}");
    }
    let answer = stage.gateway.json(&stage.key.value, "GET", LOGS, &Value::Null);
    assert_eq!(answer.status, 401, "a project's key");
}

fn verify(stage: &Stage, arguments: &[&str], code: i32) -> String {
    command(stage, "verify", arguments, code)
}

fn command(stage: &Stage, name: &str, arguments: &[&str], code: i32) -> String {
    let (url, key) = (stage.gateway.url(), stage.gateway.admin_key().to_owned());
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", key.as_str())];
    let line: Vec<&str> = ["audit", name].iter().chain(arguments).copied().collect();
    let mut process = Process::spawn(stage.gateway.home(), &line, &env);
    assert_eq!(process.exit(), Some(code), "{}", process.output());
    process.output()
}

fn tamper(stage: &Stage, text: &str) {
    let db = Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    assert_eq!(db.execute(text, []).unwrap(), 1, "{text}");
}

#[test]
fn what_was_changed_behind_our_back_is_found() {
    let stage = Stage::new();
    story(&stage);
    let look = |body: Value| stage.gateway.admin("POST", "/tollgate/v1/audit/verify", &body);
    let found = look(json!({}));
    assert_eq!((&found["intact"], &found["broken_at"]), (&json!(true), &Value::Null));
    let head = found["head"].as_str().unwrap().to_owned();
    assert!(verify(&stage, &[], 0).contains(&head));
    stage.gateway.create_project("Later");
    verify(&stage, &["--head", &head], 0);
    let told = command(&stage, "list", &["--event", "project.updated"], 0);
    assert!(told.contains("project.updated") && told.contains("Blue"), "{told}");
    assert!(!told.contains("project.archived"), "{told}");
    assert_eq!(look(json!({ "head": "0".repeat(64) }))["known_head_found"], false);

    let whole = lines(&stage, "");
    let broken = || look(json!({}))["broken_at"].as_str().map(str::to_owned);
    let id = |line: &Value| line["id"].as_str().unwrap().to_owned();
    // A line that says something else; the same put back.
    let name = |from: &str, to: &str| {
        format!(
            "UPDATE audit_log SET event = '{to}' WHERE event = '{from}' AND seq =
             (SELECT MIN(seq) FROM audit_log WHERE event = '{from}')"
        )
    };
    tamper(&stage, &name("project.archived", "project.updated_not"));
    let archived = whole.iter().find(|line| line["type"] == "project.archived").unwrap();
    assert_eq!(broken(), Some(id(archived)));
    assert!(verify(&stage, &[], 1).contains(&id(archived)));
    tamper(&stage, &name("project.updated_not", "project.archived"));
    assert_eq!(broken(), None);
    // The newest line taken out.
    let newest = format!("DELETE FROM audit_log WHERE id = '{}'", id(&whole[0]));
    tamper(&stage, &newest);
    assert_eq!(broken(), Some(id(&whole[1])));
    // And one in the middle.
    tamper(&stage, &format!("DELETE FROM audit_log WHERE id = '{}'", id(&whole[3])));
    assert_eq!(broken(), Some(id(&whole[2])));
}
