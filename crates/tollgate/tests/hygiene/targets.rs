//! Request targets that two readers could understand differently.

use crate::support::{Stage, statuses};

fn ask(stage: &Stage, target: &str, key: &str, host: &str) -> Vec<u16> {
    let mut wire = stage.wire();
    wire.send(format!(
        "GET {target} HTTP/1.1\r\n{host}Authorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    ));
    statuses(&wire.rest())
}

const HOST: &str = "Host: localhost\r\n";

#[test]
fn case_10_tricks_with_the_path_reach_nobody() {
    let stage = Stage::new();
    let admin = stage.gateway.admin_key();
    for target in [
        "http://evil.example/v1/models",
        "http://localhost/v1/models",
        "//v1/models",
        "/v1//models",
        "/v1/%2e%2e/v1/models",
        "/v1/../v1/models",
        "/v1/./models",
        "/v1/models/..",
        "/v1/models/%2e%2e",
        "/v1/models/a%2fb",
        "/v1/models/a%5cb",
        "/v1/models/a%00b",
        "/v1/models/%zz",
        "/v1/models\\x",
        "/v1\\models",
        "/v1/models;x=1",
        "/v1/models/a;b",
        "/%761/models",
        "*",
    ] {
        let found = ask(&stage, target, &stage.key.value, HOST);
        assert!(matches!(found[..], [400 | 404]), "{target}: {found:?}");
    }
    for target in [
        "http://evil.example/v1/organization/projects",
        "//v1/organization/projects",
        "/v1//organization/projects",
        "/v1/x/../organization/projects",
        "/v1/%6frganization/projects",
        "/v1/organization/projects;x",
        "/v1/organization/%2e%2e/organization/projects",
        "/v1/organization\\projects",
        "/tollgate/v1/../v1/upstreams",
    ] {
        let found = ask(&stage, target, admin, HOST);
        assert!(matches!(found[..], [400 | 401 | 404]), "{target}: {found:?}");
    }
    stage.kept_from_the_provider();
    assert_eq!(ask(&stage, "/v1/models", &stage.key.value, HOST), [200]);
}

#[test]
fn case_10_a_host_that_is_none_is_refused() {
    let stage = Stage::new();
    for host in [
        "Host: localhost:4000/#@evil\r\n",
        "Host: user@localhost\r\n",
        "Host: a\r\nHost: b\r\n",
        "Host: a b\r\n",
    ] {
        let found = ask(&stage, "/v1/models", &stage.key.value, host);
        assert_eq!(found, [400], "{host:?}");
        let found = ask(&stage, "/v1/organization/projects", stage.gateway.admin_key(), host);
        assert_eq!(found, [400], "{host:?}");
    }
    stage.kept_from_the_provider();
}
