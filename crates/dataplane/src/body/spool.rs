//! Forms that must be looked at before they are sent: small ones in memory, large ones in a file
//! that has no name.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use domain::{Fault, Fingerprint, fault::catalogue};
use egress::{BoxError, Outgoing};
use http_body::{Body, Frame, SizeHint};
use openai::multipart::{BadForm, Form, Scanner};
use tokio::task::{JoinHandle, spawn_blocking};
use vault::Fingerprinter;

use crate::body::read::Pieces;

/// Bytes kept in memory.
const MEMORY: usize = 256 * 1024;
/// Bytes moved between file and socket at a time.
const BLOCK: usize = 128 * 1024;

/// A body that was read whole.
pub(crate) enum Spooled {
    Memory(Bytes),
    File(Arc<File>, u64),
}

/// Reads a form whole and looks at its fields.
pub(crate) async fn form(
    mut pieces: Pieces,
    content_type: &str,
    dir: &Path,
) -> Result<(Form, Spooled), Fault> {
    let mut scanner = Scanner::new(content_type).map_err(bad_form)?;
    let mut memory = BytesMut::new();
    let mut file: Option<(Arc<File>, u64)> = None;
    while let Some(piece) = pieces.next().await? {
        scanner.feed(&piece).map_err(bad_form)?;
        memory.extend_from_slice(&piece);
        if memory.len() > MEMORY {
            file = Some(append(file, memory.split().freeze(), dir).await?);
        }
    }
    let form = scanner.finish().map_err(bad_form)?;
    let Some(begun) = file else { return Ok((form, Spooled::Memory(memory.freeze()))) };
    let (file, length) = append(Some(begun), memory.freeze(), dir).await?;
    Ok((form, Spooled::File(file, length)))
}

fn bad_form(bad: BadForm) -> Fault {
    match bad {
        BadForm::Boundary => Fault::because(
            &catalogue::INVALID_MULTIPART,
            "The Content-Type must be multipart/form-data with a boundary.",
        ),
        BadForm::Malformed => Fault::new(&catalogue::INVALID_MULTIPART),
        BadForm::TooMany => {
            Fault::because(&catalogue::REQUEST_TOO_LARGE, "The form has too many parts.")
        }
    }
}

async fn append(
    file: Option<(Arc<File>, u64)>,
    bytes: Bytes,
    dir: &Path,
) -> Result<(Arc<File>, u64), Fault> {
    let dir = dir.to_owned();
    let write = spawn_blocking(move || {
        let (file, length) = match file {
            Some(begun) => begun,
            None => (Arc::new(tempfile::tempfile_in(dir)?), 0),
        };
        (&*file).write_all(&bytes)?;
        Ok::<_, std::io::Error>((file, length + bytes.len() as u64))
    });
    match write.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => {
            tracing::error!(%error, "a form could not be spooled");
            Err(Fault::new(&catalogue::OVERLOADED).retry_after_ms(1_000))
        }
        Err(_) => Err(Fault::new(&catalogue::INTERNAL_ERROR)),
    }
}

impl Spooled {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// Of what it says, whatever boundary stands between its parts: clients draw a new one whenever
    /// they send the same form.
    ///
    /// # Errors
    /// The spooled file cannot be read.
    pub(crate) async fn fingerprint(
        &self,
        making: Fingerprinter,
        boundary: &str,
    ) -> Result<Fingerprint, Fault> {
        let mut making = Bare::new(making, boundary);
        let (file, length) = match self {
            Self::Memory(bytes) => {
                making.update(bytes);
                return Ok(making.finish());
            }
            Self::File(file, length) => (Arc::clone(file), *length),
        };
        let read = spawn_blocking(move || {
            let mut block = vec![0; BLOCK];
            let mut at = 0;
            while at < length {
                let count = file.read_at(&mut block, at)?;
                if count == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                making.update(&block[..count]);
                at += count as u64;
            }
            Ok::<_, std::io::Error>(making.finish())
        });
        match read.await {
            Ok(Ok(done)) => Ok(done),
            _ => Err(Fault::new(&catalogue::INTERNAL_ERROR)),
        }
    }

    /// The body to be sent, as often as wanted: with one span's text replaced, or as it came.
    pub(crate) fn outgoing(&self, edit: Option<(Range<u64>, &str)>) -> Outgoing {
        match (self, edit) {
            (Self::Memory(bytes), None) => Outgoing::Whole(bytes.clone()),
            (Self::Memory(bytes), Some((span, text))) => {
                let at = |at: u64| usize::try_from(at).map_or(bytes.len(), |n| n.min(bytes.len()));
                let (head, tail) = (&bytes[..at(span.start)], &bytes[at(span.end)..]);
                Outgoing::Whole([head, text.as_bytes(), tail].concat().into())
            }
            (Self::File(file, length), edit) => {
                let parts = match edit {
                    None => vec![Part::Span(0..*length)],
                    Some((span, text)) => vec![
                        Part::Span(span.end..*length),
                        Part::Text(Bytes::copy_from_slice(text.as_bytes())),
                        Part::Span(0..span.start),
                    ],
                };
                Outgoing::Stream(Box::pin(FileBody {
                    file: Arc::clone(file),
                    parts,
                    reading: None,
                }))
            }
        }
    }
}

