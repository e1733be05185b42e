//! Client certificates on the data plane, over TLS that ends at the gateway.

use std::path::Path;

use http::Version;
use serde_json::{Value, json};
use testkit::{Answer, Authority, Certificate, FakeProvider, Key, TestGateway, TlsClient, Valid};

use crate::support::{BIN, CHAT, Stage, hello, passed, refused, signal, until};

const CERTIFICATES: &str = "/v1/organization/certificates";
const REQUIRED: &str = "client_certificate_required";
const NOT_TRUSTED: &str = "client_certificate_not_trusted";
const UNSEEN: &str = "client_certificate_unseen";

/// A gateway that ends TLS.
struct Gate {
    gateway: TestGateway,
    _provider: FakeProvider,
    server: Certificate,
    key: Key,
}

impl Gate {
    fn open() -> Self {
        let provider = FakeProvider::start();
        let server = Certificate::make(&["127.0.0.1"]);
        let builder = TestGateway::builder(Path::new(BIN)).provider(&provider).tls(&server);
        let gateway = builder.start();
        let key = gateway.create_key(&json!({"name": "everything"}));
        Self { gateway, _provider: provider, server, key }
    }

    fn client(&self, own: Option<&Certificate>, version: Version) -> TlsClient {
        TlsClient::connect(self.gateway.address(), &self.server, own, version).unwrap()
    }

    /// A connection with this certificate.
    fn with(&self, own: &Certificate) -> TlsClient {
        self.client(Some(own), Version::HTTP_11)
    }

    fn upload(&self, pem: &str) -> String {
        upload(&self.gateway, pem)
    }

    /// `activate` or `deactivate` for a project, or else the organization.
    fn set(&self, what: &str, project: Option<&str>, id: &str) {
        let at = match project {
            Some(project) => format!("/v1/organization/projects/{project}/certificates"),
            None => CERTIFICATES.to_owned(),
        };
        self.gateway.admin("POST", &format!("{at}/{what}"), &json!({"certificate_ids": [id]}));
    }
}

fn upload(gateway: &TestGateway, pem: &str) -> String {
    let made = gateway.admin("POST", CERTIFICATES, &json!({"name": "made", "certificate": pem}));
    made["id"].as_str().unwrap().to_owned()
}

fn chat(client: &mut TlsClient, key: &Key) -> Answer {
    let bearer = format!("Bearer {}", key.value);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    client.send("POST", CHAT, &headers, hello().to_string()).unwrap()
}

#[test]
fn a_bound_project_lets_in_whom_an_active_certificate_vouches_for() {
    let gate = Gate::open();
    let (ours, other) = (Authority::new("ours"), Authority::new("other"));
    let middle = ours.below("middle");
    let good = ours.sign(&["client"], Valid::Now);
    let ca = gate.upload(&ours.pem());
    // Uploaded alone, it asks for nothing.
    for version in [Version::HTTP_11, Version::HTTP_2] {
        passed(&chat(&mut gate.client(None, version), &gate.key));
    }
    gate.set("activate", Some(&gate.key.project), &ca);
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let ask = |own: Option<&Certificate>| chat(&mut gate.client(own, version), &gate.key);
        passed(&ask(Some(&good)));
        passed(&ask(Some(&middle.sign(&["client"], Valid::Now))));
        refused(&ask(None), 401, REQUIRED);
        for wrong in [
            other.sign(&["client"], Valid::Now),
            ours.sign(&["client"], Valid::Year(2020)),
            ours.sign(&["client"], Valid::Year(4000)),
            ours.sign_server(&["client"]),
            Certificate::make(&["client"]),
            middle.sign(&["client"], Valid::Now).alone(),
        ] {
            refused(&ask(Some(&wrong)), 401, NOT_TRUSTED);
        }
    }
    // Why is said.
    let old = ours.sign(&["client"], Valid::Year(2020));
    assert!(chat(&mut gate.with(&old), &gate.key).text().contains("expired"));
}

