use super::*;
use crate::cli::fake::{Fake, Route};

const PROJECTS: &str = r#"{"data":[{"id":"proj_1","name":"Default project","created_at":0},
    {"id":"proj_2","name":"b","created_at":0}],"has_more":false}"#;
const MADE: &str = r#"{"id":"key_1","name":"app","redacted_value":"sk-tg-...abcd","created_at":0,
    "last_used_at":null,"expires_at":2592000,"permission":"restricted","scopes":["api.chat.request"],
    "models":["gpt-4o*"],"networks":null,"owner":{"type":"user","user":{"id":"user-1","name":"Owner"}},
    "value":"sk-tg-secret"}"#;
const KEY: &str = r#"{"id":"key_1","name":"app","redacted_value":"sk-tg-...abcd","created_at":0,
    "last_used_at":60,"expires_at":null,"permission":"all","scopes":[],"models":null,"networks":null,
    "owner":{"type":"service_account","service_account":{"id":"svc_1","name":"ci"}},
    "project_id":"proj_2","secrets":[{"redacted_value":"sk-tg-...abcd","created_at":0,
    "ends_at":null,"last_used_at":60}]}"#;
const LIST: &str = r#"{"data":[{"id":"key_1","name":"app","redacted_value":"sk-tg-...abcd",
    "created_at":0,"last_used_at":60,"expires_at":null,"permission":"all","scopes":[],"models":null,
    "networks":null,"owner":{"type":"user","user":{"id":"user-1","name":"Owner"}}}],"has_more":false}"#;

