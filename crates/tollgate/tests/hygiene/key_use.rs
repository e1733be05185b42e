//! Keys out of the code: `exec`, `env`, `connect` and `scan` as people run them.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use testkit::TestGateway;

use crate::support::{BIN, Stage, until};

/// The program with nothing but what a person's shell would have.
fn tollgate(stage: &Stage, home: &Path) -> Command {
    let mut command = Command::new(BIN);
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("TOLLGATE_URL", stage.gateway.url())
        .env("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key())
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (text(&output.stdout), text(&output.stderr))
}

fn key_names(gateway: &TestGateway) -> Vec<String> {
    let output = Command::new(BIN)
        .args(["keys", "list", "--json"])
        .env("TOLLGATE_URL", gateway.url())
        .env("TOLLGATE_ADMIN_KEY", gateway.admin_key())
        .output()
        .unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rows = list["data"].as_array().unwrap();
    rows.iter().map(|row| row["name"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_program_gets_the_key_and_nothing_stale() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("k");
    fs::write(&file, format!("{}\n", stage.key.value)).unwrap();
    let run = |command: &mut Command| {
        let script = "printf '%s|' \"$OPENAI_API_KEY\" \"$OPENAI_BASE_URL\" \"$OPENAI_API_BASE\" \
             \"${OPENAI_ORG_ID-unset}\" \"${AZURE_OPENAI_API_KEY-unset}\" \
             \"${TOLLGATE_ADMIN_KEY-unset}\" \"$MINE\"; exit 7";
        command.args(["--key-name", "MINE", "--", "sh", "-c", script]);
        command.env("OPENAI_ORG_ID", "org-old").env("AZURE_OPENAI_API_KEY", "old").output().unwrap()
    };
    // Readable by others: refused, and nothing is run.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let output = run(tollgate(&stage, home.path()).args(["exec", "--key-file", "k"]));
    assert!(!output.status.success() && text(&output).1.contains("chmod 600"));
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let (key, url) = (&stage.key.value, stage.gateway.url());
    let wanted = format!("{key}|{url}/v1|{url}/v1|unset|unset|unset|{key}|");
    for words in [["--key-file", "k"], ["--key-command", "cat k"]] {
        let output = run(tollgate(&stage, home.path()).arg("exec").args(words));
        assert_eq!(
            (output.status.code(), text(&output)),
            (Some(7), (wanted.clone(), String::new()))
        );
    }
    let output = tollgate(&stage, home.path())
        .env("TOLLGATE_API_KEY", key)
        .args(["exec", "--", "no-such-program-anywhere"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(127));
}

#[test]
fn a_kept_key_is_private_and_used() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let none = tollgate(&stage, home.path()).args(["exec", "--", "true"]).output().unwrap();
    assert!(!none.status.success() && text(&none).1.contains("keys create --save"));
    let made = tollgate(&stage, home.path()).args(["keys", "create", "--save"]).output().unwrap();
    assert!(made.status.success() && text(&made).0.is_empty(), "{:?}", text(&made));
    let kept = home.path().join(".config/tollgate/key");
    assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o600);
    let script =
        "curl -fsS \"$OPENAI_BASE_URL/models\" -H \"authorization: Bearer $OPENAI_API_KEY\"";
    let used =
        tollgate(&stage, home.path()).args(["exec", "--", "sh", "-c", script]).output().unwrap();
    assert!(used.status.success(), "{:?}", text(&used));
}

#[test]
fn a_key_made_for_a_run_ends_with_it() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let mint = ["exec", "--mint", "--for", "1h", "--limit", "0.50", "--"];
    let script = "printf %s \"$OPENAI_API_KEY\"; exit 3";
    let output =
        tollgate(&stage, home.path()).args(mint).args(["sh", "-c", script]).output().unwrap();
    let (value, said) = text(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(value.starts_with("sk-tg-"));
    let answer = stage.gateway.json(&value, "GET", "/v1/models", &Value::Null);
    assert_eq!((answer.status, answer.header("x-tollgate-error")), (401, Some("key_revoked")));
    assert_eq!(key_names(&stage.gateway), ["everything"]);
}

#[test]
fn a_signal_reaches_the_program_and_its_end_ends_the_key() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let ready = home.path().join("ready");
    for (signal, number) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let _ = fs::remove_file(&ready);
        // The first has a word to say, the others end by the signal.
        let script = match signal {
            "TERM" => {
                "trap 'exit 42' TERM; : > ready; while :; do read -t 0.05 x < /dev/zero || :; done"
            }
            _ => ": > ready; exec tail -f /dev/null",
        };
        let mut child = tollgate(&stage, home.path())
            .args(["exec", "--mint", "--", "bash", "-c", script])
            .spawn()
            .unwrap();
        until("the program runs", || ready.exists());
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().unwrap().success());
        let status = child.wait().unwrap();
        assert_eq!(status.signal(), None, "it must outlive the program to revoke the key");
        let wanted = if signal == "TERM" { 42 } else { 128 + number };
        assert_eq!(status.code(), Some(wanted), "{signal}");
        assert_eq!(key_names(&stage.gateway), ["everything"], "{signal}");
    }
}

