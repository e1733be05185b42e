use super::super::fake::{Fake, env};
use super::*;
use clap::Parser;
use domain::KeyKind;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    args: Args,
}

async fn scan(words: &[&str], env: &Env) -> (String, String, usize) {
    let args = Line::parse_from(["scan"].iter().chain(words)).args;
    let (said, count) = execute(&args, env).await.unwrap();
    let (data, talk) = said.into_parts();
    (data, talk, count)
}

fn key() -> String {
    vault::key::mint(KeyKind::Project).expose().to_owned()
}

fn folder(text: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a"), text).unwrap();
    folder
}

#[tokio::test]
async fn a_live_key_is_said_to_be_live_and_how_to_end_it() {
    let fake = Fake::start(&[(
        "POST /tollgate/v1/leaks/check",
        200,
        r#"{"ours":true,"live":true,"status":"live","api_key_id":"key_1"}"#,
    )])
    .await;
    let secret = key();
    let folder = folder(&format!("{secret}\n{secret}\n"));
    let path = folder.path().to_str().unwrap();
    let (data, talk, count) = scan(&[path], &env(fake.api.url())).await;
    assert_eq!((count, data.matches("LIVE").count()), (2, 2), "{data}");
    assert!(talk.contains("tollgate keys revoke key_1"), "{talk}");
    assert!(!data.contains(&secret[6..20]) && !talk.contains(&secret[6..20]));
    // The same key is asked about once.
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn an_older_tollgate_is_asked_with_the_key_itself() {
    let fake = Fake::start(&[("GET /tollgate/v1/me", 200, r#"{"id":"key_2"}"#)]).await;
    let folder = folder(&key());
    let (_, talk, _) = scan(&[folder.path().to_str().unwrap()], &env(fake.api.url())).await;
    assert!(talk.contains("key_2"), "{talk}");
    let fake =
        Fake::start(&[("GET /tollgate/v1/me", 401, "{\"error\":{\"message\":\"no\"}}")]).await;
    let (data, ..) = scan(&[folder.path().to_str().unwrap()], &env(fake.api.url())).await;
    assert!(data.contains("not of this Tollgate"), "{data}");
}

#[tokio::test]
async fn a_live_key_where_git_ignores_the_file_is_shown_and_not_to_be_revoked() {
    let fake = Fake::start(&[(
        "POST /tollgate/v1/leaks/check",
        200,
        r#"{"ours":true,"live":true,"status":"live","api_key_id":"key_1"}"#,
    )])
    .await;
    let folder = folder(&key());
    let git = std::process::Command::new("git").args(["init", "-q"]).current_dir(&folder).status();
    assert!(git.unwrap().success());
    std::fs::write(folder.path().join(".gitignore"), "a\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let (data, talk, count) = scan(&[path], &env(fake.api.url())).await;
    assert!(count == 0 && data.contains("LIVE"), "{data}");
    assert!(!talk.contains("revoke") && talk.contains("ignores these files"), "{talk}");
}

#[tokio::test]
async fn nobody_is_asked_without_need_or_against_the_will() {
    let fake = Fake::start(&[]).await;
    let others = folder(&format!("AKIA2E0A8F3B244C9986 {}{}", "AKIA", "ZQ4TW7RN5KXB3M6V"));
    let (_, _, count) = scan(&[others.path().to_str().unwrap()], &env(fake.api.url())).await;
    assert_eq!(count, 1);
    let ours = folder(&key());
    let path = ours.path().to_str().unwrap();
    assert_eq!(scan(&[path, "--no-network"], &env(fake.api.url())).await.2, 1);
    assert!(fake.seen().is_empty());
    // Where nothing answers, the finds are told all the same.
    assert_eq!(scan(&[path], &env("http://127.0.0.1:1")).await.2, 1);
}

#[tokio::test]
async fn a_baseline_by_its_usual_name_is_read() {
    let folder = folder(&key());
    let path = folder.path().to_str().unwrap();
    let file = folder.path().join(DEFAULT_BASELINE);
    let env = env("http://127.0.0.1:1");
    let (_, talk, count) = scan(&[path, "--write-baseline", file.to_str().unwrap()], &env).await;
    assert!(count == 0 && talk.starts_with("1 finds are accepted"), "{talk}");
    assert_eq!(scan(&[path], &env).await.2, 0);
    assert_eq!(scan(&[path, "--no-baseline"], &env).await.2, 1);
}
