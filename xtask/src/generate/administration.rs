//! The Administration API's facts, out of OpenAI's document, in a notation of our own.
//!
//! ```text
//! operation POST /organization/projects
//!   body ProjectCreateRequest
//!   answer Project
//! shape Project = {id! string, status! "active" | "archived", archived_at (integer | null)}
//! ```
//!
//! `!` marks what is required; `[T]` is a list, `{* T}` an object with any names, `{* none}` one with
//! no others, `integer(1..100)` has bounds. Words and examples are left out.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::Result;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// The whole table: operations by path, then the shapes that they name.
pub(super) fn table(document: &Value) -> Result<String> {
    let paths = document["paths"].as_object().ok_or("the document has no paths")?;
    let mut writer = Writer { document, shapes: BTreeMap::new() };
    let mut text = String::new();
    for (path, item) in paths {
        if !matches!(path.split('/').nth(1), Some("organization" | "projects")) {
            continue;
        }
        for method in METHODS.into_iter().filter(|method| item.get(*method).is_some()) {
            text += &writer.operation(method, path, item)?;
        }
    }
    for (name, shape) in writer.shapes {
        writeln!(text, "shape {name} = {shape}")?;
    }
    Ok(text)
}

struct Writer<'a> {
    document: &'a Value,
    /// By name; a shape that refers to itself stands here before it is whole.
    shapes: BTreeMap<String, String>,
}