const ROUTES: &[Route] = &[
    ("GET /v1/organization/projects?limit=100", 200, PROJECTS),
    ("GET /v1/organization/projects?include_archived=true&limit=100", 200, PROJECTS),
    ("POST /v1/organization/projects/proj_1/api_keys", 200, MADE),
    ("GET /v1/organization/projects/proj_1/api_keys?limit=100", 200, r#"{"data":[]}"#),
    ("GET /v1/organization/projects/proj_2/api_keys?limit=100", 200, LIST),
    ("GET /tollgate/v1/projects/proj_2/api_keys/key_1", 200, KEY),
    ("POST /tollgate/v1/projects/proj_2/api_keys/key_1/rotate", 200, MADE),
    ("POST /tollgate/v1/projects/proj_2/api_keys/key_1/end_old_secrets", 200, KEY),
    (
        "DELETE /v1/organization/projects/proj_2/api_keys/key_1",
        400,
        r#"{"error":{"message":"API key 'key_1' belongs to the service account 'svc_1'."}}"#,
    ),
];

fn key(id: &str, project: Option<&str>) -> Named {
    Named { id: id.to_owned(), project: project.map(str::to_owned) }
}

#[tokio::test]
async fn a_new_keys_secret_is_alone_on_stdout() {
    let fake = Fake::start(ROUTES).await;
    let args = Create {
        name: Some("app".into()),
        scope: vec!["api.chat.request".into()],
        model: vec!["gpt-4o*".into()],
        expires_in: Some(2_592_000),
        ..Create::default()
    };
    let (data, talk) =
        create(&fake.api, args, &super::super::fake::env("")).await.unwrap().into_parts();
    assert_eq!(data, "sk-tg-secret\n");
    assert!(!talk.contains("secret\n") && talk.contains("Default project (proj_1)"), "{talk}");
    assert!(talk.contains("it may: api.chat.request. It expires at 1970-01-31 00:00 UTC."));
    assert_eq!(
        fake.last_body(),
        json!({ "name": "app", "scopes": ["api.chat.request"], "models": ["gpt-4o*"],
                "expires_in_seconds": 2_592_000 })
    );
    let args = Create { json: true, ..Create::default() };
    let (data, talk) =
        create(&fake.api, args, &super::super::fake::env("")).await.unwrap().into_parts();
    assert_eq!((data.trim_end(), talk.as_str()), (MADE, ""));
    assert_eq!(fake.last_body(), json!({}), "what is not given is the server's to choose");
}

/// Nine days after the keys were made.
const NOW: i64 = 9 * 86_400 + 3_600;

#[tokio::test]
async fn keys_of_all_projects_are_listed_with_their_project() {
    let fake = Fake::start(ROUTES).await;
    let (data, _) = list(&fake.api, None, false, NOW).await.unwrap().into_parts();
    let rows: Vec<&str> = data.lines().collect();
    assert_eq!(rows.len(), 2);
    assert_eq!(
        rows[1].split_whitespace().collect::<Vec<_>>(),
        [
            "key_1",
            "app",
            "sk-tg-...abcd",
            "b",
            "user-1",
            "all",
            "9",
            "d",
            "1970-01-01",
            "00:01",
            "never"
        ]
    );
    let (data, _) = list(&fake.api, Some("b"), true, NOW).await.unwrap().into_parts();
    let document: Value = serde_json::from_str(&data).unwrap();
    assert_eq!(document["data"][0]["project_id"], "proj_2");
    let (data, talk) = list(&fake.api, Some("proj_1"), false, NOW).await.unwrap().into_parts();
    assert!(data.is_empty() && talk.contains("keys create"));
}

#[tokio::test]
async fn a_key_is_found_in_whatever_project_it_is() {
    let fake = Fake::start(ROUTES).await;
    let (data, _) = show(&fake.api, &key("key_1", None), false, NOW).await.unwrap().into_parts();
    assert!(data.contains("project    b (proj_2)\n"), "{data}");
    assert!(data.contains("owner      service account ci (svc_1)\n"), "{data}");
    assert_eq!(fake.seen().len(), 3, "the list, one miss, one hit");
    let failure = show(&fake.api, &key("key_9", None), false, NOW).await.err().unwrap();
    assert!(failure.render(false).contains("no key 'key_9' in any project"));
}

#[tokio::test]
async fn a_secret_given_for_an_id_is_neither_sent_nor_repeated() {
    let fake = Fake::start(ROUTES).await;
    let failure = show(&fake.api, &key("sk-tg-secret", None), false, NOW).await.err().unwrap();
    assert!(!failure.render(false).contains("sk-tg-secret"));
    assert!(fake.seen().is_empty());
}

#[tokio::test]
async fn a_rotation_prints_the_new_secret_alone() {
    let fake = Fake::start(ROUTES).await;
    let named = key("key_1", Some("proj_2"));
    let (data, talk) = rotate(&fake.api, &named, 3_600, false).await.unwrap().into_parts();
    assert_eq!(
        (data.as_str(), fake.last_body()),
        ("sk-tg-secret\n", json!({"grace_seconds": 3600}))
    );
    assert!(talk.contains("works for 1 hour more;"), "{talk}");
    let (_, talk) = end_old(&fake.api, &named, false).await.unwrap().into_parts();
    assert_eq!(talk, "Only sk-tg-...abcd of key_1 works now.\n");
}

#[test]
fn a_second_rotation_says_what_becomes_of_the_first_grace() {
    let key: Key = serde_json::from_str(KEY).unwrap();
    let rotated: Key =
        serde_json::from_str(&KEY.replace("\"ends_at\":null", "\"ends_at\":60")).unwrap();
    assert!(key_text::rotated(&key, 60, &rotated).contains("before it until 1970-01-01 00:01 UTC"));
    assert!(!key_text::rotated(&key, 60, &key).contains("before it"));
}

#[tokio::test]
async fn a_service_accounts_key_is_not_revoked_and_the_server_says_why() {
    let fake = Fake::start(ROUTES).await;
    let failure = revoke(&fake.api, &key("key_1", None), true, false).await.err().unwrap();
    let text = failure.render(false);
    assert!(text.contains("belongs to the service account 'svc_1'"), "{text}");
}
