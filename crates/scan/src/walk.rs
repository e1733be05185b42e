//! A folder and all below it, over all cores.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use crate::contents::Contents;
use crate::find::Find;
use crate::git::ignored;
use crate::report::Report;
use crate::settings::Scanner;
use crate::{Baseline, Problem};

/// Files that a thread takes at once, and batches that may wait.
const BATCH: usize = 64;
const WAITING: usize = 32;

impl Scanner {
    /// Scans a file, or a folder and all below it. Symbolic links are not followed, so there are no
    /// circles; of `.git` only its config is read, for a history is scanned by
    /// [`Scanner::history`]. Files that git ignores are scanned too, and their finds marked.
    ///
    /// # Errors
    /// When there is nothing at the path.
    pub fn tree(&self, path: &Path, baseline: Option<&Baseline>) -> Result<Report, Problem> {
        let about = fs::metadata(path)
            .map_err(|error| Problem(format!("cannot read {}: {error}", path.display())))?;
        let mut finds = if about.is_file() {
            let mut contents = Contents::new(self);
            let name = path.file_name().unwrap_or(path.as_os_str());
            self.one(&mut contents, path, &name.to_string_lossy());
            contents.finds
        } else {
            self.folder(path)
        };
        if about.is_dir() {
            self.mark_ignored(path, &mut finds);
        }
        Ok(Report::of(finds, baseline))
    }

    fn folder(&self, root: &Path) -> Vec<Find> {
        let (sender, receiver) = sync_channel::<Vec<PathBuf>>(WAITING);
        let receiver = Mutex::new(receiver);
        std::thread::scope(|scope| {
            let work = || self.take_batches(root, &receiver);
            let workers: Vec<_> = (0..self.threads).map(|_| scope.spawn(work)).collect();
            self.walk(root, &sender);
            drop(sender);
            workers.into_iter().filter_map(|worker| worker.join().ok()).flatten().collect()
        })
    }

    fn take_batches(&self, root: &Path, batches: &Mutex<Receiver<Vec<PathBuf>>>) -> Vec<Find> {
        let mut contents = Contents::new(self);
        loop {
            let batch = batches.lock().ok().and_then(|batches| batches.recv().ok());
            let Some(batch) = batch else { return contents.finds };
            for path in batch {
                let shown = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
                self.one(&mut contents, &path, &shown);
            }
        }
    }

    fn one(&self, contents: &mut Contents<'_>, path: &Path, shown: &str) {
        let read = File::open(path).and_then(|file| contents.file(shown, file));
        if let Err(error) = read {
            self.notes.unreadable.add(|| format!("{shown}: {error}"));
        }
    }

    fn walk(&self, root: &Path, sender: &SyncSender<Vec<PathBuf>>) {
        let mut folders = vec![root.to_owned()];
        let mut batch = Vec::with_capacity(BATCH);
        while let Some(folder) = folders.pop() {
            let listed = self.list(&folder, &mut folders, &mut |file| {
                batch.push(file);
                if batch.len() >= BATCH {
                    // Nobody takes it only when every worker has died.
                    let _ = sender.send(std::mem::take(&mut batch));
                }
            });
            if let Err(error) = listed {
                let shown = folder.strip_prefix(root).unwrap_or(&folder);
                self.notes.unreadable.add(|| format!("{}: {error}", shown.display()));
            }
        }
        let _ = sender.send(batch);
    }

    fn list(
        &self,
        folder: &Path,
        folders: &mut Vec<PathBuf>,
        file: &mut dyn FnMut(PathBuf),
    ) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let kind = entry.file_type()?;
            let path = entry.path();
            if kind.is_dir() && entry.file_name() == OsStr::new(".git") {
                let config = path.join("config");
                if config.is_file() {
                    file(config);
                }
            } else if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() {
                // Pipes, sockets and devices have no end.
                file(path);
            }
        }
        Ok(())
    }

    /// A file that git ignores goes nowhere with a push.
    fn mark_ignored(&self, root: &Path, finds: &mut [Find]) {
        let file = |find: &Find| find.place.path.split('!').next().unwrap_or_default().to_owned();
        let paths: HashSet<String> = finds.iter().map(file).collect();
        if paths.is_empty() {
            return;
        }
        let ignored = ignored::among(root, &self.variables, &paths);
        for find in finds {
            find.ignored = ignored.contains(&file(find));
        }
    }
}