impl Writer<'_> {
    fn operation(&mut self, method: &str, path: &str, item: &Value) -> Result<String> {
        let operation = &item[method];
        let mut text = format!("operation {} {path}\n", method.to_uppercase());
        let shared = item["parameters"].as_array().into_iter().flatten();
        let own = operation["parameters"].as_array().into_iter().flatten();
        for parameter in shared.chain(own).filter(|parameter| parameter["in"] == "query") {
            let name = parameter["name"].as_str().ok_or("a parameter without a name")?;
            let must = if parameter["required"] == true { "!" } else { "" };
            let shape = self.shape(&parameter["schema"])?;
            writeln!(text, "  query {name}{must} {shape}")?;
        }
        let body = &operation["requestBody"]["content"]["application/json"]["schema"];
        if !body.is_null() {
            writeln!(text, "  body {}", self.shape(body)?)?;
        }
        let answer = &operation["responses"]["200"]["content"]["application/json"]["schema"];
        if !answer.is_null() {
            writeln!(text, "  answer {}", self.shape(answer)?)?;
        }
        Ok(text)
    }

    fn shape(&mut self, schema: &Value) -> Result<String> {
        if let Some(place) = schema["$ref"].as_str() {
            return self.named(place);
        }
        for (word, joint) in [("anyOf", " | "), ("oneOf", " | "), ("allOf", " & ")] {
            if let Some(parts) = schema[word].as_array() {
                let parts: Result<Vec<_>> = parts.iter().map(|part| self.shape(part)).collect();
                return Ok(format!("({})", parts?.join(joint)));
            }
        }
        let constant = (!schema["const"].is_null()).then(|| vec![schema["const"].clone()]);
        if let Some(values) = constant.as_ref().or(schema["enum"].as_array()) {
            let values: Vec<_> = values.iter().map(Value::to_string).collect();
            return Ok(format!("({})", values.join(" | ")));
        }
        let shape = match &schema["type"] {
            Value::String(kind) => self.of_kind(kind, schema)?,
            Value::Array(kinds) => {
                let kinds = kinds.iter().filter_map(Value::as_str);
                let kinds: Result<Vec<_>> = kinds.map(|kind| self.of_kind(kind, schema)).collect();
                format!("({})", kinds?.join(" | "))
            }
            _ if schema["properties"].is_object() => self.of_kind("object", schema)?,
            _ => "any".to_owned(),
        };
        let nullable = schema["nullable"] == true;
        Ok(if nullable { format!("({shape} | null)") } else { shape })
    }

    fn of_kind(&mut self, kind: &str, schema: &Value) -> Result<String> {
        Ok(match kind {
            "array" => format!("[{}]", self.shape(&schema["items"])?),
            "object" => self.object(schema)?,
            "integer" | "number" => {
                let bound =
                    |name: &str| schema[name].as_i64().map_or(String::new(), |n| n.to_string());
                let bounds = (bound("minimum"), bound("maximum"));
                match (bounds.0.is_empty(), bounds.1.is_empty()) {
                    (true, true) => kind.to_owned(),
                    _ => format!("{kind}({}..{})", bounds.0, bounds.1),
                }
            }
            other => other.to_owned(),
        })
    }

    fn object(&mut self, schema: &Value) -> Result<String> {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        let mut fields = Vec::new();
        for (name, field) in schema["properties"].as_object().into_iter().flatten() {
            let must = if required.iter().any(|r| r.as_str() == Some(name)) { "!" } else { "" };
            let name = if name.chars().all(|c| c.is_alphanumeric() || c == '_') {
                name.clone()
            } else {
                format!("{name:?}")
            };
            fields.push(format!("{name}{must} {}", self.shape(field)?));
        }
        match &schema["additionalProperties"] {
            Value::Bool(true) => fields.push("* any".to_owned()),
            Value::Bool(false) => fields.push("* none".to_owned()),
            other if other.is_object() => fields.push(format!("* {}", self.shape(other)?)),
            _ => {}
        }
        Ok(format!("{{{}}}", fields.join(", ")))
    }

    fn named(&mut self, place: &str) -> Result<String> {
        let name = place.rsplit('/').next().unwrap_or(place).to_owned();
        if !self.shapes.contains_key(&name) {
            self.shapes.insert(name.clone(), String::new());
            let pointer = place.trim_start_matches('#');
            let schema = self.document.pointer(pointer).ok_or_else(|| format!("no {place}"))?;
            let shape = self.shape(schema)?;
            self.shapes.insert(name.clone(), shape);
        }
        Ok(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn facts_are_kept_and_words_are_not() {
        let document = json!({
            "paths": {
                "/organization/things": {"post": {
                    "parameters": [{"name": "limit", "in": "query", "schema":
                        {"type": "integer", "minimum": 1, "maximum": 100, "default": 20}}],
                    "requestBody": {"content": {"application/json": {"schema":
                        {"$ref": "#/components/schemas/New"}}}},
                    "responses": {"200": {"content": {"application/json": {"schema":
                        {"type": "array", "items": {"$ref": "#/components/schemas/New"}}}}}},
                }},
                "/files": {"get": {}},
            },
            "components": {"schemas": {"New": {
                "type": "object", "additionalProperties": false, "description": "Words.", "required": ["name"],
                "properties": {
                    "name": {"type": "string", "example": "n"},
                    "kind": {"type": "string", "enum": ["a", "b"]},
                    "until": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
                    "more": {"$ref": "#/components/schemas/New"},
                },
            }}},
        });
        let wanted = "\
operation POST /organization/things
  query limit integer(1..100)
  body New
  answer [New]
shape New = {name! string, kind (\"a\" | \"b\"), until (integer | null), more New, * none}
";
        let mut lines: Vec<_> = table(&document).unwrap().lines().map(str::to_owned).collect();
        // Without the `preserve_order` feature a document's fields come by name.
        let mut wanted: Vec<_> = wanted.lines().map(str::to_owned).collect();
        let fields = |line: &str| {
            let mut parts: Vec<_> = line
                .trim_end_matches('}')
                .split(['{', ','])
                .map(str::trim)
                .map(str::to_owned)
                .collect();
            parts.sort();
            parts
        };
        let (last, wanted_last) = (lines.pop().unwrap(), wanted.pop().unwrap());
        assert_eq!(lines, wanted);
        assert_eq!(fields(&last), fields(&wanted_last));
    }
}
