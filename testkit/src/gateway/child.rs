//! The child process: started in a clean environment, its output kept, never left behind.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use super::PATIENCE;

/// What it wrote, in whole lines as they came.
#[derive(Default)]
struct Output {
    text: Mutex<String>,
    grown: Condvar,
}

pub(super) struct Child {
    bin: PathBuf,
    arguments: Vec<String>,
    env: Vec<(String, String)>,
    output: Arc<Output>,
    process: Option<std::process::Child>,
    readers: Vec<std::thread::JoinHandle<()>>,
    address: String,
}

impl Child {
    pub(super) fn start(bin: PathBuf, arguments: Vec<String>, env: Vec<(String, String)>) -> Self {
        let mut child = Self {
            bin,
            arguments,
            env,
            output: Arc::default(),
            process: None,
            readers: Vec::new(),
            address: String::new(),
        };
        child.restart();
        child
    }

    pub(super) fn restart(&mut self) {
        let start = self.spawn();
        self.address = self.wait_address(start);
    }

    /// Starts it without waiting for it. Where its output begins.
    pub(super) fn spawn(&mut self) -> usize {
        self.process = None;
        let start = self.output.text.lock().unwrap().len();
        let spawned = Command::new(&self.bin)
            .args(&self.arguments)
            .env_clear()
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut process = spawned.unwrap_or_else(|e| panic!("start {}: {e}", self.bin.display()));
        self.read(process.stdout.take());
        self.read(process.stderr.take());
        self.process = Some(process);
        start
    }

    fn read(&mut self, pipe: Option<impl Read + Send + 'static>) {
        let output = Arc::clone(&self.output);
        let mut pipe = BufReader::new(pipe.expect("a piped output"));
        self.readers.push(std::thread::spawn(move || {
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|n| n > 0) {
                output.text.lock().unwrap().push_str(&String::from_utf8_lossy(&line));
                output.grown.notify_all();
                line.clear();
            }
            output.grown.notify_all();
        }));
    }

    fn wait_address(&mut self, start: usize) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            let text = self.output.text.lock().unwrap();
            if let Some(address) = address(&text[start..]) {
                return address;
            }
            drop(self.output.grown.wait_timeout(text, Duration::from_millis(50)).unwrap());
            let ended = !self.runs();
            if ended || Instant::now() > end {
                let why = if ended { "ended" } else { "does not listen" };
                self.kill9();
                panic!("the gateway {why}:\n{}", self.output());
            }
        }
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.as_ref().map_or(0, std::process::Child::id)
    }

    pub(super) fn output(&self) -> String {
        self.output.text.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
    }

    pub(super) fn runs(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| matches!(process.try_wait(), Ok(None)))
    }

    pub(super) fn kill9(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
        self.drain();
    }

    /// SIGTERM, then the exit code; -1 when a signal ended it; panics when it does not end.
    pub(super) fn terminate(&mut self, limit: Duration) -> i32 {
        let Some(mut process) = self.process.take() else { return -1 };
        let pid = process.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status();
        assert!(sent.is_ok_and(|s| s.success()), "could not send SIGTERM");
        let end = Instant::now() + limit;
        loop {
            if let Ok(Some(status)) = process.try_wait() {
                self.drain();
                return status.code().unwrap_or(-1);
            }
            if Instant::now() > end {
                self.process = Some(process);
                self.kill9();
                panic!("still running {limit:?} after SIGTERM\n{}", self.output());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the last of the output.
    fn drain(&mut self) {
        for reader in self.readers.drain(..) {
            let _ = reader.join();
        }
    }
}

/// The address after `listening on http://` in a whole line.
fn address(text: &str) -> Option<String> {
    let rest = text.split_once("listening on http")?.1;
    let rest = rest.strip_prefix('s').unwrap_or(rest).strip_prefix("://")?;
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || "[]:.".contains(c)))?;
    Some(rest[..end].to_owned())
}

impl Drop for Child {
    fn drop(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}
