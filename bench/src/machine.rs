//! Where and when a record was made.

use std::fs;
use std::process::Command;
use std::thread::available_parallelism;
use std::time::UNIX_EPOCH;

use crate::Result;

#[derive(Debug)]
pub(crate) struct Machine {
    pub(crate) cores: usize,
    pub(crate) cpu: String,
    pub(crate) kernel: String,
}

impl Machine {
    pub(crate) fn read() -> Self {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name"));
        let release = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cores: available_parallelism().map_or(0, usize::from),
            cpu: model.unwrap_or("unknown").trim_start_matches([' ', '\t', ':']).to_owned(),
            kernel: release.trim().to_owned(),
        }
    }
}

/// The end of a year of records.
#[allow(clippy::disallowed_methods, reason = "records lie before it; nothing is decided by it")]
pub(crate) fn now() -> Result<domain::Timestamp> {
    let seconds = std::time::SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    Ok(domain::Timestamp::from_seconds(seconds.cast_signed()))
}

/// The moment of the record, as `2026-01-31T12:00:00Z`.
#[allow(clippy::disallowed_methods, reason = "the date of a record; nothing is decided by it")]
pub(crate) fn utc_now() -> Result<String> {
    let seconds = std::time::SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let (year, month, day) = civil(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    Ok(format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z"))
}

/// Days since 1970 to year, month, day; years counted from March so that leap days come last.
fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leaps = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leaps) / 365;
    let day_of_year = day_of_era + year_of_era / 100 - year_of_era / 4 - 365 * year_of_era;
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let (month, carry) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year_of_era + carry, month, day)
}

/// The commit measured, or `worktree` where there is none or tracked files differ from it.
pub(crate) fn commit() -> String {
    let clean = Command::new("git").args(["diff", "--quiet", "HEAD"]).output();
    let hash = Command::new("git").args(["rev-parse", "--short", "HEAD"]).output();
    match (clean, hash) {
        (Ok(clean), Ok(hash)) if clean.status.success() && hash.status.success() => {
            String::from_utf8_lossy(&hash.stdout).trim().to_owned()
        }
        _ => "worktree".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::civil;

    #[test]
    fn days_become_dates() {
        assert_eq!(civil(0), (1970, 1, 1));
        assert_eq!(civil(11_016), (2000, 2, 29));
        assert_eq!(civil(20_453), (2025, 12, 31));
        assert_eq!(civil(20_454), (2026, 1, 1));
    }
}
