//! `docs/doctor.md`: an introduction, and every cause from the table.

use std::fmt::Write as _;

use domain::diagnosis::causes;

use super::super::explain::{who, whom};

const INTRODUCTION: &str = include_str!("introduction.md");

#[must_use]
pub(crate) fn doctor_markdown() -> String {
    let mut page = INTRODUCTION.to_owned();
    page.push_str("\n| Code | Step | Who must act |\n|---|---|---|\n");
    for cause in causes::ALL {
        let (code, step, who) = (cause.code, cause.step.as_str(), who(cause.blame));
        // Writing to a string cannot fail.
        let _ = writeln!(page, "| [`{code}`](#{code}) | {step} | {who} |");
    }
    for cause in causes::ALL {
        let _ = write!(
            page,
            "\n### {}\n\n{}\n\n**What to do:** {}\n\n- Step: {}. Who must act: {}.\n",
            cause.code,
            cause.what,
            cause.remedy,
            cause.step.as_str(),
            whom(cause.blame),
        );
    }
    page
}
