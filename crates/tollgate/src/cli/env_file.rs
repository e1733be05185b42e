//! `tollgate env`: a `.env` file with a key in it, as private as such a file can be.
//!
//! Ours is what stands between two marks. Everything else in the file stays as it is, and a name
//! that somebody else has set there is not set again.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use domain::Secret;
use scan::{Keeping, Variables, keeping};

use super::api::Api;
use super::failure::Failure;
use super::own_key::{KeyFrom, write_private};
use super::said::Said;
use super::{Env, api, reveal};

#[derive(clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// The file
    #[arg(long, default_value = ".env")]
    file: PathBuf,
    /// Change nothing: say whether the file is private, ignored by git, whole, and its key works
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    key: KeyFrom,
}

const AFTER: &str = "\
Sets OPENAI_API_KEY and OPENAI_BASE_URL between two marks, with mode 0600, and has git ignore the
file. A file that git keeps is refused, and a name that is set there by somebody else is left alone.
--check exits with 1 where something is wrong.";

const BEGIN: &str =
    "# >>> tollgate env: made by `tollgate env`, which replaces what is between the marks";
const END: &str = "# <<< tollgate env";
const KEY: &str = "OPENAI_API_KEY";
const URL: &str = "OPENAI_BASE_URL";
const LASTS: i64 = 90 * 86_400;

pub(super) async fn run(args: Args, env: &Env) -> Result<Said, Failure> {
    let file = EnvFile::read(&args.file)?;
    if args.check {
        return file.check(env).await;
    }
    if file.keeping == Keeping::Tracked {
        return Err(Failure::new(format!(
            "git keeps {}: a key in it would be in every clone",
            file.shown()
        ))
        .next(format!("Take it out first: git rm --cached {}", file.shown())));
    }
    if let Some((line, name)) = file.set_by_others() {
        return Err(Failure::new(format!("line {line} of {} sets {name} already", file.shown()))
            .next("Take that line away, or name another file with --file."));
    }
    let label = format!("env {}", file.shown());
    let key = args.key.resolve(env, &label, LASTS).await?;
    // The file is ignored before there is a key in it.
    let ignored = file.have_git_ignore()?;
    file.write(&key.secret, &api::url(env))?;
    let mut said =
        Said::talk(format!("{KEY} and {URL} are set in {}, readable by you alone.", file.shown()));
    if ignored {
        said = said.add_talk("It is in .gitignore now.");
    }
    if let Some(minted) = key.minted {
        said = said.add_talk(format!(
            "Its key is {}; `tollgate keys revoke {}` ends it.",
            minted.id, minted.id
        ));
    }
    Ok(said)
}

struct EnvFile {
    path: PathBuf,
    folder: PathBuf,
    name: String,
    /// `None` where there is no file.
    text: Option<String>,
    keeping: Keeping,
}

