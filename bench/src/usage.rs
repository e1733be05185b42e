//! How the store keeps and answers for many usage records: its size, its memory, its speed.
//!
//! Every record goes through `UsageStore::write`, as in a running Tollgate, only in larger groups
//! (a Tollgate writes one each 100 ms). They are spread evenly over a month and over all keys and
//! models: the worst case for the rollups, which merge what is alike.

mod made;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::UsageStore;
use domain::{
    AttemptFilter, AttemptQuery, BucketWidth, Clock, GroupBy, Timestamp, UsageFamily, UsageFilter,
    UsageQuery,
};
use store::Store;

use crate::args::Flags;
use crate::stats::percentile;
use crate::{Result, proc};
use made::{DAYS, Made, START};

/// Records of one write.
const GROUP: u64 = 4_096;
/// Each question is asked so often; the median is told.
const ROUNDS: usize = 9;

/// What to make, and where.
pub(crate) struct Options {
    made: Made,
    records: u64,
    dir: std::path::PathBuf,
}

impl Options {
    pub(crate) fn from_flags(mut flags: Flags) -> Result<Self> {
        let mut number = |name: &str, default: u64| -> Result<u64> {
            flags.take(name).map_or(Ok(default), |text| {
                text.parse()
                    .ok()
                    .filter(|n| *n > 0)
                    .ok_or_else(|| format!("--{name}: want a number").into())
            })
        };
        let records = number("records", 100_000)?;
        let (projects, keys, models) =
            (number("projects", 20)?, number("keys", 5)?, number("models", 10)?);
        let made = Made { records, projects, keys, models };
        let dir = flags.need("dir")?.into();
        flags.finish()?;
        Ok(Self { made, records, dir })
    }
}

struct Midnight;

impl Clock for Midnight {
    fn now(&self) -> Timestamp {
        Timestamp::from_seconds(START + DAYS * 86_400)
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    let store = open(&options.dir)?;
    if store.request_log_rows().await? == 0 {
        fill(&store, options).await?;
    }
    drop(store);
    let began = Instant::now();
    let store = open(&options.dir)?;
    line("open", began.elapsed());
    memory("memory after the open")?;
    for (name, query) in reports() {
        let (mut times, mut rows) = (Vec::new(), 0);
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let buckets = store.report(query.clone()).await?;
            times.push(began.elapsed().as_secs_f64());
            rows = buckets.iter().map(|bucket| bucket.rows.len()).sum();
        }
        told(&format!("{name} ({rows} rows)"), &times);
    }
    for (name, query) in pages(&options.made) {
        let (mut times, mut found) = (Vec::new(), String::new());
        for _ in 0..ROUNDS {
            let began = Instant::now();
            let page = store.attempts(query.clone()).await?;
            times.push(began.elapsed().as_secs_f64());
            let more = if page.next.is_some() { ", more" } else { "" };
            found = format!("{} rows{more}", page.rows.len());
        }
        told(&format!("{name} ({found})"), &times);
    }
    memory("memory after the questions")
}

fn open(dir: &Path) -> Result<Store> {
    Ok(Store::open(dir, Arc::new(Midnight))?)
}

async fn fill(store: &Store, options: &Options) -> Result<()> {
    let (mut written, began) = (0, Instant::now());
    memory("memory before")?;
    while written < options.records {
        let group = written..options.records.min(written + GROUP);
        let records: Vec<_> = group.clone().map(|n| options.made.record(n)).collect();
        store.write(Arc::new(records)).await?;
        // Tenths of the way: flat memory shows as one figure again and again.
        if group.end * 10 / options.records > written * 10 / options.records {
            memory(&format!("memory at {}", group.end))?;
        }
        written = group.end;
    }
    let took = began.elapsed();
    line(&format!("{written} records written"), took);
    let each = took.as_nanos() / u128::from(written.max(1));
    println!("{:<56} {each:>10} ns a record", "");
    for file in ["tollgate.db", "requests.db"] {
        let bytes = std::fs::metadata(options.dir.join(file))?.len();
        println!("{file:<56} {:>10} MiB", bytes >> 20);
    }
    Ok(())
}

fn reports() -> Vec<(&'static str, UsageQuery)> {
    let month = |families: Vec<UsageFamily>, group| UsageQuery {
        families,
        width: BucketWidth::Day,
        start: START,
        end: START + DAYS * 86_400,
        group,
        filter: UsageFilter::default(),
    };
    let none = GroupBy::default();
    let project_and_model = GroupBy { project: true, model: true, ..none };
    let completions = || vec![UsageFamily::Completions];
    let hours = UsageQuery {
        width: BucketWidth::Hour,
        end: START + 7 * 86_400,
        ..month(completions(), GroupBy { model: true, ..none })
    };
    vec![
        ("usage, a month by project and model", month(completions(), project_and_model)),
        ("usage, a month in all", month(completions(), none)),
        ("costs, a month by project and line item", month(vec![], project_and_model)),
        ("costs, a month by key", month(vec![], GroupBy { key: true, ..none })),
        ("usage, a week of hours by model", hours),
    ]
}

fn pages(made: &Made) -> Vec<(&'static str, AttemptQuery)> {
    let page = |filter| AttemptQuery { filter, before: None, limit: 20 };
    let none = AttemptFilter::default;
    let middle = made.record(made.records / 2);
    vec![
        ("log, the newest", page(none())),
        ("log, of a project", page(AttemptFilter { project: Some(made.project(1)), ..none() })),
        ("log, of a key", page(AttemptFilter { key: Some(made.key(1, 1)), ..none() })),
        (
            "log, of a key that is not there",
            page(AttemptFilter { key: Some("x".into()), ..none() }),
        ),
        ("log, refusals", page(AttemptFilter { status: Some((400, 599)), ..none() })),
        ("log, one call", page(AttemptFilter { request: Some(middle.request), ..none() })),
    ]
}

fn told(name: &str, seconds: &[f64]) {
    let median = percentile(seconds, 0.5).unwrap_or_default();
    line(name, Duration::from_secs_f64(median));
}

fn line(name: &str, took: Duration) {
    println!("{name:<56} {:>10.2} ms", took.as_secs_f64() * 1_000.0);
}

fn memory(name: &str) -> Result<()> {
    let bytes = proc::resident(std::process::id())?;
    println!("{name:<56} {:>10.1} MiB", bytes / f64::from(1 << 20));
    Ok(())
}
