//! What a command comes to: data for stdout, talk for stderr.

use std::io::{ErrorKind, Write};

use serde_json::{Value, json};

use super::failure::Failure;
use super::table::plain_lines;

#[derive(Default)]
pub(super) struct Said {
    /// Whole lines, each with its end.
    data: String,
    talk: String,
    /// What to say when the data was not taken, for data that cannot be had again.
    lost: Option<String>,
    /// The command did what it was asked for, and what it found is bad.
    failure: Option<Failure>,
}

impl Said {
    pub(super) fn data(text: impl Into<String>) -> Self {
        Self::default().and_data(text)
    }

    /// The pages of a list as one page, in the API's shape.
    pub(super) fn list(rows: &[Value]) -> Self {
        let id = |row: Option<&Value>| row.map(|row| row["id"].clone());
        let (first, last) = (id(rows.first()), id(rows.last()));
        let list = json!({
            "object": "list", "data": rows, "first_id": first, "last_id": last, "has_more": false,
        });
        Self::data(list.to_string())
    }

    pub(super) fn talk(text: impl Into<String>) -> Self {
        Self::default().and_talk(text)
    }

    pub(super) fn and_data(mut self, text: impl Into<String>) -> Self {
        self.data = ended(text.into());
        self
    }

    pub(super) fn and_talk(mut self, text: impl Into<String>) -> Self {
        self.talk = ended(text.into());
        self
    }

    /// Says something before what it says.
    pub(super) fn and_first(mut self, talk: &str) -> Self {
        self.talk = ended(talk.to_owned()) + &self.talk;
        self
    }

    /// One more line of talk.
    pub(super) fn add_talk(mut self, text: impl Into<String>) -> Self {
        self.talk.push_str(&ended(text.into()));
        self
    }

    pub(super) fn only_once(mut self, lost: impl Into<String>) -> Self {
        self.lost = Some(lost.into());
        self
    }

    pub(super) fn and_failure(mut self, failure: Failure) -> Self {
        self.failure = Some(failure);
        self
    }

    /// A reader that stops early (`| head -1`) has what it wanted; that is no failure.
    pub(super) fn print(self, out: &mut dyn Write, err: &mut dyn Write) -> Result<(), Failure> {
        let printed = out.write_all(self.data.as_bytes()).and_then(|()| out.flush());
        match (printed, self.lost) {
            (Ok(()), _) => {}
            (Err(error), Some(lost)) => return Err(Failure::new(lost).next(error.to_string())),
            (Err(error), None) if error.kind() == ErrorKind::BrokenPipe => {}
            (Err(error), None) => return Err(Failure::new(format!("cannot write: {error}"))),
        }
        // The work is done, whether anybody hears of it or not.
        let _ = err.write_all(plain_lines(&self.talk).as_bytes());
        self.failure.map_or(Ok(()), Err)
    }

    #[cfg(test)]
    pub(super) fn into_parts(self) -> (String, String) {
        (self.data, self.talk)
    }
}

fn ended(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn data_and_talk_go_their_ways() {
        let (mut out, mut err) = (Vec::new(), Vec::new());
        Said::data("a").and_talk("b\n").print(&mut out, &mut err).unwrap();
        assert_eq!((out.as_slice(), err.as_slice()), (b"a\n".as_slice(), b"b\n".as_slice()));
    }

    #[test]
    fn talk_does_not_steer_the_terminal() {
        let mut err = Vec::new();
        let said = Said::talk("the name \x1b]0;x\x07\r\nand more");
        said.print(&mut Vec::new(), &mut err).unwrap();
        assert_eq!(
            String::from_utf8(err).unwrap(),
            "the name \u{fffd}]0;x\u{fffd}\u{fffd}\nand more\n"
        );
    }

    #[test]
    fn what_was_found_bad_is_printed_and_then_fails() {
        let mut out = Vec::new();
        let said = Said::data("rows").and_failure(Failure::new("bad"));
        assert!(said.print(&mut out, &mut Vec::new()).is_err());
        assert_eq!(out, b"rows\n");
    }

    #[test]
    fn a_reader_that_left_is_a_failure_only_when_something_is_lost() {
        assert!(Said::data("rows").print(&mut Broken, &mut Vec::new()).is_ok());
        let once = Said::data("sk-tg-x").only_once("the key was made but not printed");
        let failure = once.print(&mut Broken, &mut Vec::new()).unwrap_err();
        assert!(failure.render(false).contains("not printed"));
    }
}
