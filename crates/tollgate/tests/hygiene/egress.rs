//! Ways out of the house: through proxies of every kind, of the file's and of the API's, and not
//! at all where none of them works.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};
use testkit::{
    Certificate, FakeProvider, FakeProxy, Matcher, Piece, ProxyAct, Script, TestGateway, Then,
};

use crate::support::{BIN, CHAT, Stage, hello, passed, refused, signal, until};

/// `user:password` of the tests' proxies; a secret that must not turn up anywhere.
const LOGIN: &str = "joe:CANARYproxypassword7f3a";

/// An egress of the file, which everybody takes.
fn configured(proxies: &[&str], more: &str) -> String {
    let proxies: Vec<String> = proxies.iter().map(|url| format!("\"{url}\"")).collect();
    format!("[egress.out]\ndefault = true\nproxies = [{}]\n{more}", proxies.join(", "))
}

/// A stage whose calls take the config's egress, with the proxies' password planted.
fn stage(config: &str) -> Stage {
    let stage = Stage::with(|builder| builder.config(config).env("PROXY_LOGIN", LOGIN));
    stage.gateway.plant(LOGIN.split_once(':').unwrap().1);
    stage
}

fn streamed() -> Value {
    let mut body = hello();
    body["stream"] = true.into();
    body
}

#[test]
fn calls_leave_through_a_proxy_of_each_kind_with_its_login() {
    let certificate = Certificate::make(&["127.0.0.1"]);
    let roots = certificate.path().display().to_string();
    for proxy in [FakeProxy::http(), FakeProxy::socks5(), FakeProxy::https(&certificate)] {
        let proxy = proxy.with_login(LOGIN);
        let config = configured(&[&proxy.url()], "credential = \"env:PROXY_LOGIN\"\n");
        let stage = Stage::with(|builder| {
            builder.config(&config).env("PROXY_LOGIN", LOGIN).env("SSL_CERT_FILE", &roots)
        });
        stage.gateway.plant(LOGIN.split_once(':').unwrap().1);
        for body in [hello(), streamed(), hello()] {
            passed(&stage.chat(&body));
        }
        assert_eq!(stage.provider.seen_count(), 3);
        let seen = proxy.seen();
        let target = format!("127.0.0.1:{}", stage.provider.port());
        assert!(!seen.is_empty() && seen.iter().all(|seen| seen.target == target), "{seen:?}");
        assert!(seen.iter().all(|seen| seen.login.as_deref() == Some(LOGIN)));

        let shown = stage.gateway.admin("GET", "/tollgate/v1/egress/out", &Value::Null);
        assert_eq!(shown["proxies"][0]["url"], proxy.url());
        assert_eq!(shown["proxies"][0]["has_credential"], true);
        assert_eq!(shown["proxies"][0]["attempts"], 3);
        assert_eq!(shown["source"], "file");
    }
}

#[test]
fn case_109_a_proxy_that_fails_leads_to_the_next_and_never_out_directly() {
    let (bad, good) = (FakeProxy::http().with_login("other:login"), FakeProxy::socks5());
    let config = configured(&[&bad.url(), &good.url()], "credential = \"env:PROXY_LOGIN\"\n");
    let stage = stage(&config);
    for _ in 0..6 {
        passed(&stage.chat(&hello()));
    }
    assert_eq!((bad.tunnels(), stage.provider.seen_count()), (0, 6));
}

#[test]
fn case_109_when_all_are_down_the_call_fails_unless_the_file_lets_it_out() {
    for act in [ProxyAct::Drop, ProxyAct::Refuse(403), ProxyAct::Page] {
        let proxy = FakeProxy::http();
        proxy.act(act);
        let stage = stage(&configured(&[&proxy.url()], ""));
        let answer = stage.chat(&hello());
        refused(&answer, 502, "egress_unavailable");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        stage.kept_from_the_provider();
        // It works again from the next call on.
        proxy.act(ProxyAct::Serve);
        passed(&stage.chat(&hello()));
    }
    let proxy = FakeProxy::socks5();
    proxy.act(ProxyAct::Drop);
    let stage = stage(&configured(&[&proxy.url()], "allow_direct = true\n"));
    passed(&stage.chat(&hello()));
    assert_eq!((proxy.tunnels(), stage.provider.seen_count()), (0, 1));
}

