//! Several times as many calls as may be in flight.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

use super::client::{Shot, Stream, fire};
use crate::{FakeProvider, TestGateway};

/// How it is run: one key floods, another brings a tenth of what can be served.
#[derive(Clone, Copy, Debug)]
pub struct Overload {
    /// Calls that may be in flight, and how long the provider takes for one.
    pub calls: u32,
    pub takes: Duration,
    /// What is offered, as a multiple of what can be served.
    pub times: u32,
    pub time: Duration,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Shed {
    /// Calls answered in a second with as much as can be served, and with the multiple.
    pub peak: f64,
    pub goodput: f64,
    pub offered: usize,
    pub refused: usize,
    pub failed: usize,
    /// Of the refused: how long half of them, and 99 in 100, took.
    pub half: Duration,
    pub nearly_all: Duration,
    /// Of the calls of the key that stayed within its share, those that were served.
    pub polite: (usize, usize),
}

impl Overload {
    /// The numbers that are promised. The machine must be able to offer that much.
    pub const PROMISED: Self = Self {
        calls: 64,
        takes: Duration::from_millis(50),
        times: 10,
        time: Duration::from_secs(10),
    };

    /// The same at a thirty-second of the rate, for a build that is not optimized.
    pub const SMALL: Self = Self {
        calls: 8,
        takes: Duration::from_millis(200),
        times: 10,
        time: Duration::from_secs(10),
    };

    /// Runs it: once at what can be served, once at the multiple.
    pub fn run(self, bin: &Path) -> Shed {
        let rate = f64::from(self.calls) / self.takes.as_secs_f64();
        // Just below what can be served nothing has to wait.
        let easy = self.offer(bin, rate * 0.95, rate * 0.05);
        let hard = self.offer(bin, rate * (f64::from(self.times) - 0.1), rate * 0.1);
        self.figures(&easy, &hard)
    }

    fn offer(self, bin: &Path, flood: f64, polite: f64) -> Vec<Shot> {
        let provider = FakeProvider::start();
        provider.take_time(self.takes);
        let config = format!("[overload]\ncalls = {}\n", self.calls);
        let gateway = TestGateway::builder(bin).provider(&provider).config(&config).start();
        let stream = |key: usize, rate: f64| {
            let made = gateway.create_key(&json!({"name": format!("load {key}")}));
            let count = (rate * self.time.as_secs_f64()).max(1.0) as u32;
            let every = self.time / count;
            Stream { key, secret: made.value, count, every, wait: "0".to_owned() }
        };
        let streams = [stream(0, flood), stream(1, polite)];
        let body = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
        let address = gateway.url().trim_start_matches("http://").to_owned();
        fire(&address, &streams, &body.to_string())
    }

    fn figures(self, easy: &[Shot], hard: &[Shot]) -> Shed {
        let ok = |shot: &&Shot| shot.status == 200;
        let each_second = |shots: &[Shot]| {
            // The first tenth of a run is its beginning: connections are made.
            let settled = |shot: &&Shot| shot.due >= self.time / 10;
            let served = shots.iter().filter(ok).filter(settled).count();
            served as f64 / (self.time.as_secs_f64() * 0.9)
        };
        let refused = |shot: &&Shot| shot.status == 503;
        let mut took: Vec<Duration> = hard.iter().filter(refused).map(|shot| shot.took).collect();
        took.sort();
        let at = |share: usize| took.get(took.len() * share / 100).copied().unwrap_or_default();
        let polite = hard.iter().filter(|shot| shot.key == 1);
        let served = hard.iter().filter(ok).count();
        Shed {
            peak: each_second(easy),
            goodput: each_second(hard),
            offered: hard.len(),
            refused: took.len(),
            failed: hard.len() - served - took.len(),
            half: at(50),
            nearly_all: at(99),
            polite: (polite.clone().filter(ok).count(), polite.count()),
        }
    }
}

impl Shed {
    /// What was promised and not kept (P17).
    pub fn broken(&self) -> Vec<String> {
        let mut broken = Vec::new();
        let mut must = |kept: bool, what: &str| {
            if !kept {
                broken.push(what.to_owned());
            }
        };
        must(self.failed == 0, "calls failed");
        must(self.goodput >= self.peak * 0.9, "less than 90 % of the peak was served");
        must(self.nearly_all <= Duration::from_millis(50), "refusals took more than 50 ms");
        must(self.polite.0 * 100 >= self.polite.1 * 95, "a key within its share was shed");
        broken
    }
}

impl fmt::Display for Shed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:.0} calls a second served at the peak, {:.0} under overload ({:.0} %); of {} offered \
             {} refused, half within {:?}, 99 in 100 within {:?}; {} failed; of the key within its \
             share {} of {} served",
            self.peak,
            self.goodput,
            self.goodput * 100.0 / self.peak.max(1.0),
            self.offered,
            self.refused,
            self.half,
            self.nearly_all,
            self.failed,
            self.polite.0,
            self.polite.1
        )
    }
}
