//! Trying proxies out: on the operator's order, and now and then where an egress has a health URL.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::{EgressSource, ProxyAnswer, ProxyFailure, ProxyTest};
use http::{HeaderValue, Request, Uri, header};
use http_body_util::{BodyExt, Limited};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Exit, Exits};
use crate::balance::Balance;
use crate::failure::{Cause, SendError};
use crate::proxy::LiveProxy;
use crate::{Origin, Outgoing, Pool, Tls, Way};

const CONNECT: Duration = Duration::from_secs(10);
/// For one proxy, all in all.
const WHOLE: Duration = Duration::from_secs(20);
/// Proxies tried at the same time.
const AT_ONCE: usize = 8;
/// Bytes of an answer in which an address is looked for.
const MOST: usize = 4096;

/// What to fetch.
struct Question {
    origin: Arc<Origin>,
    uri: Uri,
}

impl Exits {
    pub(super) async fn test_egress(&self, name: String, url: String) -> Option<Vec<ProxyTest>> {
        let live = self.live();
        let exit = live.egresses.get(&name)?;
        let proxies = &exit.balance.proxies;
        let question = match Question::new(&url, exit) {
            Ok(question) => Arc::new(question),
            Err(why) => {
                let failure = ProxyFailure { reason: Cause::Request.reason(), why };
                let failed = |proxy: &Arc<LiveProxy>| ProxyTest {
                    proxy: proxy.address.to_string(),
                    latency_ms: 0,
                    result: Err(failure.clone()),
                };
                return Some(proxies.iter().map(failed).collect());
            }
        };
        let asked = proxies.iter().map(|proxy| (&exit.balance, proxy, &question));
        Some(self.ask_all(asked).await)
    }

    /// Fetches the health URL of each egress that has one, through each of its proxies. To be
    /// called now and then.
    pub async fn check_health(&self) {
        let live = self.live();
        for exit in live.egresses.values() {
            let Some(url) = &exit.health_url else { continue };
            let Ok(question) = Question::new(url, exit).map(Arc::new) else { continue };
            let proxies = &exit.balance.proxies;
            let asked = proxies.iter().map(|proxy| (&exit.balance, proxy, &question));
            for (proxy, test) in proxies.iter().zip(self.ask_all(asked).await) {
                match test.result {
                    Ok(answer) if answer.status < 500 => proxy.works(),
                    // The operator says that this URL answers: whatever it is, the proxy is to
                    // blame. Failures that are counted already are so twice.
                    Ok(_) => proxy.blame(false, Instant::now(), "health_url"),
                    Err(failure) => proxy.blame(false, Instant::now(), failure.reason),
                }
            }
        }
    }

    /// In the order asked.
    async fn ask_all<'a>(
        &self,
        asked: impl Iterator<Item = (&'a Arc<Balance>, &'a Arc<LiveProxy>, &'a Arc<Question>)>,
    ) -> Vec<ProxyTest> {
        let (mut running, mut done) = (JoinSet::new(), Vec::new());
        let mut keep = |ended: Option<Result<(usize, ProxyTest), _>>| {
            done.extend(ended.and_then(Result::ok));
        };
        for (at, (balance, proxy, question)) in asked.enumerate() {
            if running.len() >= AT_ONCE {
                keep(running.join_next().await);
            }
            let way = Way::through(Arc::new(balance.only(proxy)), 0);
            let (label, question) = (proxy.address.to_string(), Arc::clone(question));
            let tls = self.tls.clone();
            running.spawn(async move { (at, ask(tls, label, &way, &question).await) });
        }
        while !running.is_empty() {
            keep(running.join_next().await);
        }
        done.sort_by_key(|(at, _)| *at);
        done.into_iter().map(|(_, test)| test).collect()
    }
}

impl Question {
    /// The URL may be at a private address where the config file names it, or its host.
    fn new(url: &str, exit: &Exit) -> Result<Self, String> {
        let host = url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_ascii_lowercase));
        let listed = host.is_some_and(|host| exit.proxy_resolves.contains(&host));
        let named = exit.health_url.as_deref() == Some(url) || listed;
        let meant = exit.source == EgressSource::File && named;
        let (origin, target) =
            Origin::of_url(url, meant).map_err(|bad| format!("the URL: {bad}"))?;
        let uri = target.parse().map_err(|_| "the URL's path cannot be asked for".to_owned())?;
        Ok(Self { origin: Arc::new(origin), uri })
    }
}

async fn ask(tls: Tls, proxy: String, way: &Way, question: &Question) -> ProxyTest {
    let begun = Instant::now();
    let millis = || u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    let mut request = Request::new(Outgoing::Empty);
    *request.uri_mut() = question.uri.clone();
    let agent = HeaderValue::from_static(concat!("tollgate/", env!("CARGO_PKG_VERSION")));
    request.headers_mut().insert(header::USER_AGENT, agent);
    request.headers_mut().insert(header::ACCEPT, HeaderValue::from_static("*/*"));
    let pool = Pool::new(tls, CONNECT);
    let late = begun + WHOLE;
    let sending = pool.send(&question.origin, way, request);
    let sent = tokio::time::timeout_at(late, sending).await;
    let sent =
        sent.unwrap_or_else(|_| Err(SendError::before(Cause::Timeout, "no answer came in time")));
    let latency_ms = millis();
    let result = match sent {
        Err(error) => Err(ProxyFailure { reason: error.cause.reason(), why: error.why }),
        Ok(answer) => {
            let status = answer.status().as_u16();
            let reading = Limited::new(answer.into_body(), MOST).collect();
            let body = tokio::time::timeout_at(late, reading).await;
            let body = body.ok().and_then(Result::ok).map(|body| body.to_bytes());
            let exit_address = body.and_then(|body| address_in(&String::from_utf8_lossy(&body)));
            Ok(ProxyAnswer { status, exit_address })
        }
    };
    ProxyTest { proxy, latency_ms, result }
}

/// The first address in a text: such services answer with it alone, in JSON, or in a page.
fn address_in(text: &str) -> Option<String> {
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '.' && c != ':')
        .map(|word| word.trim_matches('.'))
        .filter(|word| word.len() >= 7 || word.contains("::"))
        .find_map(|word| word.parse::<IpAddr>().ok())
        .map(|address| address.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_address_is_found_however_it_is_told() {
        for (text, wanted) in [
            ("198.51.100.7\n", Some("198.51.100.7")),
            ("{\"ip\":\"2001:db8::7\",\"port\":1}", Some("2001:db8::7")),
            ("{\"origin\": \"198.51.100.7, 10.0.0.1\"}", Some("198.51.100.7")),
            ("fl=1\nip=198.51.100.7\nts=1.5", Some("198.51.100.7")),
            ("<p>Your address is 198.51.100.7.</p>", Some("198.51.100.7")),
            ("version 1.2.3", None),
            ("", None),
        ] {
            assert_eq!(address_in(text).as_deref(), wanted, "{text}");
        }
    }
}
