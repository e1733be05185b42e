//! Signed reports of leaked keys, in the form in which code hosts send them to those who make keys.
//!
//! The order is: off or on, floods, the signer's key, the signature over the raw body; only then is
//! anything read of it. What was reported before has no effect.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, PoisonError};

use domain::fault::catalogue;
use domain::{
    CareChange, Change, Fault, Honeytoken, LeakAction, LeakReporter, SignerKeys, Timestamp,
};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use vault::report::{SignerKey, digest};

use super::flood::{Bounds, source};
use super::leaks::{LeakCheck, Place, hex, mark, shown};
use super::notice::Notice;
use crate::transact::{Stale, Write, invalid, store_fault};
use crate::{Author, Control};

/// Reports in a minute; each may name thousands of keys.
pub(super) const REPORTS: Bounds = Bounds { of_one: 60, of_all: 300 };
/// Keys of one report.
const MOST_MATCHES: usize = 10_000;
/// Characters that are kept of a place.
const LONGEST_URL: usize = 2_048;
const LONGEST_WORD: usize = 64;
/// Milliseconds: published keys are fetched again when they are so old, and for an identifier that
/// is not among them, but not sooner than after the pause.
const FRESH_MS: i64 = 86_400_000;
const PAUSE_MS: i64 = 60_000;

/// Whose reports are believed.
pub struct LeakReports {
    /// Identifiers and keys that the config file names.
    pub pinned: Vec<(String, SignerKey)>,
    /// Where more are published.
    pub source: Option<Arc<dyn SignerKeys>>,
}

/// A report as it came.
pub struct SignedReport<'a> {
    pub address: IpAddr,
    pub identifier: &'a str,
    /// Base64.
    pub signature: &'a str,
    pub body: &'a [u8],
}

/// What the reporter hears of one match. The secret itself is not repeated.
pub struct LeakFeedback {
    /// SHA-256 of the reported text, in hexadecimal.
    pub token_hash: String,
    pub token_type: String,
    /// It is, or was, a key of ours.
    pub is_ours: bool,
}

/// The signers' keys, and when they were fetched.
pub(crate) struct Desk {
    reports: LeakReports,
    /// Over reloads of the config, as long as they are published at the same place.
    fetched: Arc<Mutex<Fetched>>,
}

#[derive(Default)]
struct Fetched {
    at: Option<Timestamp>,
    tried: Option<Timestamp>,
    keys: HashMap<String, SignerKey>,
}

impl Desk {
    fn new(reports: LeakReports, before: Option<&Self>) -> Self {
        let place = |reports: &LeakReports| reports.source.as_ref().map(|it| it.place().to_owned());
        let same = before.filter(|before| place(&before.reports) == place(&reports));
        let fetched = same.map_or_else(Arc::default, |before| Arc::clone(&before.fetched));
        Self { reports, fetched }
    }

    /// The key of an identifier; `Ok(None)` when nobody published it.
    async fn key(&self, identifier: &str, now: Timestamp) -> Result<Option<SignerKey>, Fault> {
        let pinned = self.reports.pinned.iter().find(|(name, _)| name == identifier);
        if let Some((_, key)) = pinned {
            return Ok(Some(key.clone()));
        }
        let Some(published) = &self.reports.source else { return Ok(None) };
        // One fetch at a time: whoever waits finds what it brought.
        let mut fetched = self.fetched.lock().await;
        let age = |since: Option<Timestamp>| since.map(|at| now.0.saturating_sub(at.0));
        let is_fresh = age(fetched.at).is_some_and(|age| (0..FRESH_MS).contains(&age));
        if is_fresh && let Some(key) = fetched.keys.get(identifier) {
            return Ok(Some(key.clone()));
        }
        if age(fetched.tried).is_none_or(|age| !(0..PAUSE_MS).contains(&age)) {
            fetched.tried = Some(now);
            // What cannot be fetched leaves what was: keys change rarely.
            if let Ok(all) = published.published().await {
                let read = |(name, pem): (String, String)| Some((name, SignerKey::from_pem(&pem)?));
                fetched.keys = all.into_iter().filter_map(read).collect();
                fetched.at = Some(now);
            }
        }
        if fetched.at.is_none() {
            let wait = PAUSE_MS.unsigned_abs();
            return Err(Fault::new(&catalogue::LEAK_KEYS_UNAVAILABLE).retry_after_ms(wait));
        }
        Ok(fetched.keys.get(identifier).cloned())
    }
}

/// One match; what else stands there is the reporter's affair.
#[derive(Deserialize)]
struct Match {
    token: String,
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    source: Option<String>,
}

impl Control {
    /// Takes reports of leaked keys from whoever these keys stand for, and from nobody else from
    /// now on; from nobody at all without them.
    pub fn trust_leak_reports(&self, reports: Option<LeakReports>) {
        let mut desk = self.care.reports.write().unwrap_or_else(PoisonError::into_inner);
        *desk = reports.map(|reports| Arc::new(Desk::new(reports, desk.as_deref())));
    }

    /// Whether a report may be heard out: it is told before a byte of the body is read.
    ///
    /// # Errors
    /// 404 where reports are off, 429 when there are too many.
    pub fn may_report(&self, address: IpAddr) -> Result<(), Fault> {
        self.desk()?;
        let mut reported = self.care.reported.lock().unwrap_or_else(PoisonError::into_inner);
        match reported.has_room(&source(address), self.clock.now()) {
            true => Ok(()),
            false => Err(too_many(PAUSE_MS.unsigned_abs())),
        }
    }

