//! git, as a child that can run nothing of the repository's: no hooks, no filters, no pagers, no
//! monitors, no transports, and plumbing commands alone.

mod history;
pub(crate) mod ignored;
mod origin;
mod staged;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Problem;

/// What git needs of an environment, and no more.
const PASSED: [&str; 5] = ["HOME", "XDG_CONFIG_HOME", "TMPDIR", "LANG", "USER"];
/// What git itself says to a hook; `commit -a` has its index elsewhere, for one.
const FROM_GIT: [&str; 5] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
];
/// Over whatever a repository's config says. A partial clone's missing objects are not fetched.
const SETTINGS: [&str; 9] = [
    "core.fsmonitor=false",
    "core.untrackedCache=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.quotePath=false",
    "core.alternateRefsCommand=true",
    "log.showSignature=false",
    "protocol.allow=never",
    "protocol.ext.allow=never",
];

/// The environment that git is run in.
#[derive(Clone, Default)]
pub struct Variables(Vec<(OsString, OsString)>);

impl Variables {
    /// From the process's environment. What git says to its hooks is taken `in_hook` only: it is
    /// about the repository of the working directory, and no other.
    #[must_use]
    pub fn of(all: impl Iterator<Item = (OsString, OsString)>, in_hook: bool) -> Self {
        let from_git: &[&str] = if in_hook { &FROM_GIT } else { &[] };
        let wanted = |name: &OsStr| PASSED.iter().chain(from_git).any(|wanted| name == *wanted);
        let keep = |(name, value): (OsString, OsString)| {
            if name == "PATH" {
                return Some((name, absolute(&value)));
            }
            wanted(&name).then_some((name, value))
        };
        Self(all.filter_map(keep).collect())
    }
}

/// Without folders such as `.`, in which a repository could have a `git` of its own.
fn absolute(path: &OsStr) -> OsString {
    let folders = std::env::split_paths(path).filter(|folder| folder.is_absolute());
    std::env::join_paths(folders).unwrap_or_default()
}

/// A repository, found from a path in it.
pub(crate) struct Repository {
    path: PathBuf,
    variables: Variables,
}

impl Repository {
    pub(crate) fn open(path: &Path, variables: &Variables) -> Result<Self, Problem> {
        let this = Self { path: path.to_owned(), variables: variables.clone() };
        this.text(&["rev-parse", "--absolute-git-dir"])?;
        Ok(this)
    }

    /// A git that speaks through pipes.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.trusting(&[]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        command.args(arguments);
        command
    }

    /// With the repository's own settings: only for asking what they are.
    fn trusting(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        command
            .arg("--no-pager")
            .arg("-C")
            .arg(&self.path)
            .args(arguments)
            .env_clear()
            .envs(self.variables.0.iter().map(|(name, value)| (name, value)))
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_OPTIONAL_LOCKS", "0")
            .env("LC_ALL", "C")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What a command prints, if it ends well.
    fn bytes(&self, arguments: &[&str]) -> Result<Vec<u8>, Problem> {
        run(self.command(arguments))
    }

    fn text(&self, arguments: &[&str]) -> Result<String, Problem> {
        let bytes = self.bytes(arguments)?;
        Ok(String::from_utf8_lossy(&bytes).trim_end_matches('\n').to_owned())
    }

    /// Where its hooks are, as its own settings have it.
    pub(crate) fn hooks(&self) -> Result<PathBuf, Problem> {
        let said = run(self.trusting(&["rev-parse", "--git-path", "hooks"]))?;
        let said = String::from_utf8_lossy(&said);
        Ok(self.path.join(said.trim_end_matches('\n')))
    }
}

fn run(mut command: Command) -> Result<Vec<u8>, Problem> {
    let output = command.output().map_err(|error| not_started(&error))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let said = said.lines().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
    Err(Problem(format!("git: {}", said.trim_start_matches("fatal: "))))
}

fn not_started(error: &std::io::Error) -> Problem {
    Problem(format!("cannot run git: {error}"))
}

/// A stream of a child's that was asked for.
fn piped<T>(stream: Option<T>) -> Result<T, Problem> {
    stream.ok_or_else(|| Problem("git has no pipe".to_owned()))
}
