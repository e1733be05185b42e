//! Signing in and out, and who is signed in.

use std::borrow::Cow;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use domain::fault::catalogue;
use domain::{
    Actor, AuditEntry, Authority, Change, Fault, Permission, Principal, RequestId,
    SESSION_LIFE_SECONDS, Secret, SecretHash, Session, SessionId, SignInChange, Timestamp, TryRule,
    User, UserId,
};
use serde_json::json;

use crate::secrets::token_hash;
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

/// What is said of who comes in by which browser.
#[derive(Clone, Debug)]
pub struct Visitor {
    pub address: IpAddr,
    pub agent: String,
    pub request: RequestId,
}

/// Somebody who is signed in, and what they may do.
#[derive(Clone, Debug)]
pub struct SignedIn {
    pub session: Session,
    pub user: User,
    pub authority: Arc<Authority>,
}

/// A session that was opened just now, with what its browser is to hold.
pub struct NewSession {
    pub session: Session,
    pub secret: Secret,
}

/// A browser's words that are kept, in characters.
const AGENT: usize = 200;
/// A session's last call is written at most so often.
const SEEN_EVERY_SECONDS: i64 = 300;

/// For one address of mail from one place, for one from anywhere, and for one place.
const PASSWORD_HERE: TryRule = TryRule { tries: 10, seconds: 900 };
const PASSWORD_ANYWHERE: TryRule = TryRule { tries: 50, seconds: 900 };
const FROM_ADDRESS: TryRule = TryRule { tries: 60, seconds: 900 };

/// Bytes: an address of mail, and where a try came from.
const LONGEST_COUNTED: usize = 400;

/// A password that was right waits so long for the second factor: 10 minutes.
const HALF_LIFE_SECONDS: i64 = 600;

const WHAT: &str = "the session";

impl Control {
    /// Signs somebody in by their password.
    ///
    /// # Errors
    /// 400 `sign_in_failed`, the same for a wrong password and an address that nobody has; 429
    /// after too many tries.
    pub async fn sign_in(
        &self,
        visitor: &Visitor,
        email: &str,
        password: Secret,
    ) -> Result<NewSession, Fault> {
        let email = email.trim();
        self.count_tries(visitor, email)?;
        let found = self.accounts.user_by_email(email.to_owned()).await;
        let found = found.map_err(|error| store_fault(error, WHAT))?;
        let kept = found.as_ref().and_then(|(_, ways)| ways.password.clone());
        let fits = self.hashers.fits(password, kept).await?;
        match found.filter(|_| fits) {
            Some((user, _)) => {
                self.forget_tries(visitor, email);
                self.open_session(visitor, &user, Vec::new()).await
            }
            None => {
                let refused = Fault::new(&catalogue::SIGN_IN_FAILED);
                self.note_failure(visitor).await?;
                Err(refused)
            }
        }
    }

