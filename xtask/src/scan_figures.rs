//! `cargo xtask scan-figures`: recall, speed, false finds and history of `tollgate scan`.

mod history;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{cargo, loud};
use crate::{Result, target_dir};

pub(crate) const HELP: &str = "\
cargo xtask scan-figures

Fetches three source packages and ripgrep from Debian into target/scan-figures (250 MB, 4 GB
unpacked; apt, dpkg, git and openssl must be there), builds the scanner optimized, and prints

  recall        500 planted secrets, by each of three seeds; one missed is a failure
  speed         one core over the largest tree, by processor time, and ripgrep with the same literals;
                less than 200 MB/s or half as fast is a failure
  false finds   all that is found in the three trees: a private key is one if openssl or ssh-keygen
                reads it; everything else counts as false; more than 1 find in 1,000 is a failure
  history       the three trees as one repository, and 30,000 commits made of the first one's files";

/// Source packages, and how much of a name begins its files and its folder.
const TREES: [(&str, &str); 3] = [("linux", "linux-"), ("golang-1.19", "go"), ("nodejs", "node-")];

pub(crate) fn run() -> Result<()> {
    let home = target_dir().join("scan-figures");
    let trees = home.join("trees");
    fs::create_dir_all(&trees)?;
    let apt = Apt::new(&home)?;
    for (package, start) in TREES {
        if folder(&trees, start)?.is_none() {
            apt.source(package, &trees)?;
        }
    }
    let rg = apt.ripgrep(&home)?;
    let figures = build()?;
    for seed in ["1", "2", "3"] {
        let planted = home.join("planted");
        let _ = fs::remove_dir_all(&planted);
        loud(Command::new(&figures).arg("recall").arg(&planted).arg(seed))?;
    }
    speed(&figures, &rg, &home)?;
    let missing = "a tree is missing";
    let folders = TREES.map(|(_, start)| folder(&trees, start)?.ok_or(missing.into()));
    let folders = folders.into_iter().collect::<Result<Vec<PathBuf>>>()?;
    loud(Command::new(&figures).arg("finds").args(&folders))?;
    for repository in [repository(&home, &trees)?, history::make(&home, &folders[0])?] {
        loud(Command::new(&figures).arg("history").arg(repository))?;
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    loud(&mut cargo(&["build", "--release", "-p", "scan", "--example", "figures"]))?;
    Ok(target_dir().join("release/examples/figures"))
}

fn speed(figures: &Path, rg: &Path, home: &Path) -> Result<()> {
    let tree = folder(&home.join("trees"), TREES[0].1)?.ok_or("the largest tree is missing")?;
    let literals = Command::new(figures).arg("literals").output()?.stdout;
    let list = home.join("literals");
    fs::write(&list, literals)?;
    let ours = ticks_of(Command::new(figures).arg("speed").arg(&tree))?;
    let mut best = u64::MAX;
    for _ in 0..3 {
        let before = children_ticks()?;
        // 1 is "nothing found", which is no failure of the search.
        let mut search = Command::new(rg);
        search.args(["-uuu", "-a", "-j1", "-c", "-F", "-f"]).arg(&list).arg(&tree);
        search.stdout(Stdio::null()).status()?;
        best = best.min(children_ticks()? - before);
    }
    let ratio = best * 100 / ours.max(1);
    println!(
        "ripgrep, the same literals: {}.{:02} s of one core; ratio {}.{:02}",
        best / 100,
        best % 100,
        ratio / 100,
        ratio % 100
    );
    if ratio < 50 { Err("less than half as fast as ripgrep".into()) } else { Ok(()) }
}

/// What `speed` says, which it prints too: hundredths of a second of one core, the best of three.
fn ticks_of(speed: &mut Command) -> Result<u64> {
    let output = speed.stderr(Stdio::inherit()).output()?;
    let said = String::from_utf8(output.stdout)?;
    print!("{said}");
    if !output.status.success() {
        return Err("the scan is too slow".into());
    }
    let seconds = said.split(", ").nth(1).and_then(|part| part.split(' ').next());
    let seconds = seconds.ok_or("`speed` has another form")?;
    Ok(seconds.replace('.', "").parse()?)
}

/// The processor's time of all children so far, in hundredths of a second.
fn children_ticks() -> Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let fields: Vec<&str> = fields.split_whitespace().collect();
    match fields[..] {
        [_, _, _, _, _, _, _, _, _, _, _, _, _, user, system, ..] => {
            Ok(user.parse::<u64>()? + system.parse::<u64>()?)
        }
        _ => Err("/proc/self/stat has another form".into()),
    }
}

