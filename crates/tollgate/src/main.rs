//! The binary: wires the crates together. `app.rs` builds every long-lived object once;
//! `serve.rs` runs it; `cli.rs` holds the commands that talk to a running Tollgate.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

use crate::config::{Config, Environment, Flags};

mod app;
mod background;
mod cli;
mod clock;
mod config;
mod doctor;
mod handover;
mod ledger;
mod log;
mod outbound;
mod page_calls;
mod phones;
mod quickstart;
mod reveal;
mod serve;
mod server;
mod signers;
mod stolen;
mod telemetry;

/// A call makes some dozens of small allocations on one thread and frees them there; the C library's
/// allocator takes twice the time for it. mimalloc stands in for `malloc` itself, so that SQLite has
/// it too; asked by `malloc` and not by its call for aligned memory, it also takes the short way for
/// what is larger than a kilobyte (`docs/performance.md`).
#[global_allocator]
static ALLOCATOR: std::alloc::System = std::alloc::System;

/// Nothing else names mimalloc, and what nothing names is not linked.
#[used]
static LINKED: &(dyn std::alloc::GlobalAlloc + Sync) = &mimalloc::MiMalloc;

/// An OpenAI-compatible API platform that you run yourself: your own keys, limits and bills.
#[derive(Parser)]
#[command(name = "tollgate", version, arg_required_else_help = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start, make a key, make one real call through it, and keep serving.
    Quickstart(ServeArguments),
    /// Serve until told to stop.
    Serve(ServeArguments),
    #[command(flatten)]
    Client(cli::ClientCommand),
}

#[derive(Args)]
struct ServeArguments {
    /// The config file (`TOLLGATE_CONFIG`). Unknown keys are errors.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to listen (`TOLLGATE_LISTEN`), 127.0.0.1:8655 by default.
    #[arg(long, value_name = "ADDR")]
    listen: Option<String>,
    /// Where everything is kept (`TOLLGATE_DATA_DIR`), ./tollgate-data by default.
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

impl ServeArguments {
    fn flags(self) -> Flags {
        Flags { config: self.config, listen: self.listen, data_dir: self.data_dir }
    }
}

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot make a runtime: {error}")),
    };
    match command {
        Command::Serve(arguments) => report(runtime.block_on(serve(&arguments.flags()))),
        Command::Quickstart(arguments) => report(runtime.block_on(quickstart(&arguments.flags()))),
        Command::Client(command) => {
            let environment = client_environment(&command);
            runtime.block_on(cli::run(command, environment, &mut std::io::stdout()))
        }
    }
}

async fn serve(flags: &Flags) -> Result<(), String> {
    let config = begin(flags, false)?;
    let running = serve::start(&config).await?;
    println!("tollgate: listening on {}://{}", running.scheme, running.address);
    running.print_setup(&config).await?;
    running.run(flags, &config).await
}

async fn quickstart(flags: &Flags) -> Result<(), String> {
    let config = begin(flags, true)?;
    quickstart::run(flags, config).await
}

/// Reads the config and starts the log.
fn begin(flags: &Flags, beside_text: bool) -> Result<Config, String> {
    let config = quickstart::read_config(flags)?;
    log::start(&config.log, beside_text);
    for note in &config.notes {
        tracing::info!("{note}");
    }
    Ok(config)
}

fn client_environment(command: &cli::ClientCommand) -> cli::Env {
    let environment = match command.distrusts_folder() {
        true => Environment::of_process(),
        false => Environment::read(),
    };
    let mut mistakes = Vec::new();
    let admin_key = environment.secret("TOLLGATE_ADMIN_KEY", &mut mistakes);
    let api_key = environment.secret("TOLLGATE_API_KEY", &mut mistakes);
    // What is a person's own is not a folder's to say: keys are kept there.
    let own = |name| environment.own(name).map(PathBuf::from);
    let home = own("HOME");
    // A relative one is to be ignored, says its specification.
    let config = own("XDG_CONFIG_HOME").filter(|path| path.is_absolute());
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    mistakes.iter().for_each(|mistake| eprintln!("tollgate: {mistake}"));
    cli::Env {
        url: environment.get("TOLLGATE_URL"),
        folder: cli::Folder::of(&environment, command),
        admin_key,
        data_dir: environment
            .path("TOLLGATE_DATA_DIR")
            .unwrap_or_else(|| PathBuf::from("./tollgate-data")),
        extra_roots: own("SSL_CERT_FILE"),
        api_key,
        config_dir: config.map(|folder| folder.join("tollgate")),
        home,
        color: std::io::stdout().is_terminal() && environment.get("NO_COLOR").is_none(),
        quiet: environment.get("TERM").is_none_or(|terminal| terminal == "dumb"),
    }
}

fn report(ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => fail(&why),
    }
}

fn fail(why: &str) -> ExitCode {
    eprintln!("tollgate: {why}");
    ExitCode::FAILURE
}
