//! The whole way over a real OpenID provider, with its own pages for signing in and consenting.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use serde_json::json;

use crate::identities::{leave, with_issuer};

struct Provider {
    child: Child,
    host: String,
    cookies: BTreeMap<String, String>,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Provider {
    fn start() -> Self {
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let sdk =
            std::env::var_os("TOLLGATE_SDK_DIR").map_or_else(|| target.join("sdk"), Into::into);
        let library = sdk.join("identities/node_modules/oidc-provider/lib/index.js");
        assert!(library.exists(), "oidc-provider is not installed: run `cargo xtask prepare`");
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/accounts/provider.mjs");
        let mut child = Command::new("node")
            .arg(script)
            .arg(library)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("node is not installed: run `cargo xtask prepare`");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap();
        let host = format!("127.0.0.1:{}", port.strip_prefix("port ").unwrap());
        Self { child, host, cookies: BTreeMap::new(), lines }
    }

    fn redirects_to(&mut self, redirect: &str) {
        let mut stdin = self.child.stdin.take().unwrap();
        writeln!(stdin, "{redirect}").unwrap();
        assert_eq!(self.lines.next().unwrap().unwrap(), "ready");
        // It would end with its input.
        std::mem::forget(stdin);
    }

    /// Status, where it leads, and the page.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> (u16, String, String) {
        let cookies: Vec<_> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut wire = TcpStream::connect(&self.host).unwrap();
        write!(
            wire,
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAccept: text/html\r\n\
             Cookie: {}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.host,
            cookies.join("; "),
            body.len()
        )
        .unwrap();
        let mut text = String::new();
        wire.read_to_string(&mut text).unwrap();
        let (head, page) = text.split_once("\r\n\r\n").unwrap();
        let mut location = String::new();
        for line in head.lines() {
            let Some((name, value)) = line.split_once(": ") else { continue };
            if name.eq_ignore_ascii_case("location") {
                location = value.to_owned();
            } else if name.eq_ignore_ascii_case("set-cookie") {
                let (name, value) = value.split(';').next().unwrap().split_once('=').unwrap();
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, location, page.to_owned())
    }

    /// Signs in and consents, as a person does; the address that the browser is sent back to.
    fn sign_in(&mut self, asked: &str, name: &str) -> String {
        let own = format!("http://{}", self.host);
        let path_of = |url: &str| url.strip_prefix(&own).unwrap_or(url).to_owned();
        let mut path = path_of(asked);
        for _ in 0..10 {
            let (status, location, page) = self.ask("GET", &path, "");
            if status == 303 || status == 302 {
                if location.starts_with("http") && !location.starts_with(&own) {
                    return location;
                }
                path = path_of(&location);
                continue;
            }
            assert_eq!(status, 200, "{path}: {page}");
            let login = page.contains("name=\"login\"");
            let body = match login {
                true => format!("prompt=login&login={name}&password=x"),
                false => "prompt=consent".to_owned(),
            };
            let (status, location, page) = self.ask("POST", &path, &body);
            assert!(status == 303 || status == 302, "{status}: {page}");
            path = path_of(&location);
        }
        panic!("the provider never sends back");
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_real_openid_provider_lets_in_whom_it_knows() {
    let mut provider = Provider::start();
    let house = with_issuer(&format!("http://{}", provider.host), "");
    provider.redirects_to(&format!("{}/sign-in/with/own/back", house.gateway.url()));
    let body = json!({ "email": "katherine@example.com", "role": "reader" });
    house.gateway.admin("POST", "/v1/organization/invites", &body);
    let person = house.person();
    let asked = leave(&person);
    let back = provider.sign_in(&asked, "katherine");
    let path = back.strip_prefix(&house.gateway.url()).unwrap();
    let answer = person.get(path);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/account")),
        "{}",
        answer.text()
    );
    assert!(person.get("/account").text().contains("katherine@example.com"));
    // The same address once more: code and state were taken.
    assert_eq!(house.person().get(path).status, 400);
}
