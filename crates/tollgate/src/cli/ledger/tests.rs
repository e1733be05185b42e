use clap::Parser;
use serde_json::json;

use super::*;
use crate::cli::fake::{Fake, Route};

const PROJECTS: &str = r#"{"data":[{"id":"proj_1","name":"Web","created_at":0}],"has_more":false}"#;
const ACCOUNTS: &str = r#"{"data":[{"id":"project:proj_1:month:1772323200",
    "scope":{"type":"project","id":"proj_1"},"period":"month","period_start":1772323200,
    "limit_usd":"50","posted_usd":"12.5","held_usd":"0.00004125","overage_usd":"0",
    "num_orphans":2,"orphaned_usd":"0.4","forfeited_usd":"1","corrected_usd":"-0.4",
    "frozen":true},{"id":"organization:org-1:total:0","scope":{"type":"organization","id":"org-1"},
    "period":"total","period_start":0,"limit_usd":null,"posted_usd":"12.5","held_usd":"0",
    "overage_usd":"0","num_orphans":0,"orphaned_usd":"0","forfeited_usd":"0","corrected_usd":"0",
    "frozen":false}],"has_more":false}"#;
const ENTRIES: &str = r#"{"data":[{"id":"entry_9","created_at":1709208059,"reason":"correction",
    "num_attempts":0,"cost_usd":"-0.4","overage_usd":"0","api_key_id":"key_1","user_id":"u",
    "project_id":"proj_1","account_id":null,"request_id":null,"corrects":"entry_7",
    "corrected_by":null,"correction_reason":"not billed"},{"id":"entry_8","created_at":1709208058,
    "reason":"forfeit","num_attempts":0,"cost_usd":"1","overage_usd":"0","api_key_id":null,
    "user_id":null,"project_id":"proj_1","account_id":"project:proj_1:month:1772323200",
    "request_id":null,"corrects":null,"corrected_by":null,"correction_reason":null}],
    "has_more":false,"last_id":"entry_8"}"#;
const BREACH: &str = r#"{"account":{"id":"project:proj_1:month:1772323200"},"sum":"entries",
    "kept_usd":"30","summed_usd":"25"}"#;

