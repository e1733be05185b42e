//! The document of our superset (`/tollgate/v1`): made from the route table, which says what there
//! is and who may call it, and from `document/superset.txt`, which says what goes in and comes out.
//! Tests hold the two against each other, and every answer of a test against its shape.

mod notation;
mod page;

use std::sync::LazyLock;

use bytes::Bytes;
use serde_json::{Map, Value, json};

use crate::routes::{self, Route, Serve};

/// What the paths of the superset begin with.
const OURS: &str = "/tollgate/v1/";
/// What is read at `GET /tollgate/v1/openapi.json`, and by whom, changes with this version.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// An operation of the table, its shapes in the table's notation.
struct Operation {
    method: &'static str,
    template: &'static str,
    summary: &'static str,
    /// Name, whether it must be there, shape.
    query: Vec<(&'static str, bool, &'static str)>,
    body: Option<&'static str>,
    answer: Option<&'static str>,
}

/// The whole table.
struct Table {
    operations: Vec<Operation>,
    shapes: Vec<(&'static str, &'static str)>,
}

/// The document as JSON.
pub(crate) fn openapi() -> Bytes {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        let document = document(&table());
        Bytes::from(serde_json::to_vec(&document).unwrap_or_default())
    });
    DOCUMENT.clone()
}

/// The document as a page.
pub(crate) fn html() -> Bytes {
    static PAGE: LazyLock<Bytes> = LazyLock::new(|| Bytes::from(page::render(&table())));
    PAGE.clone()
}

/// What is no line of the table is passed over; a test finds that every operation is there.
fn table() -> Table {
    let mut table = Table { operations: Vec::new(), shapes: Vec::new() };
    for line in include_str!("document/superset.txt").lines() {
        let Some((word, rest)) = line.trim_start().split_once(' ') else { continue };
        if word == "shape" {
            table.shapes.extend(rest.split_once(" = "));
            continue;
        }
        if word == "operation" {
            table.operations.extend(rest.split_once(' ').map(|(method, template)| Operation {
                method,
                template,
                summary: "",
                query: Vec::new(),
                body: None,
                answer: None,
            }));
            continue;
        }
        let Some(last) = table.operations.last_mut() else { continue };
        match word {
            "summary" => last.summary = rest,
            "query" => last.query.extend(rest.split_once(' ').map(|(name, shape)| {
                let required = name.strip_suffix('!');
                (required.unwrap_or(name), required.is_some(), shape)
            })),
            "body" => last.body = Some(rest),
            "answer" => last.answer = Some(rest),
            _ => {}
        }
    }
    table
}

/// The routes of the superset.
fn ours() -> impl Iterator<Item = &'static Route> {
    routes::ALL.iter().filter(|route| route.template.starts_with(OURS))
}

impl Table {
    fn find(&self, route: &Route) -> Option<&Operation> {
        let is =
            |it: &&Operation| it.method == route.method.as_str() && it.template == route.template;
        self.operations.iter().find(is)
    }

    /// Whether an object of this schema must have a member.
    fn needs(&self, schema: &Value) -> bool {
        let named = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next());
        if let Some(name) = named {
            let meant = self.shapes.iter().find(|shape| shape.0 == name);
            return meant.is_some_and(|(_, shape)| self.needs(&notation::schema(shape)));
        }
        let list = |name: &str| schema[name].as_array().into_iter().flatten();
        list("required").next().is_some() || list("allOf").any(|part| self.needs(part))
    }
}

fn document(table: &Table) -> Value {
    let mut paths: Map<String, Value> = Map::new();
    for route in ours() {
        let path = route.template.replace("...}", "}");
        let of_path = paths.entry(path).or_insert_with(|| json!({}));
        of_path[route.method.as_str().to_ascii_lowercase()] = operation(table, route);
    }
    let schemas = table.shapes.iter();
    let schemas = schemas.map(|(name, shape)| ((*name).to_owned(), notation::schema(shape)));
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tollgate API",
            "version": VERSION,
            "description": "What Tollgate has beside OpenAI's API. OpenAI's own paths, under /v1, \
                            are as OpenAI documents them.",
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": schemas.collect::<Map<String, Value>>(),
            "securitySchemes": {
                "admin_key": { "type": "http", "scheme": "bearer",
                               "description": "An admin API key." },
                "project_key": { "type": "http", "scheme": "bearer",
                                 "description": "A project's API key." },
            },
        },
    })
}

