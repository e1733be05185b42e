//! Trees, staged files and histories of real repositories, and of hostile ones.

#![allow(clippy::unwrap_used, reason = "a test may stop where it stands")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use domain::KeyKind;
use scan::{Baseline, Report, Scanner, Variables};
use tempfile::TempDir;

struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let this = Self(TempDir::new().unwrap());
        this.git(&["init", "-q", "-b", "main"]);
        this
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-C", self.path().to_str().unwrap()])
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com"])
            .args(arguments)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {said}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn commit(&self, name: &str, text: &str) -> String {
        self.write(name, text);
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", "change"]);
        self.git(&["rev-parse", "HEAD"])
    }
}

fn scanner() -> Scanner {
    let variables = std::env::vars_os().chain([("GIT_CONFIG_GLOBAL".into(), "/dev/null".into())]);
    Scanner::new(Baseline::salt(None), Variables::of(variables, false))
}

fn key() -> String {
    vault::key::mint(KeyKind::Project).expose().to_owned()
}

fn places(report: &Report) -> Vec<String> {
    report.finds.iter().map(|f| format!("{}:{}", f.place.path, f.place.line)).collect()
}

#[test]
fn a_tree_is_scanned_without_circles_and_without_what_cannot_be_read() {
    let repository = Repository::new();
    let path = repository.path();
    repository.write("a/b.txt", &format!("x\n{}\n", key()));
    repository.write(".git/config.d", &key());
    repository.write(".env", &format!("K={}", key()));
    repository.write(".gitignore", ".env\n");
    symlink(path, path.join("a/circle")).unwrap();
    symlink(path.join("a/b.txt"), path.join("link")).unwrap();
    symlink("/nowhere/at/all", path.join("broken")).unwrap();
    let status = Command::new("mkfifo").arg(path.join("pipe")).status().unwrap();
    assert!(status.success());
    repository.git(&["remote", "add", "o", &format!("https://x:{}@example.com/", key())]);
    let scanner = scanner();
    let report = scanner.tree(path, None).unwrap();
    assert_eq!(places(&report), [".env:1", ".git/config:7", "a/b.txt:2"]);
    let ignored: Vec<bool> = report.finds.iter().map(|find| find.ignored).collect();
    assert_eq!(ignored, [true, false, false]);
    assert_eq!((report.count(false), report.count(true)), (2, 3));
    assert!(scanner.tree(Path::new("/nowhere/at/all"), None).is_err());
}

