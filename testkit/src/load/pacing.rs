//! One account with a rate limit under several times its rate.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::client::{Shot, Stream, fire};
use crate::{FakeProvider, TestGateway};

/// How it is run: a key that floods, and two that stay within their thirds of the rate.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// Calls in the account's bucket, and the time in which it fills.
    pub limit: u64,
    pub per: Duration,
    /// How long calls are offered.
    pub time: Duration,
    /// What is offered, as a multiple of the account's rate.
    pub times: u32,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Paced {
    pub offered: usize,
    /// Calls that the provider served while calls were offered, and how many it could have.
    pub served: u64,
    pub usable: u64,
    /// Refusals of the provider, and those of them that a client saw.
    pub refused: u64,
    pub refusals_seen: usize,
    /// Calls that we told to come later, and calls that failed otherwise.
    pub late: usize,
    pub failed: usize,
    /// The longest wait of a key within its share, and what its fair share of the rate would be.
    pub longest: Duration,
    pub share: Duration,
}

/// Keys that stay within their share.
const POLITE: u32 = 2;

impl Pacing {
    /// The numbers that are promised: 60 a minute, three times that, for two minutes.
    pub const PROMISED: Self =
        Self { limit: 60, per: Duration::from_secs(60), time: Duration::from_secs(120), times: 3 };

    /// The same six times as fast.
    pub const QUICK: Self =
        Self { limit: 60, per: Duration::from_secs(10), time: Duration::from_secs(20), times: 3 };

    /// Runs it.
    pub fn run(self, bin: &Path) -> Paced {
        let provider = FakeProvider::start();
        provider.limit_rate(self.limit, self.per);
        let gateway = TestGateway::builder(bin).provider(&provider).start();
        let between = self.per / u32::try_from(self.limit).unwrap_or(u32::MAX);
        // A turn of each key in three calls; the polite ones ask for two thirds of theirs.
        let share = between * (POLITE + 1);
        let polite = share * 3 / 2;
        let number = |every: Duration| (self.time.as_nanos() / every.as_nanos()) as u32;
        let calls = number(between) * self.times;
        let flood = calls - POLITE * number(polite);
        let stream = |key: usize, count: u32, wait: Duration| {
            let made = gateway.create_key(&json!({"name": format!("load {key}")}));
            let wait = format!("{}ms", wait.as_millis());
            Stream { key, secret: made.value, count, every: self.time / count, wait }
        };
        // The flood waits for half of the run, the others for as long as it takes.
        let mut streams = vec![stream(0, flood, self.time / 2)];
        streams.extend((1..=POLITE as usize).map(|key| stream(key, number(polite), self.time * 5)));
        let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
        let address = gateway.url().trim_start_matches("http://").to_owned();
        let text = body.to_string();
        let shots = fire(&address, &streams, &text);
        self.figures(&shots, provider.rate_refusals(), share)
    }

    fn figures(self, shots: &[Shot], refused: u64, share: Duration) -> Paced {
        let ok = |shot: &&Shot| shot.status == 200;
        let in_time = |shot: &&Shot| shot.due + shot.took <= self.time;
        let late = |shot: &&Shot| shot.status == 429 && !shot.from_provider;
        let seen = |shot: &&Shot| shot.status == 429 && shot.from_provider;
        let waits = shots.iter().filter(ok).filter(|shot| shot.key > 0).map(|shot| shot.waited);
        let refills = self.time.as_nanos() * u128::from(self.limit) / self.per.as_nanos();
        let count = |found: usize| found as u64;
        let (late, refusals_seen) =
            (shots.iter().filter(late).count(), shots.iter().filter(seen).count());
        let served = shots.iter().filter(ok).count();
        Paced {
            offered: shots.len(),
            served: count(shots.iter().filter(ok).filter(in_time).count()),
            usable: (u64::try_from(refills).unwrap_or(u64::MAX) + self.limit)
                .min(count(shots.len())),
            refused,
            refusals_seen,
            late,
            failed: shots.len() - served - late - refusals_seen,
            longest: waits.max().unwrap_or_default(),
            share,
        }
    }
}

impl Paced {
    /// What was promised and not kept.
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut must = |kept: bool, what: &str| {
            if !kept {
                broken.push(what.to_owned());
            }
        };
        must(self.refusals_seen == 0, "a client saw a refusal of the provider's");
        must(self.failed == 0, "calls failed");
        must(self.served * 100 >= self.usable * 95, "less than 95 % of the rate was used");
        must(self.longest <= self.share * 3 / 2, "a key waited more than 1.5 times its share");
        broken
    }
}

impl fmt::Display for Paced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offered, served, usable, refused, refusals_seen, late, failed, .. } = self;
        let percent = served * 100 / usable.max(&1);
        write!(
            f,
            "{offered} calls offered: {served} of {usable} served in time ({percent} %), the provider \
             refused {refused} (seen: {refusals_seen}), told to come later {late}, failed {failed}; a \
             key within its share waited {:?} at most, its share being {:?}",
            self.longest, self.share
        )
    }
}
