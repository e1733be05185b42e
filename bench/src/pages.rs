//! What each page of the dashboard takes and weighs over a year of a large installation.
//!
//! People, projects, keys and limits are made through the Administration API; the year's calls go
//! through the store's own settlement, so that log, rollups and ledger are what a Tollgate would
//! have written. Then the real server is started over them, and its owner looks at every page of
//! the product's own table. A directory that has been made already is looked at as it is.

mod furnish;
mod kept;
mod made;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::UsageStore;
use domain::{BucketWidth, Clock, GroupBy, Timestamp, UsageFamily, UsageFilter, UsageQuery};
use store::Store;
use testkit::{Looked, Visitor, Walk};

use crate::args::Flags;
use crate::load::Target;
use crate::run::{ADMIN_KEY, Server};
use crate::{Result, machine, proc, sys};
use made::{DAY, Year};

/// Records of one write.
const GROUP: u64 = 8_192;
/// Pages of one kind that are looked at, and how often each is asked for.
const EXAMPLES: usize = 2;
const TIMES: usize = 9;
/// Milliseconds that a page may take, in the middle.
const WITHIN: f64 = 30.0;
/// Bytes that a page may weigh.
const WEIGHT: usize = 100 * 1024;
/// Starts that are timed, and what one may take in the middle, from `exec` to its listener.
const STARTS: usize = 5;
const START_WITHIN: Duration = Duration::from_secs(1);
/// What people ask of the pages of figures, beside the pages themselves.
const QUESTIONS: [&str; 14] = [
    "/usage?range=90d&by=model",
    "/usage?range=90d&by=project",
    "/usage?range=90d&by=key",
    "/usage?range=90d&by=user",
    "/usage?range=90d&api_key_id={key}",
    "/usage?range=90d&model=model-7-large",
    "/costs?range=90d&by=key",
    "/projects/{project}/usage?range=90d&by=model",
    "/projects/{project}/costs?range=90d&by=key",
    "/logs?status=5xx",
    "/logs?model=model-7-large",
    "/logs?api_key_id={key}",
    "/projects/{project}/logs?status=4xx",
    "/keys?after={key}",
];

pub(crate) struct Options {
    binary: PathBuf,
    dir: PathBuf,
    records: u64,
    keys: u64,
}

impl Options {
    pub(crate) fn from_flags(mut flags: Flags) -> Result<Self> {
        let mut number = |name: &str, default: u64| -> Result<u64> {
            let text = flags.take(name).unwrap_or_else(|| default.to_string());
            let number = text.parse().ok().filter(|n| *n > 0);
            number.ok_or_else(|| format!("--{name}: want a number").into())
        };
        let (records, keys) = (number("records", 10_000_000)?, number("keys", 10_000)?);
        let (binary, dir) = (flags.need("tollgate")?.into(), flags.need("dir")?.into());
        flags.finish()?;
        Ok(Self { binary, dir, records, keys })
    }
}

pub(crate) async fn run(options: &Options) -> Result<()> {
    std::fs::create_dir_all(&options.dir)?;
    let year = match kept::read(&options.dir)? {
        Some(year) => year,
        None => make(options).await?,
    };
    month(&options.dir.join("data"), &year).await?;
    let (server, start) = start(options)?;
    let mut owner = Visitor::of(&target_of(&server).address.to_string());
    owner.sign_in();
    // The whole look at a ledger of this size goes on behind the listener.
    let late = look(&year, &mut owner, server.pid());
    let resident = proc::resident(server.pid())? / f64::from(1 << 20);
    println!("{:<64} {resident:>9.1} MiB", "memory of the server after all pages");
    match late {
        _ if start >= START_WITHIN => Err("the start takes too long".into()),
        0 => Ok(()),
        late => Err(format!("{late} pages take or weigh too much").into()),
    }
}

/// The directory, which is whole when what is said of it has been written into it.
async fn make(options: &Options) -> Result<Year> {
    let server = serve(options)?;
    let target = target_of(&server);
    let mut owner = Visitor::of(&target.address.to_string());
    owner.become_owner(&furnish::setup_token(&target).await?);
    let began = Instant::now();
    let house = furnish::furnish(&target, options.keys).await?;
    line(&format!("{} keys and what belongs to them made", house.keys.len()), began.elapsed());
    drop(server);
    let year = Year::new(house, options.records, machine::now()?);
    fill(&options.dir.join("data"), &year).await?;
    kept::write(&options.dir, &year)?;
    Ok(year)
}

/// The last of some starts, and what one took in the middle. Each ends cleanly before the next.
fn start(options: &Options) -> Result<(Server, Duration)> {
    let (mut took, mut last) = (Vec::new(), None);
    for _ in 0..STARTS {
        drop(last.take());
        let began = Instant::now();
        last = Some(serve(options)?);
        took.push(began.elapsed());
    }
    line("start over it, the first time", took[0]);
    took.sort();
    line("start over it, in the middle", took[STARTS / 2]);
    Ok((last.ok_or("no start")?, took[STARTS / 2]))
}

