use std::collections::HashSet;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use control::{AlertDraft, Author, Ports};
use domain::ledger::Imbalance;
use domain::ports::{
    BadField, BadPlace, Balances, BoxFuture, Explained, Invalidate, Outbound, Places, PriceGaps,
    Probed, ProviderFacts, StoreResult,
};
use domain::price::{PriceBook, Unpriced};
use domain::{
    Balance, Nanos, PeriodKind, ProjectId, ScopeId, Secret, SecretHash, Timestamp, Upstream,
    UpstreamId,
};
use sha2::{Digest, Sha256};
use store::Store;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use vault::{MasterKey, Vault, WrappedKeys};

use super::*;

/// 2026-03-31 12:00 UTC.
const MARCH: i64 = 1_774_958_400;
const DAY: i64 = 86_400;

/// What outlives a process: the directory, the vault's keys, the time, the money.
struct Outside {
    dir: TempDir,
    keys: WrappedKeys,
    now: AtomicI64,
    spent: Mutex<i64>,
}

struct Deaf;

impl Invalidate for Deaf {
    fn keys_changed(&self, _: &[SecretHash]) {}
    fn places_changed(&self, _: Places) -> Vec<BadPlace> {
        Vec::new()
    }
    fn limits_changed(&self, _: &[ScopeId]) {}
    fn prices_changed(&self, _: Arc<PriceBook>) {}
    fn honeytokens_changed(&self, _: HashSet<SecretHash>) {}
    fn ledger_verified(&self, _: &[Imbalance]) {}
}

impl Outbound for Deaf {
    fn complete(&self, _: &mut Upstream) -> Vec<BadField> {
        Vec::new()
    }

    fn may_sign(&self, _: &Secret) -> bool {
        true
    }

    fn explain(&self, _: Option<&ProjectId>, _: &str) -> Explained {
        Explained::default()
    }

    fn probe(&self, _: UpstreamId) -> BoxFuture<'_, Probed> {
        let probed = Probed { status: None, models: None, problem: None, took_ms: 0 };
        Box::pin(std::future::ready(probed))
    }

    fn try_credential(&self, id: UpstreamId, _: Secret) -> BoxFuture<'_, Probed> {
        self.probe(id)
    }

    fn is_drained(&self, _: &UpstreamId) -> bool {
        true
    }

    fn providers(&self) -> Vec<ProviderFacts> {
        Vec::new()
    }

    fn avoided(&self) -> Vec<UpstreamId> {
        Vec::new()
    }
}

impl PriceGaps for Deaf {
    fn unpriced(&self) -> Vec<Unpriced> {
        Vec::new()
    }
}

impl Clock for Outside {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(self.now.load(Ordering::SeqCst))
    }
}

impl Balances for Outside {
    fn balances(&self, _: ScopeId) -> StoreResult<'_, Vec<Balance>> {
        let month = Balance::empty(PeriodKind::Month.around(self.now()));
        let balance = Balance { posted: Nanos(*self.spent.lock().unwrap()), ..month };
        Box::pin(std::future::ready(Ok(vec![balance])))
    }
}

fn master() -> MasterKey {
    MasterKey::from_secret(&Secret::from("q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp")).unwrap()
}

impl Outside {
    fn new() -> Arc<Self> {
        let (_, keys) = Vault::create(&master());
        let (dir, now) = (TempDir::new().unwrap(), AtomicI64::new(MARCH));
        Arc::new(Self { dir, keys, now, spent: Mutex::new(0) })
    }

    fn spend(&self, dollars: i64) {
        *self.spent.lock().unwrap() = dollars * 1_000_000_000;
    }

    fn pass(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::SeqCst);
    }
}

