//! The doctor before every scripted fault: each is named rightly, with its remedy; and its reports
//! as people and programs read them.

mod golden;
mod report;
mod servers;

use serde_json::{Value, json};
use std::time::Duration;
use testkit::{
    Act, Certificate, FakeProxy, Matcher, Piece, ProxyAct, Script, TestGateway, Then, Valid,
};

use crate::support::{CHAT, Process, Stage, until};
use report::{Report, both, doctor};
use servers::Server;

/// Short enough for a test, long enough for a busy machine.
const TIMES: &str = "[timeouts]\nconnect_seconds = 2\nfirst_byte_seconds = 2\ngap_seconds = 2\n";

fn models() -> Matcher {
    Matcher::new("GET", "/models")
}

fn chat() -> Matcher {
    Matcher::new("POST", CHAT)
}

fn refusal(status: u16, kind: &str, code: &str, message: &str) -> Script {
    let code = (!code.is_empty()).then_some(code);
    Script::error(status, kind, code, message)
}

/// What is wrong with the way to the upstream; nothing where all is well.
#[track_caller]
fn is_named(report: &Report, code: &str) {
    let wrong = report.wrong("openai");
    assert_eq!(wrong, [code], "{}", report.json);
    let finding = report.of("openai").find(|one| one["code"] == code).unwrap();
    let catalogue = domain::diagnosis::causes::find(code).unwrap();
    assert_eq!(finding["remedy"], catalogue.remedy);
    assert_eq!(finding["what"], catalogue.what);
    assert!(finding["doc"].as_str().unwrap().ends_with(&format!("doctor.md#{code}")));
    let failed = finding["verdict"] == "failed";
    assert_eq!(report.exit, i32::from(failed), "{}", report.json);
    assert_eq!(report.json["healthy"], !failed);
}

