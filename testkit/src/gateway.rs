//! `TestGateway`: the real `tollgate` binary as a child process, and its invariants.
//!
//! When it is dropped (or finished) it must have no call in flight, stop cleanly on SIGTERM, have
//! one true record for each line of the provider's bill, in tokens and in money, and a ledger that
//! adds up to them within its limits, and have written none of the planted secrets anywhere. A
//! failing test does not check, so that the first failure is what is seen.

mod books;
mod builder;
mod child;
pub(crate) mod client;
mod leaks;
mod records;
#[cfg(test)]
mod tests;
mod tls_client;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_rustls::rustls::ClientConfig;

pub use builder::Builder;
pub use client::{Answer, Stream};
pub use tls_client::TlsClient;

use crate::provider::Shared;
use child::Child;
use leaks::Canaries;

/// How long the gateway may take to come up, and to go down.
const PATIENCE: Duration = Duration::from_secs(60);

/// A secret key made by the gateway.
#[derive(Clone, Debug)]
pub struct Key {
    pub id: String,
    pub value: String,
    pub project: String,
}

/// A running gateway.
pub struct TestGateway {
    child: Child,
    admin_key: String,
    home: tempfile::TempDir,
    data_dir: PathBuf,
    providers: Vec<Arc<Shared>>,
    canaries: Mutex<Canaries>,
    bill_check: bool,
    price_check: bool,
    checked: bool,
    /// Where it ends TLS: what its own calls are made with.
    tls: Option<ClientConfig>,
}

impl TestGateway {
    /// Begins to describe a gateway made of this binary.
    pub fn builder(bin: &Path) -> Builder {
        Builder::new(bin)
    }

