//! JSON settings: one member is put in where its parent opens, and the rest stays to the letter.

use serde_json::{Value, json};

const OTHER_FORM: &str = "it has a form that is not changed";

pub(super) fn add_opencode_provider(
    before: &str,
    url: &str,
    model: &str,
) -> Result<String, String> {
    let ours = json!({
        "npm": "@ai-sdk/openai-compatible",
        "name": "Tollgate",
        "options": { "baseURL": url, "apiKey": "{env:TOLLGATE_API_KEY}" },
        "models": { model: {} },
    });
    if before.trim().is_empty() {
        return Ok(format!(
            "{{\n  \"$schema\": \"https://opencode.ai/config.json\",\n  \"provider\": {{\n    \
             \"tollgate\": {ours}\n  }}\n}}\n"
        ));
    }
    let whole: Value = serde_json::from_str(before)
        .map_err(|error| format!("it is no plain JSON ({error}); it is not changed"))?;
    let Some(members) = whole.as_object() else { return Err("it is no object".to_owned()) };
    let (at, name, value) = match members.get("provider") {
        None => (open_of(before, None)?, "provider", json!({ "tollgate": ours })),
        Some(Value::Object(known)) if known.contains_key("tollgate") => {
            return match known["tollgate"] == ours {
                true => Ok(before.to_owned()),
                false => Err("it has a provider `tollgate`: undo that or take it away".to_owned()),
            };
        }
        Some(Value::Object(_)) => (open_of(before, Some("provider"))?, "tollgate", ours),
        Some(_) => return Err("its provider is no object".to_owned()),
    };
    let comma = if before[at..].trim_start().starts_with('}') { "" } else { "," };
    let after = format!("{}\n  \"{name}\": {value}{comma}{}", &before[..at], &before[at..]);
    // What comes out must hold ours, or the file stays as it is.
    match serde_json::from_str::<Value>(&after) {
        Ok(value) if value["provider"]["tollgate"].is_object() => Ok(after),
        _ => Err(OTHER_FORM.to_owned()),
    }
}

/// Just behind the `{` of the whole, or of a member of the whole.
fn open_of(text: &str, member: Option<&str>) -> Result<usize, String> {
    let (mut depth, mut in_string, mut escaped, mut string_at) = (0_usize, false, false, 0);
    // The string at the top level that ended last.
    let mut last = "";
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    in_string = false;
                    if depth == 1 {
                        last = &text[string_at..at];
                    }
                }
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => (in_string, string_at) = (true, at + 1),
            b'{' | b'[' => {
                depth += 1;
                let found = match member {
                    None => depth == 1,
                    Some(name) => depth == 2 && last == name && byte == b'{',
                };
                if found {
                    return Ok(at + 1);
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    Err(OTHER_FORM.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_added_and_the_rest_stays() {
        for before in [
            "",
            "{}",
            "{ }\n",
            "{\"theme\": \"provider\", \"x\": [1, {\"provider\": {}}]}",
            "{\n  \"provider\": {\n    \"mine\": {\"a\": 1}\n  },\n  \"z\": 1\n}\n",
            "{\"provider\": {}}",
        ] {
            let after = add_opencode_provider(before, "http://h/v1", "m").unwrap();
            let mut value: Value = serde_json::from_str(&after).unwrap();
            let provider = &value["provider"]["tollgate"];
            assert_eq!(provider["options"]["baseURL"], "http://h/v1", "{after}");
            assert_eq!(add_opencode_provider(&after, "http://h/v1", "m").unwrap(), after);
            if let Ok(old) = serde_json::from_str::<Value>(before) {
                value["provider"].as_object_mut().unwrap().remove("tollgate");
                if old.get("provider").is_none() {
                    value.as_object_mut().unwrap().remove("provider");
                }
                assert_eq!(value, old);
            }
        }
    }

    #[test]
    fn what_is_not_understood_is_not_changed() {
        let ours = "{\"provider\":{\"tollgate\":{}}}";
        for before in ["[]", "// comment\n{}", "{\"provider\": 1}", ours] {
            assert!(add_opencode_provider(before, "u", "m").is_err(), "{before}");
        }
    }
}
