//! Our names with a provider: kept from its error texts, whole or inside a stream (case 89).

use memchr::memmem;

use crate::upstreams::LiveUpstream;

/// What a provider's text shows of us.
pub(crate) enum Shown {
    Nothing,
    /// Our account or our upstream's host; the text with them blanked.
    Names(Vec<u8>),
    /// One of our credentials. No part of such a text goes on.
    Credential,
}

/// Looks through an error text.
pub(crate) fn look(upstream: &LiveUpstream, text: &[u8]) -> Shown {
    if upstream.is_shown_in(text) {
        tracing::warn!(upstream = %upstream.id, "an upstream echoed a credential of ours");
        return Shown::Credential;
    }
    let host = upstream.origin.address().0.as_bytes();
    let prefixes: [&[u8]; 3] = [b"org-", b"proj_", host];
    if !prefixes.iter().any(|p| memmem::find(text, p).is_some()) {
        return Shown::Nothing;
    }
    let mut out = text.to_vec();
    for prefix in prefixes {
        let mut from = 0;
        while let Some(at) = memmem::find(&out[from..], prefix).map(|at| from + at) {
            let word = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
            let length = out[at + prefix.len()..].iter().take_while(|b| word(b)).count();
            // A lone "org-" in prose is no name.
            let end = at + prefix.len() + length;
            if length >= 6 || prefix == host {
                let with = b"[redacted]";
                out.splice(at..end, with.iter().copied());
                from = at + with.len();
            } else {
                from = end;
            }
        }
    }
    Shown::Names(out)
}