#[test]
fn a_hostile_folder_has_no_say_in_where_keys_go() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join(".env"), "TOLLGATE_URL=http://127.0.0.1:9\nTOLLGATE_API_KEY=evil\n")
        .unwrap();
    let output = tollgate(&stage, home.path())
        .env("TOLLGATE_API_KEY", &stage.key.value)
        .args(["exec", "--", "sh", "-c", "printf %s \"$OPENAI_BASE_URL\""])
        .output()
        .unwrap();
    assert_eq!(text(&output).0, format!("{}/v1", stage.gateway.url()));
}

/// Listens, and says whether anybody sent it anything.
struct Trap(std::net::TcpListener);

impl Trap {
    fn set() -> (Self, String) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        (Self(listener), url)
    }

    fn caught(&self) -> bool {
        self.0.accept().is_ok()
    }
}

#[test]
fn a_folders_env_file_gets_no_key_but_its_own() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("cloned");
    fs::create_dir(&folder).unwrap();
    let (trap, evil) = Trap::set();
    let say = |text: &str| fs::write(folder.join(".env"), text).unwrap();
    let run = |words: &[&str], with: &[(&str, &str)]| {
        let mut command = tollgate(&stage, home.path());
        command.env_remove("TOLLGATE_URL").env_remove("TOLLGATE_ADMIN_KEY");
        command.current_dir(&folder).args(words).envs(with.iter().copied());
        let output = command.output().unwrap();
        (output.status.success(), text(&output).1)
    };
    let list = ["keys", "list"];
    let key = [("TOLLGATE_ADMIN_KEY", stage.gateway.admin_key())];
    // The shell's key, the data directory's, one that is only pointed to: none goes there.
    let data = home.path().join("data");
    fs::create_dir(&data).unwrap();
    fs::write(data.join("admin.key"), stage.gateway.admin_key()).unwrap();
    std::os::unix::fs::symlink(&data, folder.join("tollgate-data")).unwrap();
    let none: &[(&str, &str)] = &[];
    let (dir, file) = (data.display(), data.join("admin.key"));
    let by_file = format!("TOLLGATE_ADMIN_KEY_FILE={}\n", file.display());
    for (more, with) in [
        (String::new(), &key[..]),
        (String::new(), none),
        (format!("TOLLGATE_DATA_DIR={dir}\n"), none),
        (by_file.clone(), none),
        (format!("TOLLGATE_ADMIN_KEY=of-the-folder\n{by_file}"), none),
    ] {
        let text = format!("TOLLGATE_URL={evil}\n{more}");
        say(&text);
        let (done, said) = run(&list, with);
        assert!(!done && said.contains("your admin key would be sent there"), "{text}: {said}");
        assert!(!trap.caught(), "{text}");
    }
    // Nor is a key kept where the folder says that a person's things are.
    let (url, inside) = (stage.gateway.url(), folder.join("config"));
    say(&format!("XDG_CONFIG_HOME={}\nHOME={}\n", inside.display(), inside.display()));
    let with = [key[0], ("TOLLGATE_URL", url.as_str())];
    let (done, said) = run(&["keys", "create", "--save"], &with);
    assert!(done && !inside.exists(), "{said}");
    // A folder with a key of its own is a Tollgate's own folder.
    say(&format!("TOLLGATE_URL={url}\nTOLLGATE_ADMIN_KEY={}\n", stage.gateway.admin_key()));
    assert!(run(&list, &[]).0);
    fs::remove_file(folder.join("tollgate-data")).unwrap();
    fs::create_dir(folder.join("tollgate-data")).unwrap();
    fs::write(folder.join("tollgate-data/admin.key"), stage.gateway.admin_key()).unwrap();
    say(&format!("TOLLGATE_URL={url}\n"));
    let (done, said) = run(&list, &[]);
    assert!(done, "{said}");
}

