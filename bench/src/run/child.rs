//! A process of ours that serves: started, asked where it listens, ended when dropped.

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::{Result, sys};

const SPEAKS_WITHIN: Duration = Duration::from_secs(20);
const ENDS_WITHIN: Duration = Duration::from_secs(10);
const SAID: [&str; 2] = ["listening on http://", "listening on https://"];

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    child: Guard,
}

impl Server {
    /// Starts a command and waits for the line that says where it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = Guard(command.spawn().map_err(|e| format!("{name}: {e}"))?);
        let stdout = child.0.stdout.take().ok_or("no stdout")?;
        let said = listen_to(stdout);
        match said.recv_timeout(SPEAKS_WITHIN) {
            Ok(address) => Ok(Self { address, child }),
            Err(RecvTimeoutError::Disconnected) => {
                Err(format!("{name} ended before it listened").into())
            }
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("{name} does not say where it listens after {SPEAKS_WITHIN:?}").into())
            }
        }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }
}

/// Reads a child's output to its end, so that it never blocks on us, and passes on the address.
fn listen_to(stdout: impl Read + Send + 'static) -> Receiver<SocketAddr> {
    let (sender, receiver) = sync_channel(1);
    thread::spawn(move || {
        let mut sender = Some(sender);
        for line in BufReader::new(stdout).lines().map_while(std::io::Result::ok) {
            if let Some(address) = address_in(&line)
                && let Some(sender) = sender.take()
            {
                let _ = sender.send(address);
            }
        }
    });
    receiver
}

fn address_in(line: &str) -> Option<SocketAddr> {
    let (_, rest) = SAID.iter().find_map(|said| line.split_once(said))?;
    let end = rest.find(|c: char| !(c.is_ascii_hexdigit() || ".:[]".contains(c)));
    rest[..end.unwrap_or(rest.len())].parse().ok()
}

/// Ends its process when dropped: asks, waits a while, then kills.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let asked = Instant::now();
        let _ = sys::terminate(self.0.id());
        while asked.elapsed() < ENDS_WITHIN {
            if matches!(self.0.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            thread::sleep(Duration::from_millis(5));
        }
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_found_in_its_line() {
        let address = Some("127.0.0.1:8655".parse().unwrap());
        assert_eq!(address_in("listening on http://127.0.0.1:8655"), address);
        assert_eq!(address_in("tollgate listening on http://127.0.0.1:8655/ (pid 1)"), address);
        assert_eq!(address_in(r#"{"message":"listening on http://127.0.0.1:8655"}"#), address);
        assert_eq!(address_in("listening on https://127.0.0.1:8655"), address);
        assert_eq!(address_in("listening soon"), None);
    }

    #[test]
    fn a_server_that_ends_at_once_is_an_error() {
        let error = Server::start(&mut Command::new("true")).err().unwrap();
        assert!(error.to_string().contains("ended before"), "{error}");
    }

    #[test]
    fn a_dropped_server_is_gone() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo listening on http://127.0.0.1:1; exec sleep 60"]);
        let server = Server::start(&mut command).unwrap();
        let pid = server.pid();
        assert!(sys::cpu_time(pid).is_ok());
        drop(server);
        assert!(sys::cpu_time(pid).is_err());
    }
}
