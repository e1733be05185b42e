//! How people sign in: passwords, sessions, one-time links. Their secrets are kept as hashes only.

use std::fmt;

use crate::{CheckedPhone, Delivery, SecretHash, SessionId, Timestamp, UserId};

/// A password as it is kept: the text of its argon2id hash, with salt and costs.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// The ways in that somebody has.
#[derive(Clone, Debug, Default)]
pub struct SignIn {
    pub password: Option<PasswordHash>,
    /// When they showed that the address is theirs.
    pub email_checked_at: Option<Timestamp>,
    pub totp: Option<Totp>,
    /// Recovery codes that were not used yet.
    pub recovery_codes: u32,
    /// The phone that they have shown to be theirs.
    pub phone: Option<CheckedPhone>,
}

impl SignIn {
    /// Whether a password alone does not let them in.
    #[must_use]
    pub fn has_second_factor(&self) -> bool {
        self.totp.is_some()
    }
}

/// A second factor: an app that shows a new code every half minute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    /// Its secret, sealed for the user's id.
    pub sealed: Vec<u8>,
    /// The half minute of the last code that was taken: none is taken twice.
    pub step: i64,
}

/// Who somebody is at a provider of identities.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    pub issuer: String,
    /// The provider's own id of them, which never changes.
    pub subject: String,
    pub user: UserId,
    pub email: String,
    pub created_at: Timestamp,
}

/// Somebody's signed-in browser. What the browser holds is kept as a hash, beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub id: SessionId,
    pub user: UserId,
    pub created_at: Timestamp,
    /// Moves forward in steps of some minutes.
    pub seen_at: Timestamp,
    /// When they last proved who they are: at sign-in, and again before what matters.
    pub proved_at: Timestamp,
    pub ends_at: Timestamp,
    /// Whether it still waits for the second factor: until then it lets nobody in.
    pub half: bool,
    pub address: Option<String>,
    /// The browser's own words, shortened.
    pub agent: String,
}

/// A session without a call for so long has ended: 12 hours.
pub const SESSION_IDLE_SECONDS: i64 = 43_200;
/// No session is older than 14 days.
pub const SESSION_LIFE_SECONDS: i64 = 1_209_600;
/// How long a proof of who somebody is counts, for what matters: 15 minutes.
pub const PROOF_SECONDS: i64 = 900;

impl Session {
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        now < self.ends_at && now < self.seen_at.plus_seconds(SESSION_IDLE_SECONDS)
    }

    /// Whether who it is was proved a short while ago.
    #[must_use]
    pub fn is_proved(&self, now: Timestamp) -> bool {
        now < self.proved_at.plus_seconds(PROOF_SECONDS)
    }
}

/// What a one-time link is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Makes the first owner of this installation.
    Setup,
    /// Sets somebody's password anew.
    Reset,
    /// Goes on with a sign-up: the address is the subject, and is shown to be theirs.
    SignUp,
    /// Accepts an invitation, the subject.
    Invite,
    /// Makes the subject somebody's address of mail.
    Email,
}

impl LinkPurpose {
    const ALL: [Self; 5] = [Self::Setup, Self::Reset, Self::SignUp, Self::Invite, Self::Email];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Setup => "setup",
            Self::Reset => "reset",
            Self::SignUp => "sign_up",
            Self::Invite => "invite",
            Self::Email => "email",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|purpose| purpose.as_str() == text)
    }
}

/// A one-time link. Its secret is kept as a hash.
#[derive(Clone, Debug)]
pub struct Link {
    pub purpose: LinkPurpose,
    /// Whom it is for, where that is somebody we know.
    pub user: Option<UserId>,
    /// What it is about: an invitation's id, an address that is nobody's yet.
    pub subject: Option<String>,
    pub ends_at: Timestamp,
}

/// Who may make an account without an invitation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignUp {
    /// Nobody.
    #[default]
    Invited,
    /// Whoever has an address of mail. They become members of the default project.
    Open,
}

