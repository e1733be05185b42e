//! Starts that must fail, with a sentence that helps; and those that must not.

use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::Value;
use testkit::TestGateway;

use crate::support::{BIN, Process, Wire, hello, signal, statuses};

const GOOD_MASTER: &str = "q8Zk3v0R1bW7n5Yc2Lx9Td4Hs6Jf8Ga0Mp";

/// Starts in `home`, which must fail: exit code 1, nothing said of listening. The output.
#[track_caller]
fn refused_in(home: &Path, more: &[&str], env: &[(&str, &str)]) -> String {
    let mut arguments = vec!["serve"];
    if !more.contains(&"--data-dir") {
        arguments.extend(["--data-dir", "data"]);
    }
    if !more.contains(&"--listen") {
        arguments.extend(["--listen", "127.0.0.1:0"]);
    }
    arguments.extend(more);
    let mut process = Process::spawn(home, &arguments, env);
    let code = process.exit();
    let output = process.output();
    assert_eq!(code, Some(1), "{output}");
    assert!(!output.contains("listening on"), "{output}");
    assert!(!output.contains("panicked"), "{output}");
    output
}

#[track_caller]
fn refused(env: &[(&str, &str)], words: &[&str]) {
    let home = tempfile::tempdir().unwrap();
    let output = refused_in(home.path(), &[], env);
    for word in words {
        assert!(output.contains(word), "no {word:?} in: {output}");
    }
    for (name, value) in env.iter().filter(|(name, _)| name.ends_with("KEY")) {
        assert!(value.len() < 8 || !output.contains(value), "{name} is repeated: {output}");
    }
}

/// Starts in `home`, which must work, and stops again.
#[track_caller]
fn starts_in(home: &Path, env: &[(&str, &str)]) {
    let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let mut process = Process::spawn(home, &arguments, env);
    process.wait_for("listening on http://");
    signal(process.pid(), "TERM");
    assert_eq!(process.exit(), Some(0), "{}", process.output());
}

#[test]
fn case_16_a_bad_master_key_is_refused() {
    for bad in ["", "short", "changeme-0123456789-abcdefghijklmnop"] {
        refused(&[("TOLLGATE_MASTER_KEY", bad)], &["TOLLGATE_MASTER_KEY", "openssl rand"]);
    }
    refused(&[("TOLLGATE_MASTER_KEY", &"a".repeat(64))], &["repeats itself"]);
    for bad in ["short-admin-key", "an admin key of enough characters\u{7}"] {
        refused(&[("TOLLGATE_ADMIN_KEY", bad)], &["TOLLGATE_ADMIN_KEY"]);
    }
}

#[test]
fn p29_a_master_key_that_others_can_read_is_refused() {
    let home = tempfile::tempdir().unwrap();
    starts_in(home.path(), &[]);
    let path = home.path().join("data/master.key");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&home.path().join("data/admin.key")), 0o600);
    assert_eq!(mode(&home.path().join("data")), 0o700);
    for file in std::fs::read_dir(home.path().join("data")).unwrap().flatten() {
        assert_eq!(mode(&file.path()) & 0o077, 0, "{}", file.path().display());
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o644)).unwrap();
    let output = refused_in(home.path(), &[], &[]);
    assert!(output.contains("chmod 600"), "{output}");
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    starts_in(home.path(), &[]);
}

#[test]
fn case_121_another_master_key_is_refused_and_spoils_nothing() {
    let home = tempfile::tempdir().unwrap();
    starts_in(home.path(), &[("TOLLGATE_MASTER_KEY", GOOD_MASTER)]);
    let other = GOOD_MASTER.replace('8', "9");
    let output = refused_in(home.path(), &[], &[("TOLLGATE_MASTER_KEY", &other)]);
    assert!(output.contains("cannot decrypt"), "{output}");
    starts_in(home.path(), &[("TOLLGATE_MASTER_KEY", GOOD_MASTER)]);
}

