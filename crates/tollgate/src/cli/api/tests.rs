use super::*;
use crate::cli::fake::{Fake, env};

async fn told(fake: &Fake, target: &str) -> String {
    fake.api.get(target).await.err().unwrap().render(false)
}

#[tokio::test]
async fn a_refusal_has_the_servers_message_its_code_and_what_to_do() {
    let fake = Fake::start(&[
        (
            "GET /locked",
            401,
            r#"{"error":{"message":"Incorrect API key provided: sk-*.","code":null}}"#,
        ),
        ("GET /html", 502, "<html>"),
        ("GET /odd", 200, "[]"),
    ])
    .await;
    let text = told(&fake, "/gone").await;
    assert!(text.starts_with("error: No such thing.\n"), "{text}");
    assert!(text.contains("code: not_found (`tollgate explain not_found`); request req_1"));
    let text = told(&fake, "/locked").await;
    assert!(text.contains("The admin key came from TOLLGATE_ADMIN_KEY."), "{text}");
    assert!(told(&fake, "/html").await.contains("is no Tollgate: 502"));
    assert!(fake.api.get_as::<Page>("/odd").await.is_err());
    let head = fake.seen()[0].to_ascii_lowercase();
    assert!(head.contains("authorization: bearer sk-admin-tg-test"), "{head}");
}

#[tokio::test]
async fn nobody_there_is_said_with_the_way_out() {
    let free = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/", free.local_addr().unwrap());
    drop(free);
    let api = Api::connect(&env(&url)).unwrap();
    let text = api.get("/x").await.err().unwrap().render(false);
    let shown = url.trim_end_matches("/v1/");
    assert!(text.starts_with(&format!("error: no Tollgate answers at {shown} (")), "{text}");
    assert!(text.contains("`tollgate serve`, or set TOLLGATE_URL"));
}

#[tokio::test]
async fn a_broken_off_change_is_not_called_undone() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = Api::connect(&env(&format!("http://{}", listener.local_addr().unwrap()))).unwrap();
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        let mut stream = listener.accept().await.unwrap().0;
        let _ = stream.read(&mut [0; 4096]).await;
    });
    let failure = api.post("/x", &serde_json::json!({})).await.err().unwrap();
    assert!(failure.render(false).contains("may have been made"), "{failure:?}");
}

#[test]
fn the_key_comes_from_the_environment_or_the_data_directory() {
    let mut env = env("http://127.0.0.1:1");
    env.admin_key = None;
    let text = Api::connect(&env).err().unwrap().render(false);
    assert!(text.contains("TOLLGATE_ADMIN_KEY is not set and /nonexistent/admin.key"), "{text}");
    let dir = std::env::temp_dir().join(format!("tollgate-cli-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    env.data_dir.clone_from(&dir);
    std::fs::write(dir.join("admin.key"), "\n").unwrap();
    assert!(Api::connect(&env).err().unwrap().render(false).contains("is empty"));
    std::fs::write(dir.join("admin.key"), "sk-admin-tg-file\n").unwrap();
    let api = Api::connect(&env).unwrap();
    assert_eq!(api.authorization, "Bearer sk-admin-tg-file");
    assert!(!format!("{:?}", api.authorization).contains("file"), "sensitive");
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_bad_url_is_refused_before_anything_is_sent() {
    for url in ["127.0.0.1:8655", "ftp://x", "http://a:b@x", ""] {
        assert!(Api::connect(&env(url)).is_err(), "{url}");
    }
}

#[test]
fn targets_are_escaped() {
    assert_eq!(path(&["v1", "a/b c"]), "/v1/a%2Fb%20c");
    assert_eq!(query("/x", &[("a", "1&2"), ("b", "é")]), "/x?a=1%262&b=%C3%A9");
    assert_eq!(query("/x", &[]), "/x");
}
