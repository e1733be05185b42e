//! What the browser keeps for us: its session's secret, a message for the next page, its theme.

use domain::Secret;
use http::{HeaderMap, header};

use super::form;
use super::page::Flash;

/// `__Host-` lets no other host, and no unencrypted page, set it. On this machine without TLS
/// browsers do not take that name.
const SESSION: &str = "tollgate_session";
const FLASH: &str = "tollgate_flash";
/// Held while somebody is at a provider of identities.
const OIDC: &str = "tollgate_oidc";
const THEME: &str = "tollgate_theme";
const HOST: &str = "__Host-";

/// A flash message waits a minute for the page that shows it; a theme is kept for a year.
const FLASH_SECONDS: u32 = 60;
const OIDC_SECONDS: u32 = 600;
const THEME_SECONDS: u32 = 31_536_000;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Theme {
    /// As the system has it.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::System, Self::Light, Self::Dark].into_iter().find(|theme| theme.as_str() == text)
    }
}

#[derive(Default)]
pub(crate) struct Cookies {
    pub(crate) session: Option<Secret>,
    pub(crate) oidc: Option<Secret>,
    pub(crate) flash: Option<Flash>,
    pub(crate) theme: Theme,
}

impl Cookies {
    pub(crate) fn of(headers: &HeaderMap, secure: bool) -> Self {
        let mut cookies = Self::default();
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        for (name, value) in lines.flat_map(|line| line.split(';')).filter_map(pair) {
            let name = match (secure, name.strip_prefix(HOST)) {
                (true, Some(name)) => name,
                (false, None) => name,
                // Another site on a neighbouring name may have set it.
                _ => continue,
            };
            match name {
                SESSION if cookies.session.is_none() => cookies.session = Some(Secret::from(value)),
                OIDC if cookies.oidc.is_none() => cookies.oidc = Some(Secret::from(value)),
                FLASH => cookies.flash = form::decode(value).as_deref().and_then(Flash::parse),
                THEME => cookies.theme = Theme::parse(value).unwrap_or_default(),
                _ => {}
            }
        }
        cookies
    }
}

fn pair(text: &str) -> Option<(&str, &str)> {
    text.trim().split_once('=')
}

/// A cookie that is to be set.
pub(crate) enum SetCookie {
    Session(Secret),
    EndSession,
    Oidc(Secret),
    EndOidc,
    Flash(Flash),
    EndFlash,
    Theme(Theme),
}

impl SetCookie {
    pub(crate) fn text(&self, secure: bool) -> String {
        let (name, value, life) = match self {
            Self::Session(secret) => (SESSION, crate::reveal::token(secret), None),
            Self::EndSession => (SESSION, String::new(), Some(0)),
            Self::Oidc(secret) => (OIDC, crate::reveal::token(secret), Some(OIDC_SECONDS)),
            Self::EndOidc => (OIDC, String::new(), Some(0)),
            Self::Flash(flash) => (FLASH, form::encode(&flash.text()), Some(FLASH_SECONDS)),
            Self::EndFlash => (FLASH, String::new(), Some(0)),
            Self::Theme(theme) => (THEME, theme.as_str().to_owned(), Some(THEME_SECONDS)),
        };
        let (prefix, encrypted) = if secure { (HOST, "; Secure") } else { ("", "") };
        let life = life.map_or_else(String::new, |seconds| format!("; Max-Age={seconds}"));
        format!("{prefix}{name}={value}; Path=/; HttpOnly; SameSite=Lax{encrypted}{life}")
    }
}
