//! Why a command failed, what to do next, and the code to look up.

use std::fmt;

use super::table::plain;

pub(super) struct Failure {
    message: String,
    next: Option<String>,
    /// `x-tollgate-error`.
    code: Option<String>,
    /// `x-request-id`.
    request: Option<String>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), next: None, code: None, request: None }
    }

    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(super) fn code(mut self, code: Option<String>, request: Option<String>) -> Self {
        self.code = code;
        self.request = request;
        self
    }

    pub(super) fn is(&self, code: &str) -> bool {
        self.code.as_deref() == Some(code)
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    /// One fact a line. Text from outside cannot steer the terminal.
    pub(super) fn render(&self, color: bool) -> String {
        let (on, off) = if color { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        let mut text = format!("{on}error:{off} {}\n", plain(&self.message));
        if let Some(next) = &self.next {
            text.push_str(&format!("  {}\n", plain(next)));
        }
        if let Some(code) = self.code.as_deref().map(plain) {
            let request = self.request.as_deref().map(plain);
            let request = request.map(|id| format!("; request {id}")).unwrap_or_default();
            text.push_str(&format!("  code: {code} (`tollgate explain {code}`){request}\n"));
        }
        text
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_happened_what_to_do_and_its_code() {
        let failure = Failure::new("No such key.\x1b[2J")
            .next("Look again.")
            .code(Some("not_found".into()), Some("req_1".into()));
        assert_eq!(
            failure.render(false),
            "error: No such key.\u{fffd}[2J\n  Look again.\n  \
             code: not_found (`tollgate explain not_found`); request req_1\n"
        );
        assert!(failure.render(true).starts_with("\x1b[1;31merror:\x1b[0m "));
    }
}
