//! An installation with its owner, and a browser in front of it.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testkit::{Answer, Browser, FakeProvider, Key, TestGateway};

const BIN: &str = env!("CARGO_BIN_EXE_tollgate");
pub const EMAIL: &str = "ada@example.com";
pub const PASSWORD: &str = "ultramarine kettle fog";

/// What a busy office has to show.
pub struct Busy {
    /// The id of a call that was answered.
    pub request: String,
    /// Of one that Tollgate refused.
    pub refused: String,
    pub organization: String,
}

pub struct Office {
    // Dropped in this order: a browser looks at nothing any more when its gateway stops.
    pub browser: Browser,
    pub gateway: TestGateway,
    _provider: FakeProvider,
    pub key: Key,
}

impl Office {
    /// With its owner signed in, some calls made, and a limit.
    pub fn open() -> Self {
        let office = Self::empty();
        office.set_up();
        office
    }

    /// Before anybody has come.
    pub fn empty() -> Self {
        let provider = FakeProvider::start();
        let gateway = TestGateway::builder(Path::new(BIN)).provider(&provider).start();
        Self::around(provider, gateway)
    }

    /// With its owner signed in; people may add upstreams on this machine, and a second one is
    /// there for that.
    pub fn open_to_providers() -> (Self, FakeProvider) {
        let (provider, second) = (FakeProvider::start(), FakeProvider::start());
        let gateway = TestGateway::builder(Path::new(BIN))
            .provider(&provider)
            .also_provider(&second)
            .config("[egress]\nprivate_hosts = [\"127.0.0.1\"]\n")
            .start();
        let office = Self::around(provider, gateway);
        office.set_up();
        (office, second)
    }

    /// Nothing is configured at all: the demo answers, and there is no key.
    pub fn bare() -> (TestGateway, Browser) {
        let config = "[egress]\nprivate_hosts = [\"127.0.0.1\"]\n";
        let builder = TestGateway::builder(Path::new(BIN)).config(config);
        let gateway = builder.without_bill_check().start();
        let browser = Browser::start(&gateway.url());
        (gateway, browser)
    }

    fn around(provider: FakeProvider, gateway: TestGateway) -> Self {
        let key = gateway.create_key(&json!({ "name": "Search backend" }));
        let browser = Browser::start(&gateway.url());
        Self { browser, gateway, _provider: provider, key }
    }

    /// The address of a page.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.gateway.url())
    }

    pub fn go(&self, path: &str) {
        self.browser.open(&self.at(path));
    }

    pub fn setup_link(&self) -> String {
        setup_link(&self.gateway)
    }

    pub fn set_up(&self) {
        let browser = &self.browser;
        browser.open(&self.setup_link());
        browser.fill("#name", "Ada Lovelace");
        browser.fill("#email", EMAIL);
        browser.fill("#password", PASSWORD);
        browser.submit("button.main");
    }

    /// Some calls, one of them refused, and a limit over the organization.
    pub fn busy(&self) -> Busy {
        let hello = json!({
            "model": "gpt-4o-mini",
            "messages": [{ "role": "user", "content": "Hello" }],
        });
        let path = "/v1/chat/completions";
        let call = || self.gateway.json(&self.key.value, "POST", path, &hello);
        let mut answer = call();
        for _ in 0..2 {
            answer = call();
            assert_eq!(answer.status, 200, "{}", answer.text());
        }
        let scope = json!({ "type": "api_key", "id": self.key.id });
        let limit = json!({ "scope": scope, "period": "day", "amount_nanos": 100 });
        self.gateway.admin("PUT", "/tollgate/v1/limits", &limit);
        let refused = call();
        assert_eq!(refused.status, 429, "{}", refused.text());
        self.gateway.admin(
            "POST",
            "/v1/organization/spend_limit",
            &json!({ "threshold_amount": 5000, "currency": "USD", "interval": "month" }),
        );
        self.gateway.wait_records(3);
        let organization = self.gateway.admin("GET", "/tollgate/v1/organization", &Value::Null);
        let id = |answer: &Answer| answer.header("x-request-id").unwrap_or_default().to_owned();
        Busy {
            request: id(&answer),
            refused: id(&refused),
            organization: organization["id"].as_str().unwrap_or_default().to_owned(),
        }
    }
}

/// The setup link as it was printed at the start.
pub fn setup_link(gateway: &TestGateway) -> String {
    let begun = Instant::now();
    loop {
        let output = gateway.output();
        if let Some(link) = output.lines().find_map(|line| line.split("dashboard at ").nth(1)) {
            return link.trim().to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "no setup link: {output}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
