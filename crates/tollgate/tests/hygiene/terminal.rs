//! What a person at a terminal is asked: the program on a terminal of its own, and somebody who
//! types.

use std::fs;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::{Value, json};
use testkit::Key;

use crate::support::{BIN, Stage, until};

struct Terminal {
    child: Child,
    typed: fs::File,
    screen: Arc<Mutex<String>>,
    reader: std::thread::JoinHandle<()>,
}

impl Terminal {
    fn run(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let side = || fs::OpenOptions::new().read(true).write(true).open(&name).unwrap();
        command.stdin(side()).stdout(side()).stderr(side());
        let child = command.spawn().unwrap();
        // Its own copies of the terminal go with it, so that its end is the screen's end.
        drop(command);
        let typed = fs::File::from(master);
        let mut shown = typed.try_clone().unwrap();
        let screen = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&screen);
        let reader = std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = shown.read(&mut buffer) {
                kept.lock().unwrap().push_str(&String::from_utf8_lossy(&buffer[..count]));
            }
        });
        Self { child, typed, screen, reader }
    }

    fn screen(&self) -> String {
        self.screen.lock().unwrap().clone()
    }

    /// Types a line once the screen has asked for the `number`th time (from 1).
    fn answer(&mut self, question: &str, number: usize, line: &str) {
        until(question, || self.screen().matches(question).count() >= number);
        self.typed.write_all(line.as_bytes()).unwrap();
        self.typed.write_all(b"\n").unwrap();
    }

    fn end(mut self) -> (Option<i32>, String) {
        let status = self.child.wait().unwrap();
        self.reader.join().unwrap();
        let screen = self.screen.lock().unwrap().clone();
        (status.code(), screen)
    }
}

fn tollgate(stage: &Stage, home: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(BIN);
    command.args(words).current_dir(home).env_clear();
    command.env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home);
    command.env("TERM", "xterm").env("TOLLGATE_URL", stage.gateway.url());
    command.env("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key());
    command
}

fn works(stage: &Stage, secret: &str) -> bool {
    stage.gateway.json(secret, "GET", "/v1/models", &Value::Null).status == 200
}

#[test]
fn a_person_is_asked_about_each_live_key_that_a_scan_finds() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let key = |name: &str| stage.gateway.create_key(&json!({ "name": name }));
    let [revoked, renewed, left, ended] = ["a", "b", "c", "d"].map(key);
    let path = format!("/v1/organization/projects/{}/api_keys/{}", ended.project, ended.id);
    stage.gateway.admin("DELETE", &path, &Value::Null);
    let found =
        |keys: &[&Key]| -> String { keys.iter().map(|k| format!("{}\n", k.value)).collect() };
    // One stands there twice, and is asked about once.
    let text = found(&[&revoked, &renewed, &left, &ended, &revoked]);
    fs::write(home.path().join("notes"), text).unwrap();

    let mut terminal = Terminal::run(tollgate(&stage, home.path(), &["scan", "."]));
    terminal.answer("leave it: ", 1, "r");
    terminal.answer("leave it: ", 2, "n");
    terminal.answer("leave it: ", 3, "");
    let (status, screen) = terminal.end();
    assert_eq!((status, screen.matches("leave it: ").count()), (Some(1), 3), "{screen}");
    assert!(!works(&stage, &revoked.value));
    assert!(works(&stage, &left.value) && screen.contains("Left as it is"));
    // The new one is on the screen, once; the found one has an hour.
    let new = screen
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("sk-tg-") && line.is_ascii())
        .unwrap();
    stage.gateway.plant(new);
    assert!(works(&stage, new) && works(&stage, &renewed.value));
    let path = format!("/tollgate/v1/projects/{}/api_keys/{}", renewed.project, renewed.id);
    let secrets = stage.gateway.admin("GET", &path, &Value::Null)["secrets"].clone();
    let span = secrets[1]["ends_at"].as_i64().unwrap() - secrets[0]["created_at"].as_i64().unwrap();
    assert!((3_500..=3_700).contains(&span), "{secrets}");
    for found in [&revoked, &renewed, &left, &ended] {
        assert!(!screen.contains(&found.value), "{screen}");
    }
}

