//! Bringing together what `/metrics` shows: the data plane's counters, what was added up of settled
//! attempts, what the ledger says of limits, and the process's own figures.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use control::{Control, LimitState};
use dataplane::{Dataplane, Worker};
use domain::breaker::Gate;
use domain::{
    CacheFigures, CacheUse, Clock, Nanos, Order, Outcome, PageQuery, ProxyFigures, ScopeKind,
    Timestamp,
};

use super::Telemetry;
use super::exposition::{Format, Number, Page, Samples};
use super::histogram::Histogram;
use super::labels::{CLASSES, OTHER};
use super::meters::{CallKey, Calls, Meters, TOKEN_KINDS};
use super::process::Process;
use super::registry as table;
use crate::app::App;

/// Limits that are shown, and projects that are told apart.
const SHOWN: usize = 200;
const PROJECTS: u32 = 500;
/// For the store to say what limits and projects there are; without it they are left out.
const STORE: Duration = Duration::from_secs(2);

/// Everything that has figures.
pub struct Gatherer {
    dataplane: Arc<Dataplane>,
    control: Arc<Control>,
    workers: Vec<Arc<Worker>>,
    telemetry: Arc<Telemetry>,
    clock: Arc<dyn Clock>,
    started: Timestamp,
    orphans: usize,
    slots: u64,
    /// Names of projects by id, as the store last gave them.
    projects: Mutex<BTreeMap<String, String>>,
}

impl Gatherer {
    #[must_use]
    pub fn new(app: &App) -> Arc<Self> {
        Arc::new(Self {
            dataplane: Arc::clone(&app.dataplane),
            control: Arc::clone(&app.control),
            workers: app.workers.clone(),
            telemetry: Arc::clone(&app.telemetry),
            clock: Arc::clone(&app.clock),
            started: app.clock.now(),
            orphans: app.orphans,
            // Nothing is in flight yet: all are free.
            slots: free_slots(&app.workers),
            projects: Mutex::default(),
        })
    }

    /// The whole page.
    pub async fn page(&self, format: Format) -> String {
        let limits = self.ask_the_store().await;
        let mut page = Page::new(format);
        self.data_plane(&mut page);
        {
            let meters = self.telemetry.meters.lock().unwrap_or_else(PoisonError::into_inner);
            calls(&mut page, &meters);
            self.money(&mut page, &meters);
        }
        self.limits(&mut page, limits.as_deref().unwrap_or_default());
        self.ledger(&mut page);
        {
            let meters = self.telemetry.meters.lock().unwrap_or_else(PoisonError::into_inner);
            generative(&mut page, &meters);
        }
        self.own(&mut page);
        page.finish()
    }

