//! Where in a provider's tree an operation is.
//!
//! Azure has two trees. The newer one, `…/openai/v1`, is as OpenAI's own, with the deployment's
//! name in the body's `model`; an `api-version` may stand in the query (`preview`). The older one
//! takes a dated `api-version` and, for what a deployment does, its name in the path:
//! `…/openai/deployments/NAME/chat/completions?api-version=2024-10-21`.

use std::borrow::Cow;
use std::fmt::Write;

use crate::{Paths, Provider};

/// The end of a base URL's path that makes it the newer tree.
const V1: &str = "/openai/v1";

/// What a deployment does: the operations that name a model.
const OF_DEPLOYMENTS: [&str; 8] = [
    "/chat/completions",
    "/completions",
    "/embeddings",
    "/images/generations",
    "/images/edits",
    "/audio/speech",
    "/audio/transcriptions",
    "/audio/translations",
];

/// The path and query behind the base URL's own path. `target` is OpenAI's, with its query;
/// `prefix` is the base URL's path.
#[must_use]
pub fn target<'t>(
    provider: &Provider,
    prefix: &str,
    api_version: Option<&str>,
    target: &'t str,
    model: Option<&str>,
) -> Cow<'t, str> {
    if provider.paths == Paths::Plain {
        return Cow::Borrowed(target);
    }
    let (path, query) = target.split_once('?').map_or((target, None), |(p, q)| (p, Some(q)));
    let mut made = String::with_capacity(target.len() + 64);
    if !prefix.ends_with(V1) {
        if !prefix.ends_with("/openai") {
            made.push_str("/openai");
        }
        if let Some(model) = model.filter(|_| OF_DEPLOYMENTS.contains(&path)) {
            made.push_str("/deployments/");
            escape(&mut made, model);
        }
    }
    made.push_str(path);
    let mut mark = '?';
    // The version is the operator's; a caller's own would be another reader's first or last.
    let own = |pair: &&str| !pair.is_empty() && !names_version(pair);
    for pair in query.unwrap_or_default().split('&').filter(own) {
        made.push(mark);
        made.push_str(pair);
        mark = '&';
    }
    if let Some(version) = api_version {
        made.push(mark);
        made.push_str("api-version=");
        escape(&mut made, version);
    }
    Cow::Owned(made)
}

/// Azure's base URL as it is used: a bare resource means the newer tree, unless the version is a
/// dated one.
#[must_use]
pub fn azure_base(url: &str, api_version: Option<&str>) -> String {
    let url = url.trim_end_matches('/');
    let is_bare = url.split_once("://").is_some_and(|(_, rest)| !rest.contains('/'));
    let is_dated =
        api_version.is_some_and(|version| version.starts_with(|c: char| c.is_ascii_digit()));
    if is_bare && !is_dated { format!("{url}{V1}") } else { url.to_owned() }
}

fn names_version(pair: &str) -> bool {
    let name = pair.split_once('=').map_or(pair, |(name, _)| name);
    let plain = openai::target::decode(name);
    plain.is_none_or(|name| name.eq_ignore_ascii_case("api-version"))
}

/// Percent-encodes all but RFC 3986's unreserved characters.
fn escape(to: &mut String, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                to.push(char::from(byte));
            }
            // Writing to a string cannot fail.
            _ => _ = write!(to, "%{byte:02X}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue;

    fn azure(prefix: &str, version: Option<&str>, path: &str, model: Option<&str>) -> String {
        let row = catalogue::find("azure").unwrap();
        target(row, prefix, version, path, model).into_owned()
    }

    #[test]
    fn azure_has_two_trees() {
        let chat = "/chat/completions";
        assert_eq!(azure(V1, None, chat, Some("gpt")), chat);
        assert_eq!(
            azure(V1, Some("preview"), "/files?limit=2", None),
            "/files?limit=2&api-version=preview"
        );
        let old = Some("2024-10-21");
        let deployed = "/openai/deployments/my%20gpt%2F4/chat/completions?api-version=2024-10-21";
        assert_eq!(azure("", old, chat, Some("my gpt/4")), deployed);
        assert_eq!(
            azure("/openai", old, chat, Some("g")),
            deployed[7..].replace("my%20gpt%2F4", "g")
        );
        assert_eq!(azure("", old, "/files", None), "/openai/files?api-version=2024-10-21");
        assert_eq!(
            azure("", old, "/responses", Some("g")),
            "/openai/responses?api-version=2024-10-21"
        );
    }

    #[test]
    fn a_caller_does_not_choose_the_version() {
        assert_eq!(
            azure(V1, Some("preview"), "/files?api-version=1&a=b&Api%2DVersion=2&%zz=1", None),
            "/files?a=b&api-version=preview"
        );
        assert_eq!(azure(V1, None, "/files?api-version=1", None), "/files");
    }

    #[test]
    fn others_are_plain() {
        let row = catalogue::find("groq").unwrap();
        let same = target(row, "/openai/v1", Some("x"), "/models?a=b", Some("m"));
        assert!(matches!(same, Cow::Borrowed("/models?a=b")));
    }

    #[test]
    fn a_bare_resource_is_the_newer_tree() {
        let base = "https://r.openai.azure.com";
        assert_eq!(azure_base("https://r.openai.azure.com/", None), format!("{base}{V1}"));
        assert_eq!(azure_base(base, Some("preview")), format!("{base}{V1}"));
        assert_eq!(azure_base(base, Some("2024-10-21")), base);
        let own = "https://r.openai.azure.com/openai";
        assert_eq!(azure_base(own, None), own);
    }
}
