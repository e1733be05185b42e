use super::*;
use crate::cli::fake::{Fake, Route};

const ONE: &str = r#"{"id":"up_1","name":"many","provider":"groq","base_url":"https://g.example/v1",
    "source":"api","in_use":true,"credentials":[
        {"id":"cred_1","last_four":"wxyz","weight":3,"created_at":0}]}"#;

#[tokio::test]
async fn upstreams_are_listed() {
    let fake = Fake::start(&[(
        "GET /tollgate/v1/upstreams?limit=100",
        200,
        r#"{"data":[{"id":"up_1","name":"openai","provider":"openai","in_use":true,
            "base_url":"https://api.openai.com/v1","source":"environment","credentials":[]}]}"#,
    )])
    .await;
    let said = run(Command::List { json: false }, &fake.api).await.unwrap().into_parts();
    assert_eq!(
        said.0.lines().nth(1).unwrap(),
        "openai  openai    https://api.openai.com/v1  environment     0  yes     up_1"
    );
}

#[tokio::test]
async fn a_rotation_is_one_call_and_says_whether_the_old_one_may_go() {
    const DRAINED: &str = r#"{"id":"up_1","name":"many","provider":"groq","source":"api",
        "base_url":"https://g.example/v1","drained":true,"credentials":[
            {"id":"cred_1","last_four":"wxyz","weight":3,"created_at":0}]}"#;
    const ROUTES: &[Route] = &[
        ("POST /tollgate/v1/upstreams/many/rotate", 200, DRAINED),
        ("POST /tollgate/v1/upstreams/many/credentials", 200, ONE),
    ];
    let fake = Fake::start(ROUTES).await;
    let secret = Secret::from("sk-new-0123456789");
    let said = rotate(&fake.api, "many", (&secret, 2), false, false).await.unwrap().into_parts();
    assert!(said.0.contains("…wxyz  weight 3"), "{}", said.0);
    assert!(said.1.contains("end them at the provider"), "{}", said.1);
    assert!(!said.0.contains("0123456789") && !said.1.contains("0123456789"));
    rotate(&fake.api, "many", (&secret, 2), true, false).await.unwrap();
    let seen = fake.seen();
    assert_eq!(seen.len(), 2);
    assert!(format!("{:?}", seen[0]).contains("sk-new-0123456789"));
}

#[tokio::test]
async fn a_test_that_finds_a_fault_fails() {
    const ROUTES: &[Route] = &[(
        "POST /tollgate/v1/upstreams/many/test",
        200,
        r#"{"ok":false,"status":401,"models":null,"problem":"It refused the credential (401).","took_ms":5}"#,
    )];
    let fake = Fake::start(ROUTES).await;
    let said = test(&fake.api, "many", false).await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let failure = said.print(&mut out, &mut err).err().unwrap().render(false);
    assert!(failure.contains("It refused the credential (401)."), "{failure}");
}

#[test]
fn a_credential_is_one_line_of_text() {
    assert!(given(" \n").is_err());
    assert_eq!(given("sk-abc\n").ok().unwrap().expose(), "sk-abc");
}