fn operation(table: &Table, route: &Route) -> Value {
    let found = table.find(route);
    let (security, scope) = match route.serve {
        Serve::Admin(scope, _) => (json!([{ "admin_key": [] }]), Some(scope.to_string())),
        Serve::Holder(_) => (json!([{ "project_key": [] }]), None),
        Serve::Keyed(scope, _) => {
            (json!([{ "admin_key": [] }, { "project_key": [] }]), Some(scope.to_string()))
        }
        Serve::Signed(..) | Serve::Anyone(_) => (json!([]), None),
    };
    let ids = ids(route.template).map(|name| {
        json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } })
    });
    let asked = found.into_iter().flat_map(|it| &it.query).map(|(name, required, shape)| {
        let schema = notation::schema(shape);
        json!({ "name": name, "in": "query", "required": required, "schema": schema })
    });
    let error = json!({ "$ref": "#/components/schemas/Error" });
    let mut operation = json!({
        "operationId": name(route),
        "summary": found.map_or("", |it| it.summary),
        "tags": [tag(route.template)],
        "security": security,
        "parameters": ids.chain(asked).collect::<Vec<_>>(),
        "responses": {
            "200": { "description": "Done." },
            "default": { "description": "Refused; `code` and `x-tollgate-error` say why.",
                         "content": content(error) },
        },
    });
    if let Some(scope) = scope {
        operation["x-tollgate-scope"] = json!(scope);
    }
    if let Some(shape) = found.and_then(|it| it.answer) {
        operation["responses"]["200"]["content"] = content(notation::schema(shape));
    }
    if let Some(shape) = found.and_then(|it| it.body) {
        let body = notation::schema(shape);
        // A body that needs nothing may be left out.
        let required = table.needs(&body);
        operation["requestBody"] = json!({ "required": required, "content": content(body) });
    }
    operation
}

fn content(schema: Value) -> Value {
    json!({ "application/json": { "schema": schema } })
}

/// The names in a template's braces.
fn ids(template: &'static str) -> impl Iterator<Item = &'static str> {
    let braced = template.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    braced.map(|name| name.trim_end_matches("..."))
}

/// `get_ledger_accounts`: what generated clients name their functions by.
fn name(route: &Route) -> String {
    let path = route.template.strip_prefix(OURS).unwrap_or_default();
    let words = path.split(['/', '.', '{', '}']).filter(|word| !word.is_empty());
    let method = route.method.as_str().to_ascii_lowercase();
    std::iter::once(method.as_str()).chain(words).collect::<Vec<_>>().join("_")
}

fn tag(template: &str) -> &str {
    template.strip_prefix(OURS).and_then(|path| path.split('/').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_table_says_of_every_route_what_goes_in_and_comes_out_and_of_no_other() {
        let table = table();
        let routed: BTreeSet<_> = ours().map(|it| (it.method.as_str(), it.template)).collect();
        let told: BTreeSet<_> =
            table.operations.iter().map(|it| (it.method, it.template)).collect();
        assert_eq!(routed, told, "document/superset.txt and routes.rs differ");
        assert_eq!(table.operations.len(), told.len(), "an operation stands twice");
        for it in &table.operations {
            assert!(it.summary.ends_with('.'), "{} {} says nothing", it.method, it.template);
            let page = it.template.ends_with("/docs");
            assert_eq!(it.answer.is_none(), page, "{} {}", it.method, it.template);
        }
    }

    #[test]
    fn every_reference_of_the_document_leads_somewhere_and_every_shape_is_read() {
        let document: Value = serde_json::from_slice(&openapi()).unwrap();
        let schemas = document["components"]["schemas"].as_object().unwrap();
        assert!(schemas.len() > 15 && schemas.values().all(|schema| *schema != json!({})));
        let text = document.to_string();
        for part in text.split("#/components/schemas/").skip(1) {
            let name = part.split('"').next().unwrap();
            assert!(schemas.contains_key(name), "nothing is called {name}");
        }
        assert!(!text.contains(notation::BROKEN), "{text}");
        let needed = |path: &str| &document["paths"][path]["post"]["requestBody"]["required"];
        // By its own members, by those of a named shape, and not by those of an element.
        assert_eq!(needed("/tollgate/v1/routes/test"), true);
        assert_eq!(needed("/tollgate/v1/routes"), true);
        assert_eq!(needed("/tollgate/v1/egress"), true);
        assert_eq!(needed("/tollgate/v1/egress/{egress_name}"), false);
        let names: Vec<String> = ours().map(name).collect();
        let distinct: BTreeSet<_> = names.iter().collect();
        assert_eq!(names.len(), distinct.len(), "{names:?}");
    }

    #[test]
    fn the_page_names_every_operation_and_no_host() {
        let page = String::from_utf8(html().to_vec()).unwrap();
        for route in ours() {
            assert!(page.contains(route.template), "{}", route.template);
        }
        for outside in ["http:", "https:", "src=", "url(", "@import", "<script", "//"] {
            assert!(!page.contains(outside), "{outside}");
        }
    }
}
