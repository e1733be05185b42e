//! Forms that must be looked at before they are sent: small ones in memory, large ones in a file
//! that has no name.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use domain::{Fault, fault::catalogue};
use egress::{BoxError, Outgoing};
use http_body::{Body, Frame, SizeHint};
use openai::multipart::{BadForm, Form, Scanner};
use tokio::task::{JoinHandle, spawn_blocking};

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

    pub(crate) fn into_outgoing(self) -> Outgoing {
        match self {
            Self::Memory(bytes) => Outgoing::Whole(bytes),
            Self::File(file, length) => {
                Outgoing::Stream(Box::pin(FileBody { file, at: 0, length, reading: None }))
            }
        }
    }
}

/// Reads the spooled file block by block, off the runtime's thread.
struct FileBody {
    file: Arc<File>,
    at: u64,
    length: u64,
    reading: Option<JoinHandle<std::io::Result<Bytes>>>,
}

impl Body for FileBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.at >= self.length {
            return Poll::Ready(None);
        }
        let (file, at) = (Arc::clone(&self.file), self.at);
        let wanted = usize::try_from(self.length - at).unwrap_or(BLOCK).min(BLOCK);
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
                self.at += block.len() as u64;
                Ok(Frame::data(block))
            }
            Ok(Err(error)) => Err(error.into()),
            Err(error) => Err(error.into()),
        }))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.length - self.at)
    }
}
