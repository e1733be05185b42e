//! Tollgate's measuring bench: how much it costs beside the least that a proxy can cost.
//!
//! Some programs in one binary. `floor` is the reference: the smallest honest hyper reverse
//! proxy. `origin` is an upstream that costs next to nothing. `run` starts both of them and a
//! Tollgate, drives them in turn with the same load, and prints ratios, never a bare time; `train`
//! only drives, for a build that notes which code runs. `usage`
//! fills a store with usage records and asks it the questions of reports; `pages` looks at every page
//! of the dashboard over such a store.

mod args;
mod floor;
mod listen;
mod load;
mod machine;
mod origin;
mod pages;
mod proc;
mod report;
mod run;
mod stats;
mod sys;
mod usage;

use std::process::ExitCode;

use args::Flags;
use tokio::signal::unix::{SignalKind, signal};

/// Everything that can go wrong here ends the run with one sentence.
type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

const USAGE: &str = "\
usage:
  bench floor  --listen ADDR --upstream ADDR
  bench origin --listen ADDR
  bench run    --tollgate PATH [--quick] [--laid-out] [--out DIR] [--rounds N] [--only LIST]
               [--env NAME=VALUE]
  bench run    --tollgate-url URL --tollgate-pid PID --tollgate-key KEY [...]
  bench train  --tollgate PATH [--quick]
  bench usage  --dir DIR [--records N] [--projects N] [--keys N] [--models N]
  bench pages  --tollgate PATH --dir DIR [--records N] [--keys N]
LIST is of cpu,large,chunk,holds,hit,latency,memory,start, comma between; all by default.";

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let command = words.next().unwrap_or_default();
    let done = Flags::parse(words).and_then(|flags| dispatch(&command, flags));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, mut flags: Flags) -> Result<()> {
    // The default worker count on purpose: the floor is measured as people would run it.
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    match command {
        "floor" => {
            let (listen, upstream) = (flags.address("listen")?, flags.address("upstream")?);
            flags.finish()?;
            runtime.block_on(until_asked_to_end(floor::serve(listen, upstream)))
        }
        "origin" => {
            let listen = flags.address("listen")?;
            flags.finish()?;
            runtime.block_on(until_asked_to_end(origin::serve(listen)))
        }
        "run" => {
            let options = run::Options::from_flags(flags)?;
            runtime.block_on(run::run(&options))
        }
        "train" => {
            let options = run::Options::from_flags(flags)?;
            runtime.block_on(run::train(&options))
        }
        "usage" => {
            let options = usage::Options::from_flags(flags)?;
            runtime.block_on(usage::run(&options))
        }
        "pages" => {
            let options = pages::Options::from_flags(flags)?;
            runtime.block_on(pages::run(&options))
        }
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(format!("unknown command `{other}`\n{USAGE}").into()),
    }
}

/// A server that ends by itself on SIGTERM, so that a build that notes how it ran can write that.
async fn until_asked_to_end(serve: impl Future<Output = Result<()>>) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        done = serve => done,
        _ = terminate.recv() => Ok(()),
    }
}
