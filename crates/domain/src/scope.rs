//! Scopes: what a key may do, as strings `api.<thing>.<read|write|request>`.
//!
//! `write` includes `read` of the same thing. `api.model.request` includes every
//! `api.<thing>.request`, as OpenAI's "Model capabilities" group does; `api.all.read` includes
//! every read. Unknown strings are kept and grant nothing.

use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    Read,
    Write,
    Request,
}

impl Verb {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Request => "request",
        }
    }
}

/// What one operation asks of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    pub thing: &'static str,
    pub verb: Verb,
}

impl Scope {
    #[must_use]
    pub const fn read(thing: &'static str) -> Self {
        Self { thing, verb: Verb::Read }
    }

    #[must_use]
    pub const fn write(thing: &'static str) -> Self {
        Self { thing, verb: Verb::Write }
    }

    #[must_use]
    pub const fn request(thing: &'static str) -> Self {
        Self { thing, verb: Verb::Request }
    }

    /// Whether a granted string is enough for this scope.
    #[must_use]
    pub fn is_granted_by(self, granted: &str) -> bool {
        let Some((thing, verb)) = granted.strip_prefix("api.").and_then(|g| g.rsplit_once('.'))
        else {
            return false;
        };
        match self.verb {
            // OpenAI's own word for a key that may read everything.
            Verb::Read if thing == "all" => verb == "read",
            Verb::Read => thing == self.thing && (verb == "read" || verb == "write"),
            Verb::Write => thing == self.thing && verb == "write",
            Verb::Request => verb == "request" && (thing == self.thing || thing == "model"),
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "api.{}.{}", self.thing, self.verb.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn write_includes_read_and_not_the_other_way_round() {
        assert!(Scope::read("files").is_granted_by("api.files.write"));
        assert!(!Scope::write("files").is_granted_by("api.files.read"));
    }

    #[test]
    fn the_model_group_grants_every_request_and_nothing_else() {
        assert!(Scope::request("embeddings").is_granted_by("api.model.request"));
        assert!(!Scope::write("files").is_granted_by("api.model.request"));
    }

    #[test]
    fn all_read_reads_everything_and_changes_nothing() {
        assert!(Scope::read("files").is_granted_by("api.all.read"));
        assert!(!Scope::write("files").is_granted_by("api.all.read"));
        assert!(!Scope::request("chat").is_granted_by("api.all.request"));
    }

    #[test]
    fn unknown_strings_grant_nothing() {
        for text in ["", "api", "api.files", "files.read", "api.files.*", "api..read"] {
            assert!(!Scope::read("files").is_granted_by(text), "{text}");
        }
    }
}
