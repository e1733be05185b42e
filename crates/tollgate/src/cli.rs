//! The commands that speak to a running Tollgate, and `explain`, which needs none.
//!
//! What was asked for goes to stdout, talk to stderr, so that `$(tollgate keys create)` is the key.
//! A command comes to [`said::Said`] or to a [`failure::Failure`]; only [`run`] prints them.

mod accounts;
mod advise;
mod api;
mod apply;
mod audit;
mod cache;
mod calendar;
mod confirm;
mod connect;
mod costs;
mod costs_report;
mod doctor;
mod duration;
pub(crate) mod egress;
mod env_file;
mod exec;
pub(crate) mod explain;
mod export;
mod failure;
#[cfg(test)]
mod fake;
mod folder;
mod honeytokens;
mod import;
mod key_rules;
mod key_text;
mod keyring;
mod keys;
mod leaks;
mod ledger;
mod limits;
mod login;
mod models_here;
mod own_key;
mod pages;
mod prices;
mod project;
mod projects;
mod range;
mod rate_limits;
mod requests;
mod reveal;
mod routes;
mod said;
mod scan;
mod shapes;
mod snippets;
mod table;
mod upstreams;
mod usage;
mod usage_report;

use std::io::{IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use domain::{Clock, Secret};

use crate::clock::SystemClock;
use api::Api;
use failure::Failure;
pub use folder::Folder;
use said::Said;

// The binary flattens this into its own commands; a doc comment would become its description.
#[derive(clap::Subcommand)]
pub enum ClientCommand {
    /// Make, show, rotate and revoke API keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// Check, revoke and list secrets that leaked
    #[command(subcommand)]
    Leaks(leaks::Command),
    /// Make, show and archive projects
    #[command(subcommand)]
    Projects(projects::Command),
    /// Show, set and clear spend limits
    #[command(subcommand)]
    Limits(limits::Command),
    /// Look into the ledger, verify it, and put it right
    #[command(subcommand)]
    Ledger(ledger::Command),
    /// Show and set how fast projects and keys may call
    #[command(subcommand)]
    RateLimits(rate_limits::Command),
    /// Read the audit log, and verify that nobody changed it
    #[command(subcommand)]
    Audit(audit::Command),
    /// Set what a file says of upstreams, routes, projects, keys and limits; shows the difference
    Apply(apply::Args),
    /// Write the file that `apply` takes, as things stand now
    Export,
    /// Take over what another gateway's config file says
    #[command(subcommand)]
    Import(import::Command),
    /// Report the tokens and requests of a time
    Usage(usage::Args),
    /// Report what the calls of a time cost
    Costs(costs::Args),
    /// Say what the last days show about cost: cheaper models, repeats, limits, keys
    Advise(advise::Advise),
    /// Look into the request log
    #[command(subcommand)]
    Requests(requests::Command),
    /// Show, set and import what models cost
    #[command(subcommand)]
    Prices(prices::Command),
    /// Add, show, test and remove the accounts with providers
    #[command(subcommand)]
    Upstreams(upstreams::Command),
    /// Show and set where the calls of a model go
    #[command(subcommand)]
    Routes(routes::Command),
    /// Show, make and test the proxies through which calls leave
    #[command(subcommand)]
    Egress(egress::Command),
    /// Show, set and purge a project's answer cache
    #[command(subcommand)]
    Cache(cache::Command),
    /// Print a link to become the first owner of the dashboard
    SetupLink(accounts::Args),
    /// Show the mail that did not leave, where no mail server is configured
    Mail(accounts::Args),
    /// Look for what is wrong, here and on the way to each upstream, and say what to do
    Doctor(doctor::Args),
    /// Look for leaked keys and other secrets: in a folder, in what is staged, in a history
    Scan(scan::Args),
    /// Keep a key that you were given, for `exec`, `env` and `connect`
    Login(login::Args),
    /// Forget the kept key; it works on
    Logout,
    /// Run a program with a key in its environment, and nowhere else
    Exec(exec::Args),
    /// Write a key and the base URL into a .env file, privately, or look whether one is well
    Env(env_file::Args),
    /// Print how to call Tollgate from a language or a tool
    Snippets(snippets::Args),
    /// Set up a tool on this machine to use Tollgate, so that it can be undone
    Connect(connect::Args),
    /// Explain an error code: what happened, whose fault it is, what to do
    Explain(explain::Args),
}

impl ClientCommand {
    /// Whether it runs in folders that others wrote, whose `.env` must not say where keys go.
    #[must_use]
    pub fn distrusts_folder(&self) -> bool {
        matches!(
            self,
            Self::Scan(_)
                | Self::Login(_)
                | Self::Logout
                | Self::Exec(_)
                | Self::Env(_)
                | Self::Connect(_)
        )
    }

    /// Whether it may send secrets beside the admin key: of providers, of proxies, leaked ones.
    #[must_use]
    pub fn sends_secrets(&self) -> bool {
        matches!(
            self,
            Self::Upstreams(_)
                | Self::Egress(_)
                | Self::Leaks(_)
                | Self::Apply(_)
                | Self::Import(_)
        )
    }
}

/// What the commands take from outside.
#[derive(Clone)]
pub struct Env {
    /// `TOLLGATE_URL`.
    pub url: Option<String>,
    /// What the working directory's `.env` has said of it.
    pub folder: Folder,
    /// `TOLLGATE_ADMIN_KEY`.
    pub admin_key: Option<Secret>,
    /// Where `admin.key` is.
    pub data_dir: PathBuf,
    /// `SSL_CERT_FILE`.
    pub extra_roots: Option<PathBuf>,
    /// `TOLLGATE_API_KEY`.
    pub api_key: Option<Secret>,
    /// `$XDG_CONFIG_HOME/tollgate`, where things of the person's are kept.
    pub config_dir: Option<PathBuf>,
    /// Where other programs' settings are.
    pub home: Option<PathBuf>,
    pub color: bool,
    /// No lines that are drawn over.
    pub quiet: bool,
}

/// Runs one command; 0 when it was done, 1 when it failed. Some have more to say by their status.
pub async fn run(command: ClientCommand, env: Env, out: &mut dyn Write) -> ExitCode {
    let command = match command {
        ClientCommand::Scan(args) => return scan::run(args, &env, out).await,
        ClientCommand::Exec(args) => return exec::run(args, &env).await,
        command => command,
    };
    let ended = match execute(command, &env).await {
        Ok(said) => said.print(out, &mut std::io::stderr()),
        Err(failure) => Err(failure),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let color = env.color && std::io::stderr().is_terminal();
            // Nobody is left to tell when stderr is closed too.
            let _ = std::io::stderr().write_all(failure.render(color).as_bytes());
            ExitCode::FAILURE
        }
    }
}