#[test]
fn a_hook_stops_the_commit_of_a_key_and_only_that() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    let repository = home.path().join("r");
    fs::create_dir(&repository).unwrap();
    let git = |words: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=A", "-c", "user.email=a@example.com"]).args(words);
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap()).env("HOME", home.path());
        command.env("TOLLGATE_URL", stage.gateway.url());
        command.current_dir(&repository).output().unwrap()
    };
    assert!(git(&["init", "-q"]).status.success());
    let hook =
        tollgate(&stage, home.path()).args(["scan", "--install-hook", "r"]).output().unwrap();
    assert!(hook.status.success(), "{:?}", text(&hook));
    fs::write(repository.join("a.py"), format!("key = '{}'\n", stage.key.value)).unwrap();
    assert!(git(&["add", "-A"]).status.success());
    let refused = git(&["commit", "-q", "-m", "a"]);
    let (out, err) = text(&refused);
    let said = format!("{out}{err}");
    assert!(
        !refused.status.success() && said.contains("a.py:1:8") && said.contains("LIVE"),
        "{said}"
    );
    assert!(!said.contains(&stage.key.value[6..30]));
    // `commit -a` has an index of its own.
    fs::write(repository.join("a.py"), "import os\n").unwrap();
    assert!(git(&["commit", "-q", "-a", "-m", "a"]).status.success());
    fs::write(repository.join("a.py"), format!("key = '{}'\n", stage.key.value)).unwrap();
    assert!(!git(&["commit", "-q", "-a", "-m", "b"]).status.success());
    fs::write(repository.join("a.py"), format!("'{}' # tollgate:allow\n", stage.key.value))
        .unwrap();
    assert!(git(&["commit", "-q", "-a", "-m", "b"]).status.success());
    // Statuses, as the help has them.
    for (words, status) in [
        (vec!["scan", "r", "--history"], 0),
        (vec!["scan", "/etc/hostname"], 0),
        (vec!["scan", "/no/such/place"], 2),
        (vec!["scan", ".", "--history"], 2),
        (vec!["scan", "--nonsense"], 2),
        (vec!["scan", "--print-rule"], 0),
    ] {
        let output = tollgate(&stage, home.path()).args(&words).output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{words:?}: {:?}", text(&output));
    }
    fs::write(home.path().join("leak"), &stage.key.value).unwrap();
    let output = tollgate(&stage, home.path()).args(["scan", "leak", "--json"]).output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(report["finds"][0]["standing"], "live");
    assert_eq!(report["finds"][0]["key_id"], stage.key.id.as_str());
}

#[test]
fn a_client_is_connected_and_its_call_is_answered() {
    let stage = Stage::new();
    let home = tempfile::tempdir().unwrap();
    for client in ["codex", "opencode"] {
        let output = tollgate(&stage, home.path())
            .args(["connect", client, "--mint", "--model", "gpt-4o-mini"])
            .output()
            .unwrap();
        let (shown, said) = text(&output);
        assert!(output.status.success() && said.contains("was answered"), "{shown}{said}");
        assert!(!shown.contains("sk-") && !said.contains("sk-"));
    }
    assert_eq!(key_names(&stage.gateway), ["everything"]);
}

#[test]
fn what_is_proposed_without_a_call_names_a_model_that_answers_here() {
    let home = tempfile::tempdir().unwrap();
    // The demo alone: by the admin key, for there is no other.
    let gateway = TestGateway::builder(Path::new(BIN)).start();
    let run = |words: &[&str], key: Option<&str>| {
        let mut command = Command::new(BIN);
        command.args(words).current_dir(home.path()).env_clear().env("HOME", home.path());
        command.env("TOLLGATE_URL", gateway.url());
        match key {
            Some(key) => command.env("TOLLGATE_API_KEY", key),
            None => command.env("TOLLGATE_ADMIN_KEY", gateway.admin_key()),
        };
        let output = command.output().unwrap();
        let (shown, said) = text(&output);
        assert!(output.status.success(), "{shown}{said}");
        shown
    };
    for words in [&["snippets", "--for", "python"][..], &["connect", "codex", "--dry-run"]] {
        let shown = run(words, None);
        assert!(shown.contains("demo-chat") && !shown.contains("gpt-5"), "{shown}");
    }
    // By a key of one's own, as its list has it.
    let key = gateway.create_key(&json!({ "name": "mine" }));
    let shown = run(&["snippets", "--for", "python"], Some(&key.value));
    assert!(shown.contains("demo-chat"), "{shown}");
    // Nothing was made for it.
    assert_eq!(key_names(&gateway), ["mine"]);
}