impl EnvFile {
    fn read(path: &Path) -> Result<Self, Failure> {
        let failed = |why: &str| Failure::new(format!("{}: {why}", path.display()));
        let name = path.file_name().ok_or_else(|| failed("it is no file's name"))?;
        let name = name.to_str().ok_or_else(|| failed("its name is no text"))?.to_owned();
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        let text = match fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(failed(&error.to_string())),
            // Whatever it leads to, it is not the file that was meant.
            Ok(about) if !about.is_file() => return Err(failed("it is no ordinary file")),
            Ok(_) => Some(fs::read_to_string(path).map_err(|error| failed(&error.to_string()))?),
        };
        let keeping = how_kept(&folder, &name);
        Ok(Self { path: path.to_owned(), folder, name, text, keeping })
    }

    fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// What stands before our marks and behind them. A mark without its fellow is no mark.
    fn around(&self) -> (String, String) {
        let text = self.text.as_deref().unwrap_or_default();
        let begin = text.find(BEGIN);
        let end = begin.and_then(|at| Some(at + text[at..].find(END)?));
        match (begin, end) {
            (Some(begin), Some(end)) => {
                let rest = &text[end + END.len()..];
                let rest = rest.strip_prefix("\r\n").or(rest.strip_prefix('\n')).unwrap_or(rest);
                (text[..begin].to_owned(), rest.to_owned())
            }
            _ if text.is_empty() || text.ends_with('\n') => (text.to_owned(), String::new()),
            _ => (format!("{text}\n"), String::new()),
        }
    }

    /// The first line, from 1, that sets one of our names outside of our marks.
    fn set_by_others(&self) -> Option<(usize, &'static str)> {
        let text = self.text.as_deref().unwrap_or_default();
        let mut ours = false;
        for (number, line) in text.lines().enumerate() {
            match line {
                BEGIN => ours = true,
                END => ours = false,
                _ if ours => {}
                line => {
                    let line = line.trim_start();
                    let line = line.strip_prefix("export ").unwrap_or(line).trim_start();
                    let name = line.split('=').next().unwrap_or_default().trim_end();
                    let is = [KEY, URL].into_iter().find(|ours| *ours == name);
                    if let Some(name) = is.filter(|_| line.contains('=')) {
                        return Some((number + 1, name));
                    }
                }
            }
        }
        None
    }

    fn write(&self, key: &Secret, url: &str) -> Result<(), Failure> {
        let (before, behind) = self.around();
        let before = format!("{before}{BEGIN}\n{URL}={url}/v1\n");
        let text = reveal::between(&before, KEY, key, &format!("{END}\n{behind}"));
        write_private(&self.path, &text)
            .map_err(|error| Failure::new(format!("cannot write {}: {error}", self.shown())))
    }

    /// Says whether a line was added.
    fn have_git_ignore(&self) -> Result<bool, Failure> {
        if self.keeping != Keeping::Open {
            return Ok(false);
        }
        let list = self.folder.join(".gitignore");
        let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", list.display()));
        // git reads no list through a link, and what it leads to is not ours to write into.
        if fs::symlink_metadata(&list).is_ok_and(|about| !about.is_file()) {
            return Err(Failure::new(format!("{} is no ordinary file", list.display()))
                .next("Make it one, or have git ignore the file in another way."));
        }
        let mut text = match fs::read_to_string(&list) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(failed(error)),
        };
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        text.push_str(&format!("/{}\n", self.name));
        fs::write(&list, text).map_err(failed)?;
        match how_kept(&self.folder, &self.name) {
            Keeping::Ignored => Ok(true),
            _ => Err(Failure::new(format!("git does not ignore {} even so", self.shown()))
                .next("Look for what says otherwise: git check-ignore -v")),
        }
    }

    async fn check(&self, env: &Env) -> Result<Said, Failure> {
        let Some(text) = &self.text else {
            return Err(Failure::new(format!("{} is not there", self.shown()))
                .next("`tollgate env` writes it."));
        };
        let mut wrong = Vec::new();
        let mode = fs::metadata(&self.path).map(|about| about.permissions().mode()).unwrap_or(0);
        if mode & 0o077 != 0 {
            wrong.push(format!("others may read it; run: chmod 600 {}", self.shown()));
        }
        match self.keeping {
            Keeping::Tracked => {
                wrong.push("git keeps it, so its key is in every clone: revoke it".to_owned())
            }
            Keeping::Open => {
                wrong.push("git does not ignore it; `tollgate env` has it ignored".to_owned())
            }
            Keeping::Ignored | Keeping::NoRepository => {}
        }
        let value = |name: &str| {
            let of = |line: &str| Some(line.strip_prefix(name)?.strip_prefix('=')?.to_owned());
            text.lines().find_map(of)
        };
        match (value(KEY), value(URL)) {
            (Some(key), Some(url)) => wrong.extend(works(env, &key, &url).await.err()),
            _ => wrong.push(format!("it does not set {KEY} and {URL}")),
        }
        match wrong.is_empty() {
            true => Ok(Said::talk(format!(
                "{} is well: private, not kept by git, and its key works.",
                self.shown()
            ))),
            false => Err(Failure::new(format!("{}: {}", self.shown(), wrong.join("; ")))),
        }
    }
}

fn how_kept(folder: &Path, name: &str) -> Keeping {
    keeping(folder, name, &Variables::of(std::env::vars_os(), false))
}

async fn works(env: &Env, key: &str, url: &str) -> Result<(), String> {
    if url.trim_end_matches('/') != format!("{}/v1", api::url(env)) {
        return Err(format!("its {URL} is not this Tollgate's, {}/v1", api::url(env)));
    }
    let as_it = Env { admin_key: Some(Secret::from(key)), ..env.clone() };
    let api = Api::connect(&as_it).map_err(|failure| failure.message().to_owned())?;
    let answered = api.get("/tollgate/v1/me").await;
    answered.map(drop).map_err(|failure| format!("its key: {}", failure.message()))
}

#[cfg(test)]
mod tests;
