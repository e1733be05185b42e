//! `bench run`: starts origin, floor and Tollgate, drives floor and Tollgate in turn, reports.
//!
//! Turns are interleaved (floor, Tollgate, floor, ...) so that a machine that slows down for a
//! while slows both. A missed aim is a finding, not a failure; only a run that could not be made
//! ends with an error. All processes end with the run, also when it is interrupted.

mod child;
mod chunk;
mod cpu;
mod fleet;
mod hit;
mod holds;
mod latency;
mod memory;
mod options;
mod start;
mod train;

pub(crate) use child::Server;
pub(crate) use fleet::ADMIN_KEY;
pub(crate) use options::Options;
pub(crate) use train::train;

use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use crate::machine::{Machine, utc_now};
use crate::report::{self, Row};
use crate::{Result, sys};
use fleet::Fleet;
use options::Section;

pub(crate) async fn run(options: &Options) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let rows = tokio::select! {
        rows = measure(options) => rows?,
        _ = tokio::signal::ctrl_c() => return Err("interrupted".into()),
        _ = terminate.recv() => return Err("interrupted".into()),
    };
    let (machine, date) = (Machine::read(), utc_now()?);
    report::print(&rows, &machine, &date);
    let build = if options.laid_out { "laid-out" } else { "release" };
    let run = json!({"rounds": options.rounds, "quick": options.quick, "build": build});
    let path = report::write_record(&options.out, &rows, &machine, &date, run)?;
    println!("Record: {}", path.display());
    Ok(())
}

/// The sections in order. What leaves traces in a data directory comes after what reads it fresh.
async fn measure(options: &Options) -> Result<Vec<Row>> {
    sys::raise_open_files()?;
    let fleet = Fleet::assemble(options)?;
    let mut rows = Vec::new();
    if Section::PAIRED.iter().any(|section| options.wants(*section)) {
        rows.extend(measure_pair(options, &fleet).await?);
    }
    if options.wants(Section::Holds) && fleet.binary().is_some() {
        note("holds");
        rows.extend(holds::measure(&fleet, options).await?);
    }
    if options.wants(Section::Hit) && fleet.binary().is_some() {
        note("hits");
        rows.extend(hit::measure(&fleet, options).await?);
    }
    if options.wants(Section::Start) {
        note("start and size");
        rows.extend(start::measure(&fleet, options.plan()).await?);
    }
    if options.wants(Section::Memory) {
        note("memory");
        rows.extend(memory::measure(&fleet, options).await?);
    }
    Ok(rows)
}

/// The sections that share one floor and one Tollgate.
async fn measure_pair(options: &Options, fleet: &Fleet) -> Result<Vec<Row>> {
    let pair = fleet.pair("shared").await?;
    let mut rows = Vec::new();
    if options.wants(Section::Cpu) {
        note("CPU a request");
        rows.extend(cpu::small(&pair, options).await?);
    }
    if options.wants(Section::Large) {
        note("CPU a large request");
        rows.extend(cpu::large(&pair, options).await?);
    }
    if options.wants(Section::Chunk) {
        note("CPU a chunk");
        rows.extend(chunk::measure(&pair, options).await?);
    }
    if options.wants(Section::Latency) {
        note("latency");
        rows.extend(latency::measure(&pair, fleet.origin(), options).await?);
    }
    Ok(rows)
}

/// Progress, where it does not mix with the report.
fn note(what: &str) {
    eprintln!("bench: {what} ...");
}
