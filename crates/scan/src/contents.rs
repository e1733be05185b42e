//! One content, whatever it is: a file, an object of git's, a file in an archive in an archive.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Cursor, Read};
use std::sync::atomic::Ordering;

use domain::Secret;
use flate2::read::MultiGzDecoder;
use vault::leaks;

use crate::archive::{Form, Metered, ReadSeek, form, tar, zip};
use crate::find::{Find, Place};
use crate::limits::{DEPTH, HELD, UNFOLDED};
use crate::settings::Scanner;
use crate::text::Window;
use crate::wide::{Narrow, order};

/// What one thread needs to look through contents, one after another.
pub(crate) struct Contents<'a> {
    scanner: &'a Scanner,
    /// One for each archive within an archive.
    windows: Vec<Window>,
    pub(crate) finds: Vec<Find>,
    /// Of the content that is being read.
    object: Option<String>,
}

/// Where the bytes come from.
enum Source<'a> {
    /// Can be read from anywhere, as a zip must be.
    Seek(&'a mut dyn ReadSeek),
    Stream(&'a mut dyn Read),
}

impl<'a> Contents<'a> {
    pub(crate) fn new(scanner: &'a Scanner) -> Self {
        Self { scanner, windows: Vec::new(), finds: Vec::new(), object: None }
    }

    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn file(&mut self, path: &str, mut file: File) -> io::Result<()> {
        self.object = None;
        self.top(path, Source::Seek(&mut file))
    }

    /// # Errors
    /// When the stream cannot be read.
    pub(crate) fn object(
        &mut self,
        path: &str,
        id: Option<String>,
        stream: &mut dyn Read,
    ) -> io::Result<()> {
        self.object = id;
        self.top(path, Source::Stream(stream))
    }

    fn top(&mut self, path: &str, source: Source<'_>) -> io::Result<()> {
        let left = Cell::new(UNFOLDED);
        let seen = self.content(path, source, &left, 0);
        self.scanner.progress.files.fetch_add(1, Ordering::Relaxed);
        seen
    }

    fn content(
        &mut self,
        path: &str,
        source: Source<'_>,
        left: &Cell<u64>,
        depth: usize,
    ) -> io::Result<()> {
        let mut window = self.windows.pop().unwrap_or_else(Window::new);
        let seen = self.through(&mut window, path, source, left, depth);
        self.windows.push(window);
        seen
    }

    fn through(
        &mut self,
        window: &mut Window,
        path: &str,
        mut source: Source<'_>,
        left: &Cell<u64>,
        depth: usize,
    ) -> io::Result<()> {
        let ended = match &mut source {
            Source::Seek(reader) => window.start(*reader)?,
            Source::Stream(reader) => window.start(*reader)?,
        };
        if let Some(form) = form(window.bytes()) {
            if form == Form::Closed {
                self.scanner.notes.unopened.add(|| self.shown(path));
            } else if depth >= DEPTH {
                self.note_part(path, &"too many archives in archives");
            } else {
                return self.archive(window, path, form, source, (left, depth));
            }
        }
        let rest: &mut dyn Read = match &mut source {
            Source::Seek(reader) => reader,
            Source::Stream(reader) => reader,
        };
        if let Some(order) = order(window.bytes()) {
            let head = window.bytes().to_vec();
            let mut narrow = Narrow::new(Cursor::new(head).chain(rest), order);
            let ended = window.start(&mut narrow)?;
            return self.search(window, path, ended, &mut narrow);
        }
        self.search(window, path, ended, rest)
    }

    fn search(
        &mut self,
        window: &mut Window,
        path: &str,
        ended: bool,
        rest: &mut dyn Read,
    ) -> io::Result<()> {
        let scanner = self.scanner;
        let mut of_this = 0;
        let (seen, read) = window.search(ended, rest, &scanner.finder, &mut |seen| {
            if !scanner.keeps(of_this) {
                return;
            }
            of_this += 1;
            let whole = || String::from_utf8(seen.secret.to_vec()).ok().map(Secret::new);
            self.finds.push(Find {
                kind: seen.kind,
                place: Place { path: path.to_owned(), line: seen.line, column: seen.column },
                masked: leaks::mask(seen.kind, seen.secret),
                fingerprint: leaks::fingerprint(&scanner.salt, seen.kind, seen.secret),
                ours: if seen.kind.is_ours() { whole() } else { None },
                standing: None,
                commit: None,
                object: self.object.clone(),
                versions: 1,
                ignored: false,
            });
        });
        scanner.progress.bytes.fetch_add(seen, Ordering::Relaxed);
        read
    }

    /// What cannot be unfolded is noted; only a reader that fails is an error.
    fn archive(
        &mut self,
        window: &mut Window,
        path: &str,
        form: Form,
        source: Source<'_>,
        (left, depth): (&Cell<u64>, usize),
    ) -> io::Result<()> {
        let head = window.bytes().to_vec();
        let packed = head.len() as u64;
        let read = match (form, source) {
            (Form::Zip, Source::Seek(reader)) => self.zip(path, reader, left, depth),
            (Form::Zip, Source::Stream(reader)) => {
                let mut held = head;
                let most = HELD - held.len() as u64;
                reader.take(most).read_to_end(&mut held)?;
                self.zip(path, &mut Cursor::new(held), left, depth)
            }
            (form, source) => {
                let rest: &mut dyn Read = match source {
                    Source::Seek(reader) => reader,
                    Source::Stream(reader) => reader,
                };
                let mut whole = Cursor::new(head).chain(rest);
                match form {
                    Form::Tar => self.tar(path, &mut whole, left, depth),
                    _ => self.gzip(path, &mut whole, left, depth),
                }
            }
        };
        self.scanner.progress.bytes.fetch_add(packed, Ordering::Relaxed);
        if let Err(error) = read {
            self.note_part(path, &error);
        }
        Ok(())
    }

    fn note_part(&self, path: &str, why: &dyn std::fmt::Display) {
        self.scanner.notes.in_part.add(|| format!("{}: {why}", self.shown(path)));
    }

    /// Of git's objects no path is known yet.
    fn shown(&self, path: &str) -> String {
        match &self.object {
            Some(id) => format!("{id}{path}"),
            None => path.to_owned(),
        }
    }

    fn zip(
        &mut self,
        path: &str,
        reader: &mut dyn ReadSeek,
        left: &Cell<u64>,
        depth: usize,
    ) -> io::Result<()> {
        reader.rewind()?;
        zip::each(reader, &mut |name, content| {
            let inner = format!("{path}!{name}");
            let read = content.and_then(|content| {
                let mut metered = Metered { inner: content, left };
                self.content(&inner, Source::Stream(&mut metered), left, depth + 1)
            });
            if let Err(error) = read {
                self.note_part(&inner, &error);
            }
        })
    }

    fn tar(
        &mut self,
        path: &str,
        reader: &mut dyn Read,
        left: &Cell<u64>,
        depth: usize,
    ) -> io::Result<()> {
        tar::each(reader, &mut |name, content| {
            let inner = format!("{path}!{name}");
            let mut metered = Metered { inner: content, left };
            if let Err(error) = self.content(&inner, Source::Stream(&mut metered), left, depth + 1)
            {
                self.note_part(&inner, &error);
            }
        })
    }

    fn gzip(
        &mut self,
        path: &str,
        reader: &mut dyn Read,
        left: &Cell<u64>,
        depth: usize,
    ) -> io::Result<()> {
        let mut metered = Metered { inner: MultiGzDecoder::new(reader), left };
        self.content(path, Source::Stream(&mut metered), left, depth + 1)
    }
}

#[cfg(test)]
mod tests;
