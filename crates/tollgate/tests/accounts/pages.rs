//! Every page of the dashboard's own table over a house with much in it: each is found, and is
//! light. What pages take is measured by `cargo xtask pages`.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::ledger::{Batch, Covered, Holder, Payer, Posting, Reason};
use domain::ports::UsageStore;
use domain::{Clock, Cost, Nanos, Outcome, Timestamp, Tokens, UsageFamily, UsageRecord};
use serde_json::{Value, json};
use store::Store;
use testkit::{Looked, TestGateway, Visitor, Walk};

const BIN: &str = env!("CARGO_BIN_EXE_tollgate");
/// Bytes of a page.
const WEIGHT: usize = 100 * 1024;
const KEYS: u64 = 120;
const MODELS: u64 = 50;
const DAYS: u64 = 90;

/// Pages that no link leads to: what is behind them begins elsewhere, with a form or a provider.
const UNLINKED: [&str; 5] = [
    "/upstreams/{upstream_id}/test/{run_id}",
    "/projects/{project}/playground/calls/{request_id}",
    "/sign-in/with/{provider}",
    "/sign-in/with/{provider}/back",
    "/account/link/{provider}",
];
/// Pages that are nothing without what a link says, and those for people whom a setting lets in.
const NOT_WITHOUT: [&str; 10] = [
    "/account/email/new",
    "/account/phone",
    "/setup",
    "/reset/new",
    "/sign-up",
    "/sign-up/go-on",
    "/invite",
    "/prices/remove",
    "/limits/remove",
    "/projects/{project}/limits/remove",
];
/// What people ask of pages by their forms.
const ASKED: [&str; 8] = [
    "/usage?range=90d&by=model&show=requests&model=&api_key_id=",
    "/usage?range=90d&by=project",
    "/usage?range=90d&by=key&show=output",
    "/usage?range=90d&by=user&api_key_id={key}",
    "/costs?range=90d&by=key&model=model-1&api_key_id=",
    "/logs?model=model-1&api_key_id={key}&status=",
    "/logs?model=&api_key_id=&status=2xx",
    "/audit?email=ada%40example.com",
];

struct House {
    gateway: TestGateway,
    project: String,
    keys: Vec<String>,
    visitor: Visitor,
}

impl House {
    fn open() -> Self {
        let gateway = TestGateway::builder(Path::new(BIN)).without_bill_check().start();
        let link = gateway.admin("POST", "/tollgate/v1/setup_link", &json!({}));
        let mut visitor = Visitor::of(gateway.address());
        visitor.become_owner(link["url"].as_str().unwrap().split("token=").nth(1).unwrap());
        let project = gateway.default_project();
        let keys = (0..KEYS).map(|n| gateway.create_key(&json!({ "name": format!("key {n}") })).id);
        let keys = keys.collect();
        Self { gateway, project, keys, visitor }
    }

    /// Limits over everything, and one of most kinds of things.
    fn furnish(&self) {
        let make = |method: &str, path: &str, body: Value| self.gateway.admin(method, path, &body);
        let month = |scope: Value| {
            let body =
                json!({ "scope": scope, "period": "month", "amount_nanos": 5_000_000_000_i64 });
            make("PUT", "/tollgate/v1/limits", body);
        };
        month(json!({ "type": "organization" }));
        month(json!({ "type": "project", "id": self.project }));
        self.keys.iter().for_each(|key| month(json!({ "type": "api_key", "id": key })));
        let at = format!("/v1/organization/projects/{}", self.project);
        let account = make("POST", &format!("{at}/service_accounts"), json!({ "name": "job" }));
        self.gateway.plant(account["api_key"]["value"].as_str().unwrap());
        let invite = json!({ "email": "grace@example.com", "role": "reader" });
        let invite = make("POST", "/v1/organization/invites", invite);
        let accept = format!("/tollgate/v1/invites/{}/accept", invite["id"].as_str().unwrap());
        let user = make("POST", &accept, json!({ "name": "Grace" }));
        let member = json!({ "user_id": user["id"], "role": "member" });
        make("POST", &format!("{at}/users"), member);
        make("POST", "/v1/organization/groups", json!({ "name": "Platform" }));
        let admin = make("POST", "/v1/organization/admin_api_keys", json!({ "name": "Terraform" }));
        self.gateway.plant(admin["value"].as_str().unwrap());
        let secret = "sk-of-no-provider-CANARYpages0123456789";
        self.gateway.plant(secret);
        let upstream = json!({
            "name": "second", "provider": "compatible", "base_url": "https://provider.invalid/v1",
            "credential": secret,
        });
        make("POST", "/tollgate/v1/upstreams", upstream);
        let route = json!({ "model": "fast", "targets": [{ "upstream": "second", "step": 0 }] });
        make("POST", "/tollgate/v1/routes", route);
        let proxies = json!([{ "url": "http://proxy.invalid:3128" }]);
        make("POST", "/tollgate/v1/egress", json!({ "name": "out", "proxies": proxies }));
        let channel = json!({ "type": "email", "recipients": ["books@example.com"] });
        let alert = json!({
            "threshold_amount": 500, "currency": "USD", "interval": "month",
            "notification_channel": channel,
        });
        make("POST", "/v1/organization/spend_alerts", alert.clone());
        make("POST", &format!("{at}/spend_alerts"), alert);
        let role = json!({ "role_name": "Bookkeeper", "permissions": ["api.usage.read"] });
        make("POST", "/v1/organization/roles", role.clone());
        make("POST", &format!("/v1/projects/{}/roles", self.project), role);
    }

