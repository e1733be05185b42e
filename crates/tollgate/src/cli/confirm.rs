//! A question before what cannot be undone. Asked only of a person at a terminal.

use std::io::{IsTerminal, Write};

use super::failure::Failure;

/// Passes when `yes` was given or the person agrees.
pub(super) fn confirm(question: &str, yes: bool) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            "this cannot be undone, and nobody is at the terminal to confirm it",
        )
        .next("Add `--yes` to go on without a question."));
    }
    let _ = write!(std::io::stderr(), "{question} [y/N] ");
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    match (read, answer.trim()) {
        (Ok(_), "y" | "Y" | "yes" | "Yes") => Ok(()),
        _ => Err(Failure::new("not confirmed; nothing was changed")),
    }
}