#[test]
fn all_is_well_and_the_call_is_on_the_bill() {
    let stage = Stage::new();
    let report = doctor(&stage.gateway, &[]);
    assert_eq!((report.wrong("openai").len(), report.exit), (0, 0), "{}", report.json);
    let steps = report.steps("openai");
    let all =
        ["dns", "tcp", "tls", "http", "credential", "quota", "model", "stream", "first_token"];
    assert_eq!(steps, all, "{}", report.json);
    // One call, under a key that is gone afterwards; the books are checked at the end.
    assert_eq!(stage.provider.bill().len(), 1);
    let records = stage.gateway.wait_records(1);
    assert_eq!(records.len(), 1);
    let path = format!("/v1/organization/projects/{}/api_keys", stage.gateway.default_project());
    let keys = stage.gateway.admin("GET", &path, &Value::Null);
    let names: Vec<&str> =
        keys["data"].as_array().unwrap().iter().map(|k| k["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["everything"]);
}

#[test]
fn without_a_paid_call_nothing_is_charged() {
    let stage = Stage::new();
    let report = doctor(&stage.gateway, &["--no-paid"]);
    assert_eq!((report.wrong("openai").len(), report.exit), (0, 0));
    assert_eq!(report.steps("openai"), ["dns", "tcp", "tls", "http", "credential", "quota"]);
    assert!(stage.provider.bill().is_empty());
}

#[test]
fn a_limit_refuses_the_doctor_like_anybody() {
    let stage = Stage::new();
    let project = stage.gateway.default_project();
    let limit = json!({"scope": {"type": "project", "id": project}, "period": "month",
                       "amount_usd": "0"});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let report = doctor(&stage.gateway, &[]);
    is_named(&report, "refused_by_tollgate");
    assert_eq!(report.wrong("(tollgate)"), ["limit_reached"], "{}", report.json);
    assert!(report.text.contains("project_spend_limit_exceeded"), "{}", report.text);
    assert!(stage.provider.bill().is_empty());
}

#[test]
fn what_the_credential_is_refused_with_is_told_apart() {
    let stage = Stage::new();
    let invalid = "invalid_request_error";
    for (script, code) in [
        (
            refusal(401, invalid, "", "You didn't provide an API key. You need to provide it."),
            "credential_missing",
        ),
        (
            refusal(401, invalid, "invalid_api_key", "Incorrect API key provided: sk-a***z."),
            "credential_revoked",
        ),
        (
            refusal(401, invalid, "account_deactivated", "It was deactivated."),
            "account_deactivated",
        ),
        (
            refusal(401, invalid, "", "You must be a member of an organization to use the API."),
            "organization_wrong",
        ),
        (
            refusal(401, invalid, "", "You have insufficient permissions. Missing scopes: x."),
            "permission_missing",
        ),
        (
            refusal(403, "request_forbidden", "unsupported_country_region_territory", "No."),
            "region_not_supported",
        ),
        (
            refusal(403, invalid, "not_authorized_invalid_project", "No such project for you."),
            "project_archived",
        ),
        (refusal(429, "insufficient_quota", "insufficient_quota", "No credit."), "quota_exhausted"),
        (refusal(429, "requests", "rate_limit_exceeded", "Slow down."), "rate_limited"),
        (refusal(500, "server_error", "", "The server had an error."), "provider_error"),
        (refusal(503, "server_error", "server_is_overloaded", "Busy."), "provider_overloaded"),
        (refusal(404, invalid, "", "Invalid URL (GET /v1/models)"), "base_url_wrong"),
        (Script::redirect("http://127.0.0.1:9/"), "http_redirect"),
    ] {
        stage.provider.script(models(), script);
        is_named(&doctor(&stage.gateway, &["--no-paid"]), code);
    }
}

#[test]
fn a_mistyped_key_and_one_of_our_own_are_known_by_their_looks() {
    for (key, code) in [
        ("sk-CANARY-cut", "credential_mistyped"),
        ("sk-tg-CANARY0123456789012345678901234567890", "credential_is_tollgates"),
    ] {
        let stage = Stage::with(|builder| builder.env("OPENAI_API_KEY", key));
        is_named(&doctor(&stage.gateway, &["--no-paid"]), code);
    }
}

#[test]
fn what_a_call_is_refused_with_is_told_apart() {
    let stage = Stage::new();
    let invalid = "invalid_request_error";
    for (script, code) in [
        (refusal(404, invalid, "model_not_found", "No such model."), "upstream_model_not_found"),
        (
            refusal(403, invalid, "model_not_found", "Project does not have access to model."),
            "upstream_model_not_allowed",
        ),
        (refusal(429, "insufficient_quota", "insufficient_quota", "No credit."), "quota_exhausted"),
        (refusal(429, "tokens", "rate_limit_exceeded", "Slow down."), "rate_limited"),
        (refusal(401, invalid, "invalid_api_key", "Incorrect API key."), "credential_revoked"),
        (
            refusal(403, "request_forbidden", "unsupported_country_region_territory", "No."),
            "region_not_supported",
        ),
        (refusal(500, "server_error", "", "The server had an error."), "provider_error"),
        (refusal(503, "server_error", "", "Busy."), "provider_overloaded"),
        (refusal(400, invalid, "unsupported_value", "Not for chat."), "call_refused"),
    ] {
        stage.provider.script(chat(), script);
        is_named(&doctor(&stage.gateway, &[]), code);
    }
    let report = doctor(&stage.gateway, &["--model", "no-such-model"]);
    is_named(&report, "upstream_model_not_found");
    assert!(report.text.contains("no-such-model"), "{}", report.text);
}

#[test]
fn streams_that_go_wrong_are_told_apart() {
    // A stream that is cut may have been charged for more than could be seen.
    let stage = Stage::with(|builder| builder.config(TIMES).without_bill_check());
    let piece = || {
        let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
            "model": "gpt-4o-mini", "choices": [{"index": 0, "delta": {"content": "one "}}]});
        format!("data: {chunk}\n\n")
    };
    let error =
        "data: {\"error\":{\"message\":\"No.\",\"type\":\"server_error\",\"code\":\"x\"}}\n\n";
    let page = [("Content-Type", "text/html")];
    let html = vec![Piece::new(0, "<html>Sign in</html>")];
    for (script, code) in [
        (Script::stream(vec![Piece::new(0, piece())], Then::Cut), "stream_cut"),
        (Script::stream(vec![Piece::new(0, piece())], Then::Hang), "stream_stalled"),
        (Script::stream(vec![Piece::new(0, error)], Then::End), "stream_error"),
        (Script::raw(200, &page, html, Then::End), "http_html"),
        (Script::new(Act::HangBeforeHead), "first_token_timeout"),
    ] {
        stage.provider.script(chat(), script);
        is_named(&doctor(&stage.gateway, &[]), code);
    }
}

