//! A program that takes a new secret on its standard input.

use std::io::Write;
use std::process::{Child, Stdio};
use std::time::Duration;

use domain::{KeyId, Secret};
use tokio::time::Instant;

const LOOK: Duration = Duration::from_millis(20);

/// A program with its arguments. No shell reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    pub program: String,
    pub arguments: Vec<String>,
    pub timeout: Duration,
    /// `PATH`, all that it has of our environment.
    pub path: Option<String>,
}

impl Command {
    /// Runs it to its end, within its time. What it prints is nobody's affair: it might print what
    /// it was given.
    pub(super) async fn run(&self, key: &KeyId, secret: Secret) -> Result<(), String> {
        let mut command = std::process::Command::new(&self.program);
        command.args(&self.arguments).env_clear().env("TOLLGATE_API_KEY_ID", key.as_str());
        if let Some(path) = &self.path {
            command.env("PATH", path);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        let said =
            |what: &str, error: &std::io::Error| format!("{}: {what}: {error}", self.program);
        let child = command.spawn().map_err(|error| said("it does not start", &error))?;
        let mut child = Running(child);
        let given = give(&mut child.0, &secret);
        let end = Instant::now() + self.timeout;
        loop {
            match child.0.try_wait().map_err(|error| said("it is lost", &error))? {
                Some(status) if status.success() => {
                    return given.map_err(|error| said("it did not read the secret", &error));
                }
                Some(status) => return Err(format!("{} ended with {status}", self.program)),
                None if Instant::now() >= end => {
                    let seconds = self.timeout.as_secs();
                    return Err(format!("{} did not end within {seconds} s", self.program));
                }
                None => tokio::time::sleep(LOOK).await,
            }
        }
    }
}

/// A secret is far shorter than a pipe's buffer, so this waits for nobody.
fn give(child: &mut Child, secret: &Secret) -> std::io::Result<()> {
    let Some(stdin) = child.stdin.take() else { return Ok(()) };
    let mut stdin = stdin;
    crate::reveal::write_exactly(&mut stdin, secret)?;
    stdin.flush()
}

/// Ends with whoever waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // One that has ended is only reaped.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(script: &str, timeout: Duration) -> Command {
        let arguments = vec!["-c".to_owned(), script.to_owned()];
        Command {
            program: "/bin/sh".into(),
            arguments,
            timeout,
            path: Some("/usr/bin:/bin".into()),
        }
    }

    async fn run(script: &str) -> Result<(), String> {
        let command = command(script, Duration::from_secs(20));
        command.run(&"key_1".into(), Secret::from("sk-tg-secret")).await
    }

    #[tokio::test]
    async fn a_command_gets_the_secret_on_stdin_and_little_else() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let script = format!("cat > {0}; env >> {0}; echo $0 \"$@\" >> {0}", out.display());
        run(&script).await.unwrap();
        let seen = std::fs::read_to_string(out).unwrap();
        assert!(seen.starts_with("sk-tg-secret") && seen.matches("sk-tg-secret").count() == 1);
        assert!(seen.contains("TOLLGATE_API_KEY_ID=key_1"));
        assert!(!seen.contains("HOME="), "{seen}");
    }

    #[tokio::test]
    async fn a_command_that_fails_hangs_or_is_not_there_is_told() {
        assert!(run("exit 3").await.unwrap_err().contains("exit status: 3"));
        let hangs = command("exec sleep 60", Duration::from_millis(100));
        let why = hangs.run(&"key_1".into(), Secret::from("x")).await.unwrap_err();
        assert!(why.contains("did not end within"), "{why}");
        let gone = Command { program: "/no/such/program".into(), ..hangs };
        let why = gone.run(&"key_1".into(), Secret::from("x")).await.unwrap_err();
        assert!(why.contains("does not start"), "{why}");
    }
}
