//! Providers as rows. One more vendor that speaks a known dialect is one more row.
//!
//! All rows here speak OpenAI's dialect. What a row does not say is as OpenAI does it.

use std::borrow::Cow;

mod rows;

pub use rows::PROVIDERS;

/// How a provider wants our credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// `api-key: …`
    ApiKey,
    /// None: the provider is part of this process.
    None,
}

/// How a provider's paths are made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paths {
    /// The base URL with OpenAI's path behind it.
    Plain,
    /// Azure's, with an `api-version`; see [`crate::paths`].
    Azure,
}

/// A vendor, as far as its OpenAI-dialect surface differs from others.
#[derive(Debug)]
pub struct Provider {
    pub name: &'static str,
    /// Without a slash at the end; empty where every account has its own.
    pub base_url: &'static str,
    pub auth: Auth,
    pub paths: Paths,
    /// Works without a credential: a server of the operator's own.
    pub keyless: bool,
    /// The environment's usual names for the credential and the base URL, the first that is set.
    pub key_variables: &'static [&'static str],
    pub url_variables: &'static [&'static str],
    /// The variable that names the `api-version`.
    pub version_variable: Option<&'static str>,
    /// Understands `stream_options.include_usage`.
    pub stream_usage: bool,
    /// The operations that it has, by their paths or the beginnings of them; empty for all.
    pub offers: &'static [&'static str],
    /// What stands before its models' names in the price book.
    pub prices: &'static str,
    /// Its models are OpenAI's, and so are their limits and tokenizers.
    pub openai_models: bool,
    /// It streams what it writes as it writes it, and stops writing, and its meter, when its client
    /// hangs up (A6). Where this is not known it is not so: a stream is then read to its end.
    pub stops_at_cancel: bool,
    /// Refusals that it does not bill, in its own envelope; all others may be billed (case 40).
    pub unbilled: &'static [u16],
    /// Refusals that nobody bills who sends them, whatever their body is.
    pub unbilled_bare: &'static [u16],
    /// `error.code`s of refusals that came after the work, whatever their status.
    pub billed_codes: &'static [&'static str],
}

impl Provider {
    /// Whether it bills a refusal. `code` is its envelope's; one that is not an envelope is of
    /// nobody knows whom, and says nothing.
    #[must_use]
    pub fn bills_refusal(&self, status: u16, is_envelope: bool, code: Option<&str>) -> bool {
        let after_work = code.is_some_and(|code| self.billed_codes.contains(&code));
        let free = is_envelope && self.unbilled.contains(&status);
        after_work || !(free || self.unbilled_bare.contains(&status))
    }

    /// The name of one of its models in the price book.
    #[must_use]
    pub fn priced<'m>(&self, model: &'m str) -> Cow<'m, str> {
        match self.prices {
            "" => Cow::Borrowed(model),
            start => Cow::Owned([start, model].concat()),
        }
    }

    /// Whether it has an operation, by OpenAI's path for it, such as `/chat/completions`.
    #[must_use]
    pub fn offers(&self, path: &str) -> bool {
        let begins = |start: &&str| {
            let rest = path.strip_prefix(*start);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.offers.is_empty() || self.offers.iter().any(begins)
    }
}

/// The built-in provider's name.
pub const DEMO: &str = "demo";

/// The row of a provider.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.name == name)
}

#[cfg(test)]
mod tests;
