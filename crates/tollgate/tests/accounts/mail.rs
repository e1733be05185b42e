//! Mail over a real mail server: what people are sent arrives whole, as another implementation reads
//! it; and a server that is away, slow or says no.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Builder, Certificate, FakeProvider, TestGateway};

use crate::house::{EMAIL, House, OTHER_PASSWORD, PASSWORD, Person};

/// A mail server in a process of its own; it ends with the test.
struct Sink {
    child: Child,
    port: u64,
    told: Receiver<Value>,
    certificate: Certificate,
}

impl Sink {
    fn start(mode: &str) -> Self {
        Self::start_at(mode, 0)
    }

    /// At a port; 0 is a free one.
    fn start_at(mode: &str, port: u64) -> Self {
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let sdk =
            std::env::var_os("TOLLGATE_SDK_DIR").map_or_else(|| target.join("sdk"), PathBuf::from);
        let certificate = Certificate::make(&["localhost", "127.0.0.1"]);
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/accounts/sink.py");
        let mut child = Command::new(sdk.join("mail/bin/python"))
            .args([script, mode, &port.to_string()])
            .args([certificate.path(), certificate.key_path()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("aiosmtpd is not installed: run `cargo xtask prepare`");
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (tell, told) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                if tell.send(serde_json::from_str(&line).unwrap()).is_err() {
                    return;
                }
            }
        });
        let first: Value = told.recv_timeout(Duration::from_secs(30)).expect("the sink's port");
        Self { child, port: first["port"].as_u64().unwrap(), told, certificate }
    }

    /// The next thing that it tells.
    fn next(&self) -> Value {
        self.told.recv_timeout(Duration::from_secs(60)).expect("a mail")
    }

    /// The next mail to an address; none to anybody else may come before it but for these.
    fn mail_to(&self, to: &str) -> Value {
        loop {
            let told = self.next();
            if told["to"] == json!([to]) {
                return told;
            }
        }
    }

    fn builder(&self, security: &str) -> Builder {
        let roots = self.certificate.path().display().to_string();
        strangers(self.port, security).env("SSL_CERT_FILE", &roots)
    }

    fn house(&self, security: &str) -> House {
        House { gateway: self.builder(security).start() }
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A gateway before a mail server whose certificate it does not know.
fn strangers(port: u64, security: &str) -> Builder {
    let config = format!(
        "[smtp]\nhost = \"localhost\"\nport = {port}\nsecurity = \"{security}\"\n\
         user = \"tollgate\"\npassword = \"env:SMTP_PASSWORD\"\nfrom = \"gate@example.com\"\n"
    );
    let builder = TestGateway::builder(Path::new(env!("CARGO_BIN_EXE_tollgate")));
    builder.config(&config).env("SMTP_PASSWORD", "smtp-password")
}

fn owner_of(house: &House) -> Person<'_> {
    let (owner, link) = (house.person(), house.setup_link());
    let fields =
        [("token", link.as_str()), ("name", "Ada"), ("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(owner.send("/setup", &fields).status, 303);
    owner
}

fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    let headers = mail["headers"].as_array().unwrap();
    let mut found = headers.iter().filter(|pair| pair[0] == name);
    let value = found.next().unwrap_or_else(|| panic!("no {name}: {mail}"))[1].as_str().unwrap();
    assert!(found.next().is_none(), "two {name}: {mail}");
    value
}

/// What holds of every mail, as another implementation reads it.
fn is_sound(mail: &Value, to: &str) {
    assert_eq!((&mail["sender"], &mail["to"]), (&json!("gate@example.com"), &json!([to])));
    assert_eq!(mail["login"], "tollgate");
    assert_eq!(
        (header(mail, "From"), header(mail, "To")),
        ("<gate@example.com>", &*format!("<{to}>"))
    );
    for name in ["Date", "Message-ID", "Subject", "MIME-Version"] {
        assert!(!header(mail, name).is_empty(), "{name}");
    }
    assert_eq!(mail["headers"].as_array().unwrap().len(), 9, "no header but ours: {mail}");
    assert_eq!(mail["kind"], "text/plain");
    // RFC 5321: 998 bytes a line; ours are short and ASCII, whatever stands in them.
    assert!(mail["longest"].as_u64().unwrap() <= 998, "{mail}");
    assert_eq!(
        (&mail["ascii"], &mail["bare"], &mail["defects"]),
        (&json!(true), &json!(0), &json!([]))
    );
}

fn link_in(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    let token = text.split("token=").nth(1).unwrap_or_else(|| panic!("no link: {text}"));
    token.split_whitespace().next().unwrap().to_owned()
}

/// Every mail that people are sent, over one kind of connection.
fn all_mails(mode: &str, security: &str) {
    let sink = Sink::start(mode);
    let house = sink.house(security);
    let owner = owner_of(&house);
    // Whether mail arrives at all.
    let settings = owner.get("/settings").text();
    assert!(settings.contains("gate@example.com"), "{settings}");
    assert_eq!(owner.send("/settings/mail/test", &[]).status, 303);
    let mail = sink.mail_to(EMAIL);
    is_sound(&mail, EMAIL);
    assert!(header(&mail, "Subject").contains("test of Tollgate"));
    // An invitation.
    let body = json!({ "email": "grace@example.com", "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
    let mail = sink.mail_to("grace@example.com");
    is_sound(&mail, "grace@example.com");
    assert_eq!(mail["tls"], json!(mode != "plain"));
    let link = link_in(&mail);
    let fields = [("token", link.as_str()), ("name", "Grace"), ("password", OTHER_PASSWORD)];
    assert_eq!(house.person().send("/invite", &fields).status, 303);
    // A sign-up.
    assert_eq!(owner.send("/settings/sign-in", &[("sign_up", "open")]).status, 303);
    assert_eq!(house.person().send("/sign-up", &[("email", "eve@example.com")]).status, 200);
    let mail = sink.mail_to("eve@example.com");
    is_sound(&mail, "eve@example.com");
    let link = link_in(&mail);
    let fields = [("token", link.as_str()), ("name", "Eve"), ("password", OTHER_PASSWORD)];
    assert_eq!(house.person().send("/sign-up/go-on", &fields).status, 303);
    // A lost password, and the word that it was changed.
    house.person().send("/reset", &[("email", EMAIL)]);
    let mail = sink.mail_to(EMAIL);
    is_sound(&mail, EMAIL);
    let link = link_in(&mail);
    let fields = [("token", link.as_str()), ("password", OTHER_PASSWORD)];
    assert_eq!(house.person().send("/reset/new", &fields).status, 303);
    let mail = sink.mail_to(EMAIL);
    is_sound(&mail, EMAIL);
    assert!(header(&mail, "Subject").contains("was changed"));
    // Nothing was kept that left, and the password of the server is nowhere.
    let kept = house.gateway.admin("GET", "/tollgate/v1/mail", &json!(null));
    assert_eq!(kept["data"], json!([]));
    assert!(!house.gateway.output().contains("smtp-password"));
}

#[test]
fn every_mail_arrives_whole_over_tls() {
    all_mails("tls", "tls");
}

#[test]
fn every_mail_arrives_whole_over_starttls() {
    all_mails("starttls", "starttls");
}

#[test]
fn every_mail_arrives_whole_on_this_machine_without_tls() {
    all_mails("plain", "none");
}

#[test]
fn an_alert_arrives_with_every_letter_and_no_header_of_a_project() {
    let sink = Sink::start("starttls");
    let provider = FakeProvider::start();
    let gateway = sink.builder("starttls").provider(&provider).start();
    let name = format!("{}\u{202e}Bcc: eve@example.com", "Größe ✓ 日本語 — ".repeat(5));
    let project = gateway.create_project(&name);
    let key = gateway.create_key_in(&project, &json!({ "name": "k" }));
    let alert = json!({
        "threshold_amount": 1,
        "currency": "USD",
        "interval": "month",
        "notification_channel": {
            "type": "email",
            "recipients": ["ops@example.com"],
            "subject_prefix": "Bills é",
        },
    });
    let path = format!("/v1/organization/projects/{project}/spend_alerts");
    gateway.admin("POST", &path, &alert);
    let body = json!({
        "model": "gpt-4",
        "messages": [{ "role": "user", "content": "All the news of the day. ".repeat(200) }],
    });
    for _ in 0..3 {
        let answer = gateway.json(&key.value, "POST", "/v1/chat/completions", &body);
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let mail = sink.mail_to("ops@example.com");
    is_sound(&mail, "ops@example.com");
    let subject = header(&mail, "Subject");
    assert!(subject.starts_with("Bills é") && subject.contains("日本語"), "{subject}");
    assert!(mail["text"].as_str().unwrap().contains("日本語"), "{mail}");
}

#[test]
fn a_server_that_puts_off_is_asked_again_and_one_that_refuses_is_believed() {
    let sink = Sink::start("plain");
    let house = sink.house("none");
    let invite = |email: &str| {
        let body = json!({ "email": email, "role": "reader" });
        house.gateway.admin("POST", "/v1/organization/invites", &body);
    };
    let begun = Instant::now();
    invite("later@example.com");
    assert_eq!(sink.next(), json!({ "put_off": "later@example.com" }));
    let mail = sink.mail_to("later@example.com");
    is_sound(&mail, "later@example.com");
    assert!(begun.elapsed() >= Duration::from_secs(5), "the first pause");
    invite("never@example.com");
    assert_eq!(sink.next(), json!({ "refused": "never@example.com" }));
    wait_for(&house, "cannot be delivered and was given up");
    // A slow one gets its time.
    invite("slow@example.com");
    is_sound(&sink.mail_to("slow@example.com"), "slow@example.com");
    // Nobody is told twice, and the one that was refused is not asked again.
    invite("last@example.com");
    assert_eq!(sink.next()["to"], json!(["last@example.com"]));
}

#[test]
fn a_server_that_is_down_gets_the_mail_when_it_is_back() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        u64::from(listener.local_addr().unwrap().port())
    };
    let house = House { gateway: strangers(port, "none").start() };
    let body = json!({ "email": "grace@example.com", "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
    wait_for(&house, "was not delivered; it is tried again");
    let sink = Sink::start_at("plain", port);
    is_sound(&sink.mail_to("grace@example.com"), "grace@example.com");
}

#[test]
fn a_server_that_we_do_not_trust_gets_no_password_and_no_mail() {
    let sink = Sink::start("starttls");
    let house = House { gateway: strangers(sink.port, "starttls").start() };
    let body = json!({ "email": "grace@example.com", "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
    wait_for(&house, "was not delivered; it is tried again");
    assert!(sink.told.try_recv().is_err());
}

#[test]
fn the_address_that_nobody_has_set_yet_gets_no_mail() {
    let sink = Sink::start("plain");
    let house = sink.house("none");
    // The built-in owner, before they have come.
    house.person().send("/reset", &[("email", "owner@localhost")]);
    assert!(house.mail_to("owner@localhost").contains("token="));
    let body = json!({ "email": "grace@example.com", "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
    assert_eq!(sink.next()["to"], json!(["grace@example.com"]), "the first that came");
}

fn wait_for(house: &House, words: &str) {
    let begun = Instant::now();
    while !house.gateway.output().contains(words) {
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", house.gateway.output());
        std::thread::sleep(Duration::from_millis(50));
    }
}
