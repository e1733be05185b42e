//! When things happened to an attempt, and by when they must.

use http::StatusCode;
use tokio::time::Instant;

use super::Tab;

impl Tab {
    /// Notes that the answer's head is there since `now`.
    pub(crate) fn answered(
        &mut self,
        now: Instant,
        status: StatusCode,
        upstream_request: Option<&str>,
    ) {
        self.first_byte = Some(now.duration_since(self.began));
        self.generated = status.is_success();
        self.upstream_request = upstream_request.map(Box::from);
    }

    /// Notes that all of an answer is there, before anything is made of it. Most come with their
    /// heads, and no clock is read for them.
    pub(crate) fn read_whole(&mut self, with_head: bool) {
        let head_at = self.first_byte.filter(|_| with_head).map(|took| self.began + took);
        self.read_at = Some(head_at.unwrap_or_else(Instant::now));
    }

    /// Whether there was no time left for it when it began.
    pub(crate) fn is_late_already(&self) -> bool {
        self.first_byte_due() <= self.began
    }

    /// When the first byte of its answer must be ready to leave.
    pub(crate) fn first_byte_due(&self) -> Instant {
        (self.began + self.call.deadlines.first_byte).min(self.call.deadlines.end)
    }
}
