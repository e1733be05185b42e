//! Who calls: from the credential on the request to a key of ours.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use domain::{Fault, KeyView, SecretHash, Timestamp, Trip, fault::catalogue, pinned};
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use crate::arrival::Peer;
use crate::proof::Proof;
use crate::shared::Dataplane;

/// A known key, not yet allowed anything.
pub(crate) struct Caller {
    pub(crate) key: Arc<KeyView>,
    pub(crate) secret: SecretHash,
    pub(crate) address: IpAddr,
    pub(crate) proof: Proof,
}

/// Whether clients send a key by this header.
fn carries_key(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "authorization" | "x-api-key" | "api-key" | "x-goog-api-key" | "xi-api-key"
    )
}

/// Finds the key of a request.
pub(crate) async fn identify(
    shared: &Dataplane,
    head: &Parts,
    peer: Peer,
) -> Result<Caller, Fault> {
    let secret = presented(&head.headers)?;
    if secret.is_empty() {
        return Err(Fault::new(&catalogue::MISSING_API_KEY));
    }
    if vault::key::parse(secret).is_none() {
        shared.metrics.checksum_rejects.fetch_add(1, Ordering::Relaxed);
        return Err(incorrect(secret));
    }
    let hash = shared.vault.hash(secret);
    let found = match shared.keys.cached(hash) {
        Some(key) => Some(key),
        None => {
            shared.honeytokens.look(hash, || trip(shared, hash, head, peer.address));
            pinned(|| look_up(shared, hash, peer.address)).await?
        }
    };
    match found {
        Some(key) => Ok(Caller { key, secret: hash, address: peer.address, proof: peer.proof }),
        None => {
            shared.failures.count(peer.address, shared.clock.now());
            Err(incorrect(secret))
        }
    }
}

/// Who shows a honeytoken, and how.
fn trip(shared: &Dataplane, secret: SecretHash, head: &Parts, address: IpAddr) -> Trip {
    let target = format!("{} {}", head.method, head.uri.path());
    let agent = head.headers.get(USER_AGENT).and_then(|agent| agent.to_str().ok());
    Trip::new(secret, shared.clock.now(), address, [&target, agent.unwrap_or_default()])
}

async fn look_up(
    shared: &Dataplane,
    hash: SecretHash,
    address: IpAddr,
) -> Result<Option<Arc<KeyView>>, Fault> {
    if shared.too_many_failures(address) {
        return Err(Fault::new(&catalogue::TOO_MANY_AUTH_FAILURES).retry_after_ms(WINDOW_MS));
    }
    shared.keys.find(hash).await.map_err(|error| crate::refusal::store(&error))
}

/// The one credential of a request; empty when there is none.
fn presented(headers: &HeaderMap) -> Result<&str, Fault> {
    let mut found: Option<&str> = None;
    // One look at each header costs less than one search for each name.
    for (_, value) in headers.iter().filter(|(name, _)| carries_key(name)) {
        let text = value.to_str().unwrap_or("\u{0}").trim();
        let secret = bearer(text).unwrap_or(text);
        match found {
            Some(earlier) if earlier != secret => {
                return Err(Fault::new(&catalogue::AMBIGUOUS_CREDENTIALS));
            }
            _ => found = Some(secret),
        }
    }
    Ok(found.unwrap_or(""))
}

/// What stands behind `Bearer`, which may be nothing: a client whose key variable is empty.
fn bearer(text: &str) -> Option<&str> {
    let (scheme, rest) = text.split_at_checked(6)?;
    let apart = rest.is_empty() || rest.starts_with([' ', '\t']);
    (apart && scheme.eq_ignore_ascii_case("bearer")).then(|| rest.trim())
}

/// "Incorrect API key provided", with as much of the key as is no secret.
fn incorrect(secret: &str) -> Fault {
    let shown = match (secret.get(..3), secret.char_indices().rev().nth(3)) {
        (Some(start), Some((tail, _))) if secret.len() >= 20 => {
            format!("{start}...{}", &secret[tail..])
        }
        _ => "***".to_owned(),
    };
    let safe: String = shown.chars().map(|c| if c.is_ascii_graphic() { c } else { '*' }).collect();
    let message =
        format!("Incorrect API key provided: {safe}. Keys of this Tollgate begin with sk-tg-.");
    Fault::because(&catalogue::INVALID_API_KEY, message)
}

/// Wrong keys that an address may show in a window before look-ups stop (case 3).
const FAILURES: u32 = 300;
const WINDOW_MS: u64 = 60_000;
/// Addresses remembered.
const ADDRESSES: usize = 10_000;

/// Well-formed keys that nobody knows, by address.
#[derive(Default)]
pub(crate) struct Failures(Mutex<HashMap<IpAddr, (Timestamp, u32)>>);

impl Failures {
    fn count(&self, address: IpAddr, now: Timestamp) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES {
            all.retain(|_, (since, _)| !over(*since, now));
            if all.len() >= ADDRESSES {
                all.clear();
            }
        }
        let entry = all.entry(address).or_insert((now, 0));
        if over(entry.0, now) {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }

    pub(crate) fn too_many(&self, address: IpAddr, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(&address).is_some_and(|(since, n)| !over(*since, now) && *n >= FAILURES)
    }
}

fn over(since: Timestamp, now: Timestamp) -> bool {
    now.0.saturating_sub(since.0).unsigned_abs() >= WINDOW_MS
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        map
    }

    #[test]
    fn case_5_two_keys_that_differ_are_ambiguous() {
        let two = headers(&[("authorization", "Bearer a"), ("authorization", "Bearer b")]);
        assert!(presented(&two).is_err());
        assert!(presented(&headers(&[("authorization", "Bearer a"), ("x-api-key", "b")])).is_err());
        let same = headers(&[("authorization", "Bearer a"), ("x-api-key", "a")]);
        assert_eq!(presented(&same).unwrap(), "a");
    }

    #[test]
    fn case_9_each_carrier_is_read() {
        for carrier in ["authorization", "x-api-key", "api-key", "x-goog-api-key", "xi-api-key"] {
            let map = headers(&[(carrier, "k")]);
            assert_eq!(presented(&map).unwrap(), "k");
        }
        assert_eq!(presented(&headers(&[("authorization", "bearer  k ")])).unwrap(), "k");
        assert_eq!(presented(&headers(&[])).unwrap(), "");
        assert_eq!(presented(&headers(&[("authorization", "Bearer")])).unwrap(), "");
        assert_eq!(presented(&headers(&[("authorization", "Bearerk")])).unwrap(), "Bearerk");
    }

    #[test]
    fn case_3_an_address_is_stopped_after_many_wrong_keys() {
        let failures = Failures::default();
        let (one, two) = (IpAddr::from([1, 1, 1, 1]), IpAddr::from([2, 2, 2, 2]));
        (0..FAILURES).for_each(|_| failures.count(one, Timestamp(5)));
        assert!(failures.too_many(one, Timestamp(6)));
        assert!(!failures.too_many(two, Timestamp(6)));
        assert!(!failures.too_many(one, Timestamp(60_005)));
    }

    #[test]
    fn a_wrong_key_is_shown_only_at_its_ends() {
        let fault = incorrect("sk-tg-0123456789abcdefghijklmnop");
        assert!(fault.message.contains("sk-...mnop"), "{}", fault.message);
        assert!(incorrect("short").message.contains("***"));
    }
}
