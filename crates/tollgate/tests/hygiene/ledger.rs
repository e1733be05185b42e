//! A ledger that does not add up: found without being asked, closed where it is wrong and nowhere
//! else, and open again once it is put right, by command or by hand.

use rusqlite::Connection;
use serde_json::{Value, json};
use testkit::{Answer, Key};

use crate::support::{CHAT, PATIENCE, Process, Stage, hello, metric, passed, refused, until};

const ACCOUNTS: &str = "/tollgate/v1/ledger/accounts";
const BREACHES: &str = "tollgate_ledger_breaches";

fn chat(stage: &Stage, key: &Key) -> Answer {
    stage.gateway.json(&key.value, "POST", CHAT, &hello())
}

/// The project's account of the month.
fn month(stage: &Stage, project: &str) -> Option<Value> {
    let target = format!("{ACCOUNTS}?scope_type=project&scope_id={project}&period=month");
    let list = stage.gateway.admin("GET", &target, &Value::Null);
    list["data"].as_array().unwrap().first().cloned()
}

/// Adds to what an account says is posted, behind everybody's back.
fn plant(stage: &Stage, project: &str, nanos: i64) {
    let db = Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    db.busy_timeout(PATIENCE).unwrap();
    let text = "UPDATE accounts SET posted = posted + ?1
        WHERE scope_kind = 'project' AND scope_id = ?2 AND period = 'month'";
    assert_eq!(db.execute(text, (nanos, project)).unwrap(), 1);
}

/// Two keys, each in a project of its own, that have both spent.
fn two_projects(stage: &Stage) -> [Key; 2] {
    let keys = ["one", "two"].map(|name| {
        let project = stage.gateway.create_project(name);
        stage.gateway.create_key_in(&project, &json!({ "name": name }))
    });
    for key in &keys {
        passed(&chat(stage, key));
        let spent = || month(stage, &key.project).is_some_and(|row| row["posted_nanos"] != 0);
        until("the cost is posted", spent);
    }
    keys
}

fn command(stage: &Stage, arguments: &[&str], code: i32) -> String {
    let (url, key) = (stage.gateway.url(), stage.gateway.admin_key().to_owned());
    let env = [("TOLLGATE_URL", url.as_str()), ("TOLLGATE_ADMIN_KEY", key.as_str())];
    let line: Vec<&str> = ["ledger"].iter().chain(arguments).copied().collect();
    let mut process = Process::spawn(stage.gateway.home(), &line, &env);
    assert_eq!(process.exit(), Some(code), "{}", process.output());
    process.output()
}

#[test]
fn a_scope_that_does_not_add_up_is_closed_until_it_is_put_right() {
    let mut stage = Stage::configured("[ledger]\nverify_seconds = 1\n");
    let [wrong, right] = two_projects(&stage);
    assert_eq!(metric(&stage.gateway, BREACHES), 0);
    let before = month(&stage, &wrong.project).unwrap();
    let account = before["id"].as_str().unwrap().to_owned();

    plant(&stage, &wrong.project, 5);
    until("it is found", || metric(&stage.gateway, BREACHES) == 1);
    let seen = stage.provider.seen_count();
    let closed = chat(&stage, &wrong);
    refused(&closed, 503, "ledger_unavailable");
    assert!(closed.header("retry-after").is_some() && closed.text().contains("does not add up"));
    assert_eq!(stage.provider.seen_count(), seen, "nothing was sent");
    passed(&chat(&stage, &right));
    passed(&stage.gateway.json(&wrong.value, "GET", "/v1/models", &Value::Null));
    assert!(stage.gateway.output().contains(&account), "the log names it");

    let told = command(&stage, &["verify"], 1);
    assert!(told.contains(&account) && told.contains("entries"), "{told}");
    assert!(command(&stage, &["accounts"], 0).contains("FROZEN"));
    assert_eq!(month(&stage, &right.project).unwrap()["frozen"], false);

    // Put right by command: open at once, and on record.
    let remedy = ["--trust", "entries", "--reason", "a hand in the file"];
    let line: Vec<&str> =
        ["correct", "--account", account.as_str()].into_iter().chain(remedy).collect();
    command(&stage, &line, 0);
    passed(&chat(&stage, &wrong));
    assert_eq!(metric(&stage.gateway, BREACHES), 0);
    let db = Connection::open(stage.gateway.data_dir().join("tollgate.db")).unwrap();
    let text = "SELECT payload FROM audit_log WHERE event = 'ledger.corrected'";
    let payload: String = db.query_row(text, [], |row| row.get(0)).unwrap();
    assert!(payload.contains("a hand in the file") && payload.contains(&account), "{payload}");
    drop(db);

    // Found at a start, before the first call; put right by hand, without another start.
    stage.gateway.terminate();
    plant(&stage, &wrong.project, -1);
    stage.gateway.restart();
    refused(&chat(&stage, &wrong), 503, "ledger_unavailable");
    passed(&chat(&stage, &right));
    plant(&stage, &wrong.project, 1);
    until("it is open again", || chat(&stage, &wrong).status == 200);
    command(&stage, &["verify"], 0);
}

#[test]
fn a_ledger_is_looked_into_and_corrected_from_the_command_line() {
    let stage = Stage::new();
    let [key, _] = two_projects(&stage);
    let before = month(&stage, &key.project).unwrap();
    let spent = before["posted_nanos"].as_i64().unwrap();
    let shown = command(&stage, &["accounts", "--project", "one", "--period", "month"], 0);
    assert!(shown.contains("project one") && shown.lines().count() == 2, "{shown}");
    let listed = command(&stage, &["entries", "--project", "one", "--json"], 0);
    let list: Value = serde_json::from_str(&listed).unwrap();
    let entry = &list["data"][0];
    assert_eq!((&entry["reason"], &entry["cost_nanos"]), (&json!("settled"), &json!(spent)));
    let id = entry["id"].as_str().unwrap();

    command(&stage, &["correct", "--entry", id, "--reason", "refunded"], 0);
    let after = month(&stage, &key.project).unwrap();
    assert_eq!((&after["posted_nanos"], &after["corrected_nanos"]), (&json!(0), &json!(-spent)));
    let again = command(&stage, &["correct", "--entry", id, "--reason", "refunded"], 1);
    assert!(again.contains("corrected already"), "{again}");
    let listed = command(&stage, &["entries", "--reason", "correction"], 0);
    assert!(listed.contains("refunded") && listed.contains(&format!("corrects {id}")), "{listed}");
    command(&stage, &["verify"], 0);
    // The cost report of the day goes along.
    let day = before["period_start"].as_i64().unwrap();
    let target =
        format!("/v1/organization/costs?start_time={day}&limit=31&project_ids={}", key.project);
    let costs = stage.gateway.admin("GET", &target, &Value::Null);
    let buckets = costs["data"].as_array().unwrap();
    let results = buckets.iter().flat_map(|bucket| bucket["results"].as_array().unwrap());
    let sum: i64 = results.map(|result| result["amount_nanos"].as_i64().unwrap()).sum();
    assert_eq!(sum, 0, "{costs}");
}
