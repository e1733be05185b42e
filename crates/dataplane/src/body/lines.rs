//! A body line by line: files of batches, which may be larger than memory should be.

use std::pin::Pin;

use bytes::BytesMut;
use domain::{Fault, fault::catalogue};
use egress::AnswerBody;
use http_body::Body;

use crate::shared::Dataplane;

/// Bytes of one line: the largest body that such a call may have on its own.
const LINE: usize = 33 << 20;

pub(crate) struct Lines {
    body: AnswerBody,
    held: BytesMut,
    /// How far `held` was searched already.
    searched: usize,
    ended: bool,
    /// Bytes that were read.
    pub(crate) total: u64,
}

impl Lines {
    pub(crate) fn of(body: AnswerBody) -> Self {
        Self { body, held: BytesMut::new(), searched: 0, ended: false, total: 0 }
    }

    /// The next line, without blanks around it; `None` at the end. No piece is waited for longer
    /// than the gap, and none beyond the stop's cut.
    pub(crate) async fn next(&mut self, shared: &Dataplane) -> Result<Option<BytesMut>, Fault> {
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.held[self.searched..]) {
                let line = self.held.split_to(self.searched + end + 1);
                self.searched = 0;
                return Ok(Some(line));
            }
            self.searched = self.held.len();
            if self.ended {
                self.searched = 0;
                return Ok((!self.held.is_empty()).then(|| self.held.split()));
            }
            if self.held.len() > LINE {
                return Err(Fault::because(
                    &catalogue::REQUEST_TOO_LARGE,
                    "A line of the batch's file is larger than 33 MiB.",
                ));
            }
            self.read(shared).await?;
        }
    }

    async fn read(&mut self, shared: &Dataplane) -> Result<(), Fault> {
        let frame = std::future::poll_fn(|cx| Pin::new(&mut self.body).poll_frame(cx));
        let waited = tokio::time::timeout(shared.settings.gap(), frame);
        let piece = match shared.tasks.unless_cut(waited).await {
            Some(Ok(None)) => {
                self.ended = true;
                return Ok(());
            }
            Some(Ok(Some(Ok(frame)))) => frame.into_data().unwrap_or_default(),
            Some(Ok(Some(Err(_)))) => return Err(Fault::new(&catalogue::UPSTREAM_ERROR)),
            Some(Err(_)) => return Err(Fault::new(&catalogue::UPSTREAM_TIMEOUT)),
            None => return Err(Fault::new(&catalogue::SHUTTING_DOWN)),
        };
        self.total += piece.len() as u64;
        self.held.extend_from_slice(&piece);
        Ok(())
    }
}
