//! A request in two: the last thing that its user says, and all the rest.
//!
//! Near matches compare the one by what it is about; the rest must be the same in everything: system
//! prompt, earlier turns, tools, parameters.

use super::{Canonical, Kind, Tape, left_out};
use crate::json::{self, plain};
use crate::surface::{Meter, Operation};

/// Bytes of what a user says that are looked at; longer texts have no one direction.
const LONGEST: usize = 16 << 10;

/// A request without what is asked, and what is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// As [`Canonical`], with a hole where the text stood. No request without one reads so.
    pub rest: Canonical,
    pub text: String,
}

/// Takes a request apart. `None`: it does not end in one text of its user's.
#[must_use]
pub fn split(operation: &Operation, body: &[u8]) -> Option<Split> {
    let meter = operation.meter;
    let (field, part): (&[u8], &[u8]) = match meter {
        Meter::Chat => (b"messages", b"text"),
        Meter::Responses => (b"input", b"input_text"),
        Meter::Completion => (b"prompt", b""),
        _ => return None,
    };
    let mut tape = Tape::of(body);
    json::walk(body, &mut tape).ok()?;
    let said = tape.member(0, field)?;
    let at = match tape.nodes[said].kind {
        Kind::Text if meter != Meter::Chat => said,
        Kind::List if meter != Meter::Completion => {
            let last = tape.children(said).last()?;
            tape.said_by_user(last, part)?
        }
        _ => return None,
    };
    let text = plain(&body[tape.nodes[at].span.clone()])?.into_owned();
    let text = String::from_utf8(text).ok()?;
    if text.trim().is_empty() || text.len() > LONGEST {
        return None;
    }
    tape.hole = Some(at);
    let mut rest = Vec::with_capacity(body.len() + 64);
    tape.write(0, &mut rest, left_out(meter));
    Some(Split { rest: Canonical(rest), text })
}

impl Tape<'_> {
    /// An object's one member of a name: of two, readers may take either.
    fn member(&self, of: usize, name: &[u8]) -> Option<usize> {
        let is = |at: &usize| {
            plain(&self.body[self.nodes[*at].key.clone()]).is_some_and(|key| *key == *name)
        };
        let mut found = self.children(of).filter(is);
        let one = (self.nodes.get(of)?.kind == Kind::Object).then(|| found.next())??;
        found.next().is_none().then_some(one)
    }

    fn is_text(&self, at: usize, text: &[u8]) -> bool {
        let node = &self.nodes[at];
        let said = || plain(&self.body[node.span.clone()]);
        node.kind == Kind::Text && said().is_some_and(|said| *said == *text)
    }

    /// The one text of a user's message.
    fn said_by_user(&self, message: usize, part: &[u8]) -> Option<usize> {
        if !self.is_text(self.member(message, b"role")?, b"user") {
            return None;
        }
        let content = self.member(message, b"content")?;
        match self.nodes[content].kind {
            Kind::Text => Some(content),
            Kind::List => {
                let mut parts = self.children(content);
                let (one, None) = (parts.next()?, parts.next()) else { return None };
                let text = self.member(one, b"text")?;
                let fits = self.is_text(self.member(one, b"type")?, part);
                (fits && self.nodes[text].kind == Kind::Text).then_some(text)
            }
            Kind::Object | Kind::Literal => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::surface::by_id;

    fn chat(body: &str) -> Option<Split> {
        split(by_id("createChatCompletion").unwrap(), body.as_bytes())
    }

    #[test]
    fn only_what_the_user_says_last_is_taken_out() {
        let one = chat(
            r#"{"model":"m","messages":[{"role":"system","content":"s"},
            {"role":"user","content":"Wh\u0061t?"}],"temperature":0}"#,
        );
        let one = one.unwrap();
        assert_eq!(one.text, "What?");
        let same = r#"{"temperature":0,"messages":[{"content":"s","role":"system"},
            {"role":"user","content":"And this?"}],"stream":true,"user":"u","model":"m"}"#;
        let other = chat(same).unwrap();
        assert_eq!((other.rest == one.rest, other.text.as_str()), (true, "And this?"));
        // Each of these makes it another question altogether.
        for (was, is) in [
            ("\"s\"", "\"t\""),
            ("\"temperature\":0", "\"temperature\":1"),
            ("\"model\":\"m\"", "\"model\":\"n\""),
            ("\"model\":\"m\"", "\"model\":\"m\",\"tools\":[]"),
            ("\"model\":\"m\"", "\"model\":\"m\",\"seed\":1"),
            ("{\"role\":\"user\"", "{\"role\":\"user\",\"content\":\"x\"},{\"role\":\"user\""),
            ("{\"role\":\"user\"", "{\"name\":\"n\",\"role\":\"user\""),
        ] {
            let changed = same.replacen(was, is, 1);
            assert_ne!(changed, same, "{was}");
            assert_ne!(chat(&changed).unwrap().rest, one.rest, "{is}");
        }
    }

    #[test]
    fn what_does_not_end_in_one_text_of_the_user_has_no_near_match() {
        for body in [
            r#"{"model":"m","messages":[{"role":"assistant","content":"x"}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":"  "}]}"#,
            r#"{"model":"m","messages":[{"role":"user","role":"user","content":"x"}]}"#,
            r#"{"model":"m","messages":[]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":[{"type":"text","text":"a"},
                {"type":"image_url","image_url":{"url":"data:,"}}]}]}"#,
            r#"{"model":"m","messages":[{"role":"user","content":null}]}"#,
        ] {
            assert_eq!(chat(body), None, "{body}");
        }
        let parts = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}]}"#;
        assert_eq!(chat(parts).unwrap().text, "a");
        let responses = by_id("createResponse").unwrap();
        for body in [
            r#"{"input":"a"}"#,
            r#"{"input":[{"role":"user","content":[{"type":"input_text","text":"a"}]}]}"#,
        ] {
            assert_eq!(split(responses, body.as_bytes()).unwrap().text, "a");
        }
        let completion = by_id("createCompletion").unwrap();
        assert_eq!(split(completion, br#"{"prompt":"a"}"#).unwrap().text, "a");
        assert_eq!(split(completion, br#"{"prompt":["a"]}"#), None);
    }
}