/// A process; dropping it is a stop.
fn start(outside: &Arc<Outside>, private_hosts: &[&str]) -> Alerts {
    let keys = WrappedKeys(outside.keys.0.clone());
    let vault = Arc::new(Vault::unlock(&master(), &keys).ok().unwrap());
    let clock: Arc<dyn Clock> = outside.clone();
    let path: &Path = outside.dir.path();
    let store = Arc::new(Store::open(path, Arc::clone(&clock)).unwrap());
    let ports = Ports {
        records: store.clone(),
        people: store.clone(),
        certificates: store.clone(),
        accounts: store.clone(),
        directory: store.clone(),
        usage: store.clone(),
        balances: outside.clone(),
        ledger: store.clone(),
        care: store,
        clock: Arc::clone(&clock),
        invalidate: Arc::new(Deaf),
        prices: Arc::new(providers::prices::FieldFormat),
        price_gaps: Arc::new(Deaf),
        outbound: Arc::new(Deaf),
        exits: egress::Exits::new(Tls::new(None).unwrap()),
    };
    let control = Arc::new(Control::new(ports, vault));
    let private = private_hosts.iter().map(|host| (*host).to_owned()).collect();
    let poster = Poster::new(Tls::new(None).unwrap(), private);
    Alerts(Arc::new(Inner { control, clock, poster, relay: None }))
}

/// An organization with an alert at five dollars; the webhook's secret.
async fn furnish(alerts: &Alerts, recipients: &[&str], url: Option<String>) -> Option<Secret> {
    let control = &alerts.0.control;
    control.first_start(false).await.unwrap();
    let draft = AlertDraft {
        threshold: Nanos(5_000_000_000),
        recipients: recipients.iter().map(|to| (*to).to_owned()).collect(),
        subject_prefix: None,
        webhook_url: url.map(Some),
    };
    let scope = control.organization_scope().await.unwrap();
    control.create_alert(&Author::system(), scope, draft).await.unwrap().secret
}

async fn fired(alerts: &Alerts) -> usize {
    alerts.0.control.fire_due_alerts().await.unwrap()
}

async fn waiting(alerts: &Alerts) -> Vec<Waiting> {
    alerts.0.control.waiting_deliveries().await.unwrap()
}

/// Somebody's webhook receiver.
struct Receiver(TcpListener);

impl Receiver {
    async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook?x=1", self.0.local_addr().unwrap().port())
    }

    /// Takes one message, answers with the status, and gives the head and the body.
    async fn take(&self, status: u16) -> (String, String) {
        let (mut stream, _) = self.0.accept().await.unwrap();
        let mut text = String::new();
        loop {
            let mut buffer = [0; 4096];
            let read = stream.read(&mut buffer).await.unwrap();
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            if body.len() >= header(head, "content-length").parse().unwrap() {
                let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n");
                stream.write_all(answer.as_bytes()).await.unwrap();
                return (head.to_owned(), body.to_owned());
            }
        }
    }
}

fn header<'a>(head: &'a str, name: &str) -> &'a str {
    let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    found.unwrap_or_else(|| panic!("no {name}: {head}"))
}

