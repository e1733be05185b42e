use super::*;
use crate::cli::fake::Fake;

const ONE: &str = r#"{"object":"tollgate.egress","id":"out","source":"api","proxies":[
    {"url":"socks5://p.example:1080","has_credential":true,"state":"ejected","attempts":7,
     "failures":[{"reason":"login","count":5}],"open_connections":0,"calls_in_flight":0,
     "opening_ms":12}],"choice":"sticky","session":"key","allow_direct":false,"default":true,
    "proxy_resolves":[],"health_url":null,"used_by":{"upstreams":["openai"],"projects":[]}}"#;

#[tokio::test]
async fn an_egress_is_shown_with_its_proxies() {
    let fake = Fake::start(&[("GET /tollgate/v1/egress/out", 200, ONE)]).await;
    let said = run(Command::Show { name: "out".to_owned(), json: false }, &fake.api).await;
    let (data, _) = said.unwrap().into_parts();
    let row = data.lines().last().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(row, "socks5://p.example:1080 yes ejected 7 12 5 login");
    assert!(data.contains("default, openai"), "{data}");
}

#[tokio::test]
async fn a_login_comes_from_a_file_and_goes_to_each_proxy() {
    let fake = Fake::start(&[("POST /tollgate/v1/egress", 200, ONE)]).await;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "joe:hunter2\n").unwrap();
    let add = Add {
        name: "out".to_owned(),
        proxy: vec!["socks5://a:1".to_owned(), "http://b:2".to_owned()],
        credential_file: Some(file.path().to_owned()),
        choice: Some("sticky".to_owned()),
        session: None,
        allow_direct: false,
        default: false,
        proxy_resolves: Vec::new(),
        health_url: None,
        json: false,
    };
    let said = run(Command::Add(Box::new(add)), &fake.api).await.unwrap();
    assert!(!said.into_parts().1.contains("hunter2"));
    let body = fake.last_body();
    assert_eq!(body["proxies"][1], json!({ "url": "http://b:2", "credential": "joe:hunter2" }));
    assert_eq!(body["choice"], "sticky");
}

#[tokio::test]
async fn an_upstream_is_found_by_its_name() {
    let fake = Fake::start(&[
        (
            "GET /tollgate/v1/upstreams?limit=100",
            200,
            r#"{"data":[{"id":"up_1","name":"openai","provider":"openai",
                "base_url":"https://x","source":"environment"}]}"#,
        ),
        ("PUT /tollgate/v1/upstreams/up_1/egress", 200, "{}"),
    ])
    .await;
    let of = || Of { upstream: Some("openai".to_owned()), project: None };
    for (name, sent) in [("out", json!("out")), ("direct", json!("direct")), ("none", json!(null))]
    {
        let command = Command::Use { name: name.to_owned(), of: of(), json: false };
        run(command, &fake.api).await.unwrap();
        assert_eq!(fake.last_body()["egress"], sent);
    }
}

#[tokio::test]
async fn a_test_shows_the_exit_address_and_fails_with_a_proxy() {
    let fake = Fake::start(&[(
        "POST /tollgate/v1/egress/out/test",
        200,
        r#"{"object":"tollgate.egress_test","id":"out","ok":false,"proxies":[
            {"url":"socks5://a:1","ok":true,"latency_ms":31,"status":200,
             "exit_address":"198.51.100.7","reason":null,"error":null},
            {"url":"socks5://b:1","ok":false,"latency_ms":5,"status":null,"exit_address":null,
             "reason":"proxy_login","error":"the proxy does not accept the credential"}]}"#,
    )])
    .await;
    let command = Command::Test {
        name: Some("out".to_owned()),
        url: Some("https://ip.example/".to_owned()),
        json: false,
    };
    let said = run(command, &fake.api).await.unwrap();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    assert!(said.print(&mut out, &mut err).is_err());
    let out = String::from_utf8(out).unwrap();
    assert!(out.contains("198.51.100.7") && out.contains("does not accept"), "{out}");
    assert_eq!(fake.last_body()["url"], "https://ip.example/");
}
