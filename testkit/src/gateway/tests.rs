//! The harness itself, with a shell script in the place of the gateway.

use std::os::unix::fs::PermissionsExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use super::TestGateway;

fn stub(dir: &Path, name: &str, says: &str) -> PathBuf {
    let path = dir.join(name);
    let text = format!(
        "#!/bin/sh\ntrap 'echo stopped; exit 0' TERM\n{says}\n\
         echo listening on http://127.0.0.1:1\nwhile :; do sleep 0.02; done\n"
    );
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn panic_of(run: impl FnOnce()) -> String {
    let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a panic");
    panic.downcast::<String>().map_or_else(|_| String::new(), |text| *text)
}

#[test]
fn starts_stops_and_finds_what_leaked() {
    let dir = tempfile::tempdir().unwrap();
    let honest = stub(dir.path(), "honest", "echo \"args $*\" \"$NAME\"");
    let mut gateway = TestGateway::builder(&honest).env("NAME", "value").config("x = 1\n").start();
    assert_eq!(gateway.url(), "http://127.0.0.1:1");
    assert!(gateway.output().contains("args serve --listen 127.0.0.1:0 --data-dir "));
    assert!(gateway.output().contains("tollgate.toml value"));
    gateway.kill9();
    gateway.restart();
    assert_eq!(gateway.terminate(), 0);
    assert!(gateway.output().ends_with("stopped\n"));
    gateway.finish();

    let talker = stub(dir.path(), "talker", "echo \"$TOLLGATE_ADMIN_KEY\" >&2");
    let mut gateway = TestGateway::builder(&talker).start();
    let key = gateway.admin_key().to_owned();
    gateway.terminate();
    let text = panic_of(|| drop(gateway));
    assert!(text.contains("holds the admin key (raw)") && !text.contains(&key));

    let writer = stub(dir.path(), "writer", "echo -n \"$TOLLGATE_ADMIN_KEY\" > \"$5/admin.key\"");
    let mut gateway = TestGateway::builder(&writer).start();
    gateway.plant("some-planted-secret");
    gateway.terminate();
    std::fs::write(gateway.data_dir().join("other.log"), "xsome-planted-secretx").unwrap();
    let text = panic_of(|| gateway.finish());
    assert!(text.contains("other.log holds a planted secret (raw)"), "{text}");

    let dead = stub(dir.path(), "dead", "echo no luck; exit 3");
    let text = panic_of(|| drop(TestGateway::builder(&dead).start()));
    assert!(text.contains("the gateway ended") && text.contains("no luck"));
}