/// All three trees in one commit, packed.
fn repository(home: &Path, trees: &Path) -> Result<PathBuf> {
    let git_dir = home.join("history.git");
    if git_dir.join("refs/heads/main").exists() {
        return Ok(git_dir);
    }
    let git = |arguments: &[&str]| -> Result<()> {
        let mut command = Command::new("git");
        command.arg("--git-dir").arg(&git_dir).arg("--work-tree").arg(trees);
        command.args(["-c", "user.name=figures", "-c", "user.email=figures@example.com"]);
        command.args(["-c", "core.autocrlf=false", "-c", "gc.auto=0", "-c", "safe.directory=*"]);
        loud(command.args(arguments))
    };
    git(&["init", "-q", "-b", "main"])?;
    git(&["add", "-f", "-A"])?;
    git(&["commit", "-q", "-m", "three trees"])?;
    git(&["repack", "-q", "-a", "-d", "--window=0"])?;
    Ok(git_dir)
}

/// apt with lists of its own, so that the machine's sources stay as they are.
struct Apt {
    home: PathBuf,
}

impl Apt {
    fn new(home: &Path) -> Result<Self> {
        let this = Self { home: home.join("apt") };
        let lists = this.home.join("lists/partial");
        if !lists.exists() {
            fs::create_dir_all(&lists)?;
            let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
            let line =
                format!("deb-src [signed-by={keys}] http://deb.debian.org/debian bookworm main\n");
            fs::write(this.home.join("sources.list"), line)?;
            loud(this.get().args(["-q", "update"]))?;
        }
        Ok(this)
    }

    fn get(&self) -> Command {
        let mut command = Command::new("apt-get");
        let of = |name: &str, path: PathBuf| format!("{name}={}", path.display());
        command.args(["-o", &of("Dir::Etc::SourceList", self.home.join("sources.list"))]);
        command.args(["-o", "Dir::Etc::SourceParts=/dev/null"]);
        command.args(["-o", &of("Dir::State::Lists", self.home.join("lists"))]);
        command
    }

    /// Only the maker's own tree, without Debian's changes.
    fn source(&self, package: &str, trees: &Path) -> Result<()> {
        let packed = self.home.join(package);
        fs::create_dir_all(&packed)?;
        let source = ["-q", "--download-only", "source", package];
        loud(self.get().args(source).current_dir(&packed))?;
        for entry in fs::read_dir(&packed)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.contains(".orig.tar.") && !name.ends_with(".asc") {
                loud(Command::new("tar").arg("xf").arg(&path).current_dir(trees))?;
            }
        }
        Ok(fs::remove_dir_all(&packed)?)
    }

    fn ripgrep(&self, home: &Path) -> Result<PathBuf> {
        let place = home.join("rg");
        let program = place.join("usr/bin/rg");
        if program.exists() {
            return Ok(program);
        }
        fs::create_dir_all(&place)?;
        loud(Command::new("apt-get").args(["-q", "download", "ripgrep"]).current_dir(&place))?;
        for entry in fs::read_dir(&place)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "deb") {
                loud(Command::new("dpkg").arg("-x").arg(&path).arg(&place))?;
            }
        }
        Ok(program)
    }
}

fn folder(trees: &Path, start: &str) -> Result<Option<PathBuf>> {
    for entry in fs::read_dir(trees)? {
        let entry = entry?;
        if entry.file_name().to_string_lossy().starts_with(start) && entry.path().is_dir() {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}
