//! A question before what cannot be undone. Asked only of a person at a terminal.

use std::io::{IsTerminal, Write};

use super::failure::Failure;

/// What a person at the terminal answers, in lower case; nothing when they only press Return.
pub(super) fn answer(question: &str) -> String {
    let _ = write!(std::io::stderr(), "{question}");
    let mut answer = String::new();
    // One that cannot be read is none: nothing is done then.
    let _ = std::io::stdin().read_line(&mut answer);
    answer.trim().to_lowercase()
}

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
    match answer(&format!("{question} [y/N] ")).as_str() {
        "y" | "yes" => Ok(()),
        _ => Err(Failure::new("not confirmed; nothing was changed")),
    }
}