    /// Why every call would be refused now, where it would; one word.
    #[must_use]
    pub fn refuses_everything(&self) -> Option<&'static str> {
        if free_slots(&self.workers) == 0 {
            return Some("ledger_unavailable");
        }
        self.dataplane.organization_is_frozen().then_some("ledger_frozen")
    }

    /// Each part and how it is, a line each.
    pub async fn parts(&self) -> String {
        let used = self.slots.saturating_sub(free_slots(&self.workers));
        let upstreams = self.dataplane.upstream_names();
        let upstreams: Vec<_> = upstreams.iter().map(|upstream| &*upstream.name).collect();
        let asked = tokio::time::timeout(STORE, self.control.organization_scope()).await;
        let store = if matches!(asked, Ok(Ok(_))) { "ok" } else { "away" };
        let frozen = self.dataplane.frozen_scopes();
        let waiting: usize = self.workers.iter().map(|worker| worker.waiting()).sum();
        let posting = *self.telemetry.posting.lock().unwrap_or_else(PoisonError::into_inner);
        let (in_use, queued) = self.dataplane.load();
        format!(
            "calls in flight: {}\nslots in use: {in_use}\nwaiting for a slot: {queued}\nstore: {store}\nattempt slots in use: {used} of {}\n\
             settled attempts not posted: {}\nscopes closed by the ledger: {frozen}\n\
             upstreams: {}\n",
            self.dataplane.tasks.count(),
            self.slots,
            posting.taken + waiting as u64,
            upstreams.join(", "),
        )
    }

    async fn ask_the_store(&self) -> Option<Vec<LimitState>> {
        let query = PageQuery { limit: PROJECTS, after: None, order: Order::Ascending };
        let asking = async {
            let projects = self.control.list_projects(query, true).await.ok()?;
            let mut names = BTreeMap::new();
            let mut taken = BTreeMap::<String, u32>::new();
            for project in projects.rows {
                let times = taken.entry(project.name.clone()).or_default();
                *times += 1;
                // Two projects may have the same name, two series may not.
                let name = match times {
                    1 => project.name,
                    n => format!("{} ({n})", project.name),
                };
                names.insert(project.id.as_str().to_owned(), name);
            }
            *self.projects.lock().unwrap_or_else(PoisonError::into_inner) = names;
            self.control.watched_limits(SHOWN).await.ok()
        };
        tokio::time::timeout(STORE, asking).await.ok().flatten()
    }

    fn data_plane(&self, page: &mut Page) {
        let figures = self.dataplane.metrics.figures();
        page.family(&table::BUILD_INFO, |s| s.value(&[env!("CARGO_PKG_VERSION")], 1));
        page.one(&table::CALLS_IN_FLIGHT, self.dataplane.tasks.count());
        page.one(&table::CONNECTIONS, figures.connections);
        page.family(&table::REQUESTS, |samples| {
            for answered in Worker::requests(&self.workers) {
                let code = match answered.code {
                    0 => OTHER.to_owned(),
                    code => code.to_string(),
                };
                let route = match answered.method {
                    "" => answered.route.to_owned(),
                    _ => format!("/v1{}", answered.route),
                };
                samples.value(&[answered.method, &route, &code], answered.count);
            }
        });
        page.family(&table::REFUSALS, |samples| {
            figures.refusals.iter().for_each(|(code, count)| samples.value(&[code], count));
        });
        page.one(&table::KEY_REJECTS, figures.key_checksum_rejects);
    }

    fn money(&self, page: &mut Page, meters: &Meters) {
        let figures = self.dataplane.metrics.figures();
        page.family(&table::ATTEMPTS, |samples| {
            for outcome in Outcome::ALL {
                samples.value(&[outcome.as_str()], figures.outcomes[outcome as usize]);
            }
        });
        page.family(&table::UPSTREAM_ATTEMPTS, |samples| {
            for (upstream, counts) in meters.attempts.iter() {
                for (class, count) in CLASSES.iter().zip(counts).filter(|(_, n)| **n > 0) {
                    samples.value(&[upstream, class], count);
                }
            }
        });
        page.family(&table::BREAKER, |samples| {
            let names = self.dataplane.upstream_names();
            for (upstream, gate) in names.iter().zip(self.dataplane.breakers()) {
                let state = match gate {
                    Gate::Closed => 0,
                    Gate::Look => 1,
                    Gate::Open(_) => 2,
                };
                samples.value(&[&upstream.name], state);
            }
        });
        page.one(&table::BREAKER_OPENINGS, figures.breaker_openings);
        page.one(&table::REPEATS, figures.repeats);
        page.one(&table::FAILOVERS, figures.failovers);
        page.one(&table::PACING_WAITING, figures.pacing_waiting);
        page.one(&table::PACING_WAITED, figures.pacing_waited);
        let waited = Number::Micros(figures.pacing_waited_ms.saturating_mul(1_000));
        page.one(&table::PACING_WAITED_SECONDS, waited);
        page.one(&table::PACING_LATE, figures.pacing_late);
        proxies(page, &self.dataplane.proxies());
        page.family(&table::TOKENS, |samples| {
            for (model, counts) in meters.tokens.iter() {
                for (kind, count) in TOKEN_KINDS.iter().zip(counts).filter(|(_, n)| **n > 0) {
                    samples.value(&[model, kind], count);
                }
            }
        });
        page.family(&table::COST, |samples| {
            let names = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
            let mut sums = BTreeMap::<(&str, &str), i64>::new();
            for ((model, project), cost) in meters.cost.iter().filter(|(_, cost)| cost.0 > 0) {
                let name = project.as_ref().and_then(|project| names.get(project.as_str()));
                let name = name.map_or(OTHER, String::as_str);
                *sums.entry((model, name)).or_default() += cost.0;
            }
            for ((model, project), cost) in sums {
                samples.value(&[model, project], Nanos(cost));
            }
        });
        page.one(&table::UNPRICED, figures.unpriced);
        page.one(&table::ESTIMATED, figures.estimated);
        page.one(&table::BAD_USAGE, figures.bad_usage);
        page.one(&table::OVERAGES, figures.overages);
        cache(page, &self.dataplane.cache_figures());
    }

    fn limits(&self, page: &mut Page, limits: &[LimitState]) {
        let names = self.projects.lock().unwrap_or_else(PoisonError::into_inner);
        let each = |samples: &mut Samples<'_>, value: fn(&LimitState) -> String| {
            for state in limits {
                let scope = &state.limit.scope;
                let project = match scope.kind {
                    ScopeKind::Project => names.get(&scope.id).map(String::as_str),
                    _ => Some(""),
                };
                // A project beyond those that are told apart.
                let Some(project) = project else { continue };
                let period = state.limit.period.as_str();
                samples.value(&[scope.kind.as_str(), project, period], value(state));
            }
        };
        page.family(&table::LIMIT, |s| each(s, |state| state.limit.amount.to_string()));
        page.family(&table::LIMIT_REMAINING, |samples| {
            each(samples, |state| {
                let spent = state.balance.posted.0.saturating_add(state.balance.held.0);
                Nanos(state.limit.amount.0.saturating_sub(spent).max(0)).to_string()
            });
        });
        page.family(&table::HELD, |s| each(s, |state| state.balance.held.to_string()));
        page.family(&table::LIMIT_REFUSING, |samples| {
            each(samples, |state| u8::from(state.balance.refusing).to_string());
        });
    }

    fn ledger(&self, page: &mut Page) {
        let figures = self.dataplane.metrics.figures();
        let posting = *self.telemetry.posting.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting: usize = self.workers.iter().map(|worker| worker.waiting()).sum();
        let stalled = posting.since.map_or(0, |since| self.clock.now().0 - since.0);
        let stalled = u64::try_from(stalled).unwrap_or(0).saturating_mul(1_000);
        page.one(&table::LEDGER_BREACHES, figures.ledger_breaches);
        page.one(&table::LEDGER_FROZEN, self.dataplane.frozen_scopes());
        page.one(&table::USAGE_RECORDS, figures.queued);
        page.one(&table::UNPOSTED, posting.taken + waiting as u64);
        page.one(&table::POSTING_STALLED, Number::Micros(stalled));
        page.one(&table::LOG_LOST, figures.lost_log_rows);
        page.one(&table::ORPHANS, self.orphans);
        page.one(&table::PASSWORDS, self.control.passwords_hashed());
        let used = self.slots.saturating_sub(free_slots(&self.workers));
        page.one(&table::SLOTS_USED, Number::Share(used, self.slots));
    }

    fn own(&self, page: &mut Page) {
        let (dropped, exported) = self.telemetry.spans.as_ref().map_or((0, 0), |q| q.counts());
        page.one(&table::SPANS_DROPPED, dropped);
        page.one(&table::SPANS_EXPORTED, exported);
        page.one(&table::ACCESS_SKIPPED, self.telemetry.access.skipped());
        let started = u64::try_from(self.started.0).unwrap_or(0);
        page.one(&table::START_TIME, Number::Micros(started * 1_000));
        let Some(process) = Process::read() else { return };
        page.one(&table::MEMORY, process.memory_bytes);
        page.one(&table::CPU, Number::Micros(process.cpu_us));
        page.one(&table::OPEN_FDS, process.open_fds);
        page.one(&table::MAX_FDS, process.max_fds);
    }
}

