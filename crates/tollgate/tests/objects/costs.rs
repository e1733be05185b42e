//! Costs are the sum of the records, however they are grouped, within a second; the request log
//! shows each record; the commands say the same.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::{Key, TestGateway};

use crate::rig::Rig;

/// Amount and estimated share in nano-dollars, requests without a price.
type Sums = [i64; 3];

fn start() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    // Yesterday too: the calls may be made around midnight.
    now / 86_400 * 86_400 - 86_400
}

fn results(gateway: &TestGateway, query: &str) -> Vec<Value> {
    let path = format!("/v1/organization/costs?start_time={}{query}", start());
    let page = gateway.admin("GET", &path, &Value::Null);
    let buckets = page["data"].as_array().unwrap();
    buckets.iter().flat_map(|b| b["results"].as_array().unwrap().clone()).collect()
}

fn sums<'a>(rows: impl IntoIterator<Item = &'a Value>) -> Sums {
    let mut sums = Sums::default();
    for row in rows {
        let fields = ["amount_nanos", "estimated_nanos", "num_unpriced_requests"];
        for (sum, field) in sums.iter_mut().zip(fields) {
            *sum += row[field].as_i64().unwrap();
        }
    }
    sums
}

/// What the request log says that its record adds to the costs.
fn of_record(record: &Value) -> Sums {
    let cost = record["cost_nanos"].as_i64();
    let estimated = record["estimated"] == json!(1);
    let free = record["family"] == "other" && record["input_tokens"] == json!(0);
    let unpriced = cost.is_none() && record["outcome"] != "refused" && !free;
    let cost = cost.unwrap_or(0);
    [cost, if estimated { cost } else { 0 }, i64::from(unpriced)]
}

fn total(records: &[Value]) -> Sums {
    records.iter().map(of_record).fold(Sums::default(), |mut sum, one| {
        sum.iter_mut().zip(one).for_each(|(sum, n)| *sum += n);
        sum
    })
}

/// Each grouping's rows sum to the records, and each project's, key's and line's to its own.
fn books_agree(gateway: &TestGateway, records: &[Value]) {
    let expected = total(records);
    for group in [
        "",
        "&group_by=project_id",
        "&group_by[]=api_key_id",
        "&group_by%5B%5D=line_item",
        "&group_by=project_id&group_by=line_item",
        "&group_by=project_id&group_by=api_key_id&group_by=line_item",
    ] {
        assert_eq!(sums(&results(gateway, group)), expected, "{group}");
    }
    for (field, column, filter) in
        [("project_id", "project_id", "project_ids"), ("api_key_id", "key_id", "api_key_ids")]
    {
        let mut own: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for record in records {
            own.entry(record[column].as_str().unwrap()).or_default().push(record.clone());
        }
        let grouped = results(gateway, &format!("&group_by={field}"));
        for (id, records) in own {
            let expected = total(&records);
            let rows = grouped.iter().filter(|row| row[field] == json!(id));
            assert_eq!(sums(rows), expected, "{field} {id}");
            assert_eq!(sums(&results(gateway, &format!("&{filter}[]={id}"))), expected);
        }
    }
    let parts = [
        ("input", "cost_input_nanos"),
        ("cached input", "cost_cached_nanos"),
        ("output", "cost_output_nanos"),
    ];
    let lines = results(gateway, "&group_by=line_item");
    for (part, column) in parts {
        let expected: i64 = records.iter().filter_map(|r| r[column].as_i64()).sum();
        let ends =
            |row: &&Value| row["line_item"].as_str().unwrap().rsplit_once(", ").unwrap().1 == part;
        assert_eq!(sums(lines.iter().filter(ends))[0], expected, "{part}");
    }
}

/// Waits, a second at most, until the costs say what the records say.
fn settled(gateway: &TestGateway, calls: usize) -> Vec<Value> {
    let ended = testkit::Watch::start();
    let records = gateway.wait_records(calls);
    while sums(&results(gateway, "")) != total(&records) {
        assert!(ended.elapsed() < Duration::from_secs(1), "not in the costs after a second");
        std::thread::sleep(Duration::from_millis(10));
    }
    records
}