const ROUTES: &[Route] = &[
    ("GET /v1/organization/projects?include_archived=true&limit=100", 200, PROJECTS),
    ("GET /tollgate/v1/ledger/accounts?limit=100", 200, ACCOUNTS),
    (
        "GET /tollgate/v1/ledger/accounts?scope_type=user&scope_id=u&period=day&all=true&limit=100",
        200,
        r#"{"data":[]}"#,
    ),
    ("GET /tollgate/v1/ledger/entries?limit=20", 200, ENTRIES),
    ("GET /tollgate/v1/ledger/entries?account_id=a%3Ab&reason=orphan&limit=3", 200, ENTRIES),
    ("POST /tollgate/v1/ledger/acknowledgements", 200, r#"{"id":"audit_log-2"}"#),
    ("POST /tollgate/v1/ledger/verify", 200, r#"{"balanced":true,"breaches":[]}"#),
    (
        "POST /tollgate/v1/ledger/corrections",
        200,
        r#"{"id":"audit_log-1","amount_usd":"-0.4","breaches":[]}"#,
    ),
];

#[derive(Parser)]
struct Line {
    #[command(subcommand)]
    command: Command,
}

fn parsed(line: &str) -> Result<Command, clap::Error> {
    Ok(Line::try_parse_from(["ledger"].into_iter().chain(line.split(' ')))?.command)
}

async fn type_in(fake: &Fake, line: &str) -> (String, String) {
    run(parsed(line).unwrap(), &fake.api).await.unwrap().into_parts()
}

fn squeezed(data: &str) -> Vec<String> {
    data.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

#[tokio::test]
async fn accounts_are_shown_with_what_is_out_of_the_ordinary() {
    let fake = Fake::start(ROUTES).await;
    let (data, _) = type_in(&fake, "accounts").await;
    let expected = [
        "SCOPE PERIOD LIMIT POSTED HELD OVERAGE ORPHANS FORFEITED CORRECTED STATE",
        "project Web (proj_1) month 2026-03-01 $50.00 $12.50 $0.00004125 $0.00 $0.40 (2) $1.00 \
         -$0.40 FROZEN",
        "organization total none $12.50 $0.00 $0.00 $0.00 $0.00 $0.00",
    ];
    assert_eq!(squeezed(&data), expected);
    let (data, talk) = type_in(&fake, "accounts --user u --period day --all").await;
    assert!(data.is_empty() && talk.starts_with("No such account"), "{talk}");
}

#[tokio::test]
async fn entries_are_listed_with_what_they_count_in() {
    let fake = Fake::start(ROUTES).await;
    let (data, _) = type_in(&fake, "entries").await;
    let expected = [
        "ENTRY TIME (UTC) REASON CALLS COST OVERAGE OF NOTE",
        "entry_9 2024-02-29 12:00:59 correction 0 -$0.40 $0.00 proj_1 key_1 corrects entry_7, \
         \"not billed\"",
        "entry_8 2024-02-29 12:00:58 forfeit 0 $1.00 $0.00 project:proj_1:month:1772323200",
    ];
    assert_eq!(squeezed(&data), expected);
    let (data, _) = type_in(&fake, "entries --account a:b --reason orphan --limit 3 --json").await;
    let list: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(list["last_id"], "entry_8");
}

#[tokio::test]
async fn a_ledger_that_does_not_add_up_fails_with_its_sums() {
    let fake = Fake::start(ROUTES).await;
    assert_eq!(type_in(&fake, "verify").await.1, "Every account adds up.\n");
    let body: &str = format!(r#"{{"balanced":false,"breaches":[{BREACH}]}}"#).leak();
    let routes: &[Route] = vec![("POST /tollgate/v1/ledger/verify", 200, body)].leak();
    let fake = Fake::start(routes).await;
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let said = run(parsed("verify").unwrap(), &fake.api).await.unwrap();
    let failure = said.print(&mut out, &mut err).unwrap_err().render(false);
    assert!(failure.contains("1 sums of the ledger do not agree"), "{failure}");
    let lines = squeezed(&String::from_utf8(out).unwrap());
    assert_eq!(lines[1], "project:proj_1:month:1772323200 entries $30.00 $25.00");
}

#[tokio::test]
async fn a_correction_is_sent_as_typed() {
    let fake = Fake::start(ROUTES).await;
    let line = "correct --entry entry_7 --amount -$0.40 --reason not-billed";
    let (_, talk) = type_in(&fake, line).await;
    assert_eq!(talk, "Corrected entry_7 by -$0.40: audit_log-1.\n");
    let expected = json!({"entry_id": "entry_7", "amount_usd": "-0.40", "reason": "not-billed"});
    assert_eq!(fake.last_body(), expected);
    type_in(&fake, "correct --account a:b --trust entries --reason r").await;
    let expected = json!({"account_id": "a:b", "trust": "entries", "reason": "r"});
    assert_eq!(fake.last_body(), expected);
}

#[tokio::test]
async fn case_33_overage_is_acknowledged_by_its_scope() {
    let fake = Fake::start(ROUTES).await;
    let (_, talk) = type_in(&fake, "acknowledge --project Web").await;
    assert_eq!(talk, "Taken note of the overage of project Web (proj_1).\n");
    assert_eq!(fake.last_body(), json!({"scope": {"type": "project", "id": "proj_1"}}));
    type_in(&fake, "acknowledge --organization").await;
    assert_eq!(fake.last_body(), json!({"scope": {"type": "organization"}}));
}

#[test]
fn a_line_that_says_too_little_or_too_much_is_wrong_use() {
    for line in [
        "correct --entry e",
        "correct --reason r",
        "correct --account a --reason r",
        "correct --account a --entry e --amount 1 --reason r",
        "correct --account a --amount 1 --trust posted --reason r",
        "correct --entry e --trust posted --reason r",
        "correct --account a --trust me --reason r",
        "entries --account a --project b",
        "entries --reason gift",
        "entries --limit 0",
        "accounts --period week",
        "acknowledge",
        "acknowledge --organization --user u",
    ] {
        assert!(parsed(line).is_err(), "{line}");
    }
    assert!(parsed("correct --entry e --reason r").is_ok());
}
