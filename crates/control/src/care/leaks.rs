//! Keys that somebody holds up: are they ours, do they work, and ending those that leaked.

use std::sync::PoisonError;

use domain::fault::catalogue;
use domain::{
    CareChange, Change, Fault, Honeytoken, Key, KeyView, Leak, LeakAction, LeakId, LeakReporter,
    LeakedSecret, PageQuery, Paged, ProjectId, Refusal, SecretHash, leak_action,
};
use serde_json::json;

use super::flood::Bounds;
use super::notice::Notice;
use crate::secrets::LONGEST_KEY;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

/// A scan of a long history asks about many; nobody may try keys by the million.
pub(super) const QUESTIONS: Bounds = Bounds { of_one: 600, of_all: 6_000 };

/// How a secret stands that somebody holds up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakStanding {
    /// Nobody here knows it.
    Unknown,
    Live,
    Revoked,
    Leaked,
    Expired,
    Paused,
    Retired,
    ProjectArchived,
    Honeytoken,
}

impl LeakStanding {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Live => "live",
            Self::Revoked => "revoked",
            Self::Leaked => "leaked",
            Self::Expired => "expired",
            Self::Paused => "paused",
            Self::Retired => "retired",
            Self::ProjectArchived => "project_archived",
            Self::Honeytoken => "honeytoken",
        }
    }

    fn of(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Leaked => Self::Leaked,
            Refusal::Revoked => Self::Revoked,
            Refusal::Expired => Self::Expired,
            Refusal::ProjectArchived => Self::ProjectArchived,
            Refusal::Paused => Self::Paused,
            Refusal::Retired => Self::Retired,
            // From elsewhere it works.
            Refusal::AddressNotAllowed => Self::Live,
        }
    }

    /// Whether a call with it may be let in.
    #[must_use]
    pub fn is_live(self) -> bool {
        self == Self::Live
    }
}

/// What is known of a secret. Never the secret.
#[derive(Clone, Debug)]
pub struct LeakCheck {
    pub standing: LeakStanding,
    pub key: Option<Key>,
    /// The first and last characters, of one that is ours.
    pub display: String,
    pub honeytoken: Option<Honeytoken>,
    pub(super) hash: SecretHash,
}

/// Where and by whom a leak was found.
pub(super) struct Place<'a> {
    pub(super) reporter: LeakReporter,
    pub(super) source: &'a str,
    pub(super) url: &'a str,
}

impl Control {
    /// Whose secret it is, and whether it works. `asker` has so many questions in a minute.
    ///
    /// # Errors
    /// 429 for too many questions, 503 when the store is away.
    pub async fn check_leak(&self, asker: &str, token: &str) -> Result<LeakCheck, Fault> {
        self.take_question(asker)?;
        self.look_up_leak(token).await
    }

    /// Ends a leaked secret, whatever its project's policy, and tells its owners. Others of its key
    /// work on.
    ///
    /// # Errors
    /// 404 for a secret of nobody here, 409 for one that is set at every start; 429 and 503 as
    /// [`Control::check_leak`].
    pub async fn revoke_leaked(
        &self,
        author: &Author,
        (asker, reporter): (&str, LeakReporter),
        token: &str,
    ) -> Result<LeakCheck, Fault> {
        self.take_question(asker)?;
        let found = self.look_up_leak(token).await?;
        let Some(key) = &found.key else {
            let what = match found.honeytoken {
                Some(_) => "It is a honeytoken: it never works, so there is nothing to revoke.",
                None => "No API key of this Tollgate has this value.",
            };
            return Err(Fault::because(&catalogue::NOT_FOUND, what).param("token"));
        };
        if self.is_registered(found.hash) {
            let why = "This admin API key is set by TOLLGATE_ADMIN_KEY. Change it there and \
                       restart; then it works no more.";
            return Err(Fault::because(&catalogue::MANAGED_BY_FILE, why));
        }
        let place = Place { reporter, source: "", url: "" };
        self.answer_leak(author, &found, key, &place, true).await?;
        self.look_up_leak(token).await
    }