/// HMAC-SHA-256 by its definition (RFC 2104), for keys of at most a block.
fn hmac(key: &[u8], text: &[u8]) -> Vec<u8> {
    let pad = |with: u8| {
        let mut block = [with; 64];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Sha256::new().chain_update(pad(0x36)).chain_update(text).finalize();
    Sha256::new().chain_update(pad(0x5c)).chain_update(inner).finalize().to_vec()
}

#[tokio::test]
async fn an_alert_fires_once_a_period_over_restarts_and_again_in_the_next() {
    let outside = Outside::new();
    let alerts = start(&outside, &[]);
    furnish(&alerts, &["a@example.com", "b@example.com"], None).await;
    outside.spend(4);
    assert_eq!(fired(&alerts).await, 0);
    outside.spend(5);
    assert_eq!((fired(&alerts).await, fired(&alerts).await), (1, 0));
    assert_eq!(waiting(&alerts).await.len(), 2);

    drop(alerts);
    let alerts = start(&outside, &[]);
    outside.spend(50);
    assert_eq!((fired(&alerts).await, waiting(&alerts).await.len()), (0, 2));
    // Without a mail server the mails are said in the log, once.
    alerts.deliver().await;
    assert!(waiting(&alerts).await.is_empty());

    drop(alerts);
    outside.pass(DAY);
    let alerts = start(&outside, &[]);
    assert_eq!((fired(&alerts).await, fired(&alerts).await), (1, 0));
    assert_eq!(waiting(&alerts).await.len(), 2);
}

#[tokio::test]
async fn a_webhook_is_signed_as_anybody_can_verify() {
    let outside = Outside::new();
    let receiver = Receiver::new().await;
    let alerts = start(&outside, &["127.0.0.1"]);
    let secret = furnish(&alerts, &[], Some(receiver.url())).await.unwrap();
    outside.spend(6);
    assert_eq!(fired(&alerts).await, 1);
    let (head, body) = tokio::join!(receiver.take(204), alerts.deliver()).0;
    assert!(head.starts_with("POST /hook?x=1 HTTP/1.1\r\n"), "{head}");
    assert_eq!(header(&head, "webhook-timestamp"), MARCH.to_string());
    let id = header(&head, "webhook-id");
    // The secret's text is for its owner; here it is taken apart as a receiver would.
    let shown = crate::reveal::fill("{key}", &secret);
    let key = STANDARD.decode(shown.strip_prefix("whsec_").unwrap()).unwrap();
    let signed = hmac(&key, format!("{id}.{MARCH}.{body}").as_bytes());
    assert_eq!(header(&head, "webhook-signature"), format!("v1,{}", STANDARD.encode(signed)));

    let event: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(event["type"], "spend_alert.reached");
    assert_eq!((event["id"].as_str(), event["created_at"].as_i64()), (Some(id), Some(MARCH)));
    assert_eq!(event["data"]["threshold_amount"], 500);
    assert_eq!(event["data"]["spent_usd"], "6");
    assert_eq!(event["data"]["scope"]["type"], "organization");
    assert!(waiting(&alerts).await.is_empty());
}

#[tokio::test]
async fn a_message_that_fails_is_tried_again_under_its_id_and_given_up_at_last() {
    let outside = Outside::new();
    let receiver = Receiver::new().await;
    let alerts = start(&outside, &["127.0.0.1"]);
    furnish(&alerts, &[], Some(receiver.url())).await;
    outside.spend(6);
    fired(&alerts).await;
    let mut ids = Vec::new();
    let mut pauses = Vec::new();
    loop {
        let (head, _) = tokio::join!(receiver.take(503), alerts.deliver()).0;
        ids.push(header(&head, "webhook-id").to_owned());
        assert!(waiting(&alerts).await.is_empty(), "not at once");
        let Some(pause) = domain::pause_after(u32::try_from(ids.len()).unwrap()) else { break };
        outside.pass(pause - 1);
        assert!(waiting(&alerts).await.is_empty());
        outside.pass(1);
        assert_eq!(waiting(&alerts).await.len(), 1);
        pauses.push(pause);
    }
    assert!(ids.len() == pauses.len() + 1 && ids.iter().all(|id| *id == ids[0]));
    outside.pass(365 * DAY);
    assert!(waiting(&alerts).await.is_empty(), "given up");
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_not_asked_again() {
    let outside = Outside::new();
    let receiver = Receiver::new().await;
    let alerts = start(&outside, &["127.0.0.1"]);
    furnish(&alerts, &[], Some(receiver.url())).await;
    outside.spend(6);
    fired(&alerts).await;
    tokio::join!(receiver.take(410), alerts.deliver());
    outside.pass(DAY);
    assert!(waiting(&alerts).await.is_empty());
}

#[tokio::test]
async fn case_105_a_webhook_to_a_private_address_is_not_sent() {
    let outside = Outside::new();
    let receiver = Receiver::new().await;
    let alerts = start(&outside, &["localhost"]);
    furnish(&alerts, &[], Some(receiver.url())).await;
    outside.spend(6);
    fired(&alerts).await;
    let delivered = async {
        alerts.deliver().await;
        tokio::task::yield_now().await;
    };
    tokio::select! {
        biased;
        _ = receiver.0.accept() => panic!("somebody connected"),
        () = delivered => {}
    }
    outside.pass(DAY);
    assert_eq!(waiting(&alerts).await[0].attempts, 1);
    // Listed, it goes.
    drop(alerts);
    let alerts = start(&outside, &["127.0.0.1"]);
    tokio::join!(receiver.take(200), alerts.deliver());
    assert!(waiting(&alerts).await.is_empty());
}