#[test]
fn case_86_a_redirect_is_not_followed_through_a_proxy_either() {
    let proxy = FakeProxy::socks5();
    let stage = stage(&configured(&[&proxy.url()], ""));
    let elsewhere = FakeProvider::start();
    let place = format!("{}/chat/completions", elsewhere.base_url());
    let pieces = vec![Piece::new(0, "{}")];
    let script = Script::raw(307, &[("Location", place.as_str())], pieces, Then::End);
    stage.provider.script(Matcher::new("POST", CHAT), script);
    refused(&stage.chat(&hello()), 502, "upstream_redirect");
    let target = format!("127.0.0.1:{}", stage.provider.port());
    assert!(proxy.seen().iter().all(|seen| seen.target == target));
    assert_eq!((elsewhere.seen_count(), proxy.tunnels()), (0, 1));
}

#[test]
fn each_key_has_a_session_of_its_own() {
    let proxy = FakeProxy::http();
    let config = configured(&[&proxy.url()], "credential = \"env:SESSIONS\"\n");
    let stage = Stage::with(|builder| builder.config(&config).env("SESSIONS", "u-{session}:pw"));
    let other = stage.gateway.create_key(&json!({"name": "other"}));
    for _ in 0..3 {
        passed(&stage.chat(&hello()));
        passed(&stage.gateway.json(&other.value, "POST", CHAT, &hello()));
    }
    let mut logins: Vec<_> = proxy.seen().into_iter().filter_map(|seen| seen.login).collect();
    logins.sort();
    logins.dedup();
    assert_eq!(logins.len(), 2, "{logins:?}");
}

#[test]
fn an_egress_of_the_api_is_checked_assigned_and_kept_from_removal() {
    let stage = Stage::new();
    let gateway = &stage.gateway;
    gateway.plant("CANARYapiproxy51");
    let admin = |method: &str, path: &str, body: &Value| {
        gateway.json(gateway.admin_key(), method, path, body)
    };
    let proxy = |url: &str| json!({ "url": url, "credential": "joe:CANARYapiproxy51" });
    let draft = |url: &str| json!({ "name": "out", "proxies": [proxy(url)] });
    // P22: what comes through the API reaches no private address.
    for url in
        ["socks5://127.0.0.1:1", "http://localhost:1", "https://[::1]:1", "http://10.0.0.1:1"]
    {
        let answer = admin("POST", "/tollgate/v1/egress", &draft(url));
        refused(&answer, 400, "upstream_address_not_allowed");
    }
    for url in ["socks5://joe:CANARYapiproxy51@p.example:1", "ftp://p.example:1", "p.example"] {
        let answer = admin("POST", "/tollgate/v1/egress", &draft(url));
        refused(&answer, 400, "invalid_value");
        assert!(!answer.text().contains("CANARY"), "{}", answer.text());
    }
    // A name that is no proxy anywhere: `.invalid` has no address.
    let made = admin("POST", "/tollgate/v1/egress", &draft("socks5://proxy.invalid:1080"));
    assert_eq!(made.status, 200, "{}", made.text());
    assert!(!made.text().contains("CANARY") && made.json()["proxies"][0]["has_credential"] == true);
    refused(&admin("POST", "/tollgate/v1/egress", &draft("http://p.example:1")), 409, "conflict");
    passed(&stage.chat(&hello()));

    let project = gateway.create_project("proxied");
    let key = gateway.create_key_in(&project, &json!({"name": "k"}));
    let place = format!("/tollgate/v1/projects/{project}/egress");
    let missing = admin("PUT", &place, &json!({ "egress": "missing" }));
    refused(&missing, 404, "not_found");
    let used = gateway.admin("PUT", &place, &json!({ "egress": "out" }));
    assert_eq!(used["egress"], "out");
    // From the next call on, and for this project only.
    let answer = gateway.json(&key.value, "POST", CHAT, &hello());
    refused(&answer, 502, "egress_unavailable");
    passed(&stage.chat(&hello()));
    refused(&admin("DELETE", "/tollgate/v1/egress/out", &Value::Null), 409, "conflict");
    gateway.admin("PUT", &place, &json!({ "egress": null }));
    passed(&gateway.json(&key.value, "POST", CHAT, &hello()));

    let upstreams = gateway.admin("GET", "/tollgate/v1/upstreams", &Value::Null);
    let id = upstreams["data"][0]["id"].as_str().unwrap();
    let place = format!("/tollgate/v1/upstreams/{id}/egress");
    gateway.admin("PUT", &place, &json!({ "egress": "out" }));
    refused(&stage.chat(&hello()), 502, "egress_unavailable");
    gateway.admin("PUT", &place, &json!({ "egress": "direct" }));
    passed(&stage.chat(&hello()));
    gateway.admin("POST", "/tollgate/v1/egress/out", &json!({ "default": true }));
    passed(&stage.chat(&hello()));
    gateway.admin("PUT", &place, &json!({ "egress": null }));
    refused(&stage.chat(&hello()), 502, "egress_unavailable");
    gateway.admin("DELETE", "/tollgate/v1/egress/out", &Value::Null);
    passed(&stage.chat(&hello()));
}