impl SignUp {
    pub const ALL: [Self; 2] = [Self::Invited, Self::Open];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Invited => "invited",
            Self::Open => "open",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.as_str() == text)
    }
}

/// Changes of how people sign in.
#[derive(Clone, Debug)]
pub enum SignInChange {
    SetName {
        user: UserId,
        name: String,
    },
    /// Refused for an address that is somebody else's.
    SetEmail {
        user: UserId,
        email: String,
        /// Whether they showed that it is theirs.
        checked_at: Option<Timestamp>,
    },
    SetPassword {
        user: UserId,
        password: PasswordHash,
        at: Timestamp,
    },
    OpenSession {
        session: Session,
        hash: SecretHash,
    },
    SeeSession {
        id: SessionId,
        at: Timestamp,
    },
    /// The same session under a new secret: what the browser held before is dead.
    ProveSession {
        id: SessionId,
        hash: SecretHash,
        at: Timestamp,
    },
    /// A half session becomes a whole one, under a new secret.
    CompleteSession {
        id: SessionId,
        hash: SecretHash,
        at: Timestamp,
    },
    /// One that has ended already is not there, which is no fault.
    EndSession(SessionId),
    /// All of somebody's, but perhaps one.
    EndSessionsOf {
        user: UserId,
        but: Option<SessionId>,
    },
    PutLink {
        link: Link,
        hash: SecretHash,
    },
    /// Takes a link out; refused where it is not there any more or has ended. So it works once.
    UseLink {
        hash: SecretHash,
        at: Timestamp,
    },
    /// Takes all links of a purpose out, or those for somebody.
    DropLinks {
        purpose: LinkPurpose,
        user: Option<UserId>,
    },
    /// Sets the second factor, or with `None` takes it away with its recovery codes.
    SetTotp {
        user: UserId,
        totp: Option<Totp>,
    },
    /// A code of this half minute was taken; refused where one of it or a later one was before.
    UseTotpStep {
        user: UserId,
        step: i64,
    },
    /// In place of the codes from before.
    PutRecoveryCodes {
        user: UserId,
        hashes: Vec<SecretHash>,
    },
    /// Takes a code out; refused where it is not there.
    UseRecoveryCode {
        user: UserId,
        hash: SecretHash,
    },
    /// Refused where it is another account's.
    SetPhone {
        user: UserId,
        phone: Option<CheckedPhone>,
    },
    /// Refused where it is somebody else's.
    LinkIdentity(Identity),
    UnlinkIdentity {
        user: UserId,
        issuer: String,
    },
    /// A message goes into the outbox.
    Send(Delivery),
    /// Sessions and links that have ended.
    Sweep {
        at: Timestamp,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_when_nobody_is_there_and_at_its_last_day() {
        let mut session = Session {
            id: "sess_1".into(),
            user: "user-1".into(),
            created_at: Timestamp(0),
            seen_at: Timestamp(0),
            proved_at: Timestamp(0),
            ends_at: Timestamp::from_seconds(SESSION_LIFE_SECONDS),
            half: false,
            address: None,
            agent: String::new(),
        };
        assert!(session.is_live(Timestamp::from_seconds(SESSION_IDLE_SECONDS - 1)));
        assert!(!session.is_live(Timestamp::from_seconds(SESSION_IDLE_SECONDS)));
        session.seen_at = Timestamp::from_seconds(SESSION_LIFE_SECONDS - 1);
        assert!(session.is_live(session.seen_at));
        assert!(!session.is_live(session.ends_at));
        assert!(session.is_proved(Timestamp::from_seconds(PROOF_SECONDS - 1)));
        assert!(!session.is_proved(Timestamp::from_seconds(PROOF_SECONDS)));
    }

    #[test]
    fn a_password_hash_does_not_show_itself() {
        assert_eq!(format!("{:?}", PasswordHash("$argon2id$x".into())), "PasswordHash(..)");
    }
}
