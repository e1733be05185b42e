//! Second factors: an app's codes, and recovery codes for whoever has lost the app.

use domain::fault::catalogue;
use domain::{Change, Fault, Secret, Session, SignInChange, Totp, TryRule, User};
use serde_json::json;

use crate::Control;
use crate::secrets::{recovery_hash, token_hash, totp_step};
use crate::sign_in::{NewSession, SignedIn, Visitor};
use crate::transact::{Stale, Write, store_fault};

const WHAT: &str = "the second factor";
/// Wrong codes of one person; of a million there are three that fit.
const CODES: TryRule = TryRule { tries: 5, seconds: 900 };

/// What an app is told, before it has shown a code.
pub struct NewFactor {
    /// In base32, to be typed.
    pub secret: Secret,
    /// The same as an `otpauth:` link, to be a picture.
    pub link: Secret,
}

impl Control {
    /// A secret for an app. Nothing is kept before a code of it was shown.
    #[must_use]
    pub fn new_factor(&self, who: &SignedIn) -> NewFactor {
        self.factor_of(who, vault::totp::mint())
    }

    /// The same for a secret that was made a moment ago.
    #[must_use]
    pub fn factor_of(&self, who: &SignedIn, secret: Secret) -> NewFactor {
        let link = vault::totp::link(&secret, &who.user.email);
        NewFactor { secret, link }
    }

    /// Asks for codes of this secret from now on, and ends the other sessions. The recovery codes
    /// are returned, once.
    ///
    /// # Errors
    /// 400 `code_wrong` where the code is none of the secret's; 429 after too many tries.
    pub async fn enable_factor(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        secret: &Secret,
        code: &str,
    ) -> Result<Vec<Secret>, Fault> {
        self.count_codes(&who.user)?;
        let step = totp_step(secret, code, self.clock.now(), 0).ok_or_else(wrong)?;
        self.forget_codes(&who.user);
        let user = who.user.id.clone();
        let totp = Totp { sealed: self.vault.seal(user.as_str(), secret), step };
        let codes = vault::totp::recovery_codes();
        let hashes = codes.iter().map(|code| recovery_hash(&self.vault, code)).collect();
        let changes = [
            SignInChange::SetTotp { user: user.clone(), totp: Some(totp) },
            SignInChange::PutRecoveryCodes { user: user.clone(), hashes },
            SignInChange::EndSessionsOf { user, but: Some(who.session.id.clone()) },
        ];
        self.change_factor(visitor, who, changes.into(), true).await?;
        Ok(codes)
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn disable_factor(&self, visitor: &Visitor, who: &SignedIn) -> Result<(), Fault> {
        let user = who.user.id.clone();
        let changes = vec![SignInChange::SetTotp { user, totp: None }];
        self.change_factor(visitor, who, changes, false).await
    }

    /// New recovery codes in place of those from before.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn renew_recovery_codes(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
    ) -> Result<Vec<Secret>, Fault> {
        let codes = vault::totp::recovery_codes();
        let hashes = codes.iter().map(|code| recovery_hash(&self.vault, code)).collect();
        let user = who.user.id.clone();
        let changes = vec![SignInChange::PutRecoveryCodes { user, hashes }];
        self.change_factor(visitor, who, changes, true).await?;
        Ok(codes)
    }

    async fn change_factor(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        changes: Vec<SignInChange>,
        on: bool,
    ) -> Result<(), Fault> {
        let payload = json!({
            "id": who.user.id.as_str(),
            "changes_requested": { "second_factor": on },
        });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "user.updated", None, &payload)],
            changes: changes.into_iter().map(Change::SignIn).collect(),
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Whose session waits for its second factor.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn half_signed_in(
        &self,
        presented: &Secret,
    ) -> Result<Option<(Session, User)>, Fault> {
        let found = self.accounts.session(token_hash(&self.vault, presented)).await;
        let now = self.clock.now();
        let waits = |session: &Session| session.half && session.is_live(now);
        let found = found.map_err(|error| store_fault(error, WHAT))?;
        Ok(found.filter(|(session, _)| waits(session)))
    }

    /// Lets somebody in whose password was right, by a code of their app or a recovery code.
    ///
    /// # Errors
    /// 400 `code_wrong`, also for a code that was taken before; 429 after too many tries.
    pub async fn complete_sign_in(
        &self,
        visitor: &Visitor,
        (session, user): (Session, User),
        code: &str,
    ) -> Result<NewSession, Fault> {
        self.count_codes(&user)?;
        let used = self.used_by(&user, code).await?;
        let secret = vault::token::mint();
        let (id, at) = (session.id.clone(), self.clock.now());
        let hash = token_hash(&self.vault, &secret);
        let changes = [used, SignInChange::CompleteSession { id, hash, at }];
        let payload = json!({ "id": session.id.as_str() });
        let author = visitor.author(&user.id, std::sync::Arc::new(domain::Authority::everything()));
        let write = Write {
            audit: vec![self.audit(&author, "login.succeeded", None, &payload)],
            changes: changes.into_iter().map(Change::SignIn).collect(),
            stale: Stale::Nothing,
        };
        // A code that was taken in this very moment by somebody else is not found any more.
        let done = self.commit(WHAT, write).await;
        done.map_err(|fault| match fault.entry.code == catalogue::NOT_FOUND.code {
            true => wrong(),
            false => fault,
        })?;
        self.forget_codes(&user);
        Ok(NewSession { session: Session { half: false, ..session }, secret })
    }

    /// The change that takes a code: an app's where it looks like one, else a recovery code.
    async fn used_by(&self, user: &User, code: &str) -> Result<SignInChange, Fault> {
        let ways = self.accounts.sign_in_of(user.id.clone()).await;
        let ways = ways.map_err(|error| store_fault(error, WHAT))?;
        let totp = ways.totp.ok_or_else(wrong)?;
        let digits = code.chars().filter(|c| !c.is_whitespace());
        if digits.clone().all(|c| c.is_ascii_digit()) && digits.count() < 10 {
            let secret = self.vault.open(user.id.as_str(), &totp.sealed);
            let secret = secret.map_err(|_| Fault::new(&catalogue::INTERNAL_ERROR))?;
            let step = totp_step(&secret, code, self.clock.now(), totp.step).ok_or_else(wrong)?;
            return Ok(SignInChange::UseTotpStep { user: user.id.clone(), step });
        }
        let hash = recovery_hash(&self.vault, &Secret::from(code));
        Ok(SignInChange::UseRecoveryCode { user: user.id.clone(), hash })
    }

    fn count_codes(&self, user: &User) -> Result<(), Fault> {
        self.take_tries(&[(format!("code {}", user.id), CODES)])
    }

    fn forget_codes(&self, user: &User) {
        self.forget_try(&format!("code {}", user.id));
    }
}

fn wrong() -> Fault {
    Fault::new(&catalogue::CODE_WRONG).param("code")
}