    /// Leaks, newest first unless asked otherwise.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn list_leaks(&self, page: PageQuery) -> Result<Paged<Leak>, Fault> {
        let listed = self.care.store.leaks(page).await;
        listed.map_err(|error| store_fault(error, "the leaks"))
    }

    fn take_question(&self, asker: &str) -> Result<(), Fault> {
        let mut asked = self.care.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.take(asker.to_owned(), self.clock.now()).map_err(|wait| {
            let why = "Too many questions about leaked keys in this minute.";
            Fault::because(&catalogue::RATE_LIMIT_EXCEEDED, why).retry_after_ms(wait)
        })
    }

    /// What is no key of ours costs no look-up.
    pub(super) async fn look_up_leak(&self, token: &str) -> Result<LeakCheck, Fault> {
        let unknown = |hash| LeakCheck {
            standing: LeakStanding::Unknown,
            key: None,
            display: String::new(),
            honeytoken: None,
            hash,
        };
        if token.is_empty() || token.len() > LONGEST_KEY {
            return Ok(unknown(SecretHash([0; 32])));
        }
        let hash = self.vault.hash(token);
        if vault::key::parse(token).is_none() && !self.is_registered(hash) {
            return Ok(unknown(hash));
        }
        if let Some(honeytoken) = self.honeytoken_of(hash).await? {
            let standing = LeakStanding::Honeytoken;
            let display = honeytoken.display.clone();
            return Ok(LeakCheck {
                standing,
                display,
                honeytoken: Some(honeytoken),
                ..unknown(hash)
            });
        }
        let away = |error| store_fault(error, "the API key");
        let Some(view) = self.directory.find_secret(hash).await.map_err(away)? else {
            return Ok(unknown(hash));
        };
        let standing = self.standing(view.clone());
        let key = self.records.key(view.id).await.map_err(away)?;
        let mut secrets = key.iter().flat_map(|key| &key.secrets);
        let display = secrets.find(|secret| secret.hash == hash).map(|it| it.display.clone());
        let display = display.unwrap_or_default();
        Ok(LeakCheck { standing, key, display, honeytoken: None, hash })
    }

    /// From whatever address it would be used.
    fn standing(&self, mut view: KeyView) -> LeakStanding {
        view.policy.networks = None;
        let checked = view.check(self.clock.now(), [127, 0, 0, 1].into());
        checked.map_or_else(LeakStanding::of, |()| LeakStanding::Live)
    }

    /// Does what is to be done about a leak, keeps it, and tells whom it concerns: all at once, and
    /// once for each secret and place.
    pub(super) async fn answer_leak(
        &self,
        author: &Author,
        found: &LeakCheck,
        key: &Key,
        place: &Place<'_>,
        asked: bool,
    ) -> Result<LeakAction, Fault> {
        let secret = LeakedSecret {
            // A suspended key's secret is ended too: somebody may resume the key.
            is_live: matches!(
                found.standing,
                LeakStanding::Live | LeakStanding::Paused | LeakStanding::Retired
            ),
            is_registered: self.is_registered(found.hash),
            has_handler: self.handler_rule(&key.id).is_some(),
        };
        let policy = self.leak_response(key.project.as_ref()).await?;
        let action = leak_action(secret, policy, asked);
        if action == LeakAction::AlreadyEnded && asked {
            return Ok(action);
        }
        let leak = self.leak(found, key.id.clone(), key.project.clone(), (place, action));
        let what = told(&leak, &key.name);
        let notice = Notice {
            kind: "api_key.leaked",
            subject: format!("API key {} ({}) leaked: {}", key.id, key.name, headline(action)),
            text: what,
            data: shown(&leak),
            project: key.project.as_ref(),
            key: Some(key),
        };
        let deliveries = self.messages(notice).await?;
        let mark = mark(&leak);
        let at = leak.at;
        let mut payload = json!({ "id": key.id.as_str(), "data": shown(&leak) });
        payload["data"]["policy"] = json!(policy.as_str());
        let mut changes = vec![
            Change::Care(CareChange::RecordLeak(leak)),
            Change::Care(CareChange::TellOnce { mark, at, deliveries }),
        ];
        let mut stale = Stale::Secrets(vec![found.hash]);
        if action == LeakAction::Rotated && self.is_handed_over(&key.id).await? {
            let (begin, changed) = self.new_handover(key);
            changes.push(begin);
            stale = changed;
        }
        let write = Write {
            audit: vec![self.audit(author, "api_key.leaked", key.project.as_ref(), &payload)],
            changes,
            stale,
        };
        self.commit(key.id.as_str(), write).await?;
        Ok(action)
    }

    pub(super) fn leak(
        &self,
        found: &LeakCheck,
        key: domain::KeyId,
        project: Option<ProjectId>,
        (place, action): (&Place<'_>, LeakAction),
    ) -> Leak {
        Leak {
            id: LeakId::mint(vault::random()),
            at: self.clock.now(),
            secret: found.hash,
            key,
            project,
            display: found.display.clone(),
            reporter: place.reporter,
            source: place.source.to_owned(),
            url: place.url.to_owned(),
            action,
        }
    }
}

/// Once for each secret, reporter and place.
pub(super) fn mark(leak: &Leak) -> String {
    let of = [leak.secret.0.as_slice(), leak.reporter.as_str().as_bytes(), leak.url.as_bytes()];
    format!("leak {}", hex(&vault::report::digest(&of.concat())))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What webhooks and the audit log have of a leak.
pub(super) fn shown(leak: &Leak) -> serde_json::Value {
    json!({
        "leak_id": leak.id.as_str(),
        "api_key_id": leak.key.as_str(),
        "project_id": leak.project.as_ref().map(ProjectId::as_str),
        "redacted_value": leak.display,
        "reporter": leak.reporter.as_str(),
        "source": leak.source,
        "url": leak.url,
        "action": leak.action.as_str(),
    })
}

fn headline(action: LeakAction) -> &'static str {
    match action {
        LeakAction::Alerted => "it still works",
        LeakAction::Quarantined | LeakAction::Revoked => "its secret has ended",
        LeakAction::Rotated => "it has a new secret",
        LeakAction::AlreadyEnded | LeakAction::Honeytoken => "it had ended before",
    }
}

fn told(leak: &Leak, name: &str) -> String {
    let place = match leak.url.is_empty() {
        true => "(the place was not said)".to_owned(),
        false => leak.url.clone(),
    };
    let done = match leak.action {
        LeakAction::Alerted => {
            "It still works. Rotate it now: `tollgate keys rotate --grace 0 KEY`."
        }
        LeakAction::Quarantined | LeakAction::Revoked => {
            "Calls with it are refused from now on. Whatever uses it needs a new secret: \
             `tollgate keys rotate KEY`."
        }
        LeakAction::Rotated => {
            "Calls with it are refused from now on; a new secret is on its way to the key's \
             handler."
        }
        LeakAction::AlreadyEnded | LeakAction::Honeytoken => {
            "It had ended before, so nothing was changed."
        }
    };
    let done = done.replace("KEY", leak.key.as_str());
    format!(
        "The secret {} of API key {} ({name}) was reported as leaked.\n\nPlace: {place}\n\n{done}\n\n\
         Take it out of that place as well, and look through what it was used for since: \
         `tollgate requests list --key {}`. More in docs/key-hygiene.md, \"When a key leaks\".\n",
        leak.display, leak.key, leak.key,
    )
}