async fn execute(command: ClientCommand, env: &Env) -> Result<Said, Failure> {
    match command {
        ClientCommand::Keys(command) => keys::run(command, &Api::connect(env)?, env).await,
        ClientCommand::Leaks(command) => leaks::run(command, &Api::connect(env)?).await,
        ClientCommand::Projects(command) => projects::run(command, &Api::connect(env)?).await,
        ClientCommand::Limits(command) => limits::run(command, &Api::connect(env)?).await,
        ClientCommand::Ledger(command) => ledger::run(command, &Api::connect(env)?).await,
        ClientCommand::RateLimits(command) => rate_limits::run(command, &Api::connect(env)?).await,
        ClientCommand::Audit(command) => audit::run(command, &Api::connect(env)?).await,
        ClientCommand::Apply(args) => apply::run(args, &Api::connect(env)?).await,
        ClientCommand::Export => export::run(&Api::connect(env)?).await,
        ClientCommand::Import(command) => import::run(command, env).await,
        ClientCommand::Usage(args) => {
            let now = SystemClock.now().seconds();
            usage::run(args, &Api::connect(env)?, now).await
        }
        ClientCommand::Advise(args) => advise::run(args, &Api::connect(env)?).await,
        ClientCommand::Costs(args) => {
            let now = SystemClock.now().seconds();
            costs::run(args, &Api::connect(env)?, now).await
        }
        ClientCommand::Requests(command) => requests::run(command, &Api::connect(env)?).await,
        ClientCommand::Prices(command) => prices::run(command, &Api::connect(env)?).await,
        ClientCommand::Upstreams(command) => upstreams::run(command, &Api::connect(env)?).await,
        ClientCommand::Routes(command) => routes::run(command, &Api::connect(env)?).await,
        ClientCommand::Egress(command) => egress::run(command, &Api::connect(env)?).await,
        ClientCommand::Cache(command) => cache::run(command, &Api::connect(env)?).await,
        ClientCommand::SetupLink(args) => accounts::setup_link(args, &Api::connect(env)?).await,
        ClientCommand::Mail(args) => accounts::mail(args, &Api::connect(env)?).await,
        ClientCommand::Doctor(args) => doctor::run(args, env).await,
        ClientCommand::Explain(args) => explain::run(&args),
        ClientCommand::Login(args) => login::login(args, env).await,
        ClientCommand::Logout => login::logout(env),
        ClientCommand::Env(args) => env_file::run(args, env).await,
        ClientCommand::Snippets(args) => snippets::run(&args, env).await,
        ClientCommand::Connect(args) => connect::run(args, env).await,
        // Told apart in `run`, for their exit status is their own.
        ClientCommand::Scan(_) | ClientCommand::Exec(_) => Ok(Said::default()),
    }
}
