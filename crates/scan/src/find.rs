//! A secret that was found: what it is, where it stands, and who put it there.

use domain::Secret;
use vault::leaks::Kind;

pub struct Find {
    pub kind: &'static Kind,
    pub place: Place,
    /// Its public beginning and last four characters.
    pub masked: String,
    /// The same for the same secret under the same salt.
    pub fingerprint: String,
    /// The whole key, of our own kind only, to ask a Tollgate about it.
    pub ours: Option<Secret>,
    /// What that Tollgate said.
    pub standing: Option<Standing>,
    /// Who brought it, of a history's finds.
    pub commit: Option<Commit>,
    /// The object that holds it, of a history's finds.
    pub(crate) object: Option<String>,
    /// In a history: how many versions of the file hold it.
    pub versions: u64,
    /// Whether git ignores the file, so that it does not go anywhere with a push.
    pub ignored: bool,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// From the scanned folder or the repository's root, with `!` before a name in an archive.
    pub path: String,
    /// From 1.
    pub line: u64,
    /// In bytes, from 1.
    pub column: u64,
}

#[derive(Clone)]
pub struct Commit {
    pub id: String,
    /// Name and address.
    pub author: String,
    /// Of the author, in seconds since 1970.
    pub seconds: i64,
    /// How many commits are newer: its clock may be wrong, or the same as another's.
    pub(crate) newer: usize,
}

/// What a Tollgate says of a key of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It works, and this is its id where it is known.
    Live(Option<String>),
    /// It worked once.
    Ended,
    /// That Tollgate has never seen it.
    Unknown,
}

impl Standing {
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Live(_) => "live",
            Self::Ended => "ended",
            Self::Unknown => "unknown",
        }
    }
}