#[test]
fn a_slow_first_token_is_a_warning() {
    let stage = Stage::new();
    stage.provider.script(chat(), Script::gate_open());
    // What the doctor asks under its own name is not counted. Opened when it is slow by the doctor's measure, whatever this machine's speed.
    let report = std::thread::scope(|scope| {
        let asked = scope.spawn(|| doctor(&stage.gateway, &[]));
        stage.provider.wait_seen(1, Duration::from_secs(20));
        let held = std::time::Instant::now();
        until("slow", || held.elapsed() > Duration::from_millis(3_100));
        stage.provider.release();
        asked.join().unwrap()
    });
    is_named(&report, "first_token_slow");
    assert_eq!(report.exit, 0);
}

#[test]
fn an_answer_that_is_none_is_told_apart() {
    let stage = Stage::configured(TIMES);
    let page = [("Content-Type", "text/html")];
    let html = || vec![Piece::new(0, "<html>Sign in to the guest network</html>")];
    for (script, code) in [
        (Script::raw(200, &page, html(), Then::End), "http_html"),
        (Script::raw(403, &page, html(), Then::End), "edge_blocked"),
        (Script::raw(502, &page, html(), Then::End), "provider_gateway_error"),
        (Script::json(200, "{\"hello\":\"world\"}"), "http_unexpected"),
        (Script::new(Act::HangBeforeHead), "http_timeout"),
        (Script::new(Act::ResetBeforeHead), "http_closed"),
        (Script::new(Act::Garbage), "http_not_http"),
    ] {
        stage.provider.script(models(), script);
        is_named(&doctor(&stage.gateway, &["--no-paid"]), code);
    }
}

#[test]
fn connections_that_fail_are_told_apart() {
    let before = |url: &str| servers::gateway(url, None);
    let closed = testkit::Toxic::closed();
    let gateway = before(&closed.base_url());
    is_named(&doctor(&gateway, &[]), "tcp_refused");

    let silent = Server::silent();
    is_named(&doctor(&before(&silent.url("http")), &[]), "http_timeout");
    is_named(&doctor(&before(&silent.url("https")), &[]), "tls_timeout");
    let plain = Server::plain();
    is_named(&doctor(&before(&plain.url("https")), &[]), "tls_not_tls");
    let closing = Server::closing();
    is_named(&doctor(&before(&closing.url("https")), &[]), "tls_closed");
    let nowhere = doctor(&before("http://no-such-host.invalid/v1"), &[]);
    let wrong = nowhere.wrong("openai");
    // Without a network no DNS server can tell that there is no such name.
    assert!(wrong == ["dns_not_found"] || wrong == ["dns_unavailable"], "{wrong:?}");
}

