//! From a path to its row: a small tree of segments, literal before parameter.

use http::Method;

use super::Operation;

/// An operation and the raw text of its first path parameter.
#[derive(Clone, Copy, Debug)]
pub struct Found<'p> {
    pub operation: &'static Operation,
    /// Still percent-encoded.
    pub id: Option<&'p str>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Missed {
    Path,
    Method,
}

#[derive(Default)]
struct Node {
    literals: Vec<(&'static str, usize)>,
    parameter: Option<usize>,
    operations: Vec<&'static Operation>,
}

pub(super) struct Tree {
    nodes: Vec<Node>,
}

impl Tree {
    pub(super) fn build(operations: &'static [Operation]) -> Self {
        let mut tree = Self { nodes: vec![Node::default()] };
        for operation in operations {
            let mut at = 0;
            for segment in operation.path.split('/').skip(1) {
                at = tree.child(at, segment);
            }
            tree.nodes[at].operations.push(operation);
        }
        tree
    }

    fn child(&mut self, at: usize, segment: &'static str) -> usize {
        let next = self.nodes.len();
        let node = &mut self.nodes[at];
        if segment.starts_with('{') {
            let found = *node.parameter.get_or_insert(next);
            if found == next {
                self.nodes.push(Node::default());
            }
            return found;
        }
        if let Some((_, found)) = node.literals.iter().find(|(text, _)| *text == segment) {
            return *found;
        }
        node.literals.push((segment, next));
        self.nodes.push(Node::default());
        next
    }

    pub(super) fn find<'p>(&self, method: &Method, path: &'p str) -> Result<Found<'p>, Missed> {
        let mut node = &self.nodes[0];
        let mut id = None;
        for segment in path.strip_prefix('/').ok_or(Missed::Path)?.split('/') {
            let literal = node.literals.iter().find(|(text, _)| *text == segment);
            let next = match (literal, node.parameter) {
                (Some((_, next)), _) => *next,
                (None, Some(next)) if !segment.is_empty() => {
                    id = id.or(Some(segment));
                    next
                }
                _ => return Err(Missed::Path),
            };
            node = &self.nodes[next];
        }
        if node.operations.is_empty() {
            return Err(Missed::Path);
        }
        match node.operations.iter().find(|o| o.method == *method) {
            Some(operation) => Ok(Found { operation, id }),
            None => Err(Missed::Method),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::surface::{Missed, OPERATIONS, find};
    use http::Method;

    #[test]
    fn every_row_finds_itself() {
        for row in OPERATIONS {
            let path: String = row
                .path
                .split('/')
                .skip(1)
                .map(|s| if s.starts_with('{') { "/some-id" } else { s }.trim_start_matches('/'))
                .fold(String::new(), |path, segment| path + "/" + segment);
            let found = find(&row.method, &path).unwrap_or_else(|e| panic!("{path}: {e:?}"));
            assert_eq!(found.operation.id, row.id);
            assert_eq!(found.id.is_some(), row.path.contains('{'));
        }
    }

    #[test]
    fn case_91_unknown_paths_and_methods_are_told_apart() {
        let missed = |method, path| find(&method, path).err();
        assert_eq!(missed(Method::GET, "/nonsense"), Some(Missed::Path));
        assert_eq!(missed(Method::PUT, "/chat/completions"), Some(Missed::Method));
        for path in ["", "/", "/chat", "/chat/completions/", "/Chat/completions", "/files//content"]
        {
            assert_eq!(missed(Method::GET, path), Some(Missed::Path), "{path}");
        }
    }
}