#[test]
fn nobody_at_a_terminal_is_told_and_not_asked() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("notes"), &stage.key.value).unwrap();
    let mut command = tollgate(&stage, home.path(), &["scan", "."]);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains(&format!("tollgate keys revoke {}", stage.key.id)), "{said}");
    assert!(works(&stage, &stage.key.value) && !said.contains("leave it"));
}

/// 150 MB of a history take longer than a fifth of a second.
#[test]
fn a_long_scan_of_a_history_shows_how_far_it_is() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(words);
        command.current_dir(home.path()).env("HOME", home.path());
        assert!(command.stdout(Stdio::null()).status().unwrap().success());
    };
    git(&["init", "-q"]);
    for number in 0..50 {
        let text = format!("nothing secret in line {number}\n").repeat(100_000);
        fs::write(home.path().join(format!("file{number}")), text).unwrap();
    }
    git(&["add", "-A"]);
    git(&["commit", "-q", "-m", "all"]);
    let words = ["scan", "--history", "--threads", "1"];
    let (status, screen) = Terminal::run(tollgate(&stage, home.path(), &words)).end();
    assert_eq!(status, Some(0), "{screen}");
    assert!(screen.contains(" %  ") && screen.contains(" objects, "), "{screen}");
}

#[test]
fn a_key_that_was_given_is_kept_and_forgotten() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let run = |words: &[&str]| {
        let mut command = tollgate(&stage, home.path(), words);
        let output =
            command.env_remove("TOLLGATE_ADMIN_KEY").stdin(Stdio::null()).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (output.status.success(), text(output.stdout), text(output.stderr))
    };
    let login = |words: &[&str], typed: &str| {
        let mut command = tollgate(&stage, home.path(), words);
        command.env_remove("TOLLGATE_ADMIN_KEY");
        let mut terminal = Terminal::run(command);
        terminal.answer("press Return: ", 1, typed);
        let (status, screen) = terminal.end();
        (status == Some(0), screen)
    };
    let print = ["exec", "--", "sh", "-c", "printf %s \"$OPENAI_API_KEY\""];
    let file = home.path().join(".config/tollgate/key");
    assert!(!run(&print).0);

    // One that does not work is not kept.
    let (kept, screen) = login(&["login"], "sk-tg-mistyped");
    assert!(!kept && screen.contains("invalid_api_key") && !file.exists(), "{screen}");
    let (kept, screen) = login(&["login"], &stage.key.value);
    assert!(kept && screen.contains(&stage.key.id), "{screen}");
    assert_eq!(run(&print).1, stage.key.value);
    assert!(run(&["logout"]).2.contains("The key works on"));
    assert!(!file.exists() && !run(&print).0);

    // In the kernel's keyring where there is one; else it is refused, and kept nowhere.
    let (kept, screen) = login(&["login", "--keyring"], &stage.key.value);
    let (written, _, said) = run(&["logout"]);
    assert!(written && !file.exists());
    if !kept {
        assert!(screen.contains("keyring cannot be used") && screen.contains("--key-command"));
        assert!(said.contains("No key is kept"), "{said}");
        return;
    }
    assert!(said.contains("Taken out of Linux's keyring"), "{said}");
    assert!(!run(&print).0);
    let (kept, screen) = login(&["login", "--keyring"], &stage.key.value);
    assert!(kept, "{screen}");
    assert_eq!(run(&print).1, stage.key.value);
    // It is this Tollgate's: it goes to no other.
    let mut elsewhere = tollgate(&stage, home.path(), &print);
    elsewhere.env("TOLLGATE_URL", "http://127.0.0.1:9").env_remove("TOLLGATE_ADMIN_KEY");
    assert!(!elsewhere.output().unwrap().status.success());
    let mut made = tollgate(&stage, home.path(), &["keys", "create", "--save", "--keyring"]);
    assert!(made.status().unwrap().success());
    let new = run(&print).1;
    stage.gateway.plant(&new);
    assert!(new != stage.key.value && works(&stage, &new) && !file.exists());
    assert!(run(&["logout"]).0 && !run(&print).0);
}