    /// Ninety days of calls to many models by many keys, written while nothing runs.
    fn fill(&mut self) {
        let organization = self.gateway.admin("GET", "/tollgate/v1/organization", &Value::Null);
        let organization = organization["id"].as_str().unwrap();
        assert_eq!(self.gateway.terminate(), 0, "{}", self.gateway.output());
        let store = Store::open(self.gateway.data_dir(), Arc::new(SystemTime)).unwrap();
        let records: Vec<_> = (0..DAYS * MODELS * 2).map(|n| self.record(n)).collect();
        let posting = |record: &UsageRecord| Posting {
            payer: Payer {
                api_key: record.key.as_str().into(),
                user: Arc::clone(&record.user),
                project: record.project.as_str().into(),
                organization: organization.into(),
            },
            admitted: record.at,
            hold: Nanos(0),
            covered: Covered::default(),
            cost: record.cost.unwrap().total(),
            reason: Reason::Settled,
            request: record.request.to_string(),
        };
        let holder = Holder("test".to_owned());
        let postings = records.iter().map(posting).collect();
        let at = SystemTime.now();
        let batch = Batch { lessee: holder.clone(), holder, number: 1, at, postings };
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(store.settle(Arc::new(records), Some(Arc::new(batch)))).unwrap();
        drop(store);
        self.gateway.restart();
        self.visitor.moved_to(self.gateway.address());
    }

    fn record(&self, number: u64) -> UsageRecord {
        let (day, model) = (number / 2 / MODELS, number / 2 % MODELS);
        let ago = i64::try_from(DAYS - 1 - day).unwrap() * 86_400_000;
        let key = &self.keys[usize::try_from((number * 7 + day) % KEYS).unwrap()];
        UsageRecord {
            request: format!("req_{number:032x}").into(),
            attempt: 1,
            at: Timestamp(SystemTime.now().0 - ago),
            operation: "createChatCompletion",
            family: UsageFamily::Completions,
            project: self.project.as_str().into(),
            key: key.as_str().into(),
            user: "user-of-the-house".into(),
            user_label: None,
            model_asked: Some(format!("model-{model}").into()),
            model_served: Some(format!("model-{model}-with-a-long-name").into()),
            service_tier: Some("default".into()),
            upstream: "second".into(),
            upstream_request: None,
            status: 200,
            outcome: Outcome::Completed,
            stream: false,
            batch: false,
            estimated: false,
            tokens: Tokens { input: 500 + number, output: 30 + model, ..Tokens::default() },
            images: 0,
            media_ms: 0,
            characters: 0,
            cost: Some(Cost::of(Nanos(1_234_567 + number.cast_signed()))),
            error: None,
            queue_us: 40,
            first_byte_us: 300_000,
            total_us: 1_500_000,
            bytes_in: 2_400,
            bytes_out: 9_000,
            cache: None,
            saved: None,
            shadow: false,
            prints: None,
        }
    }
}

/// The clock of the machine, which the gateway runs on too.
struct SystemTime;

impl Clock for SystemTime {
    #[allow(clippy::disallowed_methods, reason = "the gateway's pages are of its own days")]
    fn now(&self) -> Timestamp {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_seconds(since.as_secs().cast_signed())
    }
}

#[test]
fn every_page_is_found_and_is_light() {
    let mut house = House::open();
    house.furnish();
    house.fill();
    let all = web::Dashboard::pages().into_iter().filter(|(method, _)| *method == "GET");
    let templates = all.map(|(_, path)| path).collect();
    let walk = Walk {
        templates,
        project: house.project.clone(),
        examples: 12,
        times: 1,
        used: Box::new(Duration::default),
    };
    let mut looked = walk.look(&mut house.visitor);
    assert_eq!(walk.missed(&looked), UNLINKED);
    for path in ASKED {
        let path = path.replace("{key}", &house.keys[3]);
        looked.push(walk.page(&mut house.visitor, &path, &path).0);
    }
    let mut faults = Vec::new();
    for page in &looked {
        let Looked { template, path, status, bytes, .. } = page;
        let light = !page.is_page || *bytes < WEIGHT;
        let found = *status < 400 || NOT_WITHOUT.contains(&template.as_str());
        if !light || !found {
            faults.push(format!("{path}: {status}, {bytes} bytes"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}
