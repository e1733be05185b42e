//! Tollgate itself: files, disk, store, ledger, limits, keys, prices.

use super::{Step, Told, causes};
use crate::{Nanos, Timestamp};

/// Names that one sentence lists.
const LISTED: usize = 5;
const MIB: u64 = 1 << 20;
/// Below this nothing can be relied on to be written.
const DISK_FULL: u64 = 64 * MIB;
const DISK_LOW: u64 = 1024 * MIB;
const SOON_DAYS: i64 = 7;
/// Usage records in the queue; a second of a busy machine.
const QUEUE: u64 = 20_000;

/// A file or directory of ours, by its name in the data directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    pub name: String,
    /// Permission bits.
    pub mode: u32,
}

/// What is spent under a limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LimitFacts {
    /// Whose: `project proj_…`.
    pub name: String,
    pub limit: Nanos,
    /// With what is held and overage.
    pub taken: Nanos,
    pub refusing: bool,
}

/// Whether others may read what is ours. Of the mode only the bits for group and others count.
#[must_use]
pub fn files(place: &str, files: &[FileFacts]) -> Told {
    let open = files.iter().filter(|file| file.mode & 0o077 != 0);
    let open: Vec<String> =
        open.map(|file| format!("{} ({:03o})", file.name, file.mode & 0o777)).collect();
    match open.is_empty() {
        true => Told::ok(Step::Files, format!("Only its owner can read {place}.")),
        false => Told::failed(&causes::FILES_READABLE, format!("In {place}: {}.", list(&open))),
    }
}

/// Bytes that are free for us, of all.
#[must_use]
pub fn disk(free: u64, all: u64) -> Told {
    let sentence = format!("{} of {} are free.", size(free), size(all));
    // A small disk is not low before a twentieth of it is left.
    let low = DISK_LOW.min(all / 20).max(2 * DISK_FULL);
    match free {
        free if free < DISK_FULL => Told::failed(&causes::DISK_FULL, sentence),
        free if free < low => Told::warning(&causes::DISK_LOW, sentence),
        _ => Told::ok(Step::Disk, sentence),
    }
}

fn size(bytes: u64) -> String {
    match bytes / MIB {
        mib if mib >= 10 * 1024 => format!("{} GiB", mib / 1024),
        mib => format!("{mib} MiB"),
    }
}

/// Records that wait to be written, where the store answers.
#[must_use]
pub fn store(answers: bool, waiting: u64) -> Told {
    match (answers, waiting) {
        (false, _) => Told::failed(&causes::STORE_AWAY, "The store gave no answer."),
        (true, waiting) if waiting > QUEUE => {
            Told::warning(&causes::STORE_SLOW, format!("{waiting} records wait."))
        }
        (true, _) => Told::ok(Step::Store, "The store answers, and usage is written."),
    }
}

/// The sums of the ledger that do not agree, by account.
#[must_use]
pub fn ledger(breaches: &[String]) -> Told {
    match breaches.is_empty() {
        true => Told::ok(Step::Ledger, "Every account adds up."),
        false => Told::failed(&causes::LEDGER_WRONG, format!("{}.", list(breaches))),
    }
}

/// Limits that refuse, and those of which four fifths are used.
#[must_use]
pub fn limits(all: &[LimitFacts]) -> Told {
    let share = |facts: &LimitFacts| match facts.limit.0 {
        ..=0 => 100,
        limit => (i128::from(facts.taken.0) * 100 / i128::from(limit)).clamp(0, 100),
    };
    let named = |facts: &LimitFacts| {
        format!("{} has used {} % of ${}", facts.name, share(facts), facts.limit)
    };
    let reached: Vec<String> =
        all.iter().filter(|l| l.refusing || share(l) >= 100).map(named).collect();
    if !reached.is_empty() {
        return Told::failed(&causes::LIMIT_REACHED, format!("{}.", list(&reached)));
    }
    let near: Vec<String> = all.iter().filter(|l| share(l) >= 80).map(named).collect();
    if !near.is_empty() {
        return Told::warning(&causes::LIMIT_NEAR, format!("{}.", list(&near)));
    }
    match all.len() {
        0 => Told::ok(Step::Limits, "No spend limit is set."),
        1 => Told::ok(Step::Limits, "The spend limit has more than a fifth left."),
        count => Told::ok(Step::Limits, format!("Each of {count} spend limits has a fifth left.")),
    }
}

/// Keys that are in use, by name, with their ends.
#[must_use]
pub fn keys(ends: &[(String, Timestamp)], now: Timestamp) -> Told {
    let soon = now.plus_seconds(SOON_DAYS * 86_400);
    let near = ends.iter().filter(|(_, end)| *end > now && *end <= soon);
    let near: Vec<String> = near.map(|(name, _)| name.clone()).collect();
    match near.is_empty() {
        true => Told::ok(Step::Keys, "No key expires within seven days."),
        false => Told::warning(&causes::KEY_EXPIRES, format!("{}.", list(&near))),
    }
}

