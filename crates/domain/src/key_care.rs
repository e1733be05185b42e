//! What is kept so that keys can be looked after, beside the keys themselves: the changes, and the
//! reads that a store offers.

use crate::ports::{BoxFuture, StoreResult};
use crate::{
    Delivery, Honeytoken, KeyId, KeyRules, KeySecret, Leak, PageQuery, Paged, ProjectId, Secret,
    Suspension, Timestamp,
};

/// Changes of the care of keys.
#[derive(Clone, Debug)]
pub enum CareChange {
    /// Replaces all rules of a project, or with `None` of the organization.
    PutRules {
        project: Option<ProjectId>,
        rules: KeyRules,
    },
    /// Keeps a leak, and ends its secret where the action says so. A secret that was reported at
    /// that place before changes nothing, unless somebody who may asks for its end.
    RecordLeak(Leak),
    CreateHoneytoken(Honeytoken),
    RemoveHoneytoken(KeyId),
    /// Moves a honeytoken's last use forward.
    TouchHoneytoken {
        id: KeyId,
        at: Timestamp,
    },
    /// Refuses a live key's calls until it is resumed; one that is suspended stays as it is.
    Suspend {
        id: KeyId,
        why: Suspension,
        at: Timestamp,
        /// For people: what was seen.
        note: String,
    },
    /// Lets a suspended key work again. `even_leaked`: its leaked secrets too, as far as nothing
    /// but the leak ended them.
    Resume {
        id: KeyId,
        at: Timestamp,
        even_leaked: bool,
    },
    /// Messages that are sent once for their mark, over restarts as well.
    TellOnce {
        mark: String,
        at: Timestamp,
        deliveries: Vec<Delivery>,
    },
    /// Adds a secret that waits to be handed over, sealed; every older one lives on.
    BeginHandover {
        handover: Handover,
        secret: KeySecret,
    },
    /// The handler has failed once more.
    PutOffHandover {
        key: KeyId,
        attempts: u32,
        next_at: Timestamp,
        error: String,
    },
    /// The handler has the secret: the sealed copy goes, and the older secrets end at `old_end_at`
    /// at the latest.
    EndHandover {
        key: KeyId,
        old_end_at: Timestamp,
    },
    /// Keeps what a key was first seen with; what is known stays as it is.
    AddTraits(Vec<KeyTrait>),
}

/// A new secret on its way to a key's handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handover {
    pub key: KeyId,
    /// The secret, sealed for the key's id.
    pub sealed: Vec<u8>,
    pub begun_at: Timestamp,
    /// How often the handler failed.
    pub attempts: u32,
    pub next_at: Timestamp,
    /// What it said the last time. Never holds the secret.
    pub last_error: Option<String>,
}

/// What kind of thing a key was seen with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TraitKind {
    /// A /24 of IPv4, a /48 of IPv6.
    Network,
    Model,
}

impl TraitKind {
    pub const ALL: [Self; 2] = [Self::Network, Self::Model];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Model => "model",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// Something that a key was used with, and when first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyTrait {
    pub key: KeyId,
    pub kind: TraitKind,
    pub value: String,
    pub first_at: Timestamp,
}

/// A settled call, as far as the watch over keys looks at it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeySeen {
    pub key: KeyId,
    pub project: ProjectId,
    pub network: String,
    pub model: Option<String>,
}

/// Reads of the care of keys.
pub trait KeyCare: Send + Sync {
    /// What is set of a project, or with `None` of the organization.
    fn key_rules(&self, project: Option<ProjectId>) -> StoreResult<'_, KeyRules>;
    /// Everybody who has set anything; `None` is the organization.
    fn all_key_rules(&self) -> StoreResult<'_, Vec<(Option<ProjectId>, KeyRules)>>;
    fn leaks(&self, page: PageQuery) -> StoreResult<'_, Paged<Leak>>;
    /// All of them; they are few.
    fn honeytokens(&self) -> StoreResult<'_, Vec<Honeytoken>>;
    fn handovers(&self) -> StoreResult<'_, Vec<Handover>>;
    /// Everything that these keys were seen with.
    fn key_traits(&self, keys: Vec<KeyId>) -> StoreResult<'_, Vec<KeyTrait>>;
    /// Whether messages of this mark were sent.
    fn is_told(&self, mark: String) -> StoreResult<'_, bool>;
}

/// The public keys that sign reports of leaked keys, as their owner publishes them.
pub trait SignerKeys: Send + Sync {
    /// Where they are published. What was fetched from there stays good when this is replaced by
    /// another of the same place.
    fn place(&self) -> &str;

    /// Identifiers and PEM texts. The error is for the log.
    fn published(&self) -> BoxFuture<'_, Result<Vec<(String, String)>, String>>;
}

/// Those who take new secrets, by the config file.
pub trait SecretHandlers: Send + Sync {
    /// How the secret of a key is rotated, if anybody takes it.
    fn rule(&self, key: &KeyId) -> Option<RotationRule>;
    /// The keys that somebody takes the secrets of.
    fn keys(&self) -> Vec<KeyId>;
    /// Brings a new secret to its place. May be asked again with the same one. The error is for
    /// people and never holds the secret.
    fn hand_over<'a>(
        &'a self,
        key: &'a KeyId,
        secret: &'a Secret,
    ) -> BoxFuture<'a, Result<(), String>>;
}

/// How the secret of a key is rotated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RotationRule {
    /// Seconds that a secret is used; `None`: only when it leaks, or is at its project's maximum.
    pub every_seconds: Option<i64>,
    /// Seconds that the old secret works on once the new one is handed over.
    pub grace_seconds: i64,
}