#[test]
fn what_the_api_made_holds_after_a_restart() {
    let mut stage = Stage::new();
    stage.gateway.plant("CANARYrestart99");
    let body = json!({
        "name": "out", "default": true, "choice": "sticky", "session": "project",
        "proxies": [{ "url": "http://proxy.invalid:3128", "credential": "u:CANARYrestart99" }],
    });
    stage.gateway.admin("POST", "/tollgate/v1/egress", &body);
    let before = stage.gateway.admin("GET", "/tollgate/v1/egress/out", &Value::Null);
    stage.gateway.restart();
    let after = stage.gateway.admin("GET", "/tollgate/v1/egress/out", &Value::Null);
    assert_eq!(before, after);
    refused(&stage.chat(&hello()), 502, "egress_unavailable");
    stage.kept_from_the_provider();
}

#[test]
fn the_files_egress_is_the_files_and_a_half_written_file_lets_nobody_out() {
    let (first, second) = (FakeProxy::http(), FakeProxy::socks5());
    let stage = stage(&configured(&[&first.url()], ""));
    let gateway = &stage.gateway;
    for (method, body) in [("POST", json!({ "allow_direct": true })), ("DELETE", Value::Null)] {
        let answer = gateway.json(gateway.admin_key(), method, "/tollgate/v1/egress/out", &body);
        refused(&answer, 409, "managed_by_file");
    }
    passed(&stage.chat(&hello()));
    let file = gateway.home().join("tollgate.toml");
    std::fs::write(&file, "").unwrap();
    signal(gateway.pid(), "HUP");
    until("the empty file is refused", || gateway.output().contains("names no egress any more"));
    passed(&stage.chat(&hello()));
    assert_eq!((first.connections() > 0, second.connections()), (true, 0));

    std::fs::write(&file, configured(&[&second.url()], "")).unwrap();
    signal(gateway.pid(), "HUP");
    until("the file is read", || gateway.output().contains("the config was reloaded"));
    let before = first.connections();
    passed(&stage.chat(&hello()));
    assert_eq!((first.connections(), second.tunnels()), (before, 1));
    assert_eq!(stage.provider.seen_count(), 3);
}