/// Models that were called and have no price.
#[must_use]
pub fn prices(unpriced: &[String]) -> Told {
    match unpriced.is_empty() {
        true => Told::ok(Step::Prices, "Every model that was called has a price."),
        false => Told::warning(&causes::MODEL_UNPRICED, format!("{}.", list(unpriced))),
    }
}

/// Messages that were tried and are still here.
#[must_use]
pub fn alerts(undelivered: usize) -> Told {
    match undelivered {
        0 => Told::ok(Step::Alerts, "No message waits for another try."),
        count => Told::warning(&causes::ALERT_UNDELIVERED, format!("{count} wait for a try.")),
    }
}

/// What the operator wrote, each mistake a sentence.
#[must_use]
pub fn config(mistakes: &[String]) -> Told {
    match mistakes.is_empty() {
        true => Told::ok(Step::Config, "The configuration has no mistakes."),
        false => {
            let lines: Vec<&str> = mistakes.iter().map(|m| m.trim_end_matches('.')).collect();
            Told::failed(&causes::CONFIG_WRONG, format!("{}.", lines.join("; ")))
        }
    }
}

fn list(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(told: &Told) -> &'static str {
        told.cause.map_or("", |cause| cause.code)
    }

    #[test]
    fn files_that_others_read_are_named_with_their_modes() {
        let of = |mode| vec![FileFacts { name: "admin.key".into(), mode }];
        assert_eq!(code(&files("data", &of(0o600))), "");
        for mode in [0o640, 0o604, 0o666, 0o610] {
            let told = files("data", &of(mode));
            assert_eq!(code(&told), "files_readable");
            assert!(told.sentence.contains(&format!("admin.key ({mode:o})")), "{}", told.sentence);
        }
    }

    #[test]
    fn a_disk_is_low_before_it_is_full() {
        let gib = 1024 * MIB;
        assert_eq!(code(&disk(50 * gib, 100 * gib)), "");
        assert_eq!(code(&disk(1023 * MIB, 100 * gib)), "disk_low");
        assert_eq!(code(&disk(63 * MIB, 100 * gib)), "disk_full");
        assert_eq!(code(&disk(200 * MIB, 2 * gib)), "");
        assert_eq!(code(&disk(100 * MIB, 2 * gib)), "disk_low");
    }

    #[test]
    fn a_limit_is_near_at_four_fifths() {
        let limit = |taken, refusing| LimitFacts {
            name: "project proj_1".into(),
            limit: Nanos(1_000_000_000),
            taken: Nanos(taken),
            refusing,
        };
        assert_eq!(code(&limits(&[])), "");
        assert_eq!(code(&limits(&[limit(799_999_999, false)])), "");
        assert_eq!(code(&limits(&[limit(800_000_000, false)])), "limit_near");
        assert_eq!(code(&limits(&[limit(1_000_000_000, false)])), "limit_reached");
        assert_eq!(code(&limits(&[limit(5, true), limit(900_000_000, false)])), "limit_reached");
        let none = LimitFacts { limit: Nanos(0), ..limit(0, false) };
        assert_eq!(code(&limits(&[none])), "limit_reached");
    }

    #[test]
    fn keys_that_end_soon_are_named_and_ended_ones_are_not() {
        let now = Timestamp::from_seconds(1_000_000);
        let end = |days: i64| vec![("ci (key_1)".to_owned(), now.plus_seconds(days * 86_400))];
        assert_eq!(code(&keys(&end(8), now)), "");
        assert_eq!(code(&keys(&end(7), now)), "key_expires_soon");
        assert_eq!(code(&keys(&end(-1), now)), "");
    }

    #[test]
    fn what_is_wrong_with_the_house_is_told() {
        assert_eq!(code(&store(true, 0)), "");
        assert_eq!(code(&store(true, QUEUE + 1)), "store_behind");
        assert_eq!(code(&store(false, 0)), "store_away");
        assert_eq!(code(&ledger(&["project:x".into()])), "ledger_breach");
        assert_eq!(code(&alerts(2)), "alert_undelivered");
        assert_eq!(code(&config(&["line 1: no".into()])), "config_wrong");
        let many: Vec<String> = (0..7).map(|n| format!("m{n}")).collect();
        assert_eq!(prices(&many).sentence, "m0, m1, m2, m3, m4 and 2 more.");
        for told in [ledger(&[]), prices(&[]), alerts(0), config(&[])] {
            assert_eq!(code(&told), "");
        }
    }
}
