//! Query parameters, in both spellings of arrays: `ids[]=a&ids[]=b` and `ids=a&ids=b`.

use std::ops::RangeInclusive;

use domain::Fault;
use domain::fault::catalogue;
use openai::target;

/// Values of one array parameter; more make a report slow (case 14).
const LONGEST_ARRAY: usize = 500;

/// The parameters of a call, decoded. Names that an operation does not know are ignored, as
/// OpenAI does.
pub(crate) struct Query {
    /// Names without a trailing `[]`.
    pairs: Vec<(String, String)>,
}

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, Fault> {
        let mut pairs = Vec::new();
        for pair in query.unwrap_or("").split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = (plain(name), plain(value));
            let (Some(name), Some(value)) = decoded else {
                return Err(Fault::because(
                    &catalogue::INVALID_VALUE,
                    "The query string has a broken percent-encoding.",
                ));
            };
            let name = name.strip_suffix("[]").map(str::to_owned).unwrap_or(name);
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// A parameter that may be given once.
    pub(crate) fn one(&self, name: &'static str) -> Result<Option<&str>, Fault> {
        let mut values = self.values(name);
        let first = values.next();
        match values.next() {
            None => Ok(first),
            Some(_) => Err(invalid(name, "expected it once, but got it repeatedly")),
        }
    }

    pub(crate) fn integer(
        &self,
        name: &'static str,
        bounds: RangeInclusive<i64>,
    ) -> Result<Option<i64>, Fault> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        let number = text.parse().map_err(|_| invalid(name, "expected an integer"))?;
        let (low, high) = (bounds.start(), bounds.end());
        if number < *low {
            let why = format!("expected a value >= {low}, but got {number} instead");
            return Err(invalid(name, &why));
        }
        if number > *high {
            let why = format!("expected a value <= {high}, but got {number} instead");
            return Err(invalid(name, &why));
        }
        Ok(Some(number))
    }

    /// `true` or `false`; some SDKs write them with a capital.
    pub(crate) fn flag(&self, name: &'static str) -> Result<Option<bool>, Fault> {
        Ok(match self.one(name)? {
            None => None,
            Some("true" | "True" | "1") => Some(true),
            Some("false" | "False" | "0") => Some(false),
            Some(_) => return Err(invalid(name, "expected true or false")),
        })
    }

    /// One of a few words.
    pub(crate) fn word(
        &self,
        name: &'static str,
        words: &[&'static str],
    ) -> Result<Option<&'static str>, Fault> {
        let Some(text) = self.one(name)? else { return Ok(None) };
        match words.iter().find(|word| **word == text) {
            Some(word) => Ok(Some(word)),
            None => Err(invalid(name, &format!("expected one of {}", words.join(", ")))),
        }
    }

    pub(crate) fn array(&self, name: &'static str) -> Result<Vec<String>, Fault> {
        let values: Vec<String> = self.values(name).map(str::to_owned).collect();
        if values.len() > LONGEST_ARRAY {
            let why = format!("expected at most {LONGEST_ARRAY} values, but got {}", values.len());
            return Err(invalid(name, &why));
        }
        Ok(values)
    }

    fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        let name = name.to_owned();
        self.pairs.iter().filter(move |pair| pair.0 == name).map(|pair| pair.1.as_str())
    }
}

pub(crate) fn invalid(name: &'static str, why: &str) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, format!("Invalid '{name}': {why}.")).param(name)
}

/// Form decoding: `+` is a space.
fn plain(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    target::decode(&spaced).map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str) -> Query {
        Query::parse(Some(text)).unwrap()
    }

    #[test]
    fn arrays_come_in_three_spellings() {
        for text in ["ids[]=a&ids[]=b%20c", "ids%5B%5D=a&ids%5b%5d=b+c", "ids=a&ids=b%20c"] {
            assert_eq!(query(text).array("ids").unwrap(), ["a", "b c"], "{text}");
        }
    }

    #[test]
    fn case_14_an_array_of_ten_thousand_is_refused_by_name() {
        let fault = query(&"ids=a&".repeat(10_000)).array("ids").unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("ids"));
    }

    #[test]
    fn a_single_value_is_checked_and_named() {
        let q = query("limit=101&limit2=1&limit2=2&b=maybe&o=x");
        let param = |fault: Fault| fault.param.unwrap().into_owned();
        assert_eq!(param(q.integer("limit", 1..=100).unwrap_err()), "limit");
        assert_eq!(param(q.one("limit2").unwrap_err()), "limit2");
        assert_eq!(param(q.flag("b").unwrap_err()), "b");
        assert_eq!(param(q.word("o", &["asc", "desc"]).unwrap_err()), "o");
        assert!(Query::parse(Some("a=%zz")).is_err());
    }
}
