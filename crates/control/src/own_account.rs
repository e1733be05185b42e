//! What people change of their own account.

use domain::fault::catalogue;
use domain::{Change, Fault, Identity, Secret, SessionId, SignIn, SignInChange};
use serde_json::json;

use crate::Control;
use crate::resets::changed_letter;
use crate::setup::person_name;
use crate::sign_in::{SignedIn, Visitor};
use crate::transact::{Stale, Write, not_found, store_fault};

const WHAT: &str = "your account";

impl Control {
    /// The ways in that somebody has.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn ways_in(&self, who: &SignedIn) -> Result<SignIn, Fault> {
        let found = self.accounts.sign_in_of(who.user.id.clone()).await;
        found.map_err(|error| store_fault(error, WHAT))
    }

    /// # Errors
    /// 400 for what is no name.
    pub async fn rename_myself(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        name: &str,
    ) -> Result<(), Fault> {
        let name = person_name(name)?;
        let user = who.user.id.clone();
        let asked = json!({ "name": name });
        self.change_account(visitor, who, vec![SignInChange::SetName { user, name }], &asked).await
    }

    /// A new password, by whoever knows the one from before. All other sessions end, and what this
    /// browser held is dead: the new secret is returned.
    ///
    /// # Errors
    /// 400 for a wrong password (`password`) and a new one that cannot be taken (`new_password`);
    /// 429 after too many tries.
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        old: Secret,
        new: Secret,
    ) -> Result<Secret, Fault> {
        // First: a proof gives this browser a new secret, which a refusal would lose.
        let checked = self.check_password(&new, &who.user).await;
        checked.map_err(|fault| fault.param("new_password"))?;
        let proved = self.prove(visitor, who, old).await;
        let secret = proved.map_err(|fault| match fault.entry.status < 429 {
            true => fault.param("password"),
            false => fault,
        })?;
        let password = self.hashers.hash(new).await?;
        let (user, at) = (who.user.id.clone(), self.clock.now());
        let but = Some(who.session.id.clone());
        let changes = vec![
            SignInChange::SetPassword { user: user.clone(), password, at },
            SignInChange::EndSessionsOf { user, but },
        ];
        let mut letter = self.send(changed_letter(&who.user.email), None);
        let payload = json!({
            "id": who.user.id.as_str(),
            "changes_requested": { "password": true },
        });
        let mut all: Vec<Change> = changes.into_iter().map(Change::SignIn).collect();
        all.append(&mut letter);
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "user.updated", None, &payload)],
            changes: all,
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await?;
        Ok(secret)
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// 404 for one that is not theirs.
    pub async fn end_session(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        id: &SessionId,
    ) -> Result<(), Fault> {
        let own = self.sessions_of(&who.user.id).await?;
        if !own.iter().any(|session| session.id == *id) {
            return Err(not_found(id.as_str()));
        }
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "logout.succeeded", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::EndSession(id.clone()))],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Signs out everywhere, here too.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn end_all_sessions(&self, visitor: &Visitor, who: &SignedIn) -> Result<(), Fault> {
        let user = who.user.id.clone();
        let payload = json!({ "id": who.user.id.as_str() });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "logout.succeeded", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::EndSessionsOf { user, but: None })],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Who somebody is elsewhere.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn identities(&self, who: &SignedIn) -> Result<Vec<Identity>, Fault> {
        let found = self.accounts.identities_of(who.user.id.clone()).await;
        found.map_err(|error| store_fault(error, WHAT))
    }

    /// # Errors
    /// 409 for the last way in; 404 for one that is not theirs.
    pub async fn unlink_identity(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        issuer: &str,
    ) -> Result<(), Fault> {
        let others = self.identities(who).await?.iter().filter(|it| it.issuer != issuer).count();
        if others == 0 && self.ways_in(who).await?.password.is_none() {
            let why = "This is your only way in. Choose a password first, over \"Forgot your \
                       password?\" on the sign-in page.";
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let (user, issuer) = (who.user.id.clone(), issuer.to_owned());
        let asked = json!({ "identity": null });
        let changes = vec![SignInChange::UnlinkIdentity { user, issuer }];
        self.change_account(visitor, who, changes, &asked).await
    }

    async fn change_account(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        changes: Vec<SignInChange>,
        asked: &serde_json::Value,
    ) -> Result<(), Fault> {
        let payload = json!({ "id": who.user.id.as_str(), "changes_requested": asked });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "user.updated", None, &payload)],
            changes: changes.into_iter().map(Change::SignIn).collect(),
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }
}
