//! The usage object of a chat completion as OpenAI writes it: the same keys in the same order, so
//! that each is held against the one that comes next. Anything else is left to the walk.

use super::{Details, Usage};

/// What `text` begins with, and its length; `None` where it is written in any other way.
pub(super) fn read(text: &[u8]) -> Option<(Usage, usize)> {
    let mut at = At { text, at: 0 };
    at.byte(b'{')?;
    let prompt_tokens = at.count(b"\"prompt_tokens\"")?;
    at.byte(b',')?;
    let completion_tokens = at.count(b"\"completion_tokens\"")?;
    at.byte(b',')?;
    let total_tokens = at.count(b"\"total_tokens\"")?;
    let (mut read, mut written) = (None, None);
    if at.comma() {
        read = Some(at.read_details()?);
        at.byte(b',')?;
        written = Some(at.written_details()?);
    }
    at.byte(b'}')?;
    let usage = Usage {
        prompt_tokens: Some(prompt_tokens),
        completion_tokens: Some(completion_tokens),
        total_tokens: Some(total_tokens),
        prompt_tokens_details: read,
        completion_tokens_details: written,
        ..Usage::default()
    };
    Some((usage, at.at))
}

struct At<'t> {
    text: &'t [u8],
    at: usize,
}

impl At<'_> {
    fn read_details(&mut self) -> Option<Details> {
        self.key(b"\"prompt_tokens_details\"")?;
        self.byte(b'{')?;
        let cached = self.count(b"\"cached_tokens\"")?;
        self.byte(b',')?;
        let audio = self.count(b"\"audio_tokens\"")?;
        self.byte(b'}')?;
        Some(Details {
            cached_tokens: Some(cached),
            audio_tokens: Some(audio),
            ..Details::default()
        })
    }

    fn written_details(&mut self) -> Option<Details> {
        self.key(b"\"completion_tokens_details\"")?;
        self.byte(b'{')?;
        let reasoning = self.count(b"\"reasoning_tokens\"")?;
        self.byte(b',')?;
        let audio = self.count(b"\"audio_tokens\"")?;
        self.byte(b',')?;
        self.count(b"\"accepted_prediction_tokens\"")?;
        self.byte(b',')?;
        self.count(b"\"rejected_prediction_tokens\"")?;
        self.byte(b'}')?;
        Some(Details {
            reasoning_tokens: Some(reasoning),
            audio_tokens: Some(audio),
            ..Details::default()
        })
    }

    fn space(&mut self) {
        while matches!(self.text.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn byte(&mut self, byte: u8) -> Option<()> {
        self.space();
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    fn comma(&mut self) -> bool {
        self.byte(b',').is_some()
    }

    /// A key with its quotes, and the colon.
    fn key(&mut self, key: &[u8]) -> Option<()> {
        self.space();
        self.text.get(self.at..)?.starts_with(key).then(|| self.at += key.len())?;
        self.byte(b':')
    }

    /// A key and the whole number behind it, written as numbers are: at most 18 digits, and none
    /// before a first zero.
    fn count(&mut self, key: &[u8]) -> Option<u64> {
        self.key(key)?;
        self.space();
        let (start, mut count) = (self.at, 0);
        while let Some(digit @ b'0'..=b'9') = self.text.get(self.at) {
            count = count * 10 + u64::from(digit - b'0');
            self.at += 1;
            if self.at - start > 18 {
                return None;
            }
        }
        let leads = self.at - start > 1 && self.text[start] == b'0';
        let ends = !matches!(self.text.get(self.at), Some(b'.' | b'e' | b'E'));
        (self.at > start && !leads && ends).then_some(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::usage::fields::any_prefix;

    const USUAL: [&str; 3] = [
        r#"{"prompt_tokens":200,"completion_tokens":0,"total_tokens":300,"prompt_tokens_details":{
            "cached_tokens":7,"audio_tokens":1},"completion_tokens_details":{"reasoning_tokens":5,
            "audio_tokens":2,"accepted_prediction_tokens":9,"rejected_prediction_tokens":0}},"x""#,
        "{\n\t\"prompt_tokens\" : 1 ,\r\n \"completion_tokens\":2, \"total_tokens\":3 }",
        r#"{"prompt_tokens":123456789012345678,"completion_tokens":1,"total_tokens":2}"#,
    ];

    #[test]
    fn what_is_usual_is_read_as_the_walk_reads_it() {
        for text in USUAL {
            let read = read(text.as_bytes());
            assert!(read.is_some(), "{text}");
            assert_eq!(read, any_prefix(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn no_other_text_is_read_otherwise_than_the_walk_does() {
        let odd = [",", "}", "{", "\"", "-", "1", "0", ".5", "e3", "null", " ", ":", "\u{e9}", ""];
        for text in USUAL {
            for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
                for odd in odd {
                    let end = (at + odd.len()).min(text.len());
                    for behind in [at, end] {
                        let changed = [&text[..at], odd, &text[behind..]].concat();
                        let read = read(changed.as_bytes());
                        assert!(
                            read.is_none() || read == any_prefix(changed.as_bytes()),
                            "{changed}"
                        );
                    }
                }
                assert!(read(&text.as_bytes()[..at]).is_none_or(|(_, length)| length <= at));
            }
        }
    }
}
