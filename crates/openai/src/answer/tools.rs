//! Calls of tools that run at the provider: each has a fee beside the tokens.

use memchr::memmem;

/// How many of them a finished answer tells of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ToolCalls {
    pub web_search: u64,
    pub file_search: u64,
    pub code_interpreter: u64,
}

/// Counts the items of a whole answer, or of the event that ends a stream. What a model wrote is
/// escaped there, so that no text can look like an item; where a value is the same word, one call
/// too many is counted.
#[must_use]
pub fn tool_calls(answer: &[u8]) -> ToolCalls {
    let count = |item: &str| memmem::find_iter(answer, item.as_bytes()).count() as u64;
    ToolCalls {
        web_search: count("\"web_search_call\""),
        file_search: count("\"file_search_call\""),
        code_interpreter: count("\"code_interpreter_call\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_counted_and_what_was_written_is_not() {
        let answer = br#"{"output":[{"type":"web_search_call","id":"ws_1"},
            {"type": "web_search_call"},{"type":"code_interpreter_call"},
            {"type":"message","content":[{"text":"{\"type\":\"file_search_call\"}"}]}],
            "tools":[{"type":"web_search"},{"type":"file_search"}]}"#;
        let expected = ToolCalls { web_search: 2, file_search: 0, code_interpreter: 1 };
        assert_eq!(tool_calls(answer), expected);
    }
}