    /// When each of these people was last signed in; nothing of who never was.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn last_seen(&self, users: Vec<UserId>) -> Result<HashMap<UserId, Timestamp>, Fault> {
        let seen = self.accounts.last_seen(users).await;
        Ok(seen.map_err(|error| store_fault(error, WHAT))?.into_iter().collect())
    }

    /// Whose session a browser's secret is of.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn signed_in(&self, presented: &Secret) -> Result<Option<SignedIn>, Fault> {
        let hash = token_hash(&self.vault, presented);
        let found = self.accounts.session(hash).await.map_err(|e| store_fault(e, WHAT))?;
        let now = self.clock.now();
        let whole = |session: &Session| session.is_live(now) && !session.half;
        let Some((session, user)) = found.filter(|(session, _)| whole(session)) else {
            return Ok(None);
        };
        if now > session.seen_at.plus_seconds(SEEN_EVERY_SECONDS) {
            let seen = SignInChange::SeeSession { id: session.id.clone(), at: now };
            // Not worth a refusal.
            let _ = self.records.apply(vec![Change::SignIn(seen)], Vec::new()).await;
        }
        let grants = self.people.grants(Principal::User(user.id.clone())).await;
        let grants = grants.map_err(|error| store_fault(error, WHAT))?;
        let authority = Arc::new(Authority::new(grants, Permission::All));
        Ok(Some(SignedIn { session, user, authority }))
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn sign_out(&self, visitor: &Visitor, who: &SignedIn) -> Result<(), Fault> {
        let payload = json!({ "id": who.session.id.as_str() });
        let author = who.author(visitor);
        let write = Write {
            audit: vec![self.audit(&author, "logout.succeeded", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::EndSession(who.session.id.clone()))],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Somebody's live sessions, the newest first.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn sessions_of(&self, user: &UserId) -> Result<Vec<Session>, Fault> {
        let found = self.accounts.sessions_of(user.clone()).await;
        let mut sessions = found.map_err(|error| store_fault(error, WHAT))?;
        let now = self.clock.now();
        sessions.retain(|session| session.is_live(now));
        Ok(sessions)
    }

    /// A proof that a form came from a page which we gave this browser.
    #[must_use]
    pub fn form_proof(&self, presented: &Secret) -> String {
        let SecretHash(hash) = token_hash(&self.vault, presented);
        let of_forms = self.vault.hash(&format!("form {}", hex(&hash)));
        hex(&of_forms.0)
    }

    /// Whether two texts are the same; how long it takes tells nothing of them.
    #[must_use]
    pub fn is_same(&self, one: &str, other: &str) -> bool {
        self.vault.hash(one) == self.vault.hash(other)
    }

    /// Somebody who is signed in shows once more who they are. What their browser held before is
    /// dead; the new secret is returned.
    ///
    /// # Errors
    /// 400 `sign_in_failed`; 429 after too many tries.
    pub async fn prove(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        password: Secret,
    ) -> Result<Secret, Fault> {
        let email = &who.user.email;
        self.count_tries(visitor, email)?;
        let ways = self.accounts.sign_in_of(who.user.id.clone()).await;
        let ways = ways.map_err(|error| store_fault(error, WHAT))?;
        if !self.hashers.fits(password, ways.password).await? {
            self.note_failure(visitor).await?;
            return Err(Fault::because(&catalogue::SIGN_IN_FAILED, "This is not your password."));
        }
        self.forget_tries(visitor, email);
        let secret = vault::token::mint();
        let (id, at) = (who.session.id.clone(), self.clock.now());
        let hash = token_hash(&self.vault, &secret);
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "login.succeeded", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::ProveSession { id, hash, at })],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await?;
        Ok(secret)
    }

    /// A session for somebody who has shown who they are, in one transaction with `changes`.
    pub(crate) async fn open_session(
        &self,
        visitor: &Visitor,
        user: &User,
        changes: Vec<Change>,
    ) -> Result<NewSession, Fault> {
        self.open_session_with(visitor, user, changes, Vec::new()).await
    }

    /// The same, with lines of the audit log for the changes. With a second factor the session is
    /// half: it lets nobody in before a code was shown.
    pub(crate) async fn open_session_with(
        &self,
        visitor: &Visitor,
        user: &User,
        mut changes: Vec<Change>,
        mut audit: Vec<AuditEntry>,
    ) -> Result<NewSession, Fault> {
        let ways = self.accounts.sign_in_of(user.id.clone()).await;
        let half = ways.map_err(|error| store_fault(error, WHAT))?.has_second_factor();
        let life = if half { HALF_LIFE_SECONDS } else { SESSION_LIFE_SECONDS };
        let now = self.clock.now();
        let secret = vault::token::mint();
        let session = Session {
            id: SessionId::mint(vault::random()),
            user: user.id.clone(),
            created_at: now,
            seen_at: now,
            proved_at: now,
            ends_at: now.plus_seconds(life),
            half,
            address: Some(visitor.address.to_string()),
            agent: visitor.agent.chars().filter(|c| !c.is_control()).take(AGENT).collect(),
        };
        let hash = token_hash(&self.vault, &secret);
        changes.push(Change::SignIn(SignInChange::OpenSession { session: session.clone(), hash }));
        changes.push(Change::SignIn(SignInChange::Sweep { at: now }));
        if !half {
            let payload = json!({ "id": session.id.as_str() });
            let author = visitor.author(&user.id, Arc::new(Authority::everything()));
            audit.push(self.audit(&author, "login.succeeded", None, &payload));
        }
        self.commit(WHAT, Write { audit, changes, stale: Stale::Nothing }).await?;
        Ok(NewSession { session, secret })
    }

    /// The address that was tried is not kept: it may be a password in the wrong field.
    async fn note_failure(&self, visitor: &Visitor) -> Result<(), Fault> {
        let author = Author {
            request: Some(visitor.request.clone()),
            address: Some(visitor.address),
            ..Author::system()
        };
        let payload = json!({ "error_code": catalogue::SIGN_IN_FAILED.code });
        let audit = vec![self.audit(&author, "login.failed", None, &payload)];
        self.commit(WHAT, Write { audit, changes: Vec::new(), stale: Stale::Nothing }).await
    }

    fn count_tries(&self, visitor: &Visitor, email: &str) -> Result<(), Fault> {
        let (place, here) = (place(visitor.address), here(visitor, email));
        let anywhere = format!("password {}", email.to_lowercase());
        let rules = [(place, FROM_ADDRESS), (here, PASSWORD_HERE), (anywhere, PASSWORD_ANYWHERE)];
        self.take_tries(&rules)
    }

    /// Counts a try under each rule; refused where one of them has had enough.
    pub(crate) fn take_tries(&self, rules: &[(String, TryRule)]) -> Result<(), Fault> {
        let now = self.clock.now();
        let Ok(mut tries) = self.tries.lock() else {
            return Err(Fault::new(&catalogue::INTERNAL_ERROR));
        };
        for (of, rule) in rules {
            tries.take(&self.counted(of), *rule, now).map_err(|wait| {
                let why = "There were too many tries. Wait some minutes, then try again.";
                Fault::because(&catalogue::TOO_MANY_AUTH_FAILURES, why).retry_after_ms(wait)
            })?;
        }
        Ok(())
    }

    fn forget_tries(&self, visitor: &Visitor, email: &str) {
        self.forget_try(&here(visitor, email));
    }

    pub(crate) fn forget_try(&self, of: &str) {
        if let Ok(mut tries) = self.tries.lock() {
            tries.forget(&self.counted(of));
        }
    }

    /// Under what tries are counted: what strangers type is kept in memory only where it is short.
    fn counted<'t>(&self, of: &'t str) -> Cow<'t, str> {
        match of.len() <= LONGEST_COUNTED {
            true => Cow::Borrowed(of),
            false => Cow::Owned(hex(&self.vault.hash(of).0)),
        }
    }
}

fn here(visitor: &Visitor, email: &str) -> String {
    format!("password {} {}", email.to_lowercase(), place(visitor.address))
}

/// A whole network of IPv6 is one household.
fn place(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => format!("from {address}"),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("from {a:x}:{b:x}:{c:x}:{d:x}")
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Visitor {
    /// Where they come from, as tries are counted.
    pub(crate) fn place(&self) -> String {
        place(self.address)
    }

    /// Somebody who came in just now, as the author of what they do.
    #[must_use]
    pub fn author(&self, user: &UserId, authority: Arc<Authority>) -> Author {
        Author {
            actor: Actor::User(user.clone()),
            request: Some(self.request.clone()),
            address: Some(self.address),
            authority,
        }
    }
}

impl SignedIn {
    /// Them as the author of what they do.
    #[must_use]
    pub fn author(&self, visitor: &Visitor) -> Author {
        visitor.author(&self.user.id, Arc::clone(&self.authority))
    }
}