fn free_slots(workers: &[Arc<Worker>]) -> u64 {
    workers.iter().map(|worker| worker.free_slots() as u64).sum()
}

fn cache(page: &mut Page, figures: &CacheFigures) {
    page.family(&table::CACHE, |samples| {
        for (used, count) in [
            (CacheUse::Hit, figures.hits),
            (CacheUse::Joined, figures.joined),
            (CacheUse::Miss, figures.misses),
            (CacheUse::Near, figures.near),
        ] {
            samples.value(&[used.as_str()], count);
        }
    });
    page.one(&table::CACHE_STALE, figures.stale);
    page.one(&table::CACHE_UNKEPT, figures.unkept);
    page.one(&table::CACHE_SAVED, figures.saved);
    page.one(&table::CACHE_BYTES, figures.memory.bytes);
    page.one(&table::CACHE_ENTRIES, figures.memory.entries);
}

fn proxies(page: &mut Page, all: &[ProxyFigures]) {
    let each = |samples: &mut Samples<'_>, value: fn(&ProxyFigures) -> u64| {
        all.iter().for_each(|one| samples.value(&[&one.egress, &one.proxy], value(one)));
    };
    page.family(&table::PROXY_UP, |s| each(s, |one| u64::from(!one.ejected)));
    page.family(&table::PROXY_ATTEMPTS, |s| each(s, |one| one.attempts));
    page.family(&table::PROXY_FAILURES, |samples| {
        for one in all {
            for (reason, count) in &one.failures {
                samples.value(&[&one.egress, &one.proxy, reason], count);
            }
        }
    });
    page.family(&table::PROXY_OPEN, |s| each(s, |one| one.open));
}

