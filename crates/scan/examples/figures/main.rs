//! The figures of `docs/key-hygiene.md`: recall over planted secrets, speed, false finds. Run by
//! `cargo xtask scan-figures`, which also fetches what is scanned.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a measurement may stop where it stands"
)]
#![allow(clippy::cast_precision_loss, reason = "for people")]

mod judge;
mod planted;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Instant;

use planted::Seed;
use scan::{Baseline, Report, Scanner, Variables};

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words[..] {
        ["recall", folder, seed] => recall(Path::new(folder), seed.parse().expect("a number")),
        ["speed", folder] => speed(Path::new(folder)),
        ["finds", ref folders @ ..] => finds(folders),
        ["history", folder] => history(Path::new(folder)),
        ["literals"] => vault::leaks::anchors().iter().for_each(|literal| println!("{literal}")),
        _ => panic!(
            "recall FOLDER SEED | speed FOLDER | finds FOLDER... | history FOLDER | literals"
        ),
    }
}

fn scanner() -> Scanner {
    Scanner::new(Baseline::salt(None), Variables::of(std::env::vars_os(), false))
}

/// Plants 500 secrets and looks for them; every one must be found as what it is.
fn recall(folder: &Path, seed: u64) {
    const SECRETS: usize = 500;
    let mut seed = Seed(seed);
    let mut planted = BTreeMap::new();
    for number in 0..SECRETS {
        let (kind, name, secret) = planted::secret(number % planted::KINDS, &mut seed);
        let (file, text) = planted::file(name, &secret, &mut seed);
        let at = format!("{number:03}/{file}");
        fs::create_dir_all(folder.join(&at).parent().unwrap()).unwrap();
        fs::write(folder.join(&at), text).unwrap();
        planted.insert(at, (kind, secret));
    }
    let report = scanner().tree(folder, None).unwrap();
    let found: BTreeSet<(&str, &str)> =
        report.finds.iter().map(|find| (find.place.path.as_str(), find.kind.id)).collect();
    let mut missed = 0;
    for (at, (kind, secret)) in &planted {
        if !found.contains(&(at.as_str(), kind)) {
            missed += 1;
            println!("missed {kind} in {at}: {secret}");
        }
    }
    let kinds: BTreeSet<_> = planted.values().map(|(kind, _)| kind).collect();
    println!(
        "recall: {} of {SECRETS} secrets of {} kinds; {} finds more than were planted",
        SECRETS - missed,
        kinds.len(),
        report.finds.len().saturating_sub(SECRETS - missed),
    );
    assert_eq!(missed, 0, "secrets were missed");
}

/// One thread, the best of three, by the processor's time: other work on the machine does not
/// count, nor does a slow disk.
fn speed(folder: &Path) {
    let mut best = u64::MAX;
    let mut bytes = 0;
    for _ in 0..3 {
        let scanner = scanner().with_threads(1);
        let before = ticks();
        scanner.tree(folder, None).unwrap();
        best = best.min(ticks() - before);
        bytes = scanner.progress.bytes.load(Ordering::Relaxed);
    }
    let (megabytes, seconds) = (bytes as f64 / 1e6, best as f64 / 100.0);
    let rate = megabytes / seconds;
    println!("{megabytes:.1} MB, {seconds:.2} s of one core, {rate:.0} MB/s");
    assert!(rate >= 200.0, "too slow");
}

/// The process's time on the processor, user's and system's, in hundredths of a second.
fn ticks() -> u64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
    fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap()
}

/// All that is found in these trees, judged: private keys by openssl and ssh-keygen, everything else
/// counts as false, whatever it is.
fn finds(folders: &[&str]) {
    let (mut files, mut all, mut wrong) = (0, 0, 0);
    for folder in folders {
        let scanner = scanner();
        let report = scanner.tree(Path::new(folder), None).unwrap();
        let (mut keys, mut in_tests) = (0, 0);
        for find in &report.finds {
            let place = &find.place;
            let file = Path::new(folder).join(&place.path);
            if find.kind.id == "private-key" && judge::is_private_key(&file, place.line) {
                keys += 1;
                in_tests += usize::from(judge::is_test(&place.path));
            } else {
                wrong += 1;
                println!("counts as false: {find}");
            }
        }
        let read = scanner.progress.files.load(Ordering::Relaxed);
        println!(
            "{folder}: {read} contents, {} finds, {keys} of them private keys that openssl or \
             ssh-keygen reads, {in_tests} of these in tests and examples",
            report.finds.len(),
        );
        files += read;
        all += report.finds.len();
    }
    let rate = |finds: usize| finds as f64 * 1000.0 / files as f64;
    println!(
        "false finds: {wrong} in {files} contents, {:.3} in 1,000; {:.2} in 1,000 if every find \
         counted",
        rate(wrong),
        rate(all),
    );
    assert!(rate(all) <= 1.0, "too many finds");
}

fn history(folder: &Path) {
    let scanner = scanner();
    let begun = Instant::now();
    let report: Report = scanner.history(folder, None).unwrap();
    print!("{}", scan::report::human(&report, false));
    print!("{}", scan::report::summary(&report, &scanner, begun.elapsed().as_secs_f64()));
    println!("largest resident size: {} MB", peak() / 1024);
}

/// In kB, as the kernel counts it.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
