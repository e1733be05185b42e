//! `tollgate scan`: what the crate `scan` finds, and what a Tollgate says of it.

mod live;
mod progress;

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use scan::{Baseline, DEFAULT_BASELINE, Problem, Report, Scanner, Variables, report};

use super::Env;
use super::failure::Failure;
use super::said::Said;

#[derive(clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// A file or folder; for --staged and --history one in the repository
    #[arg(default_value = ".")]
    path: PathBuf,
    /// Only what the next commit changes
    #[arg(long, conflicts_with = "history")]
    staged: bool,
    /// Every version of every file, and every message, of the whole history
    #[arg(long)]
    history: bool,
    /// Finds that are accepted; PATH/.tollgate-baseline.json where there is one
    #[arg(long, value_name = "FILE", conflicts_with = "no_baseline")]
    baseline: Option<PathBuf>,
    /// Accept nothing
    #[arg(long)]
    no_baseline: bool,
    /// Accept all that is found now, and write it down without the secrets
    #[arg(long, value_name = "FILE")]
    write_baseline: Option<PathBuf>,
    /// How to tell it
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// As --format json
    #[arg(long, conflicts_with = "format")]
    json: bool,
    /// Count finds in files that git ignores
    #[arg(long)]
    ignored: bool,
    /// Do not ask a Tollgate whether a found key of ours works
    #[arg(long)]
    no_network: bool,
    /// Threads; as many as there are cores
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Have every commit scanned before it is made
    #[arg(long, conflicts_with_all = ["staged", "history", "write_baseline", "print_rule"])]
    install_hook: bool,
    /// Print a rule that finds Tollgate's keys, for another scanner
    #[arg(
        long, value_name = "SCANNER", num_args = 0..=1, default_missing_value = "gitleaks",
        value_parser = clap::builder::PossibleValuesParser::new(scan::RULE_FORMATS),
        conflicts_with_all = ["staged", "history", "write_baseline"],
    )]
    print_rule: Option<String>,
}

const AFTER: &str = "\
Exit status: 0 nothing was found, 1 something was, 2 it could not be scanned.

A comment with `tollgate:allow` on a secret's line accepts it. Files that git ignores are scanned, and
what is in them is shown, but does not fail the scan. No secret is ever printed whole.";

#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Human,
    Json,
    Sarif,
}

/// 0, 1 or 2, as the help has it.
pub(super) async fn run(args: Args, env: &Env, out: &mut dyn Write) -> ExitCode {
    let ended = execute(&args, env).await;
    let ended = ended.and_then(|(said, found)| {
        said.print(out, &mut std::io::stderr())?;
        Ok(found)
    });
    match ended {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(failure) => {
            let _ = std::io::stderr().write_all(failure.render(env.color).as_bytes());
            ExitCode::from(2)
        }
    }
}

/// What there is to say, and how many finds count.
async fn execute(args: &Args, env: &Env) -> Result<(Said, usize), Failure> {
    if let Some(rule) = args.print_rule.as_deref().and_then(scan::rule) {
        return Ok((Said::data(rule), 0));
    }
    // What git says to a hook is about the working directory.
    let variables = Variables::of(std::env::vars_os(), args.staged && args.path == Path::new("."));
    if args.install_hook {
        let program = std::env::current_exe().unwrap_or_default();
        let hook = scan::install_hook(&args.path, &program, &variables).map_err(failed)?;
        let said = format!("Every commit is scanned from now on, by {}.", hook.display());
        return Ok((Said::talk(said), 0));
    }
    let begun = Instant::now();
    let baseline = baseline(args)?;
    let scanner = Scanner::new(Baseline::salt(baseline.as_ref()), variables);
    let scanner = match args.threads {
        Some(threads) => scanner.with_threads(threads),
        None => scanner,
    };
    let mut report = scan_with_progress(args, env, &scanner, baseline.as_ref())?;
    let seconds = begun.elapsed().as_secs_f64();
    if let Some(path) = &args.write_baseline {
        return write_baseline(report, baseline, path);
    }
    let gate = if args.no_network { None } else { live::ask(env, &mut report).await };
    let count = report.count(args.ignored);
    let said = match args.format() {
        Format::Json => Said::data(report::json(&report, &scanner)),
        Format::Sarif => Said::data(report::sarif(&report)),
        Format::Human => {
            let talk = report::advice(&report) + &report::summary(&report, &scanner, seconds);
            Said::data(report::human(&report, env.color)).and_talk(talk)
        }
    };
    match (gate, args.format()) {
        (Some(gate), Format::Human) => Ok((gate.offer(said, &report).await?, count)),
        _ => Ok((said, count)),
    }
}

impl Args {
    fn format(&self) -> Format {
        if self.json { Format::Json } else { self.format }
    }
}

fn scan_with_progress(
    args: &Args,
    env: &Env,
    scanner: &Scanner,
    baseline: Option<&Baseline>,
) -> Result<Report, Failure> {
    let shown = std::io::stderr().is_terminal() && args.format() == Format::Human && !env.quiet;
    let bar = shown.then(|| progress::Bar::start(scanner));
    let report = match (args.staged, args.history) {
        (true, _) => scanner.staged(&args.path, baseline),
        (_, true) => scanner.history(&args.path, baseline),
        _ => scanner.tree(&args.path, baseline),
    };
    drop(bar);
    report.map_err(failed)
}

fn failed(problem: Problem) -> Failure {
    Failure::new(problem.0)
}

/// A new one is made under a salt of its own, so it must be there before the scan.
fn baseline(args: &Args) -> Result<Option<Baseline>, Failure> {
    if args.write_baseline.is_some() {
        return Ok(Some(Baseline::new()));
    }
    if args.no_baseline {
        return Ok(None);
    }
    let read = match &args.baseline {
        Some(path) => Baseline::read(path).map(Some),
        None => Baseline::read_if_there(&args.path.join(DEFAULT_BASELINE)),
    };
    read.map_err(failed)
}

fn write_baseline(
    report: Report,
    baseline: Option<Baseline>,
    path: &Path,
) -> Result<(Said, usize), Failure> {
    baseline.unwrap_or_default().write(&report.finds, path).map_err(failed)?;
    let said =
        format!("{} finds are accepted from now on, by {}.", report.finds.len(), path.display());
    Ok((Said::talk(said), 0))
}

#[cfg(test)]
mod tests;
