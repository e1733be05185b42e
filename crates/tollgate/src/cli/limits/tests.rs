use clap::Parser;

use super::*;
use crate::cli::fake::{Fake, Route};

const PROJECTS: &str = r#"{"data":[{"id":"proj_1","name":"Web","created_at":0}],"has_more":false}"#;
const LIMIT: &str = r#"{"scope":{"type":"project","id":"proj_1"},"period":"month",
    "amount_usd":"50","amount_nanos":50000000000,"clamp_output":false,"unbounded":"allow",
    "default_max_output":1000,"elastic":true,"source":"file","resets_at":1775001600,"spent_usd":"12.5",
    "held_usd":"0.00004125","left_usd":"37.49995875"}"#;
const LIST: &str = r#"{"data":[{"scope":{"type":"project","id":"proj_1"},"period":"month",
    "amount_usd":"50","clamp_output":false,"unbounded":"allow","default_max_output":1000,
    "source":"file","resets_at":1775001600,"spent_usd":"12.5","held_usd":"0.00004125",
    "left_usd":"37.49995875","overage_usd":"0.25","overage_acknowledged":false},{"scope":{"type":"organization","id":"org-1"},"period":"total",
    "amount_usd":"0","clamp_output":true,"unbounded":"refuse","default_max_output":null,
    "source":"api","resets_at":null,"spent_usd":"0","held_usd":"0","left_usd":"0"}]}"#;

const ROUTES: &[Route] = &[
    ("GET /v1/organization/projects?include_archived=true&limit=100", 200, PROJECTS),
    ("GET /tollgate/v1/limits?limit=100", 200, LIST),
    ("GET /tollgate/v1/limits?scope_type=user&scope_id=user-1&limit=100", 200, r#"{"data":[]}"#),
    ("PUT /tollgate/v1/limits", 200, LIMIT),
    ("DELETE /tollgate/v1/limits?scope_type=project&scope_id=proj_1&period=month", 200, "{}"),
    ("DELETE /tollgate/v1/limits?scope_type=project&scope_id=proj_1&period=day", 200, "{}"),
];

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

/// A command as it is typed, run against the fixed answers.
async fn type_in(fake: &Fake, line: &str) -> (String, String) {
    let line = Line::try_parse_from(["limits"].into_iter().chain(line.split(' '))).unwrap();
    run(line.command, &fake.api).await.unwrap().into_parts()
}

#[tokio::test]
async fn limits_are_shown_with_what_is_spent_held_and_left() {
    let fake = Fake::start(ROUTES).await;
    let (data, talk) = type_in(&fake, "show").await;
    assert!(talk.contains("`tollgate ledger acknowledge`"), "{talk}");
    let squeezed: Vec<String> =
        data.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        squeezed,
        [
            "SCOPE PERIOD LIMIT SPENT HELD LEFT RESETS (UTC) RULES",
            "project Web (proj_1) month $50.00 $12.50 $0.00004125 $37.49995875 2026-04-01 00:00 \
             OVERAGE $0.25, config file, no clamp, allows unbounded, default output 1000",
            "organization total $0.00 $0.00 $0.00 $0.00 never",
        ]
    );
    let (data, _) = type_in(&fake, "show --json").await;
    let list: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(list["data"][0]["amount_usd"], "50");
    let (data, talk) = type_in(&fake, "show --user user-1").await;
    assert!(data.is_empty() && talk.starts_with("No limit for user user-1."), "{talk}");
}

#[tokio::test]
async fn a_limit_is_set_as_typed() {
    let fake = Fake::start(ROUTES).await;
    let line = "set --project Web --month $50.00 --no-clamp --elastic --allow-unbounded \
                --default-max-output 1000";
    let (_, talk) = type_in(&fake, line).await;
    assert_eq!(
        talk,
        "project Web (proj_1) may spend $50.00 a month: $12.50 spent, $0.00004125 held, \
         $37.49995875 left. Rules: no clamp, allows unbounded, default output 1000, elastic.\n"
    );
    assert_eq!(
        fake.last_body(),
        json!({ "scope": { "type": "project", "id": "proj_1" }, "period": "month",
                "amount_usd": "50.00", "clamp_output": false, "unbounded": "allow",
                "default_max_output": 1000, "elastic": true })
    );
    for (line, scope, period) in [
        ("set --key key_1 --day 1", json!({ "type": "api_key", "id": "key_1" }), "day"),
        ("set --user u --total 0", json!({ "type": "user", "id": "u" }), "total"),
        ("set --organization --month 1", json!({ "type": "organization" }), "month"),
    ] {
        type_in(&fake, line).await;
        let body = fake.last_body();
        assert_eq!((&body["scope"], body["period"].as_str()), (&scope, Some(period)), "{line}");
        assert_eq!((&body["clamp_output"], &body["elastic"]), (&json!(true), &json!(false)));
    }
}

#[test]
fn case_55_an_amount_below_zero_is_told_as_an_amount() {
    // It is the server's to say what is wrong with it.
    for amount in ["--month -5", "--day -0.5", "--total -1"] {
        let line = format!("limits set --organization {amount}");
        assert!(Line::try_parse_from(line.split(' ')).is_ok(), "{line}");
    }
}

#[tokio::test]
async fn limits_are_cleared_by_period() {
    let fake = Fake::start(ROUTES).await;
    let (_, talk) = type_in(&fake, "clear --project proj_1 --month --day").await;
    assert_eq!(talk, "Cleared the limit of project proj_1 (day, month).\n");
    let (data, _) = type_in(&fake, "clear --project proj_1 --month --json").await;
    assert_eq!(data, "{}\n");
}

#[tokio::test]
async fn a_secret_is_not_sent_as_a_keys_id() {
    let fake = Fake::start(ROUTES).await;
    let whose = Filter { key: Some("sk-tg-secret".into()), ..Filter::default() };
    assert!(show(&fake.api, &whose, false).await.is_err());
    assert!(fake.seen().is_empty());
}

#[test]
fn a_line_that_names_nobody_or_two_is_wrong_use() {
    for line in [
        "set --month 5",
        "set --project a",
        "set --project a --user b --month 5",
        "set --project a --month 5 --day 5",
        "set --project a --month",
        "clear --project a",
        "clear --month",
        "show --project a --organization",
    ] {
        let parsed = Line::try_parse_from(["limits"].into_iter().chain(line.split(' ')));
        assert!(parsed.is_err(), "{line}");
    }
}
