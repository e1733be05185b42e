//! A value that satisfies a JSON schema, well enough for structured output and tool arguments.

use serde_json::{Map, Value, json};

/// The smallest sensible value for `schema`.
pub(crate) fn sample(schema: &Value) -> Value {
    if let Some(fixed) = schema.get("const") {
        return fixed.clone();
    }
    let first = |name: &str| schema[name].get(0).cloned();
    if let Some(choice) = first("enum") {
        return choice;
    }
    if let Some(choice) = first("anyOf").or_else(|| first("oneOf")) {
        return sample(&choice);
    }
    let kind = schema["type"].as_str().or_else(|| schema["type"][0].as_str());
    match kind {
        Some("string") => json!("fake"),
        Some("integer") => json!(1),
        Some("number") => json!(1.5),
        Some("boolean") => json!(true),
        Some("array") => json!([sample(&schema["items"])]),
        Some("null") => Value::Null,
        _ => {
            let fields = schema["properties"].as_object().into_iter().flatten();
            Value::Object(
                fields.map(|(name, inner)| (name.clone(), sample(inner))).collect::<Map<_, _>>(),
            )
        }
    }
}
