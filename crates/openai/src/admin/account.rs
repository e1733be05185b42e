//! `tollgate.setup_link` and `tollgate.mail`: what operators need before people can help themselves.

use serde::Serialize;

/// A mail that did not leave, since no mail server is configured.
#[derive(Serialize)]
pub struct KeptMail<'a> {
    object: &'static str,
    to: &'a str,
    subject: &'a str,
    text: &'a str,
    /// Unix seconds.
    created_at: i64,
}

impl<'a> KeptMail<'a> {
    #[must_use]
    pub fn new(to: &'a str, subject: &'a str, text: &'a str, created_at: i64) -> Self {
        Self { object: "tollgate.mail", to, subject, text, created_at }
    }
}

/// All mail that was kept, the newest first.
#[derive(Serialize)]
pub struct KeptMails<'a> {
    object: &'static str,
    data: Vec<KeptMail<'a>>,
}

impl<'a> KeptMails<'a> {
    #[must_use]
    pub fn new(data: Vec<KeptMail<'a>>) -> Self {
        Self { object: "list", data }
    }
}

/// The one-time link by which the first owner comes.
#[derive(Serialize)]
pub struct SetupLink {
    object: &'static str,
    /// Begins with `/` where this Tollgate does not know how people reach it.
    url: String,
    expires_in_seconds: i64,
}

impl SetupLink {
    #[must_use]
    pub fn new(url: String, expires_in_seconds: i64) -> Self {
        Self { object: "tollgate.setup_link", url, expires_in_seconds }
    }
}

/// Who may make an account, and what everybody must have shown.
#[derive(Serialize)]
pub struct SignInSettings<'a> {
    object: &'static str,
    sign_up: &'a str,
    phone_check: &'a str,
    /// Whether somebody is configured who brings codes to phones.
    phone_check_available: bool,
}

impl<'a> SignInSettings<'a> {
    #[must_use]
    pub fn new(sign_up: &'a str, phone_check: &'a str, phone_check_available: bool) -> Self {
        Self { object: "tollgate.sign_in", sign_up, phone_check, phone_check_available }
    }
}