fn calls(page: &mut Page, meters: &Meters) {
    page.family(&table::CALLS, |samples| {
        // Answers under several names are one line here.
        let mut sums = BTreeMap::<(&str, &str, &str, &str), u64>::new();
        for (key, calls) in meters.calls.iter() {
            for outcome in Outcome::ALL {
                let labels = (key.operation, &*key.model, &*key.upstream, outcome.as_str());
                *sums.entry(labels).or_default() += calls.outcomes[outcome as usize];
            }
        }
        for ((operation, model, upstream, outcome), count) in sums {
            if count > 0 {
                samples.value(&[operation, model, upstream, outcome], count);
            }
        }
    });
    page.family(&table::CALL_SECONDS, |samples| {
        for (operation, histogram) in meters.seconds.iter().filter(|(_, h)| !h.is_empty()) {
            samples.histogram(&[operation], histogram);
        }
    });
    page.family(&table::FIRST_BYTE_SECONDS, |samples| {
        let all = meters.first_byte.iter().filter(|(_, histogram)| !histogram.is_empty());
        for ((operation, upstream), histogram) in all {
            samples.histogram(&[operation, upstream], histogram);
        }
    });
    page.family(&table::OVERHEAD_SECONDS, |s| s.histogram(&[], &meters.overhead));
}

/// One histogram of some calls.
type Of = fn(&Calls) -> &Histogram;

/// The histograms of OpenTelemetry's conventions. What differs only in what they do not tell apart
/// is added up.
fn generative(page: &mut Page, meters: &Meters) {
    let mut all = BTreeMap::<[&str; 4], Calls>::new();
    for (key, calls) in meters.calls.iter().filter(|(_, calls)| calls.outcomes != [0; 4]) {
        if let Some(labels) = conventional(key) {
            all.entry(labels).or_default().merge(calls);
        }
    }
    page.family(&table::GEN_TOKENS, |samples| {
        for ([a, b, c, d], calls) in &all {
            samples.histogram(&[a, b, c, d, "input"], &calls.input);
            samples.histogram(&[a, b, c, d, "output"], &calls.output);
        }
    });
    page.family(&table::GEN_SECONDS, |samples| {
        for ([a, b, c, d], calls) in &all {
            for (error, histogram) in &calls.seconds {
                samples.histogram(&[a, b, c, d, error], histogram);
            }
        }
    });
    let plain: [(_, Of); 4] = [
        (&table::GEN_FIRST_CHUNK, |calls| &calls.first_chunk),
        (&table::GEN_SERVER_SECONDS, |calls| &calls.server),
        (&table::GEN_FIRST_TOKEN, |calls| &calls.first_token),
        (&table::GEN_TOKEN_GAP, |calls| &calls.token_gap),
    ];
    for (family, of) in plain {
        page.family(family, |samples| {
            all.iter().for_each(|(labels, calls)| samples.histogram(labels, of(calls)));
        });
    }
}

fn conventional(key: &CallKey) -> Option<[&str; 4]> {
    Some([key.gen_ai?, key.provider, &key.model, &key.answered])
}
