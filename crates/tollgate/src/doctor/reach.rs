//! From a name to a connection that is trusted: the steps that every walk begins with, be it to an
//! upstream or to a Tollgate.

use std::net::IpAddr;

use domain::Clock;
use domain::diagnosis::{Step, Told, causes, connection, proxies};
use egress::probe::{Greeting, Link, Probe};
use egress::{Origin, Way, guard};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::since;

/// Who hears what is found.
pub trait Notes: Sync {
    /// What is being looked at.
    fn at(&self, step: Step);
    /// What it came to, and how many milliseconds it took.
    fn note(&self, told: Told, took_ms: Option<u64>);
}

/// A walk's means.
pub struct Reach<'a> {
    pub probe: &'a Probe,
    pub clock: &'a dyn Clock,
    pub notes: &'a dyn Notes,
}

impl Reach<'_> {
    /// Notes what a step came to; whether the walk goes on.
    pub fn note(&self, told: Told, begun: Instant) -> bool {
        let failed = told.has_failed();
        self.notes.note(told, since(begun));
        !failed
    }

    pub fn begin(&self, step: Step) -> Instant {
        self.notes.at(step);
        Instant::now()
    }

    /// A connection, or nothing behind the first step that fails.
    pub async fn link(&self, origin: &Origin, way: &Way) -> Option<Link> {
        if let Some(link) = Probe::in_process(origin) {
            let told = "It is part of this process: there is no connection to look at.";
            self.notes.note(Told::skipped(Step::Dns, told), None);
            return Some(link);
        }
        if let Some(egress) = way.name() {
            let begun = self.begin(Step::Proxy);
            let (tries, link) = self.probe.through(origin, way).await;
            self.note(proxies::told(egress, &tries), begun);
            return link;
        }
        let (host, port) = origin.address();
        let begun = self.begin(Step::Dns);
        let found = self.probe.resolve(origin).await;
        if !self.note(connection::dns(host, &found), begun) {
            return None;
        }
        let addresses: Vec<IpAddr> = found.unwrap_or_default();
        let begun = self.begin(Step::Tcp);
        let (tries, stream) = self.probe.connect(origin, &addresses).await;
        if !self.note(connection::tcp(port, &tries), begun) {
            return None;
        }
        match origin.is_tls() {
            true => self.greet(origin, stream?).await,
            false => {
                self.notes.note(plain(&addresses), None);
                Some(Probe::plain(stream?))
            }
        }
    }

    async fn greet(&self, origin: &Origin, stream: TcpStream) -> Option<Link> {
        let begun = self.begin(Step::Tls);
        let greeting = self.probe.greet(origin, stream).await;
        let Greeting { link, failed, seen, their_clock } = greeting;
        let host = origin.address().0;
        let told = connection::tls(host, failed.as_ref(), &seen, self.clock.now(), their_clock);
        self.note(told, begun);
        link
    }
}

/// Without TLS a credential is as safe as the network.
fn plain(addresses: &[IpAddr]) -> Told {
    match addresses.iter().any(|address| guard::is_public(*address)) {
        true => Told::warning(&causes::PLAIN_TEXT, "The base URL begins with http://."),
        false => Told::skipped(Step::Tls, "Plain HTTP, to an address of this network."),
    }
}
