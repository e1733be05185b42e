//! `cargo xtask test`: every check in the order of what is cheapest to hear about first.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::{Result, run, sdk, tidy};

pub(crate) const HELP: &str = "\
cargo xtask test

Runs rustfmt, clippy, tidy, a debug build of the binary (the integration tests start it), the
preparation of the official SDKs, and all tests. Stops at the first step that fails. The last line
is `N passed, M failed`. Needs neither a terminal nor stdin. As root on Debian it installs what the
tests need (python3, python3-venv, nodejs, npm, microsocks, tinyproxy,
chromium, chromium-driver); elsewhere it says what to
install.";

pub(crate) fn run() -> Result<()> {
    let begun = Instant::now();
    if component("fmt", "rustfmt") {
        step("rustfmt", || run::loud(&mut run::cargo(&["fmt", "--all", "--check"])))?;
    }
    if component("clippy", "clippy") {
        step("clippy", || run::loud(&mut clippy()))?;
    }
    step("tidy", tidy::run)?;
    step("build", || run::loud(&mut run::cargo(&["build", "--locked", "-p", "tollgate"])))?;
    let sdks = step("prepare", sdk::prepare)?;
    let count = step("tests", || tests(&sdks))?;
    println!("all steps took {:.1} s", begun.elapsed().as_secs_f64());
    println!("{} passed, {} failed", count.passed, count.failed);
    match count.outcome {
        Ok(()) => Ok(()),
        Err(error) => Err(format!("step `tests` failed: {error}").into()),
    }
}

fn clippy() -> Command {
    let mut command = run::cargo(&["clippy", "--workspace", "--all-targets", "--locked"]);
    command.args(["--", "-D", "warnings"]);
    command
}

/// Runs one step, with its name and time.
fn step<T>(name: &str, work: impl FnOnce() -> Result<T>) -> Result<T> {
    println!("==> {name}");
    let begun = Instant::now();
    let done = work();
    let seconds = begun.elapsed().as_secs_f64();
    match &done {
        Ok(_) => println!("<== {name} took {seconds:.1} s"),
        Err(_) => println!("<== {name} failed after {seconds:.1} s"),
    }
    done.map_err(|error| format!("step `{name}` failed: {error}").into())
}

/// Whether a component of the toolchain is there, or could be added.
fn component(subcommand: &str, name: &str) -> bool {
    let there = || run::succeeds(&mut run::cargo(&[subcommand, "--version"]));
    if there() || run::works("rustup", &["component", "add", name]) && there() {
        return true;
    }
    eprintln!(
        "warning: `cargo {subcommand}` is not installed and rustup cannot add {name}; skipped"
    );
    false
}

struct Count {
    passed: u64,
    failed: u64,
    /// A failed run still has a count worth printing.
    outcome: Result<()>,
}

/// All tests, shown as they come and counted.
fn tests(sdks: &Path) -> Result<Count> {
    // Without stopping at the first failing binary, so that the count is of all tests.
    let mut command = run::cargo(&["test", "--workspace", "--locked", "--no-fail-fast"]);
    let mut child = command.env("TOLLGATE_SDK_DIR", sdks).stdout(Stdio::piped()).spawn()?;
    let mut count = Count { passed: 0, failed: 0, outcome: Ok(()) };
    let mut results = 0;
    if let Some(output) = child.stdout.take() {
        let mut lines = BufReader::new(output);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line)? > 0 {
            std::io::stdout().write_all(&line)?;
            if let Some((passed, failed)) = tally(&String::from_utf8_lossy(&line)) {
                (count.passed, count.failed) = (count.passed + passed, count.failed + failed);
                results += 1;
            }
            line.clear();
        }
    }
    let status = child.wait()?;
    if !status.success() {
        // Without a single result the tests did not build: a count of nothing would mislead.
        let error = format!("`cargo test` failed ({status})");
        if results == 0 {
            return Err(error.into());
        }
        count.outcome = Err(error.into());
    }
    Ok(count)
}

/// The numbers of a line like `test result: ok. 5 passed; 0 failed; 1 ignored; …`.
fn tally(line: &str) -> Option<(u64, u64)> {
    let (_, numbers) = line.trim().strip_prefix("test result: ")?.split_once(". ")?;
    let number = |label: &str| {
        numbers.split("; ").find_map(|part| part.strip_suffix(label)?.trim().parse().ok())
    };
    Some((number("passed")?, number("failed")?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.02s\n";
        assert_eq!(tally(line), Some((12, 3)));
        assert_eq!(tally("test json::tests::x ... ok\n"), None);
    }
}
