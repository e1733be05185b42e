//! Tollgate itself, as the running server sees it.

use std::path::PathBuf;

use control::LimitState;
use domain::diagnosis::house::{self, LimitFacts};
use domain::diagnosis::{Finding, Step, Told, causes};
use domain::{Fault, Order, PageQuery};
use tokio::time::Instant;

use super::{Run, Tools, files, since};
use crate::config::{Config, Environment, Flags};

/// Where the operator's words and our files are.
pub(super) struct Place {
    flags: Flags,
    data_dir: PathBuf,
}

impl Place {
    pub(super) fn of(config: &Config) -> Self {
        let flags = Flags { config: config.file.clone(), ..Flags::default() };
        Self { flags, data_dir: config.data_dir.clone() }
    }
}

pub(super) async fn examine(tools: &Tools, run: &Run) {
    run.note(Finding::HOUSE, version(), None);
    let place = &tools.config;
    run.note(Finding::HOUSE, config(&place.flags), None);
    run.note(Finding::HOUSE, files::modes(&place.data_dir), None);
    run.note(Finding::HOUSE, files::disk(&place.data_dir), None);
    let steps: [(Step, Look); 6] = [
        (Step::Store, |tools| Box::pin(store(tools))),
        (Step::Ledger, |tools| Box::pin(ledger(tools))),
        (Step::Limits, |tools| Box::pin(limits(tools))),
        (Step::Keys, |tools| Box::pin(keys(tools))),
        (Step::Prices, |tools| Box::pin(prices(tools))),
        (Step::Alerts, |tools| Box::pin(alerts(tools))),
    ];
    for (step, look) in steps {
        run.at_work(Finding::HOUSE, step);
        let begun = Instant::now();
        let told = look(tools).await.unwrap_or_else(|fault| {
            Told::skipped(step, format!("It could not be looked at: {}", fault.message))
        });
        run.note(Finding::HOUSE, told, since(begun));
    }
}

/// The version of this program.
pub fn version() -> Told {
    Told::ok(Step::Version, concat!("Tollgate ", env!("CARGO_PKG_VERSION"), "."))
}

type Look = for<'a> fn(&'a Tools) -> domain::ports::BoxFuture<'a, Result<Told, Fault>>;

/// What the next start or reload would say of the operator's words.
fn config(flags: &Flags) -> Told {
    match Config::read(flags, &Environment::read()) {
        Err(mistakes) => house::config(&mistakes.0),
        Ok(config) if config.upstreams.is_empty() => {
            Told::warning(&causes::CONFIG_NO_UPSTREAM, "There is no provider's key.")
        }
        Ok(config) if config.trusts_nobody_before_it() => Told::warning(
            &causes::CONFIG_PROXIES,
            "`public_url` is an https address, this Tollgate has no [tls], and `trusted_proxies` is \
             empty.",
        ),
        Ok(_) => house::config(&[]),
    }
}

async fn store(tools: &Tools) -> Result<Told, Fault> {
    let answers = tools.control.ping_store().await.is_ok();
    let waiting: usize = tools.workers.iter().map(|worker| worker.waiting()).sum();
    Ok(house::store(answers, waiting as u64))
}

async fn ledger(tools: &Tools) -> Result<Told, Fault> {
    let breaches = tools.control.verify_ledger(false).await?;
    let names: Vec<String> = breaches.iter().map(|breach| breach.account.name()).collect();
    Ok(house::ledger(&names))
}

async fn limits(tools: &Tools) -> Result<Told, Fault> {
    let page = PageQuery { limit: 10_000, after: None, order: Order::Ascending };
    let page = tools.control.list_limits(None, page).await?;
    let facts = |state: &LimitState| LimitFacts {
        name: format!(
            "the {} limit of {} {}",
            state.limit.period.as_str(),
            state.limit.scope.kind.as_str(),
            state.limit.scope.id
        ),
        limit: state.limit.amount,
        taken: domain::Nanos(state.balance.spent().0.saturating_add(state.balance.held.0)),
        refusing: state.balance.refusing,
    };
    Ok(house::limits(&page.rows.iter().map(facts).collect::<Vec<_>>()))
}

async fn keys(tools: &Tools) -> Result<Told, Fault> {
    let ends = tools.control.keys_with_an_end().await?;
    // The doctor's own live for minutes only.
    let ends: Vec<_> = ends.into_iter().filter(|(name, _)| !name.starts_with("doctor (")).collect();
    Ok(house::keys(&ends, tools.clock.now()))
}

async fn prices(tools: &Tools) -> Result<Told, Fault> {
    let unpriced = tools.control.unpriced_models();
    Ok(house::prices(&unpriced.into_iter().map(|gap| gap.model).collect::<Vec<_>>()))
}

async fn alerts(tools: &Tools) -> Result<Told, Fault> {
    Ok(house::alerts(tools.control.undelivered().await?))
}
