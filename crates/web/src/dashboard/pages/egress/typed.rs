//! What a person types of an egress, read into what control takes.

use control::{EgressDraft, EgressPatch, ProxyCredential, ProxyDraft};
use domain::{Egress, ProxyChoice, Secret, SessionBy};

use super::super::super::form::Form;
use super::super::typed::words;

/// The fields as they were typed, but for the login.
pub(super) struct Typed {
    pub(super) name: String,
    /// One address a line.
    pub(super) proxies: String,
    choice: ProxyChoice,
    session: SessionBy,
    pub(super) allow_direct: bool,
    pub(super) default: bool,
    pub(super) proxy_resolves: String,
    pub(super) health_url: String,
    pub(super) logins: Logins,
}

/// What becomes of the logins of proxies that are there already.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Logins {
    /// Each keeps its own; new proxies get the one that is typed.
    Keep,
    /// All get the one that is typed.
    Replace,
    /// None has one any more.
    Remove,
}

impl Typed {
    pub(super) fn of(form: &Form) -> Self {
        let text = |name: &str| form.text(name).to_owned();
        Self {
            name: text("name"),
            proxies: text("proxies"),
            choice: ProxyChoice::parse(form.text("choice")).unwrap_or_default(),
            session: SessionBy::parse(form.text("session")).unwrap_or_default(),
            allow_direct: form.is_checked("allow_direct"),
            default: form.is_checked("default"),
            proxy_resolves: text("proxy_resolves"),
            health_url: text("health_url"),
            logins: match form.text("logins") {
                "replace" => Logins::Replace,
                "remove" => Logins::Remove,
                _ => Logins::Keep,
            },
        }
    }

    pub(super) fn from_egress(egress: &Egress<()>) -> Self {
        let proxies = egress.proxies.iter().map(|proxy| proxy.address.to_string());
        Self {
            name: egress.name.clone(),
            proxies: proxies.collect::<Vec<_>>().join("\n"),
            choice: egress.choice,
            session: egress.session,
            allow_direct: egress.allow_direct,
            default: egress.default,
            proxy_resolves: egress.proxy_resolves.join(", "),
            health_url: egress.health_url.clone().unwrap_or_default(),
            logins: Logins::Keep,
        }
    }

    /// Value, words, whether it is chosen.
    pub(super) fn choices(&self) -> [(&'static str, &'static str, bool); 3] {
        ProxyChoice::ALL.map(|it| {
            let words = match it {
                ProxyChoice::RoundRobin => "Each in its turn",
                ProxyChoice::LeastBusy => "The least busy one",
                ProxyChoice::Sticky => "The same one for the same key or project",
            };
            (it.as_str(), words, it == self.choice)
        })
    }

    pub(super) fn sessions(&self) -> [(&'static str, &'static str, bool); 3] {
        SessionBy::ALL.map(|it| {
            let words = match it {
                SessionBy::Key => "All calls of an API key",
                SessionBy::Project => "All calls of a project",
                SessionBy::Connection => "Nothing: each connection has its own",
            };
            (it.as_str(), words, it == self.session)
        })
    }

    pub(super) fn keeps(&self) -> [(&'static str, &'static str, bool); 3] {
        [
            ("keep", "Proxies keep theirs; new ones get the login below", Logins::Keep),
            ("replace", "All get the login below", Logins::Replace),
            ("remove", "None has a login", Logins::Remove),
        ]
        .map(|(value, words, it)| (value, words, it == self.logins))
    }

    /// `known`: the proxies that are there already.
    fn drafts(&self, login: Option<&str>, known: &[String]) -> Vec<ProxyDraft> {
        let lines = self.proxies.lines().map(str::trim).filter(|line| !line.is_empty());
        let new = || match login {
            Some(typed) => ProxyCredential::New(Secret::from(typed)),
            None => ProxyCredential::None,
        };
        let draft = |url: &str| ProxyDraft {
            url: url.to_owned(),
            credential: match self.logins {
                Logins::Keep if known.iter().any(|one| one == url) => ProxyCredential::Kept,
                Logins::Keep | Logins::Replace => new(),
                Logins::Remove => ProxyCredential::None,
            },
        };
        lines.map(draft).collect()
    }

    fn resolves(&self) -> Vec<String> {
        words(&self.proxy_resolves).into_iter().map(str::to_owned).collect()
    }

    fn health(&self) -> Option<String> {
        Some(self.health_url.clone()).filter(|url| !url.is_empty())
    }

    pub(super) fn draft(&self, login: Option<&str>) -> EgressDraft {
        EgressDraft {
            name: self.name.clone(),
            proxies: self.drafts(login, &[]),
            choice: self.choice,
            session: self.session,
            allow_direct: self.allow_direct,
            default: self.default,
            proxy_resolves: self.resolves(),
            health_url: self.health(),
        }
    }

    pub(super) fn patch(&self, login: Option<&str>, before: &Egress<()>) -> EgressPatch {
        let known: Vec<_> = before.proxies.iter().map(|it| it.address.to_string()).collect();
        EgressPatch {
            proxies: Some(self.drafts(login, &known)),
            choice: Some(self.choice),
            session: Some(self.session),
            allow_direct: Some(self.allow_direct),
            default: Some(self.default),
            proxy_resolves: Some(self.resolves()),
            health_url: Some(self.health()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_keep_their_logins_unless_somebody_says_otherwise() {
        let known = ["http://a.example:1".to_owned()];
        let word = |logins: &str, login: Option<&str>| {
            let text = format!("proxies=http://a.example:1%0Ahttp://b.example:1&logins={logins}");
            let drafts = Typed::of(&Form::parse(&text).unwrap()).drafts(login, &known);
            let word = |draft: ProxyDraft| match draft.credential {
                ProxyCredential::Kept => "kept",
                ProxyCredential::None => "none",
                ProxyCredential::New(_) => "new",
            };
            drafts.into_iter().map(word).collect::<Vec<_>>()
        };
        assert_eq!(word("keep", None), ["kept", "none"]);
        assert_eq!(word("keep", Some("a:b")), ["kept", "new"]);
        assert_eq!(word("replace", Some("a:b")), ["new", "new"]);
        assert_eq!(word("remove", Some("a:b")), ["none", "none"]);
    }
}
