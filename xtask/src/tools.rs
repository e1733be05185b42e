//! The bench, the kill loop, the fuzzer and cargo-deny: built or found, then started.

use crate::{Result, release, root, run, target_dir};

pub(crate) const LISTS_HELP: &str = "\
cargo xtask lists [--release] [--rows N]

Writes N (100,000) keys, projects, users, service accounts and audit lines into a database, half of
them ended, and asks a gateway for the first, a middle and the last page of each list, and for
filtered ones. Prints the middle and the longest time of 25; fails where a middle one is 20 ms or
more.";

pub(crate) const FUZZ_HELP: &str = "\
cargo xtask fuzz [--seconds N] [TARGET]

Runs the fuzz targets under fuzz/fuzz_targets one after another, or only TARGET, for N seconds each
(60), beginning with fuzz/seeds and what earlier runs kept in fuzz/corpus. Needs a nightly
toolchain and cargo-fuzz (`cargo install cargo-fuzz --locked`). The seeds alone are replayed by
`cargo test -p openai`.";

pub(crate) const KILL_LOOP_HELP: &str = "\
cargo xtask kill-loop [--kills N] [--clients N] [--seed S] [--release] [--no-limit] [--failing]

Kills the real binary N times (1,000) under the load of so many clients (16), starts it again on the
same directory, and holds the ledger against the fake provider's true bill after each start. The
limit moves so that it mostly binds; --no-limit sets none, and looks for answered calls only.
--failing puts a second upstream behind the first, which fails a third of the calls in six ways, and
hedges: retries and fallbacks are under way when the kill comes.
--release uses the release build instead of the debug one.";

pub(crate) const FAULTS_HELP: &str = "\
cargo xtask faults [--release] [ways] [pacing|pacing-quick] [overload|overload-small]

Holds the real binary against what goes wrong outside; without words, `ways pacing overload`:

  ways      two upstreams, the first broken in one of sixteen ways, plain calls and streams under a
            spend limit: every call must be served, and the books must be the providers'
  pacing    an account of 60 requests a minute under three times as many for two minutes
            (pacing-quick: a faster account for some seconds)
  overload  ten times the calls that 64 slots can serve, by the clock (overload-small: fewer)

The last two measure: they want the release build (--release) and a machine with nothing else to
do.";

pub(crate) const DENY_HELP: &str = "\
cargo xtask deny

Checks the dependencies against deny.toml: licences, bans, sources, advisories. Needs cargo-deny
(`cargo install cargo-deny --locked`).";

pub(crate) fn bench(words: &[String]) -> Result<()> {
    let built = if words.iter().any(|word| word == "--laid-out") {
        release::build()?
    } else {
        let build = ["build", "--release", "--locked", "-p", "tollgate", "-p", "bench"];
        run::loud(&mut run::cargo(&build))?;
        target_dir().join("release")
    };
    let mut bench = run::program(built.join("bench"));
    bench.arg("run").arg("--tollgate").arg(built.join("tollgate"));
    run::loud(bench.args(words))
}

pub(crate) fn kill_loop(words: &[String]) -> Result<()> {
    let release = words.iter().any(|word| word == "--release");
    let mut build = run::cargo(&["build", "--locked", "-p", "tollgate", "-p", "testkit"]);
    build.args(release.then_some("--release"));
    run::loud(&mut build)?;
    let built = target_dir().join(if release { "release" } else { "debug" });
    let mut kill_loop = run::program(built.join("kill-loop"));
    kill_loop.arg("--bin").arg(built.join("tollgate"));
    run::loud(kill_loop.args(words.iter().filter(|word| *word != "--release")))
}

pub(crate) fn faults(words: &[String]) -> Result<()> {
    let release = words.iter().any(|word| word == "--release");
    let mut parts: Vec<_> =
        words.iter().map(String::as_str).filter(|w| *w != "--release").collect();
    if parts.is_empty() {
        parts = vec!["ways", "pacing", "overload"];
    }
    let mut build = run::cargo(&["build", "--locked", "-p", "tollgate", "-p", "testkit"]);
    run::loud(build.args(release.then_some("--release")))?;
    let built = target_dir().join(if release { "release" } else { "debug" });
    for part in parts {
        println!("==> {part}");
        let mut command = match part {
            "ways" => run::program(built.join("faults")),
            _ => run::program(built.join("load")),
        };
        command.arg("--bin").arg(built.join("tollgate"));
        run::loud(command.args((part != "ways").then_some(part)))?;
    }
    Ok(())
}

pub(crate) fn lists(words: &[String]) -> Result<()> {
    let release = words.iter().any(|word| word == "--release");
    let mut build = run::cargo(&["build", "--locked", "-p", "tollgate", "-p", "testkit"]);
    run::loud(build.args(release.then_some("--release")))?;
    let built = target_dir().join(if release { "release" } else { "debug" });
    let mut lists = run::program(built.join("lists"));
    lists.arg("--bin").arg(built.join("tollgate"));
    run::loud(lists.args(words.iter().filter(|word| *word != "--release")))
}

pub(crate) fn fuzz(words: &[String]) -> Result<()> {
    let (mut seconds, mut wanted) = (60_u32, None);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--seconds" => {
                let number = words.next().ok_or("--seconds needs a number")?;
                seconds = number.parse().map_err(|_| format!("`{number}` is not a number"))?;
            }
            flag if flag.starts_with('-') => return Err(format!("`{flag}` is no flag").into()),
            target => wanted = Some(target.to_owned()),
        }
    }
    let targets = targets()?;
    let chosen: Vec<_> =
        targets.iter().filter(|target| wanted.as_ref().is_none_or(|w| w == *target)).collect();
    if chosen.is_empty() {
        return Err(format!("no such target; there are: {}", targets.join(", ")).into());
    }
    // Not the Cargo that runs us: only rustup's knows what `+nightly` means.
    if !run::works("cargo", &["+nightly", "fuzz", "--version"]) {
        return Err(format!("cargo-fuzz or the nightly toolchain is missing\n\n{FUZZ_HELP}").into());
    }
    for target in chosen {
        println!("==> fuzz {target} for {seconds} s");
        run_target(target, seconds)?;
    }
    Ok(())
}

fn run_target(target: &str, seconds: u32) -> Result<()> {
    // libFuzzer adds what it finds to the first folder and only reads the second.
    let (corpus, seeds) = (format!("fuzz/corpus/{target}"), format!("fuzz/seeds/{target}"));
    std::fs::create_dir_all(root().join(&corpus))?;
    let mut command = run::program("cargo");
    command.args(["+nightly", "fuzz", "run", "--fuzz-dir", "fuzz", target, &corpus, &seeds]);
    run::loud(command.arg("--").arg(format!("-max_total_time={seconds}")))
}

fn targets() -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root().join("fuzz/fuzz_targets"))? {
        let name = entry?.file_name();
        names.extend(name.to_string_lossy().strip_suffix(".rs").map(str::to_owned));
    }
    names.sort();
    Ok(names)
}

pub(crate) fn deny() -> Result<()> {
    if !run::works("cargo-deny", &["--version"]) {
        return Err(format!("cargo-deny is missing\n\n{DENY_HELP}").into());
    }
    run::loud(run::program("cargo-deny").args(["--all-features", "check"]))
}
