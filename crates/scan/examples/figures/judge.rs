//! Whether what was found as a private key is one: openssl or ssh-keygen must be able to read it.
//! They know nothing of our patterns.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The find at `line` (from 1) of a file; nothing in an archive can be judged so.
pub fn is_private_key(file: &Path, line: u64) -> bool {
    let Ok(bytes) = fs::read(file) else { return false };
    let text = String::from_utf8_lossy(&bytes).replace("\\n", "\n").replace("\\r", "");
    // A line that was written with escapes has become several; then the first key from there on.
    let at = bytes.split_inclusive(|byte| *byte == b'\n').take(line as usize - 1);
    let before: usize =
        at.map(|line| String::from_utf8_lossy(line).replace("\\n", "\n").len()).sum();
    let Some(rest) = text.get(before.min(text.len())..) else { return false };
    pem(rest).is_some_and(|pem| read_by_openssl(&pem) || read_by_ssh_keygen(&pem))
}

/// A place where keys are part of a test or of an example.
pub fn is_test(path: &str) -> bool {
    let path = path.to_lowercase();
    ["test", "fixture", "example", "benchmark"].iter().any(|word| path.contains(word))
}

/// The first key in a text, out of the quotes and signs of whatever language it stands in.
fn pem(text: &str) -> Option<String> {
    let begin = text.find("-----BEGIN ")?;
    let (head, rest) = text[begin + 11..].split_once("-----")?;
    let body = rest.split("-----END").next()?;
    let mut letters = String::new();
    for line in body.lines() {
        let line = line.trim().trim_start_matches("//").trim_start_matches("+ ");
        // What is left of a string's end: a quote, and a sign that joins it to the next.
        let line = line.split(['"', '\'', '`']).max_by_key(|part| part.len())?;
        letters.extend(line.chars().filter(|c| c.is_ascii_alphanumeric() || "+/=".contains(*c)));
    }
    let lines: Vec<&str> =
        letters.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    Some(format!("-----BEGIN {head}-----\n{}\n-----END {head}-----\n", lines.join("\n")))
}

fn read_by_openssl(pem: &str) -> bool {
    let mut command = Command::new("openssl");
    command.args(["pkey", "-noout"]).stdin(Stdio::piped());
    let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut child = child.expect("openssl must be there to judge private keys");
    child.stdin.take().unwrap().write_all(pem.as_bytes()).unwrap();
    child.wait().unwrap().success()
}

fn read_by_ssh_keygen(pem: &str) -> bool {
    let path = std::env::temp_dir().join(format!("tollgate-figures-{}", std::process::id()));
    let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    file.unwrap().write_all(pem.as_bytes()).unwrap();
    let mut command = Command::new("ssh-keygen");
    command.args(["-y", "-P", "", "-f"]).arg(&path).stdin(Stdio::null());
    let read = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    fs::remove_file(&path).unwrap();
    read.is_ok_and(|status| status.success())
}