fn serve(options: &Options) -> Result<Server> {
    let log = std::fs::File::create(options.dir.join("stderr"))?;
    let mut command = Command::new(&options.binary);
    command
        .args(["serve", "--listen", "127.0.0.1:0", "--data-dir", "data"])
        .env_clear()
        .env("TOLLGATE_ADMIN_KEY", ADMIN_KEY)
        .current_dir(&options.dir)
        .stderr(Stdio::from(log));
    let server = Server::start(&mut command);
    let said = |_| std::fs::read_to_string(options.dir.join("stderr")).unwrap_or_default();
    server.map_err(|why| format!("{why}\n{}", said(())).into())
}

fn target_of(server: &Server) -> Target {
    Target { address: server.address, key: ADMIN_KEY.to_owned(), pid: server.pid() }
}

struct Fixed(Timestamp);

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        self.0
    }
}

async fn fill(data: &Path, year: &Year) -> Result<()> {
    let store = Store::open(data, Arc::new(Fixed(year.now)))?;
    let (mut written, mut number, began) = (0, 1, Instant::now());
    while written < year.records {
        let group = written..year.records.min(written + GROUP);
        let (records, batch) = year.group(group.clone(), number);
        store.settle(Arc::new(records), Some(Arc::new(batch))).await?;
        (written, number) = (group.end, number + 1);
    }
    store.note_refused(year.refused()).await?;
    line(&format!("{written} records settled"), began.elapsed());
    drop(store);
    for file in ["tollgate.db", "requests.db"] {
        let bytes = std::fs::metadata(data.join(file))?.len();
        println!("{file:<64} {:>9} MiB", bytes >> 20);
    }
    Ok(())
}

/// A month by project and model, asked of the store itself.
async fn month(data: &Path, year: &Year) -> Result<()> {
    let began = Instant::now();
    let store = Store::open(data, Arc::new(Fixed(year.now)))?;
    line("open of the store", began.elapsed());
    let end = BucketWidth::Day.start_of(year.now);
    let query = UsageQuery {
        families: vec![UsageFamily::Completions],
        width: BucketWidth::Day,
        start: end - 31 * DAY,
        end,
        group: GroupBy { project: true, model: true, ..GroupBy::default() },
        filter: UsageFilter::default(),
    };
    let (mut took, mut rows) = (Vec::new(), 0);
    for _ in 0..TIMES {
        let began = Instant::now();
        let buckets = store.report(query.clone()).await?;
        took.push(began.elapsed());
        rows = buckets.iter().map(|bucket| bucket.rows.len()).sum();
    }
    took.sort();
    line(&format!("a month by project and model ({rows} rows)"), took[TIMES / 2]);
    Ok(())
}

/// How many pages are too slow, too heavy, or no answer.
fn look(year: &Year, owner: &mut Visitor, pid: u32) -> usize {
    let project = year.house.projects[0].clone();
    let all = web::Dashboard::pages().into_iter().filter(|(method, _)| *method == "GET");
    let templates = all.map(|(_, path)| path).collect();
    // A machine that does other things as well makes pages slow, and this not.
    let used = Box::new(move || sys::cpu_time(pid).unwrap_or_default());
    let walk = Walk { templates, project, examples: EXAMPLES, times: TIMES, used };
    let mut all = walk.look(owner);
    for question in QUESTIONS {
        let key = &year.house.keys[0].api_key;
        let path = question.replace("{project}", &walk.project).replace("{key}", key);
        all.push(walk.page(owner, question, &path).0);
    }
    let heads = ["status", "median", "slowest", "processor", "bytes"];
    let [status, median, slowest, used, bytes] = heads;
    println!("{:<64} {status:>6} {median:>9} {slowest:>9} {used:>9} {bytes:>8}", "page");
    all.iter().for_each(tell);
    for template in walk.missed(&all) {
        println!("{template:<64} nothing leads there");
    }
    all.iter().filter(|looked| !is_kept(looked)).count()
}

fn is_kept(looked: &Looked) -> bool {
    let is_file = looked.template.ends_with(".csv") || looked.template.ends_with(".jsonl");
    let is_light = !looked.is_page || looked.bytes < WEIGHT;
    let is_quick = is_file || ms(looked.median) < WITHIN;
    is_light && is_quick && looked.status < 500
}

fn tell(looked: &Looked) {
    let (median, slowest) = (ms(looked.median), ms(looked.slowest));
    let told = if is_kept(looked) { "" } else { "  too much" };
    let Looked { template, status, bytes, .. } = looked;
    let times = format!("{median:>6.1} ms {slowest:>6.1} ms {:>6.1} ms", ms(looked.used));
    println!("{template:<64} {status:>6} {times} {bytes:>8}{told}");
}

fn line(name: &str, took: Duration) {
    println!("{name:<64} {:>9.1} ms", ms(took));
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
