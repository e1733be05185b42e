//! Every object of a repository, each once, whatever its history looks like.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};
use std::sync::atomic::Ordering;

use super::origin::{Origins, origins};
use super::{Repository, not_started, piped};
use crate::contents::Contents;
use crate::find::Find;
use crate::report::Report;
use crate::settings::Scanner;
use crate::{Baseline, Problem};

/// Objects that one reader is given before the next has its turn: neighbours in a pack are made
/// from one another.
const TURN: usize = 256;

impl Scanner {
    /// Scans all blobs, commit messages and tags. A blob is read once, however many commits have
    /// it; who brought it is looked up only for finds. What no ref reaches any more is counted, and
    /// not told.
    ///
    /// # Errors
    /// When this is no repository, or git cannot be run.
    pub fn history(&self, path: &Path, baseline: Option<&Baseline>) -> Result<Report, Problem> {
        let repository = Repository::open(path, &self.variables)?;
        let finds = self.objects(&repository)?;
        let hits: Vec<&str> = finds.iter().filter_map(|find| find.object.as_deref()).collect();
        let origins = origins(&repository, &hits)?;
        let (placed, unreached) = placed(finds, &origins);
        let mut report = Report::of(grouped(placed), baseline);
        report.unreached = unreached;
        Ok(report)
    }

    fn objects(&self, repository: &Repository) -> Result<Vec<Find>, Problem> {
        let mut list = repository
            .command(&[
                "cat-file",
                "--batch-all-objects",
                "--unordered",
                "--batch-check=%(objectname) %(objecttype)",
            ])
            .spawn()
            .map_err(|error| not_started(&error))?;
        let ids = piped(list.stdout.take())?;
        let mut readers = Vec::new();
        for _ in 0..self.threads {
            readers.push(Reader::start(repository)?);
        }
        let read = std::thread::scope(|scope| {
            let (inputs, outputs): (Vec<_>, Vec<_>) = readers
                .iter_mut()
                .map(|reader| (reader.input.take(), reader.output.take()))
                .unzip();
            let dealt = scope.spawn(|| self.deal(ids, inputs.into_iter().flatten().collect()));
            let work = |output| scope.spawn(|| self.read_objects(output));
            let workers: Vec<_> = outputs.into_iter().flatten().map(work).collect();
            let mut finds = Vec::new();
            for worker in workers {
                let found = worker.join().map_err(|_| io::Error::other("a reader failed"))?;
                finds.extend(found?);
            }
            dealt.join().map_err(|_| io::Error::other("the list failed"))??;
            Ok(finds)
        });
        for reader in &mut readers {
            let _ = reader.child.wait();
        }
        let ended = list.wait().map_err(|error| not_started(&error))?;
        match read {
            Ok(finds) if ended.success() => Ok(finds),
            Ok(_) => Err(Problem("git could not list its objects: is it damaged?".to_owned())),
            Err(error) => Err::<_, io::Error>(error)
                .map_err(|error| Problem(format!("cannot read git's objects: {error}"))),
        }
    }

    /// Hands the ids of all that can hold a secret to the readers, in turns.
    fn deal(&self, ids: ChildStdout, inputs: Vec<ChildStdin>) -> io::Result<()> {
        let mut inputs: Vec<_> = inputs.into_iter().map(BufWriter::new).collect();
        let count = inputs.len();
        let mut dealt = 0;
        let mut line = String::new();
        let mut ids = BufReader::new(ids);
        loop {
            line.clear();
            if ids.read_line(&mut line)? == 0 {
                return inputs.iter_mut().try_for_each(Write::flush);
            }
            // A tree has names only.
            let Some((id, "blob" | "commit" | "tag")) = line.trim_end().split_once(' ') else {
                continue;
            };
            writeln!(inputs[dealt / TURN % count], "{id}")?;
            dealt += 1;
            self.progress.all.store(dealt as u64, Ordering::Relaxed);
        }
    }

    fn read_objects(&self, output: ChildStdout) -> io::Result<Vec<Find>> {
        let mut contents = Contents::new(self);
        let mut output = BufReader::with_capacity(256 * 1024, output);
        let mut head = String::new();
        loop {
            head.clear();
            if output.read_line(&mut head)? == 0 {
                return Ok(contents.finds);
            }
            let fields: Vec<&str> = head.trim_end().split(' ').collect();
            // `ID missing`: a partial clone has not fetched it.
            let [id, kind, size] = fields[..] else { continue };
            let size: u64 = size.parse().map_err(io::Error::other)?;
            let path = match kind {
                "commit" => "(commit message)",
                "tag" => "(tag)",
                _ => "",
            };
            let mut object = (&mut output).take(size);
            contents.object(path, Some(id.to_owned()), &mut object)?;
            io::copy(&mut object, &mut io::sink())?;
            output.read_exact(&mut [0])?;
        }
    }
}

struct Reader {
    child: Child,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
}

impl Reader {
    fn start(repository: &Repository) -> Result<Self, Problem> {
        let mut child = repository
            .command(&["cat-file", "--batch", "--buffer"])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let (input, output) = (child.stdin.take(), child.stdout.take());
        Ok(Self { child, input, output })
    }
}

/// Puts paths and commits to finds; the number is of those that no ref reaches.
fn placed(finds: Vec<Find>, origins: &Origins) -> (Vec<Find>, u64) {
    let mut placed = Vec::new();
    let mut unreached = 0;
    for mut find in finds {
        let origin = find.object.as_ref().and_then(|id| origins.get(id));
        let Some(origin) = origin else {
            unreached += 1;
            continue;
        };
        if let Some(path) = &origin.path {
            // The path within an archive is there already, behind its `!`.
            find.place.path = format!("{path}{}", find.place.path);
        }
        find.commit.clone_from(&origin.commit);
        placed.push(find);
    }
    (placed, unreached)
}

/// One find for a secret in a file, of however many versions: the oldest.
fn grouped(finds: Vec<Find>) -> Vec<Find> {
    let mut groups: HashMap<(String, String), Find> = HashMap::new();
    let newer = |find: &Find| find.commit.as_ref().map_or(0, |commit| commit.newer);
    for find in finds {
        let key = (find.place.path.clone(), find.fingerprint.clone());
        match groups.get_mut(&key) {
            None => drop(groups.insert(key, find)),
            Some(oldest) => {
                let versions = oldest.versions + u64::from(oldest.object != find.object);
                if newer(&find) > newer(oldest) {
                    *oldest = find;
                }
                oldest.versions = versions;
            }
        }
    }
    groups.into_values().collect()
}
