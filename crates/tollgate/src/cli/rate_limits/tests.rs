use super::*;
use crate::cli::fake::{Fake, Route};

const OWN: &str = "GET /tollgate/v1/projects/proj_1/rate_limits";
const MODELS: &str = "GET /v1/organization/projects/proj_1/rate_limits?limit=100";
const ROUTES: &[Route] = &[
    (
        OWN,
        200,
        r#"{"id":"proj_1","max_requests_per_1_minute":9007199254740991,"max_concurrent_requests":5}"#,
    ),
    (
        MODELS,
        200,
        r#"{"data":[{"id":"rl-gpt-4o","model":"gpt-4o","max_requests_per_1_minute":60,"max_tokens_per_1_minute":9007199254740991},
            {"id":"rl-o3","model":"o3","max_requests_per_1_minute":9007199254740991}],"has_more":false}"#,
    ),
    ("PUT /tollgate/v1/projects/proj_1/rate_limits", 200, "{}"),
    ("DELETE /tollgate/v1/projects/proj_1/rate_limits", 200, "{}"),
    ("POST /v1/organization/projects/proj_1/rate_limits/rl-gpt-4o", 200, "{}"),
    ("GET /tollgate/v1/api_keys/key_1/rate_limits", 200, r#"{"id":"key_1"}"#),
    ("PUT /tollgate/v1/api_keys/key_1/rate_limits", 200, "{}"),
];

fn project(model: Option<&str>) -> Of {
    Of { project: Some("proj_1".into()), model: model.map(str::to_owned), key: None }
}

fn key() -> Of {
    Of { key: Some("key_1".into()), ..Of::default() }
}

#[tokio::test]
async fn the_limits_of_a_project_are_shown_with_its_models() {
    let fake = Fake::start(ROUTES).await;
    let said = async |of: Of, all| show(&fake.api, &of, all, false).await.unwrap().into_parts();
    assert_eq!(
        said(project(None), false).await.0,
        "MODEL        LIMIT                      MOST\n\
         (all calls)  max_concurrent_requests       5\n\
         gpt-4o       max_requests_per_1_minute    60\n"
    );
    assert!(said(project(None), true).await.0.ends_with("o3           none\n"));
    assert_eq!(said(project(Some("gpt-4o")), false).await.0, "max_requests_per_1_minute  60\n");
    assert!(said(key(), false).await.1.contains("No rate limits of the key key_1"));
    let unknown = show(&fake.api, &project(Some("x")), false, false).await;
    assert!(unknown.err().unwrap().render(false).contains("--all"));
}

#[tokio::test]
async fn what_is_set_leaves_the_rest() {
    let fake = Fake::start(ROUTES).await;
    let limits = Limits {
        requests_per_minute: Some(Limit(Some(7))),
        tokens_per_minute: Some(Limit(None)),
        ..Limits::default()
    };
    let named = json!({"max_requests_per_1_minute": 7, "max_tokens_per_1_minute": null});
    set(&fake.api, &project(Some("gpt-4o")), &limits, false).await.unwrap();
    assert_eq!(fake.last_body(), named);
    set(&fake.api, &key(), &limits, false).await.unwrap();
    assert_eq!(fake.last_body(), named);
    set(&fake.api, &project(None), &limits, false).await.unwrap();
    let mut with = named;
    with["max_concurrent_requests"] = json!(5);
    assert_eq!(fake.last_body(), with);
}

#[tokio::test]
async fn clearing_lifts_what_is_named_and_nothing_else() {
    let fake = Fake::start(ROUTES).await;
    clear(&fake.api, &project(Some("gpt-4o")), false).await.unwrap();
    let body = fake.last_body();
    assert!(body.as_object().unwrap().len() == 6 && body["max_tokens_per_1_minute"].is_null());
    clear(&fake.api, &project(None), false).await.unwrap();
    assert!(fake.seen().last().unwrap().starts_with("DELETE /tollgate/v1/projects/proj_1/"));
}

#[test]
fn a_limit_is_a_number_or_none() {
    assert!(limit("none").is_ok_and(|limit| limit.0.is_none()));
    assert!(limit("0").is_ok_and(|limit| limit.0 == Some(0)));
    assert!(limit("-1").is_err() && limit("1.5").is_err() && limit("").is_err());
}
