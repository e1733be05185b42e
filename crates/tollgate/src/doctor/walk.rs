//! The way to one upstream: name, connection, TLS, an answer, credential, clock, a call.

use std::net::IpAddr;

use control::Author;
use dataplane::Subject;
use domain::diagnosis::{BodyForm, DoctorOrder, Step, Told, causes, connection, refusal};
use egress::guard;
use egress::probe::{Greeting, Link, Probe};
use http::StatusCode;
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::{Run, Tools, call, model, since};

/// A walk to one upstream.
pub(super) struct Walk<'a> {
    pub(super) tools: &'a Tools,
    pub(super) run: &'a Run,
    pub(super) author: &'a Author,
    pub(super) order: &'a DoctorOrder,
    pub(super) subject: &'a Subject,
}

impl Walk<'_> {
    /// To the end, or to the first step that fails.
    pub(super) async fn go(&self) {
        let Some(link) = self.link().await else { return };
        let Some(models) = self.answer(link).await else { return };
        self.call(models).await;
    }

    /// Notes what a step came to; whether the walk goes on.
    fn note(&self, told: Told, begun: Instant) -> bool {
        let failed = told.has_failed();
        self.run.note(self.subject.name(), told, since(begun));
        !failed
    }

    fn begin(&self, step: Step) -> Instant {
        self.run.at_work(self.subject.name(), step);
        Instant::now()
    }

    /// A connection that is trusted.
    async fn link(&self) -> Option<Link> {
        let (origin, probe) = (self.subject.origin(), &self.tools.probe);
        if let Some(link) = Probe::in_process(origin) {
            let told = "It is part of this process: there is no connection to look at.";
            self.note(Told::skipped(Step::Dns, told), Instant::now());
            return Some(link);
        }
        let (host, port) = origin.address();
        let begun = self.begin(Step::Dns);
        let found = probe.resolve(origin).await;
        if !self.note(connection::dns(host, &found), begun) {
            return None;
        }
        let addresses: Vec<IpAddr> = found.unwrap_or_default();
        let begun = self.begin(Step::Tcp);
        let (tries, stream) = probe.connect(origin, &addresses).await;
        if !self.note(connection::tcp(port, &tries), begun) {
            return None;
        }
        match origin.is_tls() {
            true => self.greet(stream?).await,
            false => {
                self.note(plain(&addresses), Instant::now());
                Some(Probe::plain(stream?))
            }
        }
    }

    async fn greet(&self, stream: TcpStream) -> Option<Link> {
        let begun = self.begin(Step::Tls);
        let origin = self.subject.origin();
        let Greeting { link, failed, seen, their_clock } =
            self.tools.probe.greet(origin, stream).await;
        let (host, now) = (origin.address().0, self.tools.clock.now());
        let told = connection::tls(host, failed.as_ref(), &seen, now, their_clock);
        self.note(told, begun);
        link
    }

    /// Asks for the models with the credential; their names.
    async fn answer(&self, link: Link) -> Option<Vec<String>> {
        let begun = self.begin(Step::Http);
        let origin = self.subject.origin();
        let answered = self.tools.probe.ask(origin, link, self.subject.models_request()).await;
        let answer = match answered {
            Ok(answer) => answer,
            Err(failure) => {
                self.note(connection::http(&failure), begun);
                return None;
            }
        };
        let status = answer.status.as_u16();
        let facts = self.subject.refusal(status, &answer.headers, &answer.body);
        let listed = model::listed(&answer.body).filter(|_| answer.status == StatusCode::OK);
        let theirs = answer.date();
        let told = match &listed {
            Some(_) => None,
            None if answer.status == StatusCode::OK && facts.form != BodyForm::Html => {
                let told = "The answer to GET /models is no list of models.";
                Some(Told::failed(&causes::HTTP_ODD, told))
            }
            None => Some(refusal::told(&facts, self.subject.credential())),
        };
        // A server that lists no models may take calls all the same, where one is named.
        let unlisted = told.as_ref().is_some_and(|told| {
            told.step == Step::Http && matches!(status, 404 | 405) && self.order.model.is_some()
        });
        match told {
            Some(mut told) if unlisted => {
                told.verdict = domain::diagnosis::Verdict::Warning;
                self.note(told, begun);
            }
            Some(told) if told.step == Step::Http => {
                self.note(told, begun);
                self.clock(theirs);
                return None;
            }
            Some(told) => {
                let answered = format!("GET /models answered {status}.");
                self.note(Told::ok(Step::Http, answered), begun);
                self.clock(theirs);
                self.note(told, Instant::now());
                return None;
            }
            None => {
                self.note(Told::ok(Step::Http, "GET /models answered 200."), begun);
                self.clock(theirs);
                let count = listed.as_ref().map_or(0, Vec::len);
                let told = format!("The credential is accepted, for {count} models.");
                self.note(Told::ok(Step::Credential, told), Instant::now());
            }
        }
        Some(listed.unwrap_or_default())
    }

    fn clock(&self, theirs: Option<domain::Timestamp>) {
        if let Some(theirs) = theirs {
            self.note(connection::clock(self.tools.clock.now(), theirs), Instant::now());
        }
    }

    /// One call, where it may be made.
    async fn call(&self, models: Vec<String>) {
        if !self.order.paid {
            let told = "Without a paid call quota, model and stream are not looked at.";
            self.note(Told::skipped(Step::Quota, told), Instant::now());
            return;
        }
        let book = self.tools.dataplane.prices();
        let chosen = || model::choose(&models, &book, self.tools.clock.now());
        let Some(name) = self.order.model.clone().or_else(chosen) else {
            let told = format!("Of {} models none is known to be for chat.", models.len());
            self.note(Told::warning(&causes::MODEL_UNNAMED, told), Instant::now());
            return;
        };
        let begun = self.begin(Step::Stream);
        let told = Box::pin(call::call_model(self, &name)).await;
        for told in told {
            // The call's time is its own: all of them were seen in it.
            let took = matches!(told.step, Step::Stream).then(|| since(begun)).flatten();
            self.run.note(self.subject.name(), told, took);
        }
    }
}

/// Without TLS a credential is as safe as the network.
fn plain(addresses: &[IpAddr]) -> Told {
    match addresses.iter().any(|address| guard::is_public(*address)) {
        true => Told::warning(&causes::PLAIN_TEXT, "The base URL begins with http://."),
        false => Told::skipped(Step::Tls, "Plain HTTP, to an address of this network."),
    }
}
