//! Providers as rows. One more vendor that speaks a known dialect is one more row.

/// How a provider wants our credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Auth {
    /// `Authorization: Bearer …`
    Bearer,
    /// None: the provider is part of this process.
    None,
}

/// A vendor, as far as its OpenAI-dialect surface differs from others.
#[derive(Debug)]
pub struct Provider {
    pub name: &'static str,
    /// Without a slash at the end.
    pub base_url: &'static str,
    pub auth: Auth,
    /// The environment's usual names for the credential and the base URL.
    pub key_variable: Option<&'static str>,
    pub url_variable: Option<&'static str>,
    /// Understands `stream_options.include_usage`.
    pub stream_usage: bool,
    /// Refusals that it does not bill, in its own envelope; all others may be billed (case 40).
    pub unbilled: &'static [u16],
    /// `error.code`s of refusals that came after the work, whatever their status.
    pub billed_codes: &'static [&'static str],
}

/// What OpenAI refuses before a model has run, or takes back.
const OPENAI_UNBILLED: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503];
/// What was made was found wanting: a picture or a text that its own filter kept back.
const OPENAI_BILLED: &[&str] =
    &["content_filter", "content_policy_violation", "moderation_blocked"];

impl Provider {
    /// Whether it bills a refusal. `code` is its envelope's; one that is not an envelope is of
    /// nobody knows whom, and says nothing.
    #[must_use]
    pub fn bills_refusal(&self, status: u16, is_envelope: bool, code: Option<&str>) -> bool {
        let after_work = code.is_some_and(|code| self.billed_codes.contains(&code));
        !is_envelope || after_work || !self.unbilled.contains(&status)
    }
}

/// The built-in provider's name.
pub const DEMO: &str = "demo";

pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: "openai",
        base_url: "https://api.openai.com/v1",
        auth: Auth::Bearer,
        key_variable: Some("OPENAI_API_KEY"),
        url_variable: Some("OPENAI_BASE_URL"),
        stream_usage: true,
        unbilled: OPENAI_UNBILLED,
        billed_codes: OPENAI_BILLED,
    },
    Provider {
        name: DEMO,
        base_url: "http://demo.invalid/v1",
        auth: Auth::None,
        key_variable: None,
        url_variable: None,
        stream_usage: true,
        unbilled: OPENAI_UNBILLED,
        billed_codes: OPENAI_BILLED,
    },
];

/// The row of a provider.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.name == name)
}