#[test]
fn case_124_a_newer_or_damaged_database_is_refused_and_left_alone() {
    let home = tempfile::tempdir().unwrap();
    starts_in(home.path(), &[]);
    for file in ["tollgate.db", "requests.db"] {
        let path = home.path().join("data").join(file);
        // Sets the version, and gives the one before.
        let set = |version: &[u8]| -> Vec<u8> {
            let db = rusqlite::Connection::open(&path).unwrap();
            let text = "SELECT value FROM meta WHERE name = 'schema_version'";
            let before = db.query_row(text, [], |row| row.get(0)).unwrap();
            let text = "UPDATE meta SET value = ?1 WHERE name = 'schema_version'";
            assert_eq!(db.execute(text, [version]).unwrap(), 1);
            before
        };
        let ours = set(b"999");
        let output = refused_in(home.path(), &[], &[]);
        assert!(output.contains("newer Tollgate") && output.contains(file), "{output}");
        set(&ours);
        starts_in(home.path(), &[]);
        let whole = std::fs::read(&path).unwrap();
        std::fs::write(&path, "no database at all, but long enough to look at").unwrap();
        let output = refused_in(home.path(), &[], &[]);
        assert!(output.contains(file) && output.contains("backup"), "{output}");
        std::fs::write(&path, whole).unwrap();
        starts_in(home.path(), &[]);
    }
}

#[test]
fn case_123_a_second_process_on_one_directory_is_refused() {
    let gateway = TestGateway::builder(Path::new(BIN)).start();
    let home = tempfile::tempdir().unwrap();
    let dir = gateway.data_dir().display().to_string();
    let output = refused_in(home.path(), &["--data-dir", &dir], &[]);
    assert!(output.contains("another Tollgate is running") && output.contains(&dir), "{output}");
}

#[test]
fn a_taken_port_is_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let home = tempfile::tempdir().unwrap();
    let output = refused_in(home.path(), &["--listen", &address], &[]);
    assert!(output.contains(&address) && output.contains("--listen"), "{output}");
    assert!(!home.path().join("data").exists(), "a failed start made a data directory");
}

#[test]
fn what_this_version_would_ignore_is_refused() {
    refused(&[("TOLLGATE_DATABASE_URL", "postgres://u:hunter2@h/d")], &["TOLLGATE_DATABASE_URL"]);
    let redis = "rediss://u:hunter2@h";
    refused(&[("TOLLGATE_REDIS_URL", redis)], &["TOLLGATE_REDIS_URL", "TLS"]);
}

#[test]
fn an_upstream_that_is_this_very_tollgate_is_refused() {
    // It listens before it looks, so the port must be free.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let listen = format!("127.0.0.1:{port}");
    for host in ["127.0.0.1", "localhost", "[::1]", "0.0.0.0", "127.1.2.3"] {
        let home = tempfile::tempdir().unwrap();
        let url = format!("http://{host}:{port}/v1");
        let env = [("OPENAI_API_KEY", "sk-CANARY-loop-loop"), ("OPENAI_BASE_URL", url.as_str())];
        let output = refused_in(home.path(), &["--listen", &listen], &env);
        assert!(output.contains("this Tollgate itself"), "{host}: {output}");
        assert!(!output.contains("loop-loop"));
    }
    assert!(TcpStream::connect(&listen).is_err(), "something listens");
}

#[test]
fn all_mistakes_of_a_config_are_told_at_once() {
    let home = tempfile::tempdir().unwrap();
    let text = "nonsense = 1\nlisten = 5\n[timeouts]\ngap_seconds = 0\n[upstreams.openai]\n\
                credential = \"sk-CANARY-literal-secret\"\nbase_url = \"ftp://x\"\n\
                [upstreams.other]\nprovider = \"nobody\"\n";
    std::fs::write(home.path().join("bad.toml"), text).unwrap();
    let env = [("TOLLGATE_REDIS_URL", "nonsense")];
    let output = refused_in(home.path(), &["--config", "bad.toml"], &env);
    for word in [
        "nonsense",
        "`listen`",
        "gap_seconds",
        "env:NAME",
        "base_url",
        "no provider `nobody`",
        "TOLLGATE_REDIS_URL",
    ] {
        assert!(output.contains(word), "no {word:?} in: {output}");
    }
    assert!(!output.contains("CANARY"), "the secret is repeated");
    let output = refused_in(home.path(), &["--config", "missing.toml"], &[]);
    assert!(output.contains("missing.toml"), "{output}");
    assert!(!home.path().join("data").exists(), "a failed start made a data directory");
}

#[test]
fn a_set_admin_key_is_registered_again_and_no_file_is_written() {
    let home = tempfile::tempdir().unwrap();
    let key = "any 32 or more printable characters!";
    for _ in 0..2 {
        let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
        let mut process = Process::spawn(home.path(), &arguments, &[("TOLLGATE_ADMIN_KEY", key)]);
        let address = process.wait_for("listening on http://");
        let mut wire = Wire::to(&address);
        wire.send(format!(
            "GET /v1/organization/projects HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
             Authorization: Bearer {key}\r\n\r\n"
        ));
        let text = wire.rest();
        assert_eq!(statuses(&text), [200], "{text}");
        assert_eq!(text.matches("Default project").count(), 1);
        signal(process.pid(), "TERM");
        assert_eq!(process.exit(), Some(0));
        assert!(!process.output().contains(key));
    }
    assert!(!home.path().join("data/admin.key").exists());
}

