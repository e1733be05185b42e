//! The Administration API's usage report says what was billed, within a second.

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use testkit::{Bill, Key};

use crate::rig::Rig;

/// Project, key, model.
type Group = (String, String, String);
/// Calls, input, cached, output.
type Sums = [u64; 4];

struct Calls<'a> {
    rig: &'a Rig,
    groups: BTreeMap<Group, Sums>,
    made: u64,
}

impl Calls<'_> {
    fn make(&mut self, key: &Key, model: &str, number: u64) {
        let words = format!("[[words={}]] [[cached={}]] hi", 1 + number % 7, number % 5);
        let (path, body) = match number % 3 {
            0 => (
                "/chat/completions",
                json!({"model": model, "messages": [{"role": "user", "content": words}]}),
            ),
            1 => (
                "/chat/completions",
                json!({"model": model, "stream": true, "messages": [{"role": "user", "content": words}]}),
            ),
            _ => (
                "/responses",
                json!({"model": model, "input": words, "stream": number.is_multiple_of(2)}),
            ),
        };
        let answer = self.rig.post(key, path, body);
        assert_eq!(answer.status, 200);
        let id = answer.header("x-tollgate-upstream-request-id").unwrap().to_owned();
        let bills: Vec<Bill> = self.rig.provider.bill();
        let bill = bills.iter().find(|bill| bill.request_id == id).unwrap();
        let group = (key.project.clone(), key.id.clone(), model.to_owned());
        let sums = self.groups.entry(group).or_default();
        let t = &bill.tokens;
        for (sum, part) in sums.iter_mut().zip([1, t.input, t.cached, t.output]) {
            *sum += part;
        }
        self.made += 1;
    }
}

fn report(rig: &Rig, width: &str, group: &[&str], more: &str) -> Vec<Value> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let start = now - 600;
    let groups: String = group.iter().map(|g| format!("&group_by[]={g}")).collect();
    let path = format!(
        "/v1/organization/usage/completions?start_time={start}&bucket_width={width}{groups}{more}"
    );
    let page = rig.gateway.admin("GET", &path, &Value::Null);
    let buckets = page["data"].as_array().unwrap();
    buckets.iter().flat_map(|b| b["results"].as_array().unwrap().clone()).collect()
}

fn sums(rows: &[Value]) -> Sums {
    let names = ["num_model_requests", "input_tokens", "input_cached_tokens", "output_tokens"];
    names.map(|name| rows.iter().map(|row| row[name].as_u64().unwrap()).sum())
}

#[test]
fn the_report_is_the_bill_within_a_second() {
    let rig = Rig::new();
    let second = rig.gateway.create_key_in(&rig.a.project, &json!({"name": "a2"}));
    let mut calls = Calls { rig: &rig, groups: BTreeMap::new(), made: 0 };
    for round in 0..9 {
        for (at, key) in [&rig.a, &second, &rig.b, &rig.d].into_iter().enumerate() {
            let model = ["gpt-4o", "gpt-5"][(round + at) % 2];
            calls.make(key, model, (round * 4 + at) as u64);
        }
    }
    let ended = testkit::Watch::start();
    while sums(&report(&rig, "1m", &[], ""))[0] < calls.made {
        assert!(ended.elapsed() < Duration::from_secs(1), "not in the report after a second");
        std::thread::sleep(Duration::from_millis(10));
    }
    let by = ["project_id", "api_key_id", "model", "user_id"];
    for width in ["1m", "1h", "1d"] {
        let rows = report(&rig, width, &by, "");
        for ((project, key, model), expected) in &calls.groups {
            let own: Vec<Value> = rows
                .iter()
                .filter(|row| {
                    row["project_id"] == json!(project)
                        && row["api_key_id"] == json!(key)
                        && row["model"] == json!(model)
                })
                .cloned()
                .collect();
            assert_eq!(&sums(&own), expected, "{width} {project} {key} {model}");
            assert!(own.iter().all(|row| row["user_id"].is_string()));
        }
        let mut all = Sums::default();
        for group in calls.groups.values() {
            all.iter_mut().zip(group).for_each(|(sum, part)| *sum += part);
        }
        assert_eq!(sums(&rows), all, "{width}");
        assert_eq!(sums(&report(&rig, width, &[], "")), all, "{width}, ungrouped");
    }
    // One dimension at a time, and filters.
    for (name, value) in [("project_ids", &rig.a.project), ("api_key_ids", &second.id)] {
        let expected =
            calls.groups.iter().filter(|((project, key, _), _)| [project, key].contains(&value));
        let expected = expected.fold(Sums::default(), |mut sum, (_, part)| {
            sum.iter_mut().zip(part).for_each(|(s, p)| *s += p);
            sum
        });
        assert_eq!(sums(&report(&rig, "1h", &[], &format!("&{name}[]={value}"))), expected);
    }
}
