//! The fault run: two upstreams serve one model, the first of them fails in one of eleven ways, and
//! every call must still be answered in full by the other.
//!
//! Each way is tried with plain answers and with streams, from several clients at once, under a
//! spend limit, on the real binary; the gateway's books are held against both providers' bills.

mod calls;
mod ways;

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::{FakeProvider, TestGateway};

pub use ways::Way;

/// How long a phase of an attempt may last in the run: connecting, to the first byte, a gap.
const PHASE_SECONDS: u64 = 1;
/// Beside the deadlines: back-off, and a busy machine.
const SLACK: Duration = Duration::from_millis(2_000);

/// Records come in groups, this long apart at most.
const QUIET: Duration = Duration::from_millis(400);

/// How the run is made.
#[derive(Clone, Copy, Debug)]
pub struct Faults {
    /// Calls of each way and shape.
    pub calls: usize,
    pub clients: usize,
}

/// What one way and shape came to.
#[derive(Clone, Debug)]
pub struct Survived {
    pub way: Way,
    pub stream: bool,
    pub calls: usize,
    /// Not answered in full; there should be none.
    pub failed: usize,
    /// The first of the failures, in words.
    pub failure: Option<String>,
    /// Of all calls, the slowest and the middle one.
    pub slowest: Duration,
    pub median: Duration,
    /// Attempts at the bad upstream, by our own records.
    pub at_the_bad: usize,
}

impl Faults {
    /// Every way in both shapes; panics when the books are wrong.
    pub fn run(self, bin: &Path) -> Vec<Survived> {
        let shapes = |way: &Way| [(*way, false), (*way, true)];
        Way::ALL.iter().flat_map(shapes).map(|(way, stream)| self.one(bin, way, stream)).collect()
    }

    /// One way in one shape, on a gateway of its own.
    pub fn one(self, bin: &Path, way: Way, stream: bool) -> Survived {
        let (bad, good) = (FakeProvider::start(), FakeProvider::start());
        let line = way.break_(&bad);
        let mut builder = TestGateway::builder(bin)
            .also_provider(&bad)
            .also_provider(&good)
            .env("BAD_KEY", way.credential(&bad))
            .env("GOOD_KEY", good.credential())
            .config(&config(&line.base_url, &good.base_url()));
        if let Some(roots) = &line.roots {
            builder = builder.env("SSL_CERT_FILE", &roots.display().to_string());
        }
        let gateway = builder.start();
        let key = gateway.create_key(&json!({"name": "faults"}));
        let limit = json!({"scope": {"type": "project", "id": key.project}, "period": "month", "amount_usd": "100.00"});
        gateway.admin("PUT", "/tollgate/v1/limits", &limit);
        let mut calls = calls::make(&gateway, &key, stream, self);
        calls.sort_by_key(|call| call.took);
        gateway.must_be_idle();
        let answered = calls.iter().filter(|call| call.failure.is_none()).count();
        // Every answered call has one attempt at the good upstream; the others were at the bad one.
        let at_the_bad = all_records(&gateway, answered).saturating_sub(answered);
        if let Some(heads_too) = way.loses_answers() {
            bad.settle(SLACK);
            bad.answers_were_lost(heads_too);
        }
        gateway.finish();
        Survived {
            way,
            stream,
            calls: calls.len(),
            failed: calls.iter().filter(|call| call.failure.is_some()).count(),
            failure: calls.iter().find_map(|call| call.failure.clone()),
            slowest: calls.last().map_or(Duration::ZERO, |call| call.took),
            median: calls.get(calls.len() / 2).map_or(Duration::ZERO, |call| call.took),
            at_the_bad,
        }
    }
}

impl Survived {
    /// What is not as it must be, in a sentence.
    pub fn fault(&self) -> Option<String> {
        let Self { way, stream, failed, failure, slowest, .. } = self;
        let name = format!("{way:?}, {}", if *stream { "streams" } else { "plain" });
        if let Some(failure) = failure {
            return Some(format!("{name}: {failed} calls failed; the first: {failure}"));
        }
        let most = Duration::from_secs(3 * PHASE_SECONDS) + SLACK;
        (*slowest > most).then(|| format!("{name}: a call took {slowest:?}, beyond {most:?}"))
    }
}

impl std::fmt::Display for Survived {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shape = if self.stream { "stream" } else { "plain" };
        let (median, slowest) = (self.median.as_millis(), self.slowest.as_millis());
        write!(
            f,
            "{:<22} {shape:<6} {:>3} of {:>3} answered, {:>3} attempts at the bad one, \
             median {median:>4} ms, slowest {slowest:>5} ms",
            format!("{:?}", self.way),
            self.calls - self.failed,
            self.calls,
            self.at_the_bad
        )
    }
}

/// How many records there are, once no more come.
fn all_records(gateway: &TestGateway, least: usize) -> usize {
    let mut count = gateway.wait_records(least).len();
    loop {
        std::thread::sleep(QUIET);
        let now = gateway.records().len();
        if now == count {
            return now;
        }
        count = now;
    }
}

fn config(bad: &str, good: &str) -> String {
    format!(
        r#"
[timeouts]
connect_seconds = {PHASE_SECONDS}
first_byte_seconds = {PHASE_SECONDS}
gap_seconds = {PHASE_SECONDS}

[upstreams.bad]
provider = "openai"
base_url = "{bad}"
credential = "env:BAD_KEY"

[upstreams.good]
provider = "openai"
base_url = "{good}"
credential = "env:GOOD_KEY"

[[routes]]
model = "*"
targets = [{{ upstream = "bad" }}, {{ upstream = "good", step = 1 }}]
"#
    )
}
