//! What can be looked at without a server: configuration, environment, files, disk, port, and the
//! way to the upstreams that are configured here.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::Duration;

use domain::Clock;
use domain::diagnosis::house;
use domain::diagnosis::{Finding, Step, Told, causes, connection};
use egress::probe::Probe;
use egress::{Origin, Outgoing, Tls, Way};
use http::Request;

use super::super::Env;
use super::Args;
use crate::clock::SystemClock;
use crate::config::{Config, Environment, Flags, UpstreamConfig};
use crate::doctor::reach::{Notes, Reach};
use crate::doctor::{files, port};
use crate::serve;

const CONNECT: Duration = Duration::from_secs(5);
const ANSWER: Duration = Duration::from_secs(10);

pub(super) async fn examine(
    args: &Args,
    env: &Env,
    mut at: impl FnMut(&str) + Send,
) -> Vec<Finding> {
    let flags =
        Flags { config: args.config.clone(), listen: None, data_dir: args.data_dir.clone() };
    let environment = Environment::read();
    let read = Config::read(&flags, &environment);
    let mut told = config(&read, &environment);
    let directory = match &read {
        Ok(config) => config.data_dir.clone(),
        Err(_) => args.data_dir.clone().unwrap_or_else(|| env.data_dir.clone()),
    };
    if directory.exists() {
        told.push(files::modes(&directory));
        told.push(files::disk(&directory));
    } else {
        let seen = format!("There is no {}.", directory.display());
        told.push(Told::warning(&causes::FILES_MISSING, seen));
    }
    if let Ok(config) = &read {
        told.extend(master_key(config, &directory));
        told.push(listening(config).await);
    }
    let house = |told| Finding { subject: Finding::HOUSE.to_owned(), told, took_ms: None };
    let mut findings: Vec<Finding> = told.into_iter().map(house).collect();
    let Ok(config) = read else { return findings };
    let Ok(tls) = Tls::new(config.extra_roots.as_deref()) else { return findings };
    let probe = Probe::new(tls, CONNECT, ANSWER);
    let asked = |upstream: &&UpstreamConfig| {
        args.upstreams.is_empty() || args.upstreams.contains(&upstream.name)
    };
    for upstream in config.upstreams.iter().filter(asked) {
        at(&upstream.name);
        findings.extend(way_to(&probe, upstream).await);
    }
    findings
}

fn config(read: &Result<Config, crate::config::Mistakes>, environment: &Environment) -> Vec<Told> {
    let notes = environment.notes.iter();
    let bad = notes.filter(|note| note.contains("ignored") || note.contains("chmod"));
    let mut told: Vec<Told> =
        bad.map(|note| Told::warning(&causes::CONFIG_NOTE, format!("{note}."))).collect();
    match read {
        Err(mistakes) => told.push(house::config(&mistakes.0)),
        Ok(config) if config.upstreams.is_empty() => {
            told.push(Told::warning(&causes::CONFIG_NO_UPSTREAM, "There is no provider's key."));
        }
        Ok(config) => {
            let address: Option<SocketAddr> = config.listen.parse().ok();
            match address.map_or(Ok(()), |address| serve::refuse_loop(config, address)) {
                Ok(()) => told.push(house::config(&[])),
                Err(why) => told.push(Told::failed(&causes::CONFIG_LOOP, sentence(&why))),
            }
        }
    }
    told
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", letters.as_str())
}

/// A directory with databases needs the key that it was made with.
fn master_key(config: &Config, directory: &Path) -> Option<Told> {
    let used = directory.join("tollgate.db").exists();
    let there = config.master_key.is_some() || directory.join("master.key").exists();
    let place = directory.display();
    (used && !there).then(|| {
        let told = format!("{place} has no master.key, and TOLLGATE_MASTER_KEY is not set.");
        Told::failed(&causes::FILES_NO_MASTER_KEY, told)
    })
}

/// Whether a server could listen where it would.
async fn listening(config: &Config) -> Told {
    match crate::server::bind(&config.listen).await {
        Ok(_) => Told::ok(Step::Port, format!("{} is free to listen on.", config.listen)),
        Err(why) => {
            let number = config.listen.rsplit(':').next().and_then(|port| port.parse().ok());
            let who = number.and_then(port::listener);
            let who = who.map_or_else(|| why.clone(), |who| format!("{who} listens there"));
            Told::failed(&causes::PORT_TAKEN, format!("{}: {who}.", config.listen))
        }
    }
}

/// The way to an upstream, without its credential: that is the server's to show.
async fn way_to(probe: &Probe, upstream: &UpstreamConfig) -> Vec<Finding> {
    let kept = Kept::default();
    let reach = Reach { probe, clock: &SystemClock, notes: &kept };
    match Origin::parse(&upstream.base_url, true) {
        Err(bad) => kept.note(house::config(&[format!("its base URL: {bad}")]), None),
        Ok(origin) => {
            if let Some(link) = reach.link(&origin, &Way::direct()).await {
                let begun = reach.begin(Step::Http);
                let request = Request::get(origin.path("/models")).body(Outgoing::Empty);
                if let Ok(request) = request {
                    match probe.ask(&origin, link, request).await {
                        Ok(answer) => {
                            let told = format!(
                                "GET /models answered {}, without a credential.",
                                answer.status.as_u16()
                            );
                            reach.note(Told::ok(Step::Http, told), begun);
                            let theirs = answer.date();
                            let told = theirs.map(|at| connection::clock(SystemClock.now(), at));
                            told.into_iter().for_each(|told| kept.note(told, None));
                        }
                        Err(failure) => drop(reach.note(connection::http(&failure), begun)),
                    }
                }
            }
        }
    }
    let kept = kept.0.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    let finding = |(told, took_ms)| Finding { subject: upstream.name.clone(), told, took_ms };
    kept.into_iter().map(finding).collect()
}

/// Everything that the walk told.
#[derive(Default)]
struct Kept(Mutex<Vec<(Told, Option<u64>)>>);

impl Notes for Kept {
    fn at(&self, _: Step) {}

    fn note(&self, told: Told, took_ms: Option<u64>) {
        let mut all = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        all.push((told, took_ms));
    }
}
