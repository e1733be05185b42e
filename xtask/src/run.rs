//! Other programs: always without stdin, always in the repository's root.

use std::ffi::OsStr;
use std::io::IsTerminal;
use std::process::{Command, Stdio};

use crate::{Result, root};

/// A program, ready to be given arguments.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    if !std::io::stdout().is_terminal() {
        command.env("CARGO_TERM_COLOR", "never");
    }
    command
}

/// The Cargo that runs us.
pub(crate) fn cargo(words: &[&str]) -> Command {
    let mut command = program(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(words);
    command
}

/// Whether a program starts and says that all is well. Shows nothing.
pub(crate) fn works(name: &str, words: &[&str]) -> bool {
    succeeds(program(name).args(words))
}

pub(crate) fn succeeds(command: &mut Command) -> bool {
    let done = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    done.is_ok_and(|status| status.success())
}

/// Runs with the output shown as it comes.
pub(crate) fn loud(command: &mut Command) -> Result<()> {
    let status = command.status().map_err(|e| format!("{} does not start: {e}", said(command)))?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("{} failed ({status})", said(command)).into())
    }
}

/// Runs with the output kept, and shown only on failure.
pub(crate) fn quiet(command: &mut Command) -> Result<()> {
    let output = command.output().map_err(|e| format!("{} does not start: {e}", said(command)))?;
    if output.status.success() {
        return Ok(());
    }
    eprint!("{}", String::from_utf8_lossy(&output.stdout));
    eprint!("{}", String::from_utf8_lossy(&output.stderr));
    Err(format!("{} failed ({})", said(command), output.status).into())
}

/// The command line as one would type it.
fn said(command: &Command) -> String {
    let name = std::path::Path::new(command.get_program()).file_name().unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    format!("`{}`", words.join(" "))
}