    /// Takes a report in: does what each key's policy says, and tells its owners.
    ///
    /// # Errors
    /// 401 for one that is not signed by a trusted key, 400 for a body of another shape, 404 where
    /// reports are off, 429 for too many, 503 when the signers' keys or the store are away.
    pub async fn take_report(
        &self,
        author: &Author,
        report: SignedReport<'_>,
    ) -> Result<Vec<LeakFeedback>, Fault> {
        let desk = self.desk()?;
        let now = self.clock.now();
        let from = source(report.address);
        let taken =
            self.care.reported.lock().unwrap_or_else(PoisonError::into_inner).take(from, now);
        taken.map_err(too_many)?;
        let key = desk.key(report.identifier, now).await?;
        if !key.is_some_and(|key| key.signed(report.body, report.signature)) {
            return Err(Fault::new(&catalogue::INVALID_LEAK_REPORT));
        }
        let matches: Vec<Match> = serde_json::from_slice(report.body).map_err(|error| {
            let why = format!("We could not read the report: {error}.");
            Fault::because(&catalogue::INVALID_JSON, why)
        })?;
        if matches.len() > MOST_MATCHES {
            let why = format!("A report names at most {MOST_MATCHES} keys; send several.");
            return Err(invalid("body", why));
        }
        let seen = format!("leak report {}", hex(&digest(report.body)));
        let known = self.care.store.is_told(seen.clone()).await;
        let again = known.map_err(|error| store_fault(error, "the report"))?;
        let mut feedback = Vec::with_capacity(matches.len());
        for one in &matches {
            let found = self.look_up_leak(&one.token).await?;
            if !again {
                self.take_match(author, one, &found).await?;
            }
            feedback.push(LeakFeedback {
                token_hash: hex(&digest(one.token.as_bytes())),
                token_type: cut(&one.kind, LONGEST_WORD),
                is_ours: found.key.is_some() || found.honeytoken.is_some(),
            });
        }
        if !again {
            // Last: a report whose effects were cut off in the middle has them when it comes again.
            let change = CareChange::TellOnce { mark: seen, at: now, deliveries: Vec::new() };
            self.commit("the report", quietly(Change::Care(change))).await?;
        }
        Ok(feedback)
    }

    async fn take_match(
        &self,
        author: &Author,
        one: &Match,
        found: &LeakCheck,
    ) -> Result<(), Fault> {
        let (url, source) = (one.url.as_deref(), one.source.as_deref());
        let url = cut(url.unwrap_or_default(), LONGEST_URL);
        let source = cut(&source.unwrap_or_default().to_ascii_lowercase(), LONGEST_WORD);
        let place = Place { reporter: LeakReporter::Partner, source: &source, url: &url };
        if let Some(honeytoken) = &found.honeytoken {
            return self.answer_found_honeytoken(author, found, honeytoken, &place).await;
        }
        let Some(key) = &found.key else { return Ok(()) };
        // Another report of the same secret at the same place says nothing new.
        let would = self.leak(found, key.id.clone(), None, (&place, LeakAction::Alerted));
        let known = self.care.store.is_told(mark(&would)).await;
        if known.map_err(|error| store_fault(error, "the report"))? {
            return Ok(());
        }
        self.answer_leak(author, found, key, &place, false).await.map(drop)
    }

    /// Where a honeytoken was planted is known; that it was found elsewhere is the alarm.
    async fn answer_found_honeytoken(
        &self,
        author: &Author,
        found: &LeakCheck,
        it: &Honeytoken,
        place: &Place<'_>,
    ) -> Result<(), Fault> {
        let action = LeakAction::Honeytoken;
        let leak = self.leak(found, it.id.clone(), it.project.clone(), (place, action));
        let mark = mark(&leak);
        let known = self.care.store.is_told(mark.clone()).await;
        if known.map_err(|error| store_fault(error, "the report"))? {
            return Ok(());
        }
        let notice = Notice {
            kind: "honeytoken.leaked",
            subject: format!("Honeytoken {} ({}) was found in the open", it.id, it.name),
            text: format!(
                "The honeytoken {} ({}) was reported from: {}\n\nIf it was not planted there, \
                 what it was planted in has got out.\n",
                it.id, it.name, leak.url
            ),
            data: shown(&leak),
            project: it.project.as_ref(),
            key: None,
        };
        let deliveries = self.messages(notice).await?;
        let payload = json!({ "id": it.id.as_str(), "data": shown(&leak) });
        let at = leak.at;
        let write = Write {
            audit: vec![self.audit(author, "honeytoken.leaked", it.project.as_ref(), &payload)],
            changes: vec![
                Change::Care(CareChange::RecordLeak(leak)),
                Change::Care(CareChange::TellOnce { mark, at, deliveries }),
            ],
            stale: Stale::Nothing,
        };
        self.commit(it.id.as_str(), write).await
    }

    /// Where reports are off there is no such path.
    fn desk(&self) -> Result<Arc<Desk>, Fault> {
        let desk = self.care.reports.read().unwrap_or_else(PoisonError::into_inner);
        desk.clone().ok_or_else(|| Fault::new(&catalogue::NOT_FOUND))
    }
}

fn too_many(wait_ms: u64) -> Fault {
    let why = "Too many reports of leaked keys in this minute.";
    Fault::because(&catalogue::RATE_LIMIT_EXCEEDED, why).retry_after_ms(wait_ms)
}

/// A write that is no news for the audit log.
pub(super) fn quietly(change: Change) -> Write {
    Write { audit: Vec::new(), changes: vec![change], stale: Stale::Nothing }
}

fn cut(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}
