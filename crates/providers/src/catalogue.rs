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
    },
    Provider {
        name: DEMO,
        base_url: "http://demo.invalid/v1",
        auth: Auth::None,
        key_variable: None,
        url_variable: None,
        stream_usage: true,
    },
];

/// The row of a provider.
#[must_use]
pub fn find(name: &str) -> Option<&'static Provider> {
    PROVIDERS.iter().find(|p| p.name == name)
}
