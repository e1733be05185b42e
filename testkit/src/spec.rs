//! The Administration API as OpenAI's document has it: operations, and shapes to hold answers
//! against. The table is made by `cargo xtask spec`.

mod check;
mod read;

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    pub method: String,
    /// Without `/v1`, its ids in braces.
    pub path: String,
    pub query: Vec<Field>,
    pub body: Option<Shape>,
    /// Of the answer with status 200.
    pub answer: Option<Shape>,
}

/// What a value may look like.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Any,
    /// No value at all: what an object that is closed has beside its fields.
    Nothing,
    Null,
    Boolean,
    Text,
    /// Whole or not, from, to.
    Number {
        whole: bool,
        least: Option<i64>,
        most: Option<i64>,
    },
    Literal(serde_json::Value),
    List(Box<Shape>),
    /// The fields, and the shape of all others if there may be any.
    Object(Vec<Field>, Option<Box<Shape>>),
    /// One of them.
    Either(Vec<Shape>),
    /// All of them at once.
    All(Vec<Shape>),
    Named(String),
}

/// A named part of an object, or a parameter of a query.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub required: bool,
    pub shape: Shape,
}

/// All operations and the shapes that they name.
#[derive(Clone, Debug)]
pub struct Spec {
    pub operations: Vec<Operation>,
    shapes: BTreeMap<String, Shape>,
}

impl Spec {
    /// The Administration API.
    pub fn administration() -> Self {
        read::table(include_str!("spec/administration.txt"), false)
    }

    /// What is ours beside it, as our own document is made from it: its objects have no fields but
    /// those that stand there.
    pub fn superset() -> Self {
        read::table(include_str!("../../crates/web/src/document/superset.txt"), true)
    }

    /// The operation that a request is for: `path` without `/v1` and without its query.
    pub fn find(&self, method: &str, path: &str) -> Option<&Operation> {
        let fits =
            |operation: &&Operation| operation.method == method && matches(&operation.path, path);
        // A literal segment is meant before an id: `/certificates/activate` is no certificate.
        self.operations.iter().filter(fits).min_by_key(|o| o.path.matches('{').count())
    }

    /// What a name stands for; anything else is itself.
    pub fn resolve<'a>(&'a self, shape: &'a Shape) -> &'a Shape {
        match shape {
            Shape::Named(name) => {
                self.resolve(self.shapes.get(name).unwrap_or_else(|| panic!("no shape {name}")))
            }
            other => other,
        }
    }

    /// Every difference between a value and a shape, each with its place.
    pub fn differences(&self, shape: &Shape, value: &serde_json::Value) -> Vec<String> {
        let mut found = Vec::new();
        check::value(self, shape, value, "$", &mut found);
        found
    }
}

/// What is wrong with an answer of the Administration API, or of what is ours beside it: every
/// success has its operation's shape.
pub(crate) fn differences(method: &str, target: &str, answer: &crate::Answer) -> Vec<String> {
    static ADMINISTRATION: LazyLock<Spec> = LazyLock::new(Spec::administration);
    static SUPERSET: LazyLock<Spec> = LazyLock::new(Spec::superset);
    let path = target.split('?').next().unwrap_or_default();
    let (spec, path): (&Spec, _) = match path.strip_prefix("/v1") {
        Some(path) => (&ADMINISTRATION, path),
        None => (&SUPERSET, path),
    };
    let found = spec.find(method, path).filter(|_| answer.status == 200);
    let shape = found.and_then(|operation| operation.answer.as_ref());
    shape.map_or_else(Vec::new, |shape| spec.differences(shape, &answer.json()))
}

fn matches(template: &str, path: &str) -> bool {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return true,
            (Some(w), Some(g)) if w == g || (w.starts_with('{') && !g.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_table_is_read_whole() {
        let spec = Spec::administration();
        assert_eq!(spec.operations.len(), 119);
        for operation in &spec.operations {
            operation
                .body
                .iter()
                .chain(&operation.answer)
                .for_each(|s| drop(spec.resolve(s).clone()));
        }
        let found = spec.find("POST", "/organization/certificates/activate").unwrap();
        assert_eq!(found.path, "/organization/certificates/activate");
        assert!(spec.find("GET", "/organization/nothing").is_none());
    }

    #[test]
    fn differences_are_found_with_their_place() {
        let spec = read::table(
            "operation GET /things\n  query limit integer(1..100)\n  answer [Thing]\n\
             shape Thing = {id! string, kind (\"a\" | \"b\"), \"odd.name\" (integer(0..9) | null), more Thing, * any}\n",
            false,
        );
        let answer = spec.operations[0].answer.clone().unwrap();
        let ok = json!([{"id": "x", "kind": "a", "odd.name": null, "more": {"id": "y"}, "z": 1}]);
        assert_eq!(spec.differences(&answer, &ok), Vec::<String>::new());
        let bad = json!([{"kind": "c", "odd.name": 10, "more": {"id": 1}}]);
        let found = spec.differences(&answer, &bad);
        let places: Vec<_> = found.iter().filter_map(|text| text.split(':').next()).collect();
        assert_eq!(places, ["$[0].id", "$[0].kind", "$[0].odd.name", "$[0].more.id"]);
    }

    #[test]
    fn a_closed_object_has_no_other_fields_and_its_parts_know_of_each_other() {
        let table = "operation GET /things\n  answer [(Thing & {z! string})]\n\
             shape Thing = {id! string, inside {a string}, free {a string, * any}}\n";
        let differ = |closed: bool, value: serde_json::Value| -> Vec<String> {
            let spec = read::table(table, closed);
            let shape = spec.operations[0].answer.clone().unwrap();
            let found = spec.differences(&shape, &value).into_iter();
            let mut places: Vec<String> =
                found.filter_map(|text| Some(text.split_once(':')?.0.to_owned())).collect();
            // Each part tells of a stranger.
            places.dedup();
            places
        };
        let good = json!([{"id": "x", "z": "y", "inside": {"a": "b"}, "free": {"c": 1}}]);
        assert_eq!(differ(true, good), [""; 0]);
        let bad = json!([{"id": "x", "z": "y", "inside": {"b": 1}, "more": null}]);
        assert_eq!(differ(true, bad.clone()), ["$[0].inside.b", "$[0].more"]);
        assert_eq!(differ(false, bad), [""; 0]);
        // One that says so itself is closed in an open table.
        let spec = read::table("operation GET /x\n  answer {a string, * none}\n", false);
        let shape = spec.operations[0].answer.clone().unwrap();
        assert_eq!(spec.differences(&shape, &json!({"a": "b", "c": 1})).len(), 1);
    }
}
