//! Filtering list pages: elements that are kept keep their bytes, and so does all around them.

use std::borrow::Cow;
use std::ops::Range;

use crate::json::{self, Visit, unescape};

/// A page of a provider's list.
pub struct Page<'t> {
    text: &'t [u8],
    data: Range<usize>,
    first_id: Option<Range<usize>>,
    last_id: Option<Range<usize>>,
    has_more: Option<Range<usize>>,
    pub elements: Vec<Element<'t>>,
}

/// One element of a page.
#[derive(Clone, Debug, Default)]
pub struct Element<'t> {
    /// The element as it came.
    pub text: &'t [u8],
    pub id: Cow<'t, str>,
    /// A file's purpose; empty for other kinds.
    pub purpose: Cow<'t, str>,
}

impl<'t> Page<'t> {
    /// Reads a list page; `None` when the text is no such page.
    #[must_use]
    pub fn parse(text: &'t [u8]) -> Option<Self> {
        let mut reader = Reader::new(text);
        json::walk(text, &mut reader).ok()?;
        Some(Self {
            text,
            data: reader.data?,
            first_id: reader.first_id,
            last_id: reader.last_id,
            has_more: reader.has_more,
            elements: reader.elements,
        })
    }

    /// Whether the provider says that more follows.
    #[must_use]
    pub fn has_more(&self) -> bool {
        self.has_more.clone().is_some_and(|span| &self.text[span] == b"true")
    }

    /// The page with other elements; ids and `has_more` follow where the page has them.
    #[must_use]
    pub fn render(&self, elements: &[(String, Vec<u8>)], has_more: bool) -> Vec<u8> {
        let quoted = |element: Option<&(String, Vec<u8>)>| {
            element
                .and_then(|(id, _)| serde_json::to_vec(id).ok())
                .unwrap_or_else(|| b"null".to_vec())
        };
        let texts: Vec<&[u8]> = elements.iter().map(|(_, text)| text.as_slice()).collect();
        let data = [b"[".as_slice(), &texts.join(b",".as_slice()), b"]"].concat();
        let more = if has_more { b"true".to_vec() } else { b"false".to_vec() };
        let mut edits = vec![(self.data.clone(), data)];
        edits.extend(self.first_id.clone().map(|span| (span, quoted(elements.first()))));
        edits.extend(self.last_id.clone().map(|span| (span, quoted(elements.last()))));
        edits.extend(self.has_more.clone().map(|span| (span, more)));
        edits.sort_by_key(|(span, _)| span.start);
        let mut out = Vec::with_capacity(self.text.len());
        let mut at = 0;
        for (span, with) in edits {
            out.extend_from_slice(&self.text[at..span.start]);
            out.extend_from_slice(&with);
            at = span.end;
        }
        out.extend_from_slice(&self.text[at..]);
        out
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Other,
    Data,
    FirstId,
    LastId,
    HasMore,
    Id,
    Purpose,
}

struct Reader<'t> {
    text: &'t [u8],
    top: Key,
    inner: Key,
    in_data: bool,
    data: Option<Range<usize>>,
    first_id: Option<Range<usize>>,
    last_id: Option<Range<usize>>,
    has_more: Option<Range<usize>>,
    started: usize,
    current: Element<'t>,
    elements: Vec<Element<'t>>,
}

impl<'t> Reader<'t> {
    fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            top: Key::Other,
            inner: Key::Other,
            in_data: false,
            data: None,
            first_id: None,
            last_id: None,
            has_more: None,
            started: 0,
            current: Element::default(),
            elements: Vec::new(),
        }
    }

    fn top_value(&mut self, span: Range<usize>) {
        match self.top {
            Key::FirstId => self.first_id = Some(span),
            Key::LastId => self.last_id = Some(span),
            Key::HasMore => self.has_more = Some(span),
            _ => {}
        }
    }
}

impl Visit for Reader<'_> {
    fn key(&mut self, depth: usize, raw: Range<usize>) {
        let key = match &self.text[raw] {
            b"data" => Key::Data,
            b"first_id" => Key::FirstId,
            b"last_id" => Key::LastId,
            b"has_more" => Key::HasMore,
            b"id" => Key::Id,
            b"purpose" => Key::Purpose,
            _ => Key::Other,
        };
        match depth {
            1 => self.top = key,
            3 => self.inner = key,
            _ => {}
        }
    }

    fn string(&mut self, depth: usize, raw: Range<usize>) {
        if depth == 1 {
            self.top_value(raw.start - 1..raw.end + 1);
        } else if depth == 3 && self.in_data {
            let text = unescape(&self.text[raw]).unwrap_or_default();
            match self.inner {
                Key::Id => self.current.id = text,
                Key::Purpose => self.current.purpose = text,
                _ => {}
            }
        }
    }

    fn literal(&mut self, depth: usize, raw: Range<usize>) {
        if depth == 1 {
            self.top_value(raw);
        }
    }

    fn open(&mut self, depth: usize, at: usize, object: bool) {
        match depth {
            2 if self.top == Key::Data && !object => {
                self.in_data = true;
                self.data = Some(at..at);
            }
            3 if self.in_data => {
                self.started = at;
                self.current = Element::default();
                self.inner = Key::Other;
            }
            _ => {}
        }
    }

    fn close(&mut self, depth: usize, end: usize) {
        if depth == 3 && self.in_data {
            self.current.text = &self.text[self.started..end];
            self.elements.push(std::mem::take(&mut self.current));
        }
        if depth == 2
            && self.in_data
            && let Some(data) = &mut self.data
        {
            data.end = end;
            self.in_data = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_filtered_and_all_else_stays() {
        let text = br#"{"object": "list", "data": [{"id":"a","n":1e3}, {"id":"b","purpose":"batch_output","x":{"id":"no"}}], "first_id":"a", "extra": [1], "last_id":"b", "has_more": true}"#;
        let page = Page::parse(text).unwrap();
        assert!(page.has_more());
        let ids: Vec<&str> = page.elements.iter().map(|e| e.id.as_ref()).collect();
        assert_eq!(ids, ["a", "b"]);
        assert_eq!(page.elements[1].purpose, "batch_output");
        let kept = vec![("a".to_owned(), page.elements[0].text.to_vec())];
        let out = String::from_utf8(page.render(&kept, false)).unwrap();
        assert_eq!(
            out,
            r#"{"object": "list", "data": [{"id":"a","n":1e3}], "first_id":"a", "extra": [1], "last_id":"a", "has_more": false}"#
        );
        let none = String::from_utf8(page.render(&[], false)).unwrap();
        assert!(none.contains(r#""data": [], "first_id":null"#));
    }

    #[test]
    fn what_is_no_page_is_not_taken_for_one() {
        assert!(Page::parse(b"{}").is_none());
        assert!(Page::parse(b"[]").is_none());
        assert!(Page::parse(br#"{"data":{}}"#).is_none());
    }
}
