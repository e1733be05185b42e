//! A child that must feel as if it had been started by the shell.

use std::io::{ErrorKind, IsTerminal};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, ExitCode, ExitStatus};

use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

/// Replaces this process; comes back only when that fails.
pub(super) fn become_it(mut command: Command) -> ExitCode {
    let program = command.get_program().to_owned();
    not_started(&program.to_string_lossy(), &command.exec())
}

/// Runs to its end, with signals passed on.
pub(super) async fn run(mut command: Command) -> ExitCode {
    // Heard from before the start on, so that none ends this process and leaves the key.
    let heard = Heard::new();
    let child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return not_started(&command.get_program().to_string_lossy(), &error),
    };
    match heard.wait(child).await {
        Ok(status) => code(status),
        Err(error) => {
            eprintln!("tollgate: the program was lost: {error}");
            ExitCode::FAILURE
        }
    }
}

/// As shells have it.
fn not_started(program: &str, error: &std::io::Error) -> ExitCode {
    eprintln!("tollgate: {program}: {error}");
    ExitCode::from(if error.kind() == ErrorKind::NotFound { 127 } else { 126 })
}

fn code(status: ExitStatus) -> ExitCode {
    let number = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(number & 0xff).unwrap_or(1))
}

struct Heard {
    signals: Vec<(Signal, tokio::signal::unix::Signal)>,
}

impl Heard {
    fn new() -> Self {
        let all = [
            (Signal::TERM, SignalKind::terminate()),
            (Signal::HUP, SignalKind::hangup()),
            (Signal::INT, SignalKind::interrupt()),
            (Signal::QUIT, SignalKind::quit()),
            (Signal::USR1, SignalKind::user_defined1()),
            (Signal::USR2, SignalKind::user_defined2()),
        ];
        let heard = |(number, kind)| signal(kind).ok().map(|stream| (number, stream));
        Self { signals: all.into_iter().filter_map(heard).collect() }
    }

    async fn wait(mut self, mut child: Child) -> std::io::Result<ExitStatus> {
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let mut ended = tokio::task::spawn_blocking(move || child.wait());
        // A terminal sends these to the program itself.
        let typed = std::io::stdin().is_terminal();
        loop {
            tokio::select! {
                status = &mut ended => return status.map_err(std::io::Error::other)?,
                number = self.next() => {
                    let twice = typed && matches!(number, Signal::INT | Signal::QUIT);
                    if let Some(pid) = pid.filter(|_| !twice) {
                        // It may have ended in this moment; then there is nobody to tell.
                        let _ = kill_process(pid, number);
                    }
                }
            }
        }
    }

    async fn next(&mut self) -> Signal {
        std::future::poll_fn(|context| {
            for (number, stream) in &mut self.signals {
                if stream.poll_recv(context).is_ready() {
                    return std::task::Poll::Ready(*number);
                }
            }
            std::task::Poll::Pending
        })
        .await
    }
}
