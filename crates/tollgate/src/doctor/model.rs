//! Which model the doctor's one call is made to.

use domain::Timestamp;
use domain::price::{ModelPrice, PriceBook, TokenKind};
use providers::models;
use serde_json::Value;

/// The ids of an answer to `GET /models`; `None` when it is no list.
pub(super) fn listed(body: &[u8]) -> Option<Vec<String>> {
    let parsed: Value = serde_json::from_slice(body).ok()?;
    // Some providers leave out the envelope, or call it otherwise.
    let rows = [parsed.get("data"), parsed.get("models"), Some(&parsed)];
    let rows = rows.into_iter().flatten().find_map(Value::as_array)?;
    let id = |row: &Value| row.get("id").or_else(|| row.get("name"))?.as_str().map(str::to_owned);
    Some(rows.iter().filter_map(id).collect())
}

/// The cheapest of them that is for chat and answers at once; of models that nobody knows, the
/// first.
pub(super) fn choose(listed: &[String], book: &PriceBook, at: Timestamp) -> Option<String> {
    let known = listed.iter().filter(|id| models::find(id).is_some_and(|m| m.mode == "chat"));
    let priced = known.filter_map(|id| Some((rank(id, &*book.lookup(id, at)?)?, id)));
    let cheapest = priced.min_by(|a, b| a.0.cmp(&b.0)).map(|(_, id)| id);
    let unknown = || listed.iter().find(|id| models::find(id).is_none_or(|m| m.mode == "chat"));
    cheapest.or_else(unknown).cloned()
}

/// Those that think before they speak last, then by price, in pico-dollars for a token of each
/// kind.
fn rank(id: &str, price: &ModelPrice) -> Option<(bool, u64)> {
    let of = |kind| {
        let mut cells = price.cells().filter(|c| c.above == 0 && c.kind == kind);
        cells.find(|c| c.tier == Some(domain::price::Tier::Default)).map(|c| c.picos)
    };
    let special = ["audio", "realtime", "search", "transcribe", "computer", "codex", "deep"];
    if special.iter().any(|word| id.contains(word)) || id.starts_with("ft:") {
        return None;
    }
    if price.free {
        return Some((thinks(id), 0));
    }
    Some((thinks(id), of(TokenKind::Input)?.checked_add(of(TokenKind::Output)?)?))
}

/// Whether a model of OpenAI's thinks first, and takes `max_completion_tokens` only.
pub(super) fn thinks(id: &str) -> bool {
    ["o1", "o3", "o4", "gpt-5", "gpt-6"].iter().any(|start| id.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ports::PriceFormat;
    use domain::price::Layer;

    fn book() -> PriceBook {
        let rows = providers::prices::FieldFormat.built_in();
        PriceBook::new(rows.into_iter().map(|(model, price)| (Layer::BuiltIn, model, price)))
    }

    fn chosen(ids: &[&str]) -> Option<String> {
        let ids: Vec<String> = ids.iter().map(|id| (*id).to_owned()).collect();
        choose(&ids, &book(), Timestamp::from_seconds(1_790_000_000))
    }

    #[test]
    fn the_cheapest_chat_model_that_answers_at_once_is_chosen() {
        let all = ["text-embedding-3-small", "gpt-5-nano", "gpt-4o", "gpt-4o-mini", "gpt-image-1"];
        assert_eq!(chosen(&all).as_deref(), Some("gpt-4o-mini"));
        assert_eq!(chosen(&["gpt-5", "gpt-5-nano"]).as_deref(), Some("gpt-5-nano"));
        assert_eq!(chosen(&["text-embedding-3-small", "my-llama"]).as_deref(), Some("my-llama"));
        assert_eq!(chosen(&["text-embedding-3-small"]), None);
        assert_eq!(chosen(&[]), None);
    }

    #[test]
    fn lists_are_read_in_the_spellings_of_the_field() {
        for body in [
            r#"{"object":"list","data":[{"id":"a"}]}"#,
            r#"{"models":[{"name":"a"}]}"#,
            r#"[{"id":"a"}]"#,
        ] {
            assert_eq!(listed(body.as_bytes()), Some(vec!["a".to_owned()]), "{body}");
        }
        assert_eq!(listed(br#"{"hello":1}"#), None);
        assert_eq!(listed(b"<html>"), None);
    }
}
