use super::super::Env;
use super::*;

fn shown(text: &str) -> Vec<Shown> {
    let findings: Vec<Value> = serde_json::from_str(text).unwrap();
    findings.iter().map(|one| Shown::read(one).unwrap()).collect()
}

#[test]
fn a_report_says_what_to_do_below_what_is_wrong() {
    let findings = shown(
        r#"[{"subject":"(tollgate)","step":"disk","verdict":"ok","seen":"Room."},
            {"subject":"a\u001b[2J","step":"dns","verdict":"skipped","seen":"No."},
            {"subject":"a\u001b[2J","step":"tls","verdict":"failed","seen":"Old.","took_ms":7,
             "code":"tls_expired","what":"It expired.","remedy":"Renew it."}]"#,
    );
    assert_eq!(
        report::render(&findings, false),
        "this Tollgate\n  ok       disk         Room.\n\na\u{fffd}[2J\n  -        dns          No.\n  \
         FAILED   tls          Old. (7 ms)\n                        what  It expired.\n\
         \u{20}                       do    Renew it.\n                        code  tls_expired\n\
         \n1 failed.\n"
    );
    assert!(report::render(&findings, true).contains("\u{1b}[1;31mFAILED \u{1b}[0m"));
}

#[test]
fn the_page_in_the_docs_is_this_one() {
    let page = include_str!("../../../../../docs/doctor.md");
    assert!(
        page == doctor_markdown(),
        "docs/doctor.md is stale: tollgate doctor --markdown > docs/doctor.md"
    );
}

#[tokio::test]
async fn where_nothing_listens_the_doctor_says_so() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let env = Env {
        url: Some(format!("http://{free}/v1")),
        folder: crate::cli::Folder::default(),
        admin_key: None,
        data_dir: "no-such-directory".into(),
        extra_roots: None,
        api_key: None,
        config_dir: None,
        home: None,
        color: false,
        quiet: true,
    };
    let (finding, api) = server::look(&env, None).await.unwrap();
    assert!(api.is_none());
    assert_eq!(finding.told.cause.unwrap().code, "server_not_listening");
    let bad = Env { url: Some("localhost:8655".into()), ..env };
    assert!(server::look(&bad, None).await.is_err());
}
