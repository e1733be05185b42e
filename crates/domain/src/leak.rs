//! Keys that were found where everybody can read them: who says so, and what is done about it.

use std::net::IpAddr;

use crate::{KeyId, LeakId, ProjectId, SecretHash, Timestamp};

/// What a project wants done when one of its keys is reported as leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakResponse {
    /// Its owners are told; the key works on.
    Alert,
    /// The leaked secret ends at once.
    Quarantine,
    /// The leaked secret ends at once, and a new one goes to the key's handler.
    Rotate,
}

impl LeakResponse {
    pub const ALL: [Self; 3] = [Self::Alert, Self::Quarantine, Self::Rotate];
    /// Of who has said nothing.
    pub const DEFAULT: Self = Self::Quarantine;

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Quarantine => "quarantine",
            Self::Rotate => "rotate",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|response| response.as_str() == text)
    }
}

/// Who said that a key leaked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakReporter {
    /// A scanner of the world's code, by a signed report.
    Partner,
    /// Somebody with an admin key.
    Admin,
    /// Somebody who holds the key itself.
    Holder,
}

impl LeakReporter {
    const ALL: [Self; 3] = [Self::Partner, Self::Admin, Self::Holder];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Partner => "partner",
            Self::Admin => "admin",
            Self::Holder => "holder",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reporter| reporter.as_str() == text)
    }
}

/// What was done about a leak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakAction {
    /// The owners were told.
    Alerted,
    /// The secret ended.
    Quarantined,
    /// The secret ended, and a new one is on its way to the key's handler.
    Rotated,
    /// The secret ended because somebody who may asked for it.
    Revoked,
    /// The secret had ended before.
    AlreadyEnded,
    /// It was a honeytoken: nothing to end.
    Honeytoken,
}

impl LeakAction {
    const ALL: [Self; 6] = [
        Self::Alerted,
        Self::Quarantined,
        Self::Rotated,
        Self::Revoked,
        Self::AlreadyEnded,
        Self::Honeytoken,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Alerted => "alerted",
            Self::Quarantined => "quarantined",
            Self::Rotated => "rotated",
            Self::Revoked => "revoked",
            Self::AlreadyEnded => "already_ended",
            Self::Honeytoken => "honeytoken",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// Whether the leaked secret works no more because of it.
    #[must_use]
    pub fn ends_secret(self) -> bool {
        matches!(self, Self::Quarantined | Self::Rotated | Self::Revoked)
    }
}

/// How the secret that leaked stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeakedSecret {
    /// A call with it would be let in.
    pub is_live: bool,
    /// The operator sets it at every start, so nothing here can end it.
    pub is_registered: bool,
    /// Somebody is there to take a new secret.
    pub has_handler: bool,
}

/// What to do about a leaked secret. `asked`: somebody who may wants it ended, whatever the policy.
#[must_use]
pub fn leak_action(secret: LeakedSecret, policy: LeakResponse, asked: bool) -> LeakAction {
    if !secret.is_live {
        return LeakAction::AlreadyEnded;
    }
    if secret.is_registered {
        return LeakAction::Alerted;
    }
    match policy {
        _ if asked => LeakAction::Revoked,
        LeakResponse::Alert => LeakAction::Alerted,
        LeakResponse::Rotate if secret.has_handler => LeakAction::Rotated,
        // Nobody could be given a new one, and the old one is public.
        LeakResponse::Rotate | LeakResponse::Quarantine => LeakAction::Quarantined,
    }
}

/// A leak as it is kept. The first report of a secret at a place counts; others change nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leak {
    pub id: LeakId,
    pub at: Timestamp,
    pub secret: SecretHash,
    /// The key, or the honeytoken.
    pub key: KeyId,
    pub project: Option<ProjectId>,
    /// The secret's first and last characters.
    pub display: String,
    pub reporter: LeakReporter,
    /// Where the reporter found it, in their words: `commit`, `gist_content`. May be empty.
    pub source: String,
    /// The place, as a URL. May be empty.
    pub url: String,
    pub action: LeakAction,
}

/// A key that never works. Whoever uses it has been where nobody should look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Honeytoken {
    pub id: KeyId,
    pub secret: SecretHash,
    pub display: String,
    pub name: String,
    /// Whose owners are told as well.
    pub project: Option<ProjectId>,
    pub created_at: Timestamp,
    pub last_used_at: Option<Timestamp>,
}

/// Somebody used a honeytoken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trip {
    pub secret: SecretHash,
    pub at: Timestamp,
    pub address: IpAddr,
    /// Such as `POST /v1/chat/completions`, without a query.
    pub target: String,
    /// The client's `User-Agent`, cut short. May be empty.
    pub agent: String,
}

impl Trip {
    /// Characters of a target or a user agent that are kept: they are a stranger's.
    const LONGEST: usize = 256;

    #[must_use]
    pub fn new(secret: SecretHash, at: Timestamp, address: IpAddr, said: [&str; 2]) -> Self {
        let kept = |text: &str| -> String {
            let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
            plain.take(Self::LONGEST).collect()
        };
        let [target, agent] = said.map(kept);
        Self { secret, at, address: address.to_canonical(), target, agent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: LeakedSecret =
        LeakedSecret { is_live: true, is_registered: false, has_handler: false };

    #[test]
    fn a_policy_is_kept_and_a_rotation_without_a_handler_is_a_quarantine() {
        let by = |secret, policy| leak_action(secret, policy, false);
        assert_eq!(by(LIVE, LeakResponse::Alert), LeakAction::Alerted);
        assert_eq!(by(LIVE, LeakResponse::Quarantine), LeakAction::Quarantined);
        assert_eq!(by(LIVE, LeakResponse::Rotate), LeakAction::Quarantined);
        let handled = LeakedSecret { has_handler: true, ..LIVE };
        assert_eq!(by(handled, LeakResponse::Rotate), LeakAction::Rotated);
    }

    #[test]
    fn whoever_may_ends_it_whatever_the_policy() {
        assert_eq!(leak_action(LIVE, LeakResponse::Alert, true), LeakAction::Revoked);
    }

    #[test]
    fn what_has_ended_or_cannot_be_ended_is_left() {
        let ended = LeakedSecret { is_live: false, ..LIVE };
        assert_eq!(leak_action(ended, LeakResponse::Quarantine, true), LeakAction::AlreadyEnded);
        let registered = LeakedSecret { is_registered: true, ..LIVE };
        assert_eq!(leak_action(registered, LeakResponse::Quarantine, true), LeakAction::Alerted);
    }
}