fn ask(gateway: &TestGateway, key: &Key, words: &str, stream: bool) -> String {
    let messages = json!([{"role": "user", "content": words}]);
    let body = json!({"model": "demo-chat", "messages": messages, "stream": stream});
    let answer = gateway.json(&key.value, "POST", "/v1/chat/completions", &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.header("x-request-id").unwrap().to_owned()
}

fn tollgate(gateway: &TestGateway, words: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tollgate"))
        .args(words)
        .env_clear()
        .env("TOLLGATE_URL", gateway.url())
        .env("TOLLGATE_ADMIN_KEY", gateway.admin_key())
        .current_dir(gateway.home())
        .output()
        .unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn demo() -> (TestGateway, Vec<Key>) {
    let bin = Path::new(env!("CARGO_BIN_EXE_tollgate"));
    // The demo's bill is its own: nobody stands beside it and counts.
    let gateway = TestGateway::builder(bin).without_bill_check().start();
    let project = gateway.create_project("second");
    let mut keys = vec![gateway.create_key(&json!({"name": "a"}))];
    keys.extend(["b", "c"].map(|name| gateway.create_key_in(&project, &json!({"name": name}))));
    (gateway, keys)
}

#[test]
fn costs_are_the_sum_of_the_records_within_a_second() {
    let (gateway, keys) = demo();
    let mut calls = 0;
    for round in 0..4 {
        for key in &keys {
            ask(&gateway, key, &"word ".repeat(round * 7 + 1), round % 2 == 1);
            calls += 1;
        }
        let records = settled(&gateway, calls);
        assert!(total(&records)[0] > 0, "the demo has a price");
    }
    // A refusal is in the log and costs nothing.
    let body = json!({"model": "no-such-model", "messages": []});
    let refused = gateway.json(&keys[0].value, "POST", "/v1/chat/completions", &body);
    assert_eq!(refused.status, 404);
    let records = settled(&gateway, calls + 1);
    books_agree(&gateway, &records);

    // The commands sum the same.
    let csv = tollgate(&gateway, &["costs", "--csv", "--group-by", "key"]);
    let cost = |line: &str| -> i64 {
        let total = line.split(',').nth(5).unwrap();
        let (whole, rest) = total.split_once('.').unwrap_or((total, ""));
        whole.parse::<i64>().unwrap() * 1_000_000_000
            + format!("{rest:0<9}").parse::<i64>().unwrap()
    };
    let lines: Vec<&str> = csv.lines().skip(1).collect();
    assert_eq!(lines.len(), keys.len());
    assert_eq!(lines.iter().map(|line| cost(line)).sum::<i64>(), total(&records)[0]);
}

#[test]
fn what_has_no_price_is_told_and_not_taken_for_free() {
    let rig = Rig::new();
    let body = |n: u32| json!({"model": "gpt-4o", "messages": [{"role": "user", "content": format!("[[words={n}]] hi")}]});
    for n in 1..4 {
        assert_eq!(rig.post(&rig.a, "/chat/completions", body(n)).status, 200);
        let embedding = json!({"model": "text-embedding-3-small", "input": "a b c"});
        assert_eq!(rig.post(&rig.b, "/embeddings", embedding).status, 200);
    }
    assert_eq!(rig.get(&rig.a, "/files").status, 200);
    let records = settled(&rig.gateway, 7);
    books_agree(&rig.gateway, &records);
}

#[test]
fn every_record_is_in_the_log_and_found_by_what_it_is() {
    let (gateway, keys) = demo();
    let ids: Vec<String> =
        keys.iter().cycle().take(7).map(|key| ask(&gateway, key, "hi", false)).collect();
    let body = json!({"model": "no-such-model", "messages": []});
    let refused = gateway.json(&keys[1].value, "POST", "/v1/chat/completions", &body);
    let refused = refused.header("x-request-id").unwrap();
    gateway.wait_records(8);
    let list = |query: &str| -> Vec<String> {
        let page = gateway.admin("GET", &format!("/tollgate/v1/requests?{query}"), &Value::Null);
        let rows = page["data"].as_array().unwrap();
        rows.iter().map(|row| row["request_id"].as_str().unwrap().to_owned()).collect()
    };
    let sorted = |mut ids: Vec<String>| {
        ids.sort();
        ids
    };
    let all = list("limit=100");
    assert_eq!(sorted(all.clone()), sorted([ids.clone(), vec![refused.to_owned()]].concat()));
    // In pages.
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let target = format!("/tollgate/v1/requests?limit=3&after={after}");
        let page = gateway.admin("GET", &target, &Value::Null);
        let rows = page["data"].as_array().unwrap();
        walked.extend(rows.iter().map(|row| row["request_id"].as_str().unwrap().to_owned()));
        if page["has_more"] == json!(false) {
            break;
        }
        after = page["last_id"].as_str().unwrap().to_owned();
    }
    assert_eq!(walked, all);
    // By key: the first of three keys made calls 0, 3 and 6.
    let own = list(&format!("api_key_id={}", keys[0].id));
    assert_eq!(sorted(own), sorted([&ids[0], &ids[3], &ids[6]].map(Clone::clone).to_vec()));
    assert_eq!(list("status=4xx"), [refused]);
    assert_eq!(list("outcome=refused&model=no-such-model"), [refused]);
    assert_eq!(list(&format!("request_id={}", ids[2])), [ids[2].as_str()]);
    assert_eq!(list("model=demo-chat").len(), 7);

    let shown = gateway.admin("GET", &format!("/tollgate/v1/requests/{refused}"), &Value::Null);
    let attempts = shown["attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["status"]), (1, &json!(404)));
    let text = tollgate(&gateway, &["requests", "show", &ids[0]]);
    assert!(text.contains("createChatCompletion"), "{text}");
    let text = tollgate(&gateway, &["requests", "list", "--key", &keys[1].id, "--status", "404"]);
    assert_eq!(text.lines().filter(|line| line.contains(refused)).count(), 1, "{text}");
}

#[test]
fn each_kind_of_work_is_in_its_own_report() {
    let rig = Rig::new();
    let image = |n: u32| json!({"model": "gpt-image-1", "prompt": "a cat", "n": n});
    assert_eq!(rig.post(&rig.a, "/images/generations", image(2)).status, 200);
    let input = json!({"model": "text-embedding-3-small", "input": "a b c"});
    assert_eq!(rig.post(&rig.a, "/embeddings", input).status, 200);
    let speech = json!({"model": "tts-1", "input": "eleven chars", "voice": "alloy"});
    assert_eq!(rig.post(&rig.a, "/audio/speech", speech).status, 200);
    assert_eq!(rig.post(&rig.a, "/moderations", json!({"input": "well"})).status, 200);
    let records = settled(&rig.gateway, 4);
    let number = |family: &str, column: &str| {
        let record = records.iter().find(|record| record["family"] == family).unwrap();
        record[column].as_u64().unwrap()
    };
    for (report, family, field, column) in [
        ("images", "images", "images", "images"),
        ("embeddings", "embeddings", "input_tokens", "input_tokens"),
        ("audio_speeches", "audio_speeches", "characters", "characters"),
        ("moderations", "moderations", "input_tokens", "input_tokens"),
    ] {
        let path = format!(
            "/v1/organization/usage/{report}?start_time={}&group_by=model&group_by=project_id",
            start()
        );
        let page = rig.gateway.admin("GET", &path, &Value::Null);
        let buckets = page["data"].as_array().unwrap();
        let rows: Vec<&Value> =
            buckets.iter().flat_map(|b| b["results"].as_array().unwrap()).collect();
        let [row] = rows.as_slice() else { panic!("{report}: {rows:?}") };
        assert_eq!(row["num_model_requests"], 1, "{report}");
        assert_eq!(row["project_id"], json!(rig.a.project), "{report}");
        assert_eq!(row[field].as_u64().unwrap(), number(family, column), "{report}");
    }
}
