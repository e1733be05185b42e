//! https, with a certificate made on the spot.

use std::process::Command;

use testkit::Certificate;

use crate::support::Process;

#[test]
fn a_certificate_makes_it_https() {
    let home = tempfile::tempdir().unwrap();
    let made = Certificate::make(&["127.0.0.1"]);
    let (cert, key) = (made.path().display().to_string(), made.key_path().display().to_string());
    let config = format!("[tls]\ncert = \"{cert}\"\nkey = \"{key}\"\n");
    std::fs::write(home.path().join("tollgate.toml"), config).unwrap();
    let arguments =
        ["serve", "--listen", "127.0.0.1:0", "--data-dir", "data", "--config", "tollgate.toml"];
    let mut process = Process::spawn(home.path(), &arguments, &[]);
    let address = process.wait_for("listening on https://");
    for version in ["--http1.1", "--http2"] {
        let answer = Command::new("curl")
            .args(["-s", "--noproxy", "*", "--cacert", &cert, version, "-w", "%{http_code}"])
            .arg(format!("https://{address}/readyz"))
            .output();
        let Ok(answer) = answer else {
            println!("skipped: no curl here");
            return;
        };
        assert_eq!(String::from_utf8_lossy(&answer.stdout), "ok\n200", "{version}");
    }
    // Plain text is not answered as if it were none the worse.
    let mut wire = crate::support::Wire::to(&address);
    wire.send("GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(!wire.rest().contains("HTTP/1.1 200"));
    crate::support::signal(process.pid(), "TERM");
    assert_eq!(process.exit(), Some(0));
}

#[test]
fn a_certificate_that_is_none_is_told() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("cert.pem"), "no certificate").unwrap();
    let config = "[tls]\ncert = \"cert.pem\"\nkey = \"missing.pem\"\n";
    std::fs::write(home.path().join("tollgate.toml"), config).unwrap();
    let arguments = ["serve", "--data-dir", "data", "--config", "tollgate.toml"];
    let mut process =
        Process::spawn(home.path(), &arguments, &[("TOLLGATE_LISTEN", "127.0.0.1:0")]);
    assert_eq!(process.exit(), Some(1));
    assert!(process.output().contains("tls."), "{}", process.output());
}
