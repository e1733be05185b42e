//! A call through the proxies of an egress: the first that opens a tunnel carries it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::kept::Place;
use super::{Answer, Opened, Pool, Unsent, closed_at_once};
use crate::Origin;
use crate::balance::Balance;
use crate::failure::{Cause, SendError};
use crate::proxy::{LiveProxy, Opening, Permit, Target, open};

/// A call tries so many proxies at most.
const TRIES: usize = 3;
/// All tries together may take so many times the connect deadline.
const PATIENCE: u32 = 2;

/// What one call has been through.
struct Course {
    late: Instant,
    targets: Vec<Target>,
    /// Opened no tunnel, and it is not known whose fault it was. When another one reaches the same
    /// upstream, it was theirs.
    suspects: Vec<(Arc<LiveProxy>, bool, &'static str)>,
    last: Option<SendError>,
}

impl Pool {
    pub(super) async fn send_through(
        self: &Arc<Self>,
        origin: &Arc<Origin>,
        egress: &Balance,
        subject: u64,
        request: &mut Unsent,
    ) -> Result<Answer, SendError> {
        let begun = Instant::now();
        let mut course = Course {
            late: begun + self.connect_timeout * PATIENCE,
            targets: Vec::new(),
            suspects: Vec::new(),
            last: None,
        };
        for permit in egress.permits(subject, begun).take(TRIES) {
            let proxy = &permit.proxy;
            let busy = proxy.begin();
            let place = Place::through(origin, proxy.id, egress.kept_session(proxy, subject));
            if let Some(answer) = self.send_kept(origin, place, request).await? {
                return Ok(answer.map(|body| body.counted(busy)));
            }
            if course.targets.is_empty() {
                course.targets = self.targets(origin, egress).await?;
            }
            let Some(opened) =
                self.try_open(egress, place, &permit, (origin, subject), &mut course).await
            else {
                if Instant::now() >= course.late {
                    break;
                }
                continue;
            };
            if let Some(answer) = self.send_on(opened, origin, place, request).await? {
                return Ok(answer.map(|body| body.counted(busy)));
            }
            course.last = Some(closed_at_once());
        }
        if egress.allow_direct {
            return self.send_direct(origin, request).await;
        }
        Err(course.last.unwrap_or_else(|| {
            let why = format_args!("egress {} has no proxy that works", egress.name);
            SendError::before(Cause::NoProxy, why)
        }))
    }

    async fn targets(&self, origin: &Origin, egress: &Balance) -> Result<Vec<Target>, SendError> {
        let finding = Target::of(origin, &self.names, &egress.proxy_resolves);
        match tokio::time::timeout(self.connect_timeout, finding).await {
            Ok(found) => found,
            Err(_) => Err(SendError::before(Cause::Timeout, "resolving timed out")),
        }
    }

    /// A connection through this proxy; nothing when it failed, which is noted.
    async fn try_open(
        self: &Arc<Self>,
        egress: &Balance,
        place: Place,
        permit: &Permit,
        how: (&Arc<Origin>, u64),
        course: &mut Course,
    ) -> Option<Opened> {
        let (origin, subject) = how;
        let Permit { proxy, probing } = permit;
        let begun = Instant::now();
        let left = course.late.saturating_duration_since(begun).min(self.connect_timeout);
        let how = Opening {
            origin,
            targets: &course.targets,
            session: &egress.session_text(subject),
            names: &self.names,
            tls: &self.tls,
            proxy_tls: self.proxy_tls.get_or_init(|| self.tls.without_alpn()),
            limit: left.max(Duration::from_millis(1)),
        };
        let opened = match open(proxy, &how).await {
            Ok(dialled) => self.speak(dialled, place).await,
            Err(error) => Err(error),
        };
        let now = Instant::now();
        match opened {
            Ok(opened) => {
                proxy.opened(*probing, now - begun);
                for (suspect, probing, reason) in course.suspects.drain(..) {
                    suspect.blame(probing, now, reason);
                }
                Some(opened)
            }
            Err(error) => {
                tracing::debug!(egress = egress.name, proxy = %proxy.address,
                                reason = error.cause.reason(), %error, "a proxy did not serve");
                if !proxy.failed(*probing, error.cause, now) {
                    course.suspects.push((Arc::clone(proxy), *probing, error.cause.reason()));
                }
                course.last = Some(error);
                None
            }
        }
    }
}
