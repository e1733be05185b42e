//! The command line: `--name value`, and `--quick` or `--laid-out` alone. Too small to need a parser crate.

use std::net::SocketAddr;

use crate::{Result, USAGE};

const SWITCHES: [&str; 2] = ["quick", "laid-out"];

/// What stood on the command line and has not been taken yet.
#[derive(Debug)]
pub(crate) struct Flags(Vec<(String, String)>);

impl Flags {
    pub(crate) fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut words = words;
        let mut flags = Vec::new();
        while let Some(word) = words.next() {
            let Some(name) = word.strip_prefix("--") else {
                return Err(format!("`{word}` is not a flag\n{USAGE}").into());
            };
            let value = if SWITCHES.contains(&name) {
                String::new()
            } else {
                words.next().ok_or_else(|| format!("--{name} needs a value"))?
            };
            flags.push((name.to_owned(), value));
        }
        Ok(Self(flags))
    }

    /// The value of a flag, once; a flag may be given several times.
    pub(crate) fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(flag, _)| flag == name)?;
        Some(self.0.remove(at).1)
    }

    pub(crate) fn need(&mut self, name: &str) -> Result<String> {
        self.take(name).ok_or_else(|| format!("--{name} is missing\n{USAGE}").into())
    }

    pub(crate) fn address(&mut self, name: &str) -> Result<SocketAddr> {
        let text = self.need(name)?;
        text.parse()
            .map_err(|_| format!("--{name} {text}: want an address like 127.0.0.1:0").into())
    }

    /// Nobody's flag is a mistake of the caller, not a thing to ignore.
    pub(crate) fn finish(self) -> Result<()> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) => Err(format!("unknown flag --{name}\n{USAGE}").into()),
        }
    }
}
