//! What an answer says, as one text; and the vector of an embedding.

use serde_json::Value;

use super::stream::to_plain;
use crate::surface::Meter;

/// The text of an answer, whichever form it has; `None` of one that says nothing in words.
#[must_use]
pub fn said(meter: Meter, events: bool, body: &[u8]) -> Option<String> {
    let made = if events { Some(to_plain(meter, body)?) } else { None };
    let answer: Value = serde_json::from_slice(made.as_deref().unwrap_or(body)).ok()?;
    let texts: Vec<&str> = match meter {
        Meter::Chat => {
            let choices = answer["choices"].as_array()?.iter();
            choices.filter_map(|choice| choice["message"]["content"].as_str()).collect()
        }
        Meter::Completion => {
            let choices = answer["choices"].as_array()?.iter();
            choices.filter_map(|choice| choice["text"].as_str()).collect()
        }
        Meter::Responses => {
            let items = answer["output"].as_array()?.iter();
            let parts = items.filter_map(|item| item["content"].as_array()).flatten();
            parts.filter_map(|part| part["text"].as_str()).collect()
        }
        _ => return None,
    };
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The first vector of an answer with embeddings, sent as numbers.
#[must_use]
pub fn embedding(body: &[u8]) -> Option<Vec<f32>> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let numbers = answer["data"][0]["embedding"].as_array()?;
    numbers.iter().map(|number| number.as_f64().map(|number| number as f32)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_the_same_in_either_form() {
        let plain = br#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#;
        assert_eq!(said(Meter::Chat, false, plain).as_deref(), Some("a\nb"));
        let response = br#"{"output":[{"type":"reasoning"},{"content":[{"text":"a"}]}]}"#;
        assert_eq!(said(Meter::Responses, false, response).as_deref(), Some("a"));
        let call = br#"{"choices":[{"message":{"content":null,"tool_calls":[]}}]}"#;
        assert_eq!(said(Meter::Chat, false, call), None);
        let vector = br#"{"data":[{"embedding":[0.5,-1,2e-3]}]}"#;
        assert_eq!(embedding(vector), Some(vec![0.5, -1.0, 0.002]));
        assert_eq!(embedding(br#"{"data":[{"embedding":"AAAA"}]}"#), None);
    }
}
