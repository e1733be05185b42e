//! The config file under a running process, and the admin key's file over its starts.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use testkit::{FakeProvider, TestGateway};

use crate::support::{BIN, CHAT, Process, hello, signal, until};

#[test]
fn a_config_that_is_caught_empty_leaves_the_upstreams_alone() {
    let provider = FakeProvider::start();
    let config = format!(
        "[upstreams.main]\nprovider = \"openai\"\nbase_url = \"{}\"\ncredential = \"env:KEY\"\n",
        provider.base_url()
    );
    let gateway = TestGateway::builder(Path::new(BIN))
        .also_provider(&provider)
        .env("KEY", provider.credential())
        .config(&config)
        .start();
    let key = gateway.create_key(&serde_json::json!({"name": "k"})).value;
    let path = gateway.home().join("tollgate.toml");
    for (round, by_signal) in [false, true].into_iter().enumerate() {
        std::fs::write(&path, "").unwrap();
        if by_signal {
            signal(gateway.pid(), "HUP");
        }
        let told = || gateway.output().matches("names no upstream any more").count() > round;
        until("the empty config is refused", told);
        let seen = provider.seen_count();
        assert_eq!(gateway.json(&key, "POST", CHAT, &hello()).status, 200);
        assert_eq!(provider.seen_count(), seen + 1, "somebody else answered");
    }
}

/// Starts, stops, and says whether `admin.key` is there.
fn start(home: &Path, env: &[(&str, &str)]) -> bool {
    let arguments = ["serve", "--data-dir", "data", "--listen", "127.0.0.1:0"];
    let mut process = Process::spawn(home, &arguments, env);
    process.wait_for("listening on http://");
    signal(process.pid(), "TERM");
    assert_eq!(process.exit(), Some(0), "{}", process.output());
    home.join("data/admin.key").exists()
}

#[test]
fn an_admin_key_that_a_crash_kept_from_its_file_is_made_anew() {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("data/admin.key");
    assert!(start(home.path(), &[]));
    let first = std::fs::read(&file).unwrap();
    // Taken away by its owner, it stays away.
    std::fs::remove_file(&file).unwrap();
    assert!(!start(home.path(), &[]));
    // As after a crash between the first start's commit and the file.
    let db = rusqlite::Connection::open(home.path().join("data/tollgate.db")).unwrap();
    let forget = "DELETE FROM meta WHERE name = 'admin_key_written'";
    assert_eq!(db.execute(forget, []).unwrap(), 1);
    drop(db);
    assert!(start(home.path(), &[]));
    assert_ne!(std::fs::read(&file).unwrap(), first);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!home.path().join("data/admin.key.new").exists());
    // Whoever brings a key of their own needs no file, then or later.
    let home = tempfile::tempdir().unwrap();
    assert!(!start(home.path(), &[("TOLLGATE_ADMIN_KEY", "a-key-of-my-own-which-is-long-enough")]));
    assert!(!start(home.path(), &[]));
}