    /// `http://127.0.0.1:PORT`, or `https` where it ends TLS.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        format!("{scheme}://{}", self.child.address())
    }

    /// `127.0.0.1:PORT`.
    pub fn address(&self) -> &str {
        self.child.address()
    }

    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    pub fn data_dir(&self) -> &Path {
        &self.data_dir
    }

    /// The `HOME` of the child.
    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// The process id of the child.
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Everything it wrote so far to stdout and stderr.
    pub fn output(&self) -> String {
        self.child.output()
    }

    /// Registers one more secret which must not turn up anywhere.
    pub fn plant(&self, secret: &str) {
        self.canaries.lock().unwrap().plant("a planted secret", secret);
    }

    /// Sends a request and reads the whole answer; panics when there is none, and when one of the
    /// Administration API is not as OpenAI's document has it.
    pub fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Answer {
        let answer = self.try_request(method, path, headers, body);
        let answer = answer.unwrap_or_else(|e| panic!("{method} {path}: {e}\n{}", self.output()));
        let differences = crate::spec::differences(method, path, &answer);
        assert!(differences.is_empty(), "{method} {path}:\n{}", differences.join("\n"));
        answer
    }

    /// Sends a request and reads the whole answer.
    pub fn try_request(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> std::io::Result<Answer> {
        let address = self.child.address();
        match &self.tls {
            None => client::open(address, method, path, headers, body.as_ref())?.collect(),
            Some(tls) => TlsClient::with(address, tls.clone(), http::Version::HTTP_11)?
                .send(method, path, headers, body),
        }
    }

    /// Sends a request and reads the head; the body comes as it arrives, or not, when dropped.
    pub fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsRef<[u8]>,
    ) -> Stream {
        let stream = client::open(self.child.address(), method, path, headers, body.as_ref());
        stream.unwrap_or_else(|e| panic!("{method} {path}: {e}\n{}", self.output()))
    }

    /// A JSON call with a key; no body when it is null.
    pub fn json(&self, key: &str, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {key}");
        let own = [("Authorization", bearer.as_str()), ("Content-Type", "application/json")];
        match body.is_null() {
            true => self.request(method, path, &own[..1], ""),
            false => self.request(method, path, &own, body.to_string()),
        }
    }

    /// A JSON call with the admin key which must succeed.
    pub fn admin(&self, method: &str, path: &str, body: &Value) -> Value {
        let answer = self.json(&self.admin_key, method, path, body);
        let ok = (200..300).contains(&answer.status);
        assert!(ok, "{method} {path}: {} {}", answer.status, answer.text());
        answer.json()
    }

    /// The id of the first project.
    pub fn default_project(&self) -> String {
        let list = self.admin("GET", "/v1/organization/projects", &Value::Null);
        list["data"][0]["id"].as_str().expect("a project").to_owned()
    }

    /// Makes a project.
    pub fn create_project(&self, name: &str) -> String {
        let made = self.admin("POST", "/v1/organization/projects", &json!({ "name": name }));
        made["id"].as_str().expect("id of the project").to_owned()
    }

    /// Makes a key in the default project, and plants it.
    pub fn create_key(&self, body: &Value) -> Key {
        self.create_key_in(&self.default_project(), body)
    }

    /// Makes a key in a project, and plants it.
    pub fn create_key_in(&self, project: &str, body: &Value) -> Key {
        let path = format!("/v1/organization/projects/{project}/api_keys");
        let made = self.admin("POST", &path, body);
        let text = |name: &str| made[name].as_str().unwrap_or_else(|| panic!("{name}")).to_owned();
        let key = Key { id: text("id"), value: text("value"), project: project.to_owned() };
        let label = format!("the key {}", key.id);
        self.canaries.lock().unwrap().plant(&label, &key.value);
        key
    }

    /// The request log: every record as an object of its columns, in the order of writing.
    pub fn records(&self) -> Vec<Value> {
        records::read(&self.data_dir)
    }

    /// Waits until the log holds `count` records, and gives them; panics when they do not come.
    pub fn wait_records(&self, count: usize) -> Vec<Value> {
        let end = Instant::now() + PATIENCE;
        loop {
            let records = self.records();
            if records.len() >= count {
                return records;
            }
            let had = records.len();
            assert!(Instant::now() < end, "{had} of {count} records\n{}", self.output());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Kills it so that it cannot clean up.
    pub fn kill9(&mut self) {
        self.child.kill9();
    }

    /// Stops it (if it runs) and starts it again with the same directory and environment.
    pub fn restart(&mut self) {
        if self.child.runs() {
            let code = self.terminate();
            assert_eq!(code, 0, "exit code before the restart\n{}", self.output());
        }
        self.child.restart();
    }

    /// Starts it after a kill and kills it again so soon after, wherever it is by then.
    pub fn start_and_kill(&mut self, after: Duration) {
        self.child.spawn();
        std::thread::sleep(after);
        self.child.kill9();
    }

    /// SIGTERM; waits; the exit code.
    pub fn terminate(&mut self) -> i32 {
        self.child.terminate(PATIENCE)
    }

    /// From now on a bill without a record is no fault: for tests which kill.
    pub fn without_bill_check(&mut self) {
        self.bill_check = false;
    }

    /// Checks the invariants now.
    pub fn finish(mut self) {
        self.check();
    }

    fn check(&mut self) {
        self.checked = true;
        let stopped = self.child.runs();
        if stopped {
            self.must_be_idle();
            let code = self.terminate();
            assert_eq!(code, 0, "exit code on SIGTERM\n{}", self.output());
        }
        for provider in &self.providers {
            provider.settle(PATIENCE);
        }
        let rigour = books::Rigour { complete: self.bill_check, prices: self.price_check, stopped };
        books::check(&self.data_dir, &self.providers, rigour);
        let output = self.output();
        self.canaries.lock().unwrap().check(output.as_bytes(), &self.data_dir);
    }

    /// Waits until no call is in flight; panics when one does not end.
    pub(crate) fn must_be_idle(&self) {
        let end = Instant::now() + PATIENCE;
        let bearer = format!("Bearer {}", self.admin_key);
        loop {
            let answer = self.try_request("GET", "/metrics", &[("Authorization", &bearer)], "");
            let text = answer.map_or_else(|e| e.to_string(), |answer| answer.text());
            if text.lines().any(|line| line.trim() == "tollgate_calls_in_flight 0") {
                return;
            }
            let late = Instant::now() > end;
            assert!(!late, "calls in flight at the end:\n{text}\n{}", self.output());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        if !self.checked && !std::thread::panicking() {
            self.check();
        }
    }
}