/// Hashes a form without its boundaries, in any pieces.
struct Bare {
    making: Fingerprinter,
    /// Of what stands between two boundaries; and one of nothing.
    part: Fingerprinter,
    blank: Fingerprinter,
    boundary: Vec<u8>,
    /// What may be the begin of a boundary.
    window: Vec<u8>,
}

impl Bare {
    fn new(making: Fingerprinter, boundary: &str) -> Self {
        let (part, blank) = (making.clone(), making.clone());
        let boundary = format!("--{boundary}").into_bytes();
        Self { making, part, blank, boundary, window: Vec::new() }
    }

    fn update(&mut self, piece: &[u8]) {
        self.window.extend_from_slice(piece);
        let mut done = 0;
        while let Some(at) = memchr::memmem::find(&self.window[done..], &self.boundary) {
            self.part.update(&self.window[done..done + at]);
            self.end_part();
            done += at + self.boundary.len();
        }
        let rest = self.window.len() - done;
        let safe = done + rest.saturating_sub(self.boundary.len() - 1);
        self.part.update(&self.window[done..safe]);
        self.window.drain(..safe);
    }

    fn end_part(&mut self) {
        let part = std::mem::replace(&mut self.part, self.blank.clone());
        self.making.part(&part.finish().0);
    }

    fn finish(mut self) -> Fingerprint {
        self.part.update(&self.window);
        self.end_part();
        self.making.finish()
    }
}

#[derive(Clone)]
enum Part {
    Span(Range<u64>),
    Text(Bytes),
}

impl Part {
    fn len(&self) -> u64 {
        match self {
            Self::Span(span) => span.end - span.start,
            Self::Text(text) => text.len() as u64,
        }
    }
}

/// Reads the spooled file block by block, off the runtime's thread.
struct FileBody {
    file: Arc<File>,
    /// What is left to be sent, the next at the end.
    parts: Vec<Part>,
    reading: Option<JoinHandle<std::io::Result<Bytes>>>,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (at, wanted) = loop {
            match self.parts.last().cloned() {
                None => return Poll::Ready(None),
                Some(Part::Text(text)) => {
                    self.parts.pop();
                    return Poll::Ready(Some(Ok(Frame::data(text))));
                }
                Some(Part::Span(span)) if span.is_empty() => drop(self.parts.pop()),
                Some(Part::Span(span)) => {
                    let left = usize::try_from(span.end - span.start).unwrap_or(BLOCK);
                    break (span.start, left.min(BLOCK));
                }
            }
        };
        let file = Arc::clone(&self.file);
        let reading = self.reading.get_or_insert_with(|| {
            spawn_blocking(move || {
                let mut block = vec![0; wanted];
                file.read_exact_at(&mut block, at)?;
                Ok(Bytes::from(block))
            })
        });
        let read = ready!(Pin::new(reading).poll(cx));
        self.reading = None;
        Poll::Ready(Some(match read {
            Ok(Ok(block)) => {
                if let Some(Part::Span(span)) = self.parts.last_mut() {
                    span.start += block.len() as u64;
                }
                Ok(Frame::data(block))
            }
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.parts.iter().map(Part::len).sum())
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn one_span_changes_as_often_as_it_is_sent() {
        let text = format!("{}model=gas;{}", "a".repeat(MEMORY), "b".repeat(BLOCK + 7));
        let file = tempfile::tempfile().unwrap();
        (&file).write_all(text.as_bytes()).unwrap();
        let kept = Spooled::File(Arc::new(file), text.len() as u64);
        let start = MEMORY as u64 + 6;
        for spooled in [kept, Spooled::Memory(text.clone().into())] {
            for name in ["gas", "a-longer-name", ""] {
                let sent = match spooled.outgoing(Some((start..start + 3, name))) {
                    Outgoing::Stream(body) => {
                        let length = body.size_hint().exact();
                        let bytes = body.collect().await.unwrap().to_bytes();
                        assert_eq!(length, Some(bytes.len() as u64));
                        bytes
                    }
                    Outgoing::Whole(bytes) => bytes,
                    Outgoing::Empty => panic!("no body"),
                };
                assert_eq!(sent, text.replace("=gas;", &format!("={name};")));
            }
        }
    }
}
