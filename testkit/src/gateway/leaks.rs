//! Looks for planted secrets in everything that the gateway wrote.

use std::path::{Path, PathBuf};

use memchr::memmem;

use crate::codec;

/// Files whose purpose is to hold a secret.
const ALLOWED: &[&str] = &["admin.key", "master.key"];

/// Secrets with the names under which they are reported.
#[derive(Default)]
pub(super) struct Canaries {
    secrets: Vec<(String, String)>,
}

impl Canaries {
    pub(super) fn plant(&mut self, label: &str, secret: &str) {
        self.secrets.push((label.to_owned(), secret.to_owned()));
    }

    /// Panics when the output or a file of the directory holds a secret. Never prints one.
    pub(super) fn check(&self, output: &[u8], data_dir: &Path) {
        let mut faults = self.found("the output of the gateway", output);
        for path in files(data_dir) {
            let bytes = std::fs::read(&path).unwrap_or_default();
            faults.extend(self.found(&path.display().to_string(), &bytes));
        }
        assert!(faults.is_empty(), "secrets leaked:\n{}", faults.join("\n"));
    }

    fn found(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut faults = Vec::new();
        for (label, secret) in &self.secrets {
            let form = forms(secret)
                .into_iter()
                .find(|(_, f)| memmem::find(bytes, f.as_bytes()).is_some());
            faults.extend(form.map(|(form, _)| format!("{place} holds {label} ({form})")));
        }
        faults
    }
}

fn forms(secret: &str) -> Vec<(&'static str, String)> {
    let bytes = secret.as_bytes();
    let hex = codec::hex(bytes);
    let encoded = codec::percent_encode(secret);
    let mut all = vec![
        ("raw", secret.to_owned()),
        ("hex", hex.to_uppercase()),
        ("hex", hex),
        ("URL-encoded", lower_escapes(&encoded)),
        ("URL-encoded", encoded),
    ];
    for lead in 0..3 {
        let core = codec::base64_core(bytes, lead);
        all.push(("base64url", core.replace('+', "-").replace('/', "_")));
        all.push(("base64", core));
    }
    all
}

fn lower_escapes(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        out.push_str(&format!("%{}{}", part[..2].to_lowercase(), &part[2..]));
    }
    out
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut waiting = vec![dir.to_owned()];
    while let Some(next) = waiting.pop() {
        for entry in std::fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => waiting.push(path),
                Ok(kind) if kind.is_file() && !ALLOWED.iter().any(|a| name == **a) => {
                    found.push(path);
                }
                _ => {}
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_every_form_and_does_not_print_it() {
        let secret = "sk-fake-CANARY+with/odd=chars0123";
        let mut canaries = Canaries::default();
        canaries.plant("the key", secret);
        let texts = [
            secret.to_owned(),
            codec::hex(secret.as_bytes()),
            codec::percent_encode(secret),
            codec::base64(format!("user:{secret}").as_bytes()),
        ];
        for text in texts {
            let faults = canaries.found("a file", format!("x{text}y").as_bytes());
            assert_eq!(faults.len(), 1);
            assert!(!faults[0].contains("CANARY"));
        }
        assert!(canaries.found("a file", b"nothing").is_empty());
    }
}
