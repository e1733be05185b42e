//! YAML as a tree of texts that knows its lines. A scalar stays as it is written: an amount of money
//! never becomes a float.

use saphyr_parser::{Event, Parser, ScalarStyle};

/// What anchors may blow a small file up to.
const MOST_NODES: usize = 100_000;
const DEEPEST: usize = 64;

#[derive(Clone)]
pub(super) struct Node {
    /// From 1.
    pub(super) line: usize,
    pub(super) kind: Kind,
}

#[derive(Clone)]
pub(super) enum Kind {
    Null,
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
}

/// The first document of a text.
pub(super) fn read(text: &str) -> Result<Node, String> {
    let mut reader = Reader { parser: Parser::new_from_str(text), anchors: Vec::new(), nodes: 0 };
    loop {
        let (event, line) = reader.next()?;
        match event {
            Event::StreamEnd => return Ok(Node { line, kind: Kind::Null }),
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            other => return reader.node(other, line, 0),
        }
    }
}

struct Reader<'t> {
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
    anchors: Vec<(usize, Node)>,
    nodes: usize,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Result<(Event<'t>, usize), String> {
        match self.parser.next_event() {
            Some(Ok((event, span))) => Ok((event, span.start.line())),
            Some(Err(error)) => Err(format!("line {}: {}", error.marker().line(), error.info())),
            None => Ok((Event::StreamEnd, 0)),
        }
    }

    fn node(&mut self, event: Event<'t>, line: usize, depth: usize) -> Result<Node, String> {
        self.count(1, line)?;
        if depth > DEEPEST {
            return Err(format!("line {line}: deeper than {DEEPEST} levels"));
        }
        let (anchor, kind) = match event {
            Event::Scalar(text, style, anchor, _) => {
                let is_null = style == ScalarStyle::Plain
                    && matches!(text.as_ref(), "" | "~" | "null" | "Null" | "NULL");
                (anchor, if is_null { Kind::Null } else { Kind::Text(text.into_owned()) })
            }
            Event::SequenceStart(anchor, _) => (anchor, self.list(depth)?),
            Event::MappingStart(anchor, _) => (anchor, self.map(depth)?),
            Event::Alias(anchor) => {
                let found = self.anchors.iter().rev().find(|(known, _)| *known == anchor);
                let found = found.map(|(_, node)| node.clone());
                let node = found.ok_or_else(|| format!("line {line}: an alias of nothing"))?;
                self.count(node.size(), line)?;
                return Ok(node);
            }
            _ => return Err(format!("line {line}: cannot be read as YAML")),
        };
        let node = Node { line, kind };
        if anchor > 0 {
            self.anchors.push((anchor, node.clone()));
        }
        Ok(node)
    }

    fn count(&mut self, more: usize, line: usize) -> Result<(), String> {
        self.nodes += more;
        match self.nodes > MOST_NODES {
            true => Err(format!("line {line}: more than {MOST_NODES} values")),
            false => Ok(()),
        }
    }

    fn list(&mut self, depth: usize) -> Result<Kind, String> {
        let mut all = Vec::new();
        loop {
            match self.next()? {
                (Event::SequenceEnd, _) => return Ok(Kind::List(all)),
                (event, line) => all.push(self.node(event, line, depth + 1)?),
            }
        }
    }

    /// `<<` brings in what another map has and this one does not say.
    fn map(&mut self, depth: usize) -> Result<Kind, String> {
        let mut all: Vec<(String, Node)> = Vec::new();
        let mut under = Vec::new();
        loop {
            let (event, line) = self.next()?;
            let name = match event {
                Event::MappingEnd => break,
                Event::Scalar(name, ..) => name.into_owned(),
                _ => return Err(format!("line {line}: a key must be a name")),
            };
            let (event, at) = self.next()?;
            let value = self.node(event, at, depth + 1)?;
            // The line of the key: a value may begin below it.
            let value = Node { line, ..value };
            if name == "<<" {
                under.extend(value.merged());
            } else if all.iter().any(|(known, _)| *known == name) {
                return Err(format!("line {line}: '{name}' stands there twice"));
            } else {
                all.push((name, value));
            }
        }
        for (name, value) in under {
            if all.iter().all(|(known, _)| *known != name) {
                all.push((name, value));
            }
        }
        Ok(Kind::Map(all))
    }
}

impl Node {
    fn size(&self) -> usize {
        1 + match &self.kind {
            Kind::Null | Kind::Text(_) => 0,
            Kind::List(all) => all.iter().map(Node::size).sum(),
            Kind::Map(all) => all.iter().map(|(_, node)| node.size()).sum(),
        }
    }

    fn merged(self) -> Vec<(String, Node)> {
        match self.kind {
            Kind::Map(all) => all,
            Kind::List(all) => all.into_iter().flat_map(Node::merged).collect(),
            Kind::Null | Kind::Text(_) => Vec::new(),
        }
    }

    pub(super) fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The members of a map; none of anything else.
    pub(super) fn map(&self) -> &[(String, Node)] {
        match &self.kind {
            Kind::Map(all) => all,
            _ => &[],
        }
    }

    /// The rows of a list; none of anything else.
    pub(super) fn list(&self) -> &[Node] {
        match &self.kind {
            Kind::List(all) => all,
            _ => &[],
        }
    }

    pub(super) fn get(&self, name: &str) -> Option<&Node> {
        self.map().iter().find(|(known, _)| known == name).map(|(_, node)| node)
    }

    /// The text of a member.
    pub(super) fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name).and_then(Node::text)
    }
}
