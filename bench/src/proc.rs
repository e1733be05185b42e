//! What `/proc` and the process clock say about a process under test.

use std::fs;
use std::time::{Duration, Instant};

use crate::{Result, sys};

const SAMPLE: Duration = Duration::from_millis(50);
/// Less than this in one sample is a process at rest.
const QUIET: Duration = Duration::from_micros(200);
const QUIET_SAMPLES: u32 = 3;
const SETTLE_AT_MOST: Duration = Duration::from_millis(1_500);

/// CPU time once background work has come to rest. `at_least` covers writers that wake by timer.
pub(crate) async fn settled_cpu(pid: u32, at_least: Duration) -> Result<Duration> {
    let began = Instant::now();
    let mut quiet = 0;
    let mut last = sys::cpu_time(pid)?;
    while began.elapsed() < SETTLE_AT_MOST {
        if quiet >= QUIET_SAMPLES && began.elapsed() >= at_least {
            break;
        }
        tokio::time::sleep(SAMPLE).await;
        let now = sys::cpu_time(pid)?;
        quiet = if now.saturating_sub(last) < QUIET { quiet + 1 } else { 0 };
        last = now;
    }
    Ok(last)
}

/// Resident memory now, in bytes.
pub(crate) fn resident(pid: u32) -> Result<f64> {
    field(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// The most memory that was ever resident, in bytes.
pub(crate) fn resident_peak(pid: u32) -> Result<f64> {
    field(&format!("/proc/{pid}/status"), "VmHWM:")
}

/// Resident memory with shared pages shared out, in bytes; not readable everywhere.
pub(crate) fn proportional(pid: u32) -> Option<f64> {
    field(&format!("/proc/{pid}/smaps_rollup"), "Pss:").ok()
}

fn field(path: &str, name: &str) -> Result<f64> {
    let text = fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let kilobytes = text
        .lines()
        .find_map(|line| line.strip_prefix(name))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse::<f64>().ok());
    kilobytes.map(|kb| kb * 1024.0).ok_or_else(|| format!("{path} has no {name}").into())
}
