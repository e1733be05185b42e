//! The way to one upstream: name, connection, TLS, an answer, credential, clock, a call.

use control::Author;
use dataplane::Subject;
use domain::diagnosis::{BodyForm, DoctorOrder, Step, Told, causes, connection, refusal};
use egress::Way;
use egress::probe::Link;
use http::StatusCode;

use super::reach::{Notes, Reach};
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
        let origin = self.subject.origin();
        let way = self.way().await;
        let Some(link) = self.reach().link(origin, &way).await else { return };
        let Some(models) = self.answer(link).await else { return };
        for credential in 1..self.subject.credentials() {
            self.another(credential, &way).await;
        }
        self.call(models).await;
    }

    /// As the doctor's call leaves. Without a store it is not known for whom, and goes directly
    /// only where nobody has a proxy.
    async fn way(&self) -> Way {
        let project = self.tools.control.checkup_project().await;
        let project = project.unwrap_or_else(|_| "".into());
        self.subject.way(&self.tools.dataplane, &project, &"doctor".into())
    }

    /// Whether a further credential is accepted.
    async fn another(&self, credential: usize, way: &Way) {
        let begun = self.reach().begin(Step::Credential);
        let origin = self.subject.origin();
        let quiet = Reach { notes: &Quiet, ..self.reach() };
        let Some(link) = quiet.link(origin, way).await else { return };
        let request = self.subject.models_request(credential);
        let number = credential + 1;
        let told = match self.tools.probe.ask(origin, link, request).await {
            Err(failure) => connection::http(&failure),
            Ok(answer) if answer.status.is_success() => {
                Told::ok(Step::Credential, format!("Credential {number} is accepted too."))
            }
            Ok(answer) => {
                let status = answer.status.as_u16();
                let facts = self.subject.refusal(status, &answer.headers, &answer.body);
                let told = refusal::told(&facts, self.subject.shape(credential));
                Told { sentence: format!("Credential {number}: {}", told.sentence), ..told }
            }
        };
        self.note(told, since(begun));
    }

    fn reach(&self) -> Reach<'_> {
        let Tools { probe, clock, .. } = self.tools;
        Reach { probe, clock: &**clock, notes: self }
    }

    /// Asks for the models with the credential; their names.
    async fn answer(&self, link: Link) -> Option<Vec<String>> {
        let begun = self.reach().begin(Step::Http);
        let origin = self.subject.origin();
        let answered = self.tools.probe.ask(origin, link, self.subject.models_request(0)).await;
        let answer = match answered {
            Ok(answer) => answer,
            Err(failure) => {
                self.note(connection::http(&failure), since(begun));
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
            None => Some(refusal::told(&facts, self.subject.shape(0))),
        };
        // A server that lists no models may take calls all the same, where one is named.
        let unlisted = told.as_ref().is_some_and(|told| {
            told.step == Step::Http && matches!(status, 404 | 405) && self.order.model.is_some()
        });
        match told {
            Some(mut told) if unlisted => {
                told.verdict = domain::diagnosis::Verdict::Warning;
                self.note(told, since(begun));
            }
            Some(told) if told.step == Step::Http => {
                self.note(told, since(begun));
                self.clock(theirs);
                return None;
            }
            Some(told) => {
                let answered = format!("GET /models answered {status}.");
                self.note(Told::ok(Step::Http, answered), since(begun));
                self.clock(theirs);
                self.note(told, None);
                return None;
            }
            None => {
                self.note(Told::ok(Step::Http, "GET /models answered 200."), since(begun));
                self.clock(theirs);
                let count = listed.as_ref().map_or(0, Vec::len);
                let told = format!("The credential is accepted; models that it lists: {count}.");
                self.note(Told::ok(Step::Credential, told), None);
            }
        }
        Some(listed.unwrap_or_default())
    }

    fn clock(&self, theirs: Option<domain::Timestamp>) {
        if let Some(theirs) = theirs {
            self.note(connection::clock(self.tools.clock.now(), theirs), None);
        }
    }

    /// One call, where it may be made.
    async fn call(&self, models: Vec<String>) {
        if !self.order.paid {
            let told = "Without a paid call quota, model and stream are not looked at.";
            self.note(Told::skipped(Step::Quota, told), None);
            return;
        }
        let book = self.tools.dataplane.prices();
        let chosen = || model::choose(&models, &book, self.tools.clock.now());
        let Some(name) = self.order.model.clone().or_else(chosen) else {
            let told = format!("Of {} models none is known to be for chat.", models.len());
            self.note(Told::warning(&causes::MODEL_UNNAMED, told), None);
            return;
        };
        let begun = self.reach().begin(Step::Stream);
        let told = Box::pin(call::call_model(self, &name)).await;
        for told in told {
            // The call's time is its own: all of them were seen in it.
            let took = matches!(told.step, Step::Stream).then(|| since(begun)).flatten();
            self.note(told, took);
        }
    }
}

impl Notes for Walk<'_> {
    fn at(&self, step: Step) {
        self.run.at_work(self.subject.name(), step);
    }

    fn note(&self, told: Told, took_ms: Option<u64>) {
        self.run.note(self.subject.name(), told, took_ms);
    }
}

/// Hears nothing.
struct Quiet;

impl Notes for Quiet {
    fn at(&self, _: Step) {}

    fn note(&self, _: Told, _: Option<u64>) {}
}