#[test]
fn the_file_of_the_admin_key_opens_the_administration() {
    let home = tempfile::tempdir().unwrap();
    let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let mut process = Process::spawn(home.path(), &arguments, &[]);
    let address = process.wait_for("listening on http://");
    let key = std::fs::read_to_string(home.path().join("data/admin.key")).unwrap();
    assert!(key.starts_with("sk-admin-tg-") && key.ends_with('\n'));
    let mut wire = Wire::to(&address);
    wire.send(format!(
        "GET /v1/organization/projects HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\n\r\n",
        key.trim()
    ));
    assert_eq!(wire.answer().0, 200);
    // Without a provider's key the demo answers.
    let mut wire = Wire::to(&address);
    wire.send("GET /v1/models HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(wire.answer().0, 401);
    assert!(!process.output().contains(key.trim()));
}

#[test]
fn a_dotenv_file_is_read_and_never_overrides() {
    let home = tempfile::tempdir().unwrap();
    let text = format!("TOLLGATE_MASTER_KEY={GOOD_MASTER}\nTOLLGATE_LISTEN=nowhere\n");
    std::fs::write(home.path().join(".env"), text).unwrap();
    starts_in(home.path(), &[("TOLLGATE_LISTEN", "127.0.0.1:0")]);
    assert!(!home.path().join("data/master.key").exists(), "the key of .env was not used");
    let output =
        refused_in(home.path(), &["--listen", "127.0.0.1:0"], &[("TOLLGATE_MASTER_KEY", "x")]);
    assert!(output.contains("TOLLGATE_MASTER_KEY"), "{output}");
}

#[test]
fn wrong_use_exits_with_2_and_help_with_0() {
    let home = tempfile::tempdir().unwrap();
    for arguments in [&[][..], &["nonsense"], &["serve", "--nonsense"], &["serve", "extra"]] {
        let mut process = Process::spawn(home.path(), arguments, &[]);
        assert_eq!(process.exit(), Some(2), "{arguments:?}");
    }
    for arguments in
        [&["--help"][..], &["serve", "--help"], &["quickstart", "--help"], &["--version"]]
    {
        let mut process = Process::spawn(home.path(), arguments, &[]);
        assert_eq!(process.exit(), Some(0), "{arguments:?}");
    }
    assert!(!home.path().join("tollgate-data").exists());
}

#[test]
fn a_stop_right_after_the_start_is_a_clean_one() {
    let home = tempfile::tempdir().unwrap();
    for _ in 0..5 {
        starts_in(home.path(), &[]);
    }
}

#[test]
fn a_reload_changes_the_upstream_and_a_bad_one_changes_nothing() {
    let (first, second) = (testkit::FakeProvider::start(), testkit::FakeProvider::start());
    let config = |url: &str| {
        format!(
            "[upstreams.main]\nprovider = \"openai\"\nbase_url = \"{url}\"\ncredential = \"env:KEY\"\n"
        )
    };
    let gateway = TestGateway::builder(Path::new(BIN))
        .also_provider(&first)
        .also_provider(&second)
        .env("KEY", first.credential())
        .config(&config(&first.base_url()))
        .without_bill_check()
        .start();
    let key = gateway.create_key(&serde_json::json!({"name": "k"})).value;
    let path = gateway.home().join("tollgate.toml");
    let chat = || gateway.json(&key, "POST", crate::support::CHAT, &hello()).status;
    assert_eq!(chat(), 200);
    std::fs::write(&path, config(&second.base_url())).unwrap();
    signal(gateway.pid(), "HUP");
    // The second does not know the credential: it is reached, and says so.
    crate::support::until("the second upstream is used", || chat() == 502);
    assert!(second.seen_count() > 0);
    std::fs::write(&path, "nonsense = 1\n").unwrap();
    signal(gateway.pid(), "HUP");
    crate::support::until("the mistake is told", || gateway.output().contains("nonsense"));
    std::fs::write(&path, config(&format!("{}/v1", gateway.url()))).unwrap();
    signal(gateway.pid(), "HUP");
    let told = || gateway.output().contains("this Tollgate itself");
    crate::support::until("the loop is told", told);
    assert_eq!(chat(), 502, "the old upstreams stay");
    let listed = gateway.admin("GET", "/tollgate/v1/upstreams", &Value::Null).to_string();
    assert!(listed.contains("main"), "{listed}");
}
