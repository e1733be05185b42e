//! What a person typed: the fields of a form or of a query, in their order.

use domain::fault::catalogue;
use domain::{Fault, Secret};
use http::{Method, header};

use crate::ApiRequest;

/// `application/x-www-form-urlencoded` fields.
#[derive(Clone, Default)]
pub struct Form(Vec<(String, String)>);

impl Form {
    /// The fields of a request's body; none of one that is no form.
    pub(crate) fn posted(request: &ApiRequest<'_>) -> Result<Self, Fault> {
        if *request.method != Method::POST {
            return Ok(Self::default());
        }
        let kind = request.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or("").split(';').next().unwrap_or("").trim();
        if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
            return Err(Fault::new(&catalogue::UNSUPPORTED_MEDIA_TYPE));
        }
        let text = std::str::from_utf8(&request.body).ok().and_then(Self::parse);
        text.ok_or_else(|| Fault::because(&catalogue::INVALID_VALUE, "The form cannot be read."))
    }

    /// `None` for what is not UTF-8 once it is decoded.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let pairs = text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        pairs.collect::<Option<_>>().map(Self)
    }

    /// A field's text without blanks around it; empty where it is not there.
    #[must_use]
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field that is there and not empty.
    #[must_use]
    pub fn some(&self, name: &str) -> Option<&str> {
        Some(self.text(name)).filter(|text| !text.is_empty())
    }

    /// Every value of a field that may be there several times.
    pub fn every<'f>(&'f self, name: &'f str) -> impl Iterator<Item = &'f str> {
        self.0.iter().filter(move |(n, _)| n == name).map(|(_, value)| value.as_str())
    }

    #[must_use]
    pub fn is_checked(&self, name: &str) -> bool {
        self.0.iter().any(|(n, _)| n == name)
    }

    /// A password or credential: as it was typed.
    #[must_use]
    pub fn secret(&self, name: &str) -> Secret {
        Secret::from(self.raw(name))
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    /// All fields but those of ours, for a page that sends them once more.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        let all = self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        all.filter(|(name, _)| !name.starts_with('_'))
    }

    /// The fields as text; what is secret stays out.
    pub(crate) fn kept(&self) -> String {
        let secret = |name: &str| {
            ["password", "secret", "credential", "code"].iter().any(|word| name.contains(word))
        };
        let kept = self.fields().filter(|(name, _)| !secret(name));
        let kept: Vec<_> =
            kept.map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        kept.join("&")
    }
}

pub(crate) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match first {
            b'+' => bytes.push(b' '),
            b'%' => {
                let (digits, after) = rest.split_at_checked(2)?;
                let digits = std::str::from_utf8(digits).ok()?;
                bytes.push(u8::from_str_radix(digits, 16).ok()?);
                rest = after;
            }
            byte => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                out.push(char::from(byte));
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_come_as_they_were_typed() {
        let form = Form::parse("name=Ada+L.&name=b&x=%3Cb%3E%26&empty=&on").unwrap();
        assert_eq!(form.text("name"), "Ada L.");
        assert_eq!(form.every("name").collect::<Vec<_>>(), ["Ada L.", "b"]);
        assert_eq!(form.text("x"), "<b>&");
        assert!(form.is_checked("on") && !form.is_checked("off") && form.some("empty").is_none());
        assert!(Form::parse("x=%ff").is_none() && Form::parse("x=%f").is_none());
    }

    #[test]
    fn what_is_kept_holds_no_secret_and_none_of_our_own_fields() {
        let form = Form::parse("name=a%26b&password=x&new_secret=y&_proof=z").unwrap();
        assert_eq!(form.kept(), "name=a%26b");
    }
}