#[test]
fn certificates_that_do_not_hold_are_told_apart() {
    let here = ["127.0.0.1"];
    let good = Certificate::make(&here);
    let old = Certificate::valid(&here, Valid::Year(2020));
    let other = Certificate::make(&["other.example"]);
    let young = Certificate::valid(&here, Valid::Year(2090));
    for (certificate, trusted, code) in [
        (&good, false, "tls_self_signed"),
        (&old, true, "tls_expired"),
        (&young, true, "tls_not_yet_valid"),
        (&other, true, "tls_wrong_name"),
    ] {
        let server = Server::tls(certificate);
        let path = certificate.path();
        let gateway = servers::gateway(&server.url("https"), trusted.then_some(path.as_path()));
        is_named(&doctor(&gateway, &[]), code);
        // What is not trusted was not shown the credential.
        assert!(!server.heard().contains("CANARY"), "{code}: {}", server.heard());
    }
    // Made for two days, it ends soon; all else is well.
    let server = Server::tls(&good);
    let gateway = servers::gateway(&server.url("https"), Some(&good.path()));
    is_named(&doctor(&gateway, &["--no-paid"]), "tls_expires_soon");
    // Plain HTTP to a port that speaks TLS.
    let gateway = servers::gateway(&server.url("http"), None);
    is_named(&doctor(&gateway, &[]), "http_tls_expected");
}

#[test]
fn certificates_that_clients_must_show_do_not_stop_the_doctor() {
    let stage = Stage::new();
    let at = "/v1/organization/certificates";
    let pem = Certificate::make(&["client"]).pem().to_owned();
    let made = stage.gateway.admin("POST", at, &json!({ "certificate": pem }));
    let ids = json!({"certificate_ids": [made["id"]]});
    stage.gateway.admin("POST", &format!("{at}/activate"), &ids);
    assert_eq!(stage.chat(&crate::support::hello()).status, 401);
    let report = doctor(&stage.gateway, &[]);
    assert_eq!((report.wrong("openai").len(), report.exit), (0, 0), "{}", report.json);
}

#[test]
fn proxies_are_examined_in_the_place_of_the_connection() {
    let (good, bad) = (FakeProxy::http(), FakeProxy::http().with_login("joe:hunter2"));
    let behind = |proxies: &[&FakeProxy]| {
        let urls: Vec<String> = proxies.iter().map(|proxy| format!("{:?}", proxy.url())).collect();
        let egress = format!("[egress.out]\ndefault = true\nproxies = [{}]\n", urls.join(", "));
        Stage::configured(&format!("{TIMES}{egress}"))
    };
    let stage = behind(&[&good]);
    let report = doctor(&stage.gateway, &[]);
    assert!(report.wrong("openai").is_empty(), "{}", report.json);
    let steps = report.steps("openai");
    assert_eq!(steps[..3], ["proxy", "http", "credential"], "{steps:?}");
    assert!(good.tunnels() > 0 && report.text.contains(&good.url()), "{}", report.text);

    // One that works is enough, and the other is told.
    let report = doctor(&behind(&[&bad, &good]).gateway, &["--no-paid"]);
    is_named(&report, "proxy_auth_failed");
    assert_eq!(report.exit, 0);
    is_named(&doctor(&behind(&[&bad]).gateway, &[]), "proxy_auth_failed");
    good.act(ProxyAct::Refuse(403));
    is_named(&doctor(&stage.gateway, &[]), "proxy_refused");
    good.act(ProxyAct::HangAtTunnel);
    is_named(&doctor(&stage.gateway, &[]), "proxy_timeout");
}

#[test]
fn a_clock_that_is_wrong_is_told() {
    let stage = Stage::new();
    let headers = [("Content-Type", "application/json"), ("Date", "Sun, 06 Nov 1994 08:49:37 GMT")];
    let body = vec![Piece::new(0, "{\"object\":\"list\",\"data\":[{\"id\":\"gpt-4o-mini\"}]}")];
    stage.provider.script(models(), Script::raw(200, &headers, body, Then::End).bare());
    is_named(&doctor(&stage.gateway, &["--no-paid"]), "clock_wrong");
}