#[test]
fn a_clients_own_certificate_is_pinned() {
    let gate = Gate::open();
    let own = Certificate::make(&["client"]);
    let id = gate.upload(own.pem());
    gate.set("activate", Some(&gate.key.project), &id);
    passed(&chat(&mut gate.with(&own), &gate.key));
    let twin = Certificate::make(&["client"]);
    refused(&chat(&mut gate.with(&twin), &gate.key), 401, NOT_TRUSTED);
}

#[test]
fn a_change_holds_from_the_next_call_on_kept_connections() {
    let gate = Gate::open();
    let (one, two) = (Authority::new("one"), Authority::new("two"));
    let ids = [gate.upload(&one.pem()), gate.upload(&two.pem())];
    let project = Some(gate.key.project.as_str());
    for version in [Version::HTTP_11, Version::HTTP_2] {
        let own = one.sign(&["client"], Valid::Now);
        let mut with = gate.client(Some(&own), version);
        let mut without = gate.client(None, version);
        for place in [project, None] {
            passed(&chat(&mut without, &gate.key));
            gate.set("activate", place, &ids[0]);
            refused(&chat(&mut without, &gate.key), 401, REQUIRED);
            passed(&chat(&mut with, &gate.key));
            passed(&chat(&mut with, &gate.key));
            gate.set("activate", place, &ids[1]);
            passed(&chat(&mut with, &gate.key));
            gate.set("deactivate", place, &ids[0]);
            refused(&chat(&mut with, &gate.key), 401, NOT_TRUSTED);
            gate.set("activate", place, &ids[0]);
            passed(&chat(&mut with, &gate.key));
            gate.set("deactivate", place, &ids[0]);
            gate.set("deactivate", place, &ids[1]);
            passed(&chat(&mut with, &gate.key));
            passed(&chat(&mut without, &gate.key));
        }
    }
}

#[test]
fn one_connection_serves_keys_of_different_projects_by_their_own_rules() {
    let gate = Gate::open();
    let (blue, red) = (Authority::new("blue"), Authority::new("red"));
    let projects = ["blue", "red", "free"].map(|name| gate.gateway.create_project(name));
    let keys =
        projects.clone().map(|project| gate.gateway.create_key_in(&project, &json!({"name": "k"})));
    gate.set("activate", Some(&projects[0]), &gate.upload(&blue.pem()));
    gate.set("activate", Some(&projects[1]), &gate.upload(&red.pem()));
    let own = blue.sign(&["client"], Valid::Now);
    let mut client = gate.client(Some(&own), Version::HTTP_2);
    for _ in 0..2 {
        passed(&chat(&mut client, &keys[0]));
        refused(&chat(&mut client, &keys[1]), 401, NOT_TRUSTED);
        passed(&chat(&mut client, &keys[2]));
    }
    // The organization's binds every project, and is enough for each.
    let all = Authority::new("all");
    gate.set("activate", None, &gate.upload(&all.pem()));
    let mut every = gate.client(Some(&all.sign(&["client"], Valid::Now)), Version::HTTP_2);
    keys.iter().for_each(|key| passed(&chat(&mut every, key)));
    passed(&chat(&mut client, &keys[0]));
    for key in &keys[1..] {
        refused(&chat(&mut client, key), 401, NOT_TRUSTED);
    }
}

