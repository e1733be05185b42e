//! From the table's notation to JSON Schema.
//!
//! `{name! shape, name shape, * shape}` an object (`!` must be there, `*` all others), `[shape]` a
//! list, `(a | b)` one of them, `(a & b)` all at once, `"word"` that word, `integer(1..100)` bounds,
//! and a name what it stands for.

use serde_json::{Map, Value, json};

/// What a mistake in the table becomes; a test finds that there is none.
pub(super) const BROKEN: &str = "x-broken-notation";

pub(super) fn schema(text: &str) -> Value {
    let mut rest = text;
    match shape(&mut rest) {
        Some(schema) if rest.is_empty() => schema,
        _ => json!({ BROKEN: text }),
    }
}

fn eat(rest: &mut &str, token: &str) -> bool {
    let found = rest.strip_prefix(token);
    *rest = found.unwrap_or(rest);
    found.is_some()
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    let (word, after) = rest.split_at(end);
    *rest = after;
    word
}

fn shape(rest: &mut &str) -> Option<Value> {
    if eat(rest, "[") {
        let items = shape(rest)?;
        return eat(rest, "]").then(|| json!({ "type": "array", "items": items }));
    }
    if eat(rest, "{") {
        return object(rest);
    }
    if eat(rest, "(") {
        return group(rest);
    }
    if eat(rest, "\"") {
        let (text, after) = rest.split_once('"')?;
        *rest = after;
        return Some(json!({ "const": text }));
    }
    Some(match word(rest) {
        "" => return None,
        "any" => json!({}),
        "null" => json!({ "type": "null" }),
        "boolean" => json!({ "type": "boolean" }),
        "string" => json!({ "type": "string" }),
        "true" => json!({ "const": true }),
        "integer" => integer(rest)?,
        name => json!({ "$ref": format!("#/components/schemas/{name}") }),
    })
}

fn integer(rest: &mut &str) -> Option<Value> {
    let mut schema = json!({ "type": "integer" });
    if eat(rest, "(") {
        let (bounds, after) = rest.split_once(')')?;
        let (least, most) = bounds.split_once("..")?;
        *rest = after;
        for (name, bound) in [("minimum", least), ("maximum", most)] {
            if !bound.is_empty() {
                schema[name] = json!(bound.parse::<i64>().ok()?);
            }
        }
    }
    Some(schema)
}

fn object(rest: &mut &str) -> Option<Value> {
    let (mut properties, mut required) = (Map::new(), Vec::new());
    let mut others = None;
    while !eat(rest, "}") {
        if eat(rest, "* ") {
            others = Some(shape(rest)?);
        } else {
            let name = word(rest);
            if eat(rest, "!") {
                required.push(name);
            }
            if name.is_empty() || !eat(rest, " ") {
                return None;
            }
            properties.insert(name.to_owned(), shape(rest)?);
        }
        eat(rest, ", ");
    }
    let mut schema = json!({ "type": "object", "properties": properties, "required": required });
    if let Some(others) = others {
        schema["additionalProperties"] = others;
    }
    Some(schema)
}

/// Words alone are an enumeration.
fn group(rest: &mut &str) -> Option<Value> {
    let mut parts = vec![shape(rest)?];
    let all = rest.starts_with(" &");
    while !eat(rest, ")") {
        if !eat(rest, if all { " & " } else { " | " }) {
            return None;
        }
        parts.push(shape(rest)?);
    }
    let words: Option<Vec<&Value>> = parts.iter().map(|part| part.get("const")).collect();
    Some(match words {
        Some(words) => json!({ "enum": words }),
        None if all => json!({ "allOf": parts }),
        None => json!({ "anyOf": parts }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_notation_is_a_schema_and_a_mistake_is_none() {
        let list = schema("[{id! string, n (integer(1..) | null), * any}]");
        assert_eq!(
            list["items"],
            json!({
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": { "type": "string" },
                    "n": { "anyOf": [{ "type": "integer", "minimum": 1 }, { "type": "null" }] },
                },
                "additionalProperties": {},
            })
        );
        assert_eq!(schema("(\"a\" | \"b\")"), json!({ "enum": ["a", "b"] }));
        assert_eq!(schema("(A & B)")["allOf"][1]["$ref"], "#/components/schemas/B");
        for wrong in ["", "{", "{id}", "[string", "(a | b", "(a b)", "string x", "\"a"] {
            assert!(schema(wrong).get(BROKEN).is_some(), "{wrong}");
        }
    }
}