#[test]
fn tollgate_itself_is_examined() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let report = doctor(&stage.gateway, &["--no-paid"]);
    assert!(report.wrong("(tollgate)").is_empty(), "{}", report.json);
    let project = stage.gateway.default_project();
    let soon = json!({"name": "soon", "expires_in_seconds": 3 * 86_400});
    stage.gateway.create_key(&soon);
    let limit = json!({"scope": {"type": "project", "id": project}, "period": "month",
                       "amount_usd": "0"});
    stage.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
    let master = stage.gateway.data_dir().join("master.key");
    std::fs::set_permissions(&master, std::fs::Permissions::from_mode(0o644)).unwrap();
    let report = doctor(&stage.gateway, &["--no-paid"]);
    let wrong = report.wrong("(tollgate)");
    assert_eq!(wrong, ["files_readable", "limit_reached", "key_expires_soon"], "{}", report.json);
    assert!(report.text.contains("master.key (644)"), "{}", report.text);
    assert!(report.text.contains("soon (key_"), "{}", report.text);
}

#[test]
fn an_upstream_that_is_not_there_and_wrong_use_are_told() {
    let stage = Stage::new();
    let report = doctor(&stage.gateway, &["--no-paid", "nowhere"]);
    assert_eq!((report.wrong("nowhere"), report.exit), (vec!["upstream_unknown".to_owned()], 1));
    assert_eq!(report.of("openai").count(), 0);
    let mut process = Process::spawn(stage.gateway.home(), &["doctor", "--no-such-flag"], &[]);
    assert_eq!(process.exit(), Some(2));
}

#[test]
fn the_api_follows_a_run_and_keeps_strangers_out() {
    let stage = Stage::new();
    let body = json!({"paid": false});
    let path = "/tollgate/v1/doctor";
    assert_eq!(stage.gateway.json(&stage.key.value, "POST", path, &body).status, 401);
    let unknown = stage.gateway.json(stage.gateway.admin_key(), "POST", path, &json!({"x": 1}));
    assert_eq!(unknown.header("x-tollgate-error"), Some("unknown_field"));
    let run = stage.gateway.admin("POST", path, &body);
    let id = run["id"].as_str().unwrap();
    let (mut seen, mut next) = (0, 0);
    loop {
        let page = stage.gateway.admin("GET", &format!("{path}/{id}?after={next}"), &Value::Null);
        seen += page["data"].as_array().unwrap().len();
        next = page["next"].as_u64().unwrap();
        assert_eq!(seen as u64, next);
        if page["status"] == "completed" {
            break;
        }
    }
    let whole = stage.gateway.admin("GET", &format!("{path}/{id}"), &Value::Null);
    assert_eq!((whole["data"].as_array().unwrap().len(), &whole["healthy"]), (seen, &json!(true)));
    let gone =
        stage.gateway.json(stage.gateway.admin_key(), "GET", "/tollgate/v1/doctor/x", &json!(null));
    assert_eq!(gone.status, 404);
}