#[test]
fn what_may_not_be_read_is_counted_and_told() {
    let folder = TempDir::new().unwrap();
    let locked = folder.path().join("locked");
    fs::write(&locked, key()).unwrap();
    fs::set_permissions(&locked, fs::Permissions::from_mode(0o0)).unwrap();
    fs::write(folder.path().join("open"), key()).unwrap();
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o0)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let scan = || {
        // Root reads everything: as nobody, this thread and those that it starts do not.
        if rustix::process::geteuid().is_root() {
            let nobody = rustix::process::Uid::from_raw(65_534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        let scanner = scanner();
        let report = scanner.tree(folder.path(), None).unwrap();
        (places(&report), scanner.notes.unreadable.count())
    };
    let seen = std::thread::scope(|scope| scope.spawn(scan).join().unwrap());
    assert_eq!(seen, (vec!["open:1".to_owned()], 2));
}

#[test]
fn only_what_is_staged_and_new_is_told() {
    let repository = Repository::new();
    let path = repository.path();
    // Before the first commit.
    let (old, new) = (key(), key());
    repository.write("a", &old);
    repository.git(&["add", "a"]);
    assert_eq!(places(&scanner().staged(path, None).unwrap()), ["a:1"]);
    repository.git(&["commit", "-q", "-m", "first"]);
    assert!(scanner().staged(path, None).unwrap().finds.is_empty());
    // In the file, but not staged.
    repository.write("a", &format!("{old}\n{new}"));
    assert!(scanner().staged(path, None).unwrap().finds.is_empty());
    repository.git(&["add", "a"]);
    assert_eq!(places(&scanner().staged(path, None).unwrap()), ["a:2"]);
    // Staged, and gone from the folder since.
    fs::remove_file(path.join("a")).unwrap();
    assert_eq!(places(&scanner().staged(path, None).unwrap()), ["a:2"]);
    assert!(scanner().staged(Path::new("/"), None).is_err());
}

#[test]
fn a_history_tells_who_brought_what_when() {
    let repository = Repository::new();
    let (file, message, branch) = (key(), key(), key());
    let first = repository.commit("a/b c.txt", &format!("\n{file}\n"));
    repository.commit("a/b c.txt", &format!("\n{file}\nmore\n"));
    repository.commit("a/b c.txt", "clean\n");
    repository.git(&["commit", "-q", "--allow-empty", "-m", &format!("use {message}")]);
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.commit("side", &branch);
    repository.git(&["checkout", "-q", "main"]);
    // Staged once and never committed.
    repository.write("never", &key());
    repository.git(&["add", "never"]);
    repository.git(&["rm", "-q", "--cached", "never"]);
    let report = scanner().history(repository.path(), None).unwrap();
    assert_eq!(places(&report), ["(commit message):6", "a/b c.txt:2", "side:1"]);
    let find = &report.finds[1];
    let commit = find.commit.as_ref().unwrap();
    assert_eq!((commit.id.as_str(), commit.author.as_str()), (first.as_str(), "A <a@example.com>"));
    assert_eq!(find.versions, 2);
    assert!(commit.seconds > 1_700_000_000);
    assert_eq!(report.unreached, 1);
}

#[test]
fn a_secret_that_only_a_merge_brought_is_placed() {
    let repository = Repository::new();
    repository.commit("a", "1\n");
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.commit("b", "2\n");
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("c", "3\n");
    repository.git(&["merge", "-q", "--no-commit", "--no-ff", "side"]);
    let merge = repository.commit("evil", &key());
    let report = scanner().history(repository.path(), None).unwrap();
    assert_eq!(report.finds[0].commit.as_ref().unwrap().id, merge);
}

#[test]
fn a_repository_in_the_middle_of_a_rebase_is_scanned() {
    let repository = Repository::new();
    repository.commit("a", "1\n");
    repository.git(&["checkout", "-q", "-b", "side"]);
    repository.commit("a", "2\n");
    repository.git(&["checkout", "-q", "main"]);
    repository.commit("a", &format!("{}\n", key()));
    let rebase = Command::new("git")
        .args(["-C", repository.path().to_str().unwrap(), "-c", "user.name=A"])
        .args(["-c", "user.email=a@example.com", "rebase", "side"])
        .output()
        .unwrap();
    assert!(!rebase.status.success());
    assert!(repository.path().join(".git/rebase-merge").exists());
    repository.write("b", &key());
    repository.git(&["add", "b"]);
    assert_eq!(places(&scanner().staged(repository.path(), None).unwrap()), ["b:1"]);
    assert_eq!(scanner().history(repository.path(), None).unwrap().finds.len(), 1);
    assert_eq!(scanner().tree(repository.path(), None).unwrap().finds.len(), 2);
}

#[test]
fn a_hostile_repository_runs_nothing() {
    let repository = Repository::new();
    let path = repository.path();
    repository.commit("a", &key());
    repository.write("b", &key());
    repository.git(&["add", "b"]);
    let ran = path.join("ran");
    let program =
        repository.write("evil.sh", &format!("#!/bin/sh\necho \"$0\" >> {}\ncat\n", ran.display()));
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    fs::copy(&program, path.join("git")).unwrap();
    let program = program.to_str().unwrap();
    for setting in [
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "core.gitProxy",
        "core.alternateRefsCommand",
        "diff.external",
        "diff.evil.textconv",
        "diff.evil.command",
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "gpg.program",
        "pager.cat-file",
        "pager.diff-index",
        "pager.rev-list",
        "alias.cat-file",
        "credential.helper",
        "uploadpack.packObjectsHook",
        "interactive.diffFilter",
    ] {
        repository.git(&["config", setting, program]);
    }
    repository.git(&["config", "core.hooksPath", path.to_str().unwrap()]);
    repository.git(&["config", "log.showSignature", "true"]);
    repository.git(&["config", "filter.evil.required", "true"]);
    for hook in ["pre-commit", "post-index-change", "reference-transaction", "post-checkout"] {
        fs::copy(program, path.join(hook)).unwrap();
    }
    fs::write(path.join(".gitattributes"), "* diff=evil filter=evil\n").unwrap();
    let _ = fs::remove_file(&ran);

    assert!(!scanner().tree(path, None).unwrap().finds.is_empty());
    assert_eq!(scanner().staged(path, None).unwrap().finds.len(), 1);
    assert_eq!(scanner().history(path, None).unwrap().finds.len(), 1);
    let hook =
        scan::install_hook(path, Path::new("/x"), &Variables::of(std::env::vars_os(), false));
    assert!(hook.is_err(), "there is one that is not ours");
    assert!(!ran.exists(), "{}", fs::read_to_string(&ran).unwrap_or_default());
}

#[test]
fn a_baseline_accepts_what_it_was_written_of_and_nothing_else() {
    let repository = Repository::new();
    let path = repository.path();
    let file = path.join("baseline.json");
    repository.write("a", &format!("{}\n", key()));
    let baseline = Baseline::new();
    let variables = || Variables::of(std::env::vars_os(), false);
    let scan = |baseline: Option<&Baseline>| {
        Scanner::new(Baseline::salt(baseline), variables()).tree(path, baseline).unwrap()
    };
    baseline.write(&scan(Some(&baseline)).finds, &file).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    let secret = fs::read_to_string(path.join("a")).unwrap();
    assert!(!text.contains(&secret.trim()[6..20]));
    let baseline = Baseline::read(&file).unwrap();
    // Moved, and in another file: the secret is the same.
    repository.write("b", &format!("\n\n{secret}"));
    let report = scan(Some(&baseline));
    assert_eq!((report.finds.len(), report.accepted.len()), (0, 2));
    repository.write("c", &key());
    assert_eq!(places(&scan(Some(&baseline))), ["c:1"]);
    for bad in ["", "[]", "{\"version\":2,\"salt\":\"\",\"finds\":[]}"] {
        fs::write(&file, bad).unwrap();
        assert!(Baseline::read(&file).is_err());
    }
    assert!(Baseline::read_if_there(&path.join("none")).unwrap().is_none());
}

#[test]
fn reports_hold_no_secret() {
    let repository = Repository::new();
    let secret = key();
    repository.commit("a\x1b[2J.txt", &secret);
    let scanner = scanner();
    let report = scanner.history(repository.path(), None).unwrap();
    let (human, json, sarif) = (
        scan::report::human(&report, true),
        scan::report::json(&report, &scanner),
        scan::report::sarif(&report),
    );
    for text in [&human, &json, &sarif] {
        assert!(!text.contains(&secret[6..secret.len() - 4]), "{text}");
        assert!(text.contains(&secret[secret.len() - 4..]));
        assert!(!text.contains("\x1b[2J"));
    }
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["finds"][0]["kind"], "tollgate-key");
    let sarif: serde_json::Value = serde_json::from_str(&sarif).unwrap();
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!(result["ruleId"], "tollgate-key");
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "a%1B%5B2J.txt");
}

#[test]
fn our_own_tree_holds_nothing_but_what_its_baseline_names() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let baseline = Baseline::read(&root.join(scan::DEFAULT_BASELINE)).unwrap();
    let variables = Variables::of(std::env::vars_os(), false);
    let scanner = Scanner::new(Baseline::salt(Some(&baseline)), variables);
    let mut accepted = 0;
    for folder in ["crates", "testkit", "xtask", "docs", "deploy", "bench", "fuzz/seeds"] {
        let report = scanner.tree(&root.join(folder), Some(&baseline)).unwrap();
        assert!(report.finds.is_empty(), "{}", scan::report::human(&report, false));
        accepted += report.accepted.len();
    }
    assert!(accepted > 0, "seeds of the fuzzer are keys of ours");
}
