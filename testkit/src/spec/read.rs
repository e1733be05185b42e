//! Reads the table's notation. It is our own, so a mistake in it is a bug: it panics.

use std::collections::BTreeMap;

use super::{Field, Operation, Shape, Spec};

/// `closed`: an object that does not say otherwise has no fields but those it names.
pub(super) fn table(text: &str, closed: bool) -> Spec {
    let mut operations: Vec<Operation> = Vec::new();
    let mut shapes = BTreeMap::new();
    for line in text.lines() {
        let (word, rest) = line.trim_start().split_once(' ').expect("a word and more");
        let last = operations.last_mut();
        match (word, last) {
            ("operation", _) => operations.push(operation(rest)),
            ("shape", _) => {
                let (name, shape) = rest.split_once(" = ").expect("a name and a shape");
                shapes.insert(name.to_owned(), whole(shape, closed));
            }
            ("summary", Some(_)) => {}
            ("query", Some(last)) => last.query.push(Reader { rest, closed }.field()),
            ("body", Some(last)) => last.body = Some(whole(rest, closed)),
            ("answer", Some(last)) => last.answer = Some(whole(rest, closed)),
            _ => panic!("not of the table: {line}"),
        }
    }
    Spec { operations, shapes }
}

fn operation(rest: &str) -> Operation {
    let (method, path) = rest.split_once(' ').expect("a method and a path");
    let (method, path) = (method.to_owned(), path.to_owned());
    Operation { method, path, query: Vec::new(), body: None, answer: None }
}

fn whole(text: &str, closed: bool) -> Shape {
    let mut reader = Reader { rest: text, closed };
    let shape = reader.shape();
    assert!(reader.rest.is_empty(), "behind the shape: {}", reader.rest);
    shape
}

struct Reader<'a> {
    rest: &'a str,
    closed: bool,
}

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        let rest = self.rest.strip_prefix(token);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn must(&mut self, token: &str) {
        assert!(self.eat(token), "expected {token:?} at {:?}", self.rest);
    }

    fn word(&mut self) -> &'a str {
        let more = |c: char| c.is_alphanumeric() || matches!(c, '_' | '[' | ']');
        // In a query a name may end in brackets; a type never holds them.
        let end = self.rest.find(|c| !more(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        word
    }

    /// A JSON literal: a string, a number, `true`, `false`.
    fn literal(&mut self) -> serde_json::Value {
        let mut values = serde_json::Deserializer::from_str(self.rest).into_iter();
        let value = values.next().expect("a literal").expect("a literal");
        self.rest = &self.rest[values.byte_offset()..];
        value
    }

    fn field(&mut self) -> Field {
        let name = match self.rest.starts_with('"') {
            true => self.literal().as_str().expect("a name").to_owned(),
            false => self.word().to_owned(),
        };
        let required = self.eat("!");
        self.must(" ");
        Field { name, required, shape: self.shape() }
    }

    fn shape(&mut self) -> Shape {
        if self.eat("[") {
            let item = self.shape();
            self.must("]");
            return Shape::List(Box::new(item));
        }
        if self.eat("{") {
            return self.object();
        }
        if self.eat("(") {
            return self.group();
        }
        if self.rest.starts_with(['"', '-']) || self.rest.starts_with(|c: char| c.is_ascii_digit())
        {
            return Shape::Literal(self.literal());
        }
        let end = self.rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        match word {
            "any" => Shape::Any,
            "null" => Shape::Null,
            "none" => Shape::Nothing,
            "boolean" => Shape::Boolean,
            "true" | "false" => Shape::Literal((word == "true").into()),
            "string" => Shape::Text,
            "integer" | "number" => self.number(word == "integer"),
            name => Shape::Named(name.to_owned()),
        }
    }

    fn number(&mut self, whole: bool) -> Shape {
        let (mut least, mut most) = (None, None);
        if self.eat("(") {
            let (bounds, rest) = self.rest.split_once(')').expect("bounds");
            let (from, to) = bounds.split_once("..").expect("two bounds");
            (least, most) = (from.parse().ok(), to.parse().ok());
            self.rest = rest;
        }
        Shape::Number { whole, least, most }
    }

    fn object(&mut self) -> Shape {
        let closed = self.closed.then(|| Box::new(Shape::Nothing));
        let (mut fields, mut others) = (Vec::new(), closed);
        while !self.eat("}") {
            match self.eat("* ") {
                true => others = Some(Box::new(self.shape())),
                false => fields.push(self.field()),
            }
            self.eat(", ");
        }
        Shape::Object(fields, others)
    }

    fn group(&mut self) -> Shape {
        let mut parts = vec![self.shape()];
        let all = self.rest.starts_with(" &");
        while !self.eat(")") {
            self.must(if all { " & " } else { " | " });
            parts.push(self.shape());
        }
        if all { Shape::All(parts) } else { Shape::Either(parts) }
    }
}
