//! JSON bodies, field by field: each is taken once, and what is left over is unknown.

use std::fmt;
use std::ops::RangeInclusive;

use bytes::Bytes;
use domain::Fault;
use domain::fault::catalogue;
use http::{HeaderMap, header};
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// Characters of a name, after trimming.
const LONGEST_NAME: usize = 256;
/// Elements of a list, and characters of each.
const LONGEST_LIST: usize = 1000;
const LONGEST_ELEMENT: usize = 256;

/// The members of a body that nobody has taken yet.
pub(crate) struct Fields {
    members: Vec<(String, Value)>,
}

impl Fields {
    /// No body at all is an empty one: the SDKs send `Content-Type: application/json` with
    /// nothing behind it.
    pub(crate) fn parse(headers: &HeaderMap, body: &Bytes) -> Result<Self, Fault> {
        if body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self { members: Vec::new() });
        }
        let text = |name| headers.get(name).map_or("", |value| value.to_str().unwrap_or("?"));
        let coding = text(header::CONTENT_ENCODING);
        if !coding.is_empty() && !coding.eq_ignore_ascii_case("identity") {
            return Err(Fault::new(&catalogue::UNSUPPORTED_CONTENT_ENCODING));
        }
        let media = text(header::CONTENT_TYPE).split(';').next().unwrap_or("").trim();
        if !media.is_empty() && !media.eq_ignore_ascii_case("application/json") {
            return Err(Fault::new(&catalogue::UNSUPPORTED_MEDIA_TYPE));
        }
        serde_json::from_slice(body).map_err(|error| {
            let message = format!("We could not parse the JSON body of your request: {error}.");
            Fault::because(&catalogue::INVALID_JSON, message)
        })
    }

    /// Refuses what was not taken (case 12).
    pub(crate) fn finish(self) -> Result<(), Fault> {
        match self.members.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let message = format!("Unknown parameter: '{name}'.");
                Err(Fault::because(&catalogue::UNKNOWN_FIELD, message).param(name))
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<Value> {
        let at = self.members.iter().position(|member| member.0 == name)?;
        Some(self.members.swap_remove(at).1)
    }

    /// A member that may be left out; `null` is the same as leaving it out.
    fn given(&mut self, name: &str) -> Option<Value> {
        self.take(name).filter(|value| !value.is_null())
    }

    /// A name for people: trimmed, not empty, without control characters.
    pub(crate) fn name(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let text = string(name, value)?.trim().to_owned();
        let length = text.chars().count();
        if length == 0 || length > LONGEST_NAME || text.contains(char::is_control) {
            let why = format!("expected 1 to {LONGEST_NAME} printable characters");
            return Err(invalid(name, &why));
        }
        Ok(Some(text))
    }

    pub(crate) fn required_name(&mut self, name: &'static str) -> Result<String, Fault> {
        self.name(name)?.ok_or_else(|| missing(name))
    }

    /// `Some(None)` for an explicit `null`, which clears.
    pub(crate) fn clearable_name(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Option<String>>, Fault> {
        if self.take_null(name) {
            return Ok(Some(None));
        }
        Ok(self.name(name)?.map(Some))
    }

    pub(crate) fn word(
        &mut self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let text = string(name, value)?;
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(invalid(name, &format!("expected one of {}", words.join(", ")))),
        }
    }

    /// Text as it was sent.
    pub(crate) fn text(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        self.given(name).map(|value| string(name, value)).transpose()
    }

    /// Reads an object inside; a fault names the field with the object before it.
    pub(crate) fn within<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<T>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Object(members) = value else {
            return Err(wrong_type(name, "an object", &value));
        };
        let mut inside = Self { members: members.into_iter().collect() };
        let whole = read(&mut inside).and_then(|found| inside.finish().map(|()| found));
        whole.map(Some).map_err(|mut fault| {
            fault.param = fault.param.map(|param| format!("{name}.{param}").into());
            fault
        })
    }

    /// A list of objects, each read by `read`; a fault names the field with the list before it.
    pub(crate) fn objects<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<Vec<T>>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Array(elements) = value else {
            return Err(wrong_type(name, "an array of objects", &value));
        };
        if elements.len() > LONGEST_LIST {
            return Err(invalid(name, &format!("expected at most {LONGEST_LIST} elements")));
        }
        let mut found = Vec::with_capacity(elements.len());
        for element in elements {
            let mut one = Self { members: vec![(name.to_owned(), element)] };
            found.extend(one.within(name, &read)?);
        }
        Ok(Some(found))
    }

    pub(crate) fn flag(&mut self, name: &'static str) -> Result<Option<bool>, Fault> {
        match self.given(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(flag)),
            Some(other) => Err(wrong_type(name, "a boolean", &other)),
        }
    }

    pub(crate) fn integer(
        &mut self,
        name: &'static str,
        bounds: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Number(number) = &value else {
            return Err(wrong_type(name, "an integer", &value));
        };
        match number.as_i64() {
            Some(number) if bounds.contains(&number) => Ok(Some(number)),
            _ => {
                let (low, high) = (bounds.start(), bounds.end());
                let why = format!("expected an integer from {low} to {high}, but got {number}");
                Err(invalid(name, &why))
            }
        }
    }

    /// A list of texts, each 1 to 256 characters. Empty is allowed here.
    pub(crate) fn texts(&mut self, name: &'static str) -> Result<Option<Vec<String>>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Array(elements) = value else {
            return Err(wrong_type(name, "an array of strings", &value));
        };
        if elements.len() > LONGEST_LIST {
            return Err(invalid(name, &format!("expected at most {LONGEST_LIST} elements")));
        }
        let mut texts = Vec::with_capacity(elements.len());
        for element in elements {
            let text = string(name, element)?;
            let length = text.chars().count();
            if length == 0 || length > LONGEST_ELEMENT || text.contains(char::is_control) {
                let why = format!("expected elements of 1 to {LONGEST_ELEMENT} characters");
                return Err(invalid(name, &why));
            }
            texts.push(text);
        }
        Ok(Some(texts))
    }

    /// A list of objects, each read alike; a fault names the element.
    pub(crate) fn each<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Self) -> Result<T, Fault>,
    ) -> Result<Option<Vec<T>>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Array(elements) = value else {
            return Err(wrong_type(name, "an array of objects", &value));
        };
        let mut found = Vec::with_capacity(elements.len().min(LONGEST_LIST));
        for (at, element) in elements.into_iter().enumerate() {
            let Value::Object(members) = element else {
                return Err(wrong_type(name, "an array of objects", &element));
            };
            let mut inside = Self { members: members.into_iter().collect() };
            let whole = read(&mut inside).and_then(|one| inside.finish().map(|()| one));
            found.push(whole.map_err(|mut fault| {
                fault.param = fault.param.map(|param| format!("{name}[{at}].{param}").into());
                fault
            })?);
        }
        Ok(Some(found))
    }

    /// An object of texts, such as headers.
    pub(crate) fn pairs(
        &mut self,
        name: &'static str,
    ) -> Result<Option<Vec<(String, String)>>, Fault> {
        let Some(value) = self.given(name) else { return Ok(None) };
        let Value::Object(members) = value else {
            return Err(wrong_type(name, "an object of strings", &value));
        };
        let pair = |(key, value)| Ok((key, string(name, value)?));
        members.into_iter().map(pair).collect::<Result<_, Fault>>().map(Some)
    }

    /// Takes a member that is an explicit `null`.
    pub(crate) fn take_null(&mut self, name: &str) -> bool {
        let null = self.members.iter().any(|member| member.0 == name && member.1.is_null());
        null && self.take(name).is_some()
    }
}