#[test]
fn an_egress_is_tried_out_by_name() {
    let (good, bad) = (FakeProxy::socks5(), FakeProxy::http().with_login("a:b"));
    let provider = FakeProvider::start();
    let url = format!("{}/models", provider.base_url());
    let config = configured(&[&good.url(), &bad.url()], &format!("health_url = \"{url}\"\n"));
    let stage = stage(&config);
    let tested = stage.gateway.admin("POST", "/tollgate/v1/egress/out/test", &json!({}));
    assert_eq!(tested["ok"], false);
    assert_eq!(tested["proxies"][0]["status"], 401);
    assert_eq!(tested["proxies"][1]["reason"], "proxy_login");

    let output = Command::new(BIN)
        .args(["egress", "test", "out"])
        .env("TOLLGATE_URL", stage.gateway.url())
        .env("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&good.url()) && said.contains("answered 401"), "{said}");
    assert!(said.contains("(407)"), "{said}");
}

/// A program that runs until it is dropped.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Program {
    /// Nothing where it is not installed.
    fn start(name: &str, arguments: &[&str], port: u16) -> Option<Self> {
        let quiet = || Stdio::null();
        let child = Command::new(name).args(arguments).stdout(quiet()).stderr(quiet()).spawn();
        let Ok(child) = child else {
            println!("skipped: {name} is not installed");
            return None;
        };
        let this = Self(child);
        until(name, || std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
        Some(this)
    }
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

#[test]
fn proxies_that_are_not_ours_carry_calls_too() {
    let home = tempfile::tempdir().unwrap();
    let (socks, connect) = (free_port(), free_port());
    let (user, password) = LOGIN.split_once(':').unwrap();
    let text = socks.to_string();
    let arguments = ["-i", "127.0.0.1", "-p", &text, "-u", user, "-P", password];
    let microsocks = Program::start("microsocks", &arguments, socks);
    let conf = home.path().join("tinyproxy.conf");
    let text = format!(
        "Port {connect}\nListen 127.0.0.1\nTimeout 60\nAllow 127.0.0.1\nLogLevel Error\n\
         BasicAuth {user} {password}\nMaxClients 20\n"
    );
    std::fs::write(&conf, text).unwrap();
    let conf = conf.display().to_string();
    let tinyproxy = Program::start("tinyproxy", &["-d", "-c", &conf], connect);
    let both = [
        (microsocks.is_some(), format!("socks5://127.0.0.1:{socks}")),
        (tinyproxy.is_some(), format!("http://127.0.0.1:{connect}")),
    ];
    for (_, url) in both.iter().filter(|(runs, _)| *runs) {
        let right = stage(&configured(&[url], "credential = \"env:PROXY_LOGIN\"\n"));
        for body in [hello(), streamed(), hello()] {
            passed(&right.chat(&body));
        }
        let shown = right.gateway.admin("GET", "/tollgate/v1/egress/out", &Value::Null);
        assert_eq!(shown["proxies"][0]["attempts"], 3, "{shown}");
        // Without the login they let nothing through, and nothing goes another way.
        let wrong = stage(&configured(&[url], ""));
        refused(&wrong.chat(&hello()), 502, "egress_unavailable");
        wrong.kept_from_the_provider();
        let shown = wrong.gateway.admin("GET", "/tollgate/v1/egress/out", &Value::Null);
        assert_eq!(shown["proxies"][0]["failures"][0]["reason"], "login", "{shown}");
    }
}

#[test]
fn a_proxy_with_a_password_in_the_file_stops_the_start_without_repeating_it() {
    let config = "[egress.out]\nproxies = [\"http://joe:CANARYliteral@p.example:1\"]\n\
                  credential = \"joe:CANARYliteral\"\n";
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("tollgate.toml"), config).unwrap();
    let output = Command::new(BIN)
        .args(["serve", "--config", "tollgate.toml", "--data-dir", "data"])
        .current_dir(home.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("by reference") && said.contains("\"env:NAME\""), "{said}");
    assert!(!said.contains("CANARY"), "{said}");
}

#[test]
fn an_upstream_of_the_file_names_its_egress() {
    let proxy = FakeProxy::http();
    let provider = FakeProvider::start();
    let config = format!(
        "[egress.out]\nproxies = [\"{}\"]\n[upstreams.main]\nprovider = \"openai\"\n\
         base_url = \"{}\"\ncredential = \"env:KEY\"\negress = \"out\"\n",
        proxy.url(),
        provider.base_url()
    );
    let gateway = TestGateway::builder(Path::new(BIN))
        .also_provider(&provider)
        .env("KEY", provider.credential())
        .config(&config)
        .start();
    let key = gateway.create_key(&json!({"name": "k"})).value;
    passed(&gateway.json(&key, "POST", CHAT, &hello()));
    assert_eq!(proxy.tunnels(), 1);
    let upstreams = gateway.admin("GET", "/tollgate/v1/upstreams", &Value::Null);
    let id = upstreams["data"][0]["id"].as_str().unwrap();
    let place = format!("/tollgate/v1/upstreams/{id}/egress");
    assert_eq!(gateway.admin("GET", &place, &Value::Null)["egress"], "out");
    let answer = gateway.json(gateway.admin_key(), "PUT", &place, &json!({ "egress": "direct" }));
    refused(&answer, 409, "managed_by_file");
}