#[test]
fn without_a_server_the_doctor_says_why_and_looks_at_the_rest() {
    use std::os::unix::fs::PermissionsExt;
    let home = tempfile::tempdir().unwrap();
    let nobody = testkit::Toxic::closed();
    let url = format!("http://{}", nobody.address());
    let data = home.path().join("tollgate-data");
    std::fs::create_dir(&data).unwrap();
    std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::write(data.join("tollgate.db"), "").unwrap();
    std::fs::write(home.path().join(".env"), "OPENAI_API_KEY=sk-CANARY-local\nnot a line\n")
        .unwrap();
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let (listen, closed) = (held.local_addr().unwrap().to_string(), format!("{url}/v1"));
    let env = [
        ("TOLLGATE_URL", url.as_str()),
        ("TOLLGATE_LISTEN", listen.as_str()),
        ("OPENAI_BASE_URL", closed.as_str()),
    ];
    let report = report::run(home.path(), &["--json"], &env);
    let wrong = report.wrong("(tollgate)");
    assert_eq!(report.exit, 1);
    assert_eq!(wrong[0], "server_not_listening");
    let rest = ["config_note", "config_note", "files_readable", "master_key_missing", "port_taken"];
    assert_eq!(wrong[1..], rest, "{}", report.json);
    assert_eq!(report.wrong("openai"), ["tcp_refused"]);
    let pid = format!("process {}", std::process::id());
    assert!(!cfg!(target_os = "linux") || report.text.contains(&pid), "{}", report.text);
    assert!(!report.text.contains("CANARY"));

    // A configuration with mistakes: all of them; and an upstream that is this Tollgate.
    std::fs::write(home.path().join("bad.toml"), "nonsense = 1\nlisten = 7\n").unwrap();
    let bad = report::run(home.path(), &["--json", "--config", "bad.toml"], &env);
    let finding = bad.of("(tollgate)").find(|one| one["code"] == "config_wrong").unwrap();
    let seen = finding["seen"].as_str().unwrap();
    assert!(seen.contains("nonsense") && seen.contains("listen"), "{seen}");
    let itself = format!("http://{listen}/v1");
    let env = [env[0], env[1], ("OPENAI_BASE_URL", itself.as_str())];
    let looped = report::run(home.path(), &["--json"], &env);
    assert!(looped.wrong("(tollgate)").contains(&"config_loop".to_owned()), "{}", looped.json);
}

#[test]
fn what_is_no_tollgate_and_a_wrong_key_are_told_apart() {
    let home = tempfile::tempdir().unwrap();
    let stage = Stage::new();
    let url = stage.gateway.url();
    let of = |url: &str, key: &str| {
        let env = [("TOLLGATE_URL", url), ("TOLLGATE_ADMIN_KEY", key)];
        let report =
            report::run(home.path(), &["--json"], if key.is_empty() { &env[..1] } else { &env });
        report.wrong("(tollgate)").first().cloned().unwrap_or_default()
    };
    assert_eq!(of(&url, "sk-admin-tg-CANARYwrong"), "admin_key_refused");
    assert_eq!(of(&url, &stage.key.value), "admin_key_refused");
    assert_eq!(of(&url, ""), "admin_key_missing");
    assert_eq!(of(&url.replace("http:", "https:"), "x"), "server_tls_failed");
    let base = stage.provider.base_url();
    assert_eq!(of(base.trim_end_matches("/v1"), "x"), "server_not_tollgate");
    assert_eq!(of("http://no-such-host.invalid", "x"), "server_unreachable");
}

/// A report of a gateway whose provider answers the models with a script.
fn scripted(gateway: &Stage, matcher: Matcher, script: Script, args: &[&str]) -> Report {
    gateway.provider.script(matcher, script.times(2));
    both(&gateway.gateway, args)
}

#[test]
fn the_reports_are_as_they_were() {
    let stage = Stage::new();
    let well = both(&stage.gateway, &[]);
    golden::compare("well", &well);
    let quota = refusal(429, "insufficient_quota", "insufficient_quota", "No credit.");
    golden::compare("quota_exhausted", &scripted(&stage, chat(), quota, &[]));
    let key = refusal(401, "invalid_request_error", "invalid_api_key", "Incorrect API key.");
    golden::compare("credential_revoked", &scripted(&stage, models(), key, &[]));
    let wait = refusal(429, "requests", "rate_limit_exceeded", "Slow down.").retry_after("7");
    golden::compare("rate_limited", &scripted(&stage, models(), wait, &["--no-paid"]));
    let closed = testkit::Toxic::closed();
    let refused = servers::gateway(&closed.base_url(), None);
    golden::compare("tcp_refused", &both(&refused, &[]));
    let old = Certificate::valid(&["127.0.0.1"], Valid::Year(2020));
    let server = Server::tls(&old);
    let gateway: TestGateway = servers::gateway(&server.url("https"), Some(&old.path()));
    golden::compare("tls_expired", &both(&gateway, &[]));
}