pub(crate) fn invalid(name: &'static str, why: &str) -> Fault {
    crate::query::invalid(name, why)
}

pub(crate) fn missing(name: &'static str) -> Fault {
    let message = format!("Missing required parameter: '{name}'.");
    Fault::because(&catalogue::MISSING_REQUIRED_PARAMETER, message).param(name)
}

fn string(name: &'static str, value: Value) -> Result<String, Fault> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(wrong_type(name, "a string", &other)),
    }
}

fn wrong_type(name: &'static str, wanted: &str, got: &Value) -> Fault {
    let got = match got {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(number) if number.is_f64() => "a decimal",
        Value::Number(_) => "an integer",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    };
    let message = format!("Invalid type for '{name}': expected {wanted}, but got {got} instead.");
    Fault::because(&catalogue::INVALID_VALUE, message).param(name)
}

impl<'de> Deserialize<'de> for Fields {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members)
    }
}

/// Reads an object without losing a repeated name: two readers could choose differently (case 90).
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Fields;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields, A::Error> {
        let mut members: Vec<(String, Value)> = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Value>()? {
            if members.iter().any(|member| member.0 == name) {
                return Err(A::Error::custom(format_args!("'{name}' is there twice")));
            }
            if members.len() == LONGEST_LIST {
                return Err(A::Error::custom("too many members"));
            }
            members.push((name, value));
        }
        Ok(Fields { members })
    }
}