#[test]
fn every_path_of_the_data_plane_is_bound_and_administration_is_not() {
    let gate = Gate::open();
    gate.set("activate", None, &gate.upload(&Authority::new("all").pem()));
    let mut client = gate.client(None, Version::HTTP_11);
    let bearer = format!("Bearer {}", gate.key.value);
    for path in ["/v1/models", "/v1/models/gpt-4o", "/v1/files", "/v1/batches/batch_1"] {
        let answer = client.send("GET", path, &[("authorization", &bearer)], "").unwrap();
        refused(&answer, 401, REQUIRED);
    }
    let me = client.send("GET", "/tollgate/v1/me", &[("authorization", &bearer)], "").unwrap();
    assert_eq!(me.status, 200, "{}", me.text());
    // A wrong key learns nothing of certificates.
    let wrong = format!("Bearer {}x", gate.key.value);
    let answer = client.send("GET", "/v1/models", &[("authorization", &wrong)], "").unwrap();
    refused(&answer, 401, "invalid_api_key");
    // The way out is open: these go without a certificate.
    let list = gate.gateway.admin("GET", CERTIFICATES, &Value::Null);
    gate.set("deactivate", None, list["data"][0]["id"].as_str().unwrap());
    passed(&chat(&mut client, &gate.key));
}

#[test]
fn behind_plain_http_a_bound_project_is_closed_and_told_why() {
    let stage = Stage::new();
    let free = stage.gateway.create_project("free");
    let free = stage.gateway.create_key_in(&free, &json!({"name": "k"}));
    let id = upload(&stage.gateway, &Authority::new("ours").pem());
    let at = format!("/v1/organization/projects/{}/certificates", stage.key.project);
    let ids = json!({"certificate_ids": [id]});
    stage.gateway.admin("POST", &format!("{at}/activate"), &ids);
    refused(&stage.chat(&hello()), 401, UNSEEN);
    // What a proxy says of its client is only what anybody can say.
    let bearer = stage.bearer();
    let told = [
        ("authorization", bearer.as_str()),
        ("x-forwarded-client-cert", "Hash=0"),
        ("x-ssl-client-verify", "SUCCESS"),
    ];
    refused(&stage.gateway.request("GET", "/v1/models", &told, ""), 401, UNSEEN);
    stage.kept_from_the_provider();
    passed(&stage.gateway.json(&free.value, "POST", CHAT, &hello()));
    stage.gateway.admin("POST", &format!("{at}/deactivate"), &ids);
    passed(&stage.chat(&hello()));
}

#[test]
fn a_bound_project_stays_bound_over_a_restart() {
    let mut gate = Gate::open();
    gate.set("activate", Some(&gate.key.project.clone()), &gate.upload(&Authority::new("a").pem()));
    gate.gateway.restart();
    refused(&chat(&mut gate.client(None, Version::HTTP_11), &gate.key), 401, REQUIRED);
}

#[test]
fn the_listeners_own_certificate_is_read_again_on_sighup() {
    let gate = Gate::open();
    let next = Certificate::make(&["127.0.0.1"]);
    let mut kept = gate.client(None, Version::HTTP_11);
    passed(&chat(&mut kept, &gate.key));
    let reaches = |trusted: &Certificate| {
        TlsClient::connect(gate.gateway.address(), trusted, None, Version::HTTP_11).is_ok()
    };
    assert!(reaches(&gate.server) && !reaches(&next));
    // What is broken is not put in use.
    let (good, key) = (std::fs::read(gate.server.path()).unwrap(), gate.server.key_path());
    std::fs::write(gate.server.path(), "no certificate").unwrap();
    signal(gate.gateway.pid(), "HUP");
    until("the broken one is told", || gate.gateway.output().contains("the old one stays"));
    std::fs::write(gate.server.path(), good).unwrap();
    assert!(reaches(&gate.server));
    let old_key = std::fs::read(&key).unwrap();
    next.replace(&gate.server);
    signal(gate.gateway.pid(), "HUP");
    until("the new one is shown", || reaches(&next));
    // Connections that were open go on.
    passed(&chat(&mut kept, &gate.key));
    // The gateway's own checks trust the first.
    std::fs::write(&key, old_key).unwrap();
    std::fs::write(gate.server.path(), gate.server.pem()).unwrap();
    signal(gate.gateway.pid(), "HUP");
    until("the first one is back", || reaches(&gate.server));
}
