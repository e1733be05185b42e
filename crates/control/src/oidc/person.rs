//! Whose account somebody is let into whom a provider knows.

use std::sync::Arc;

use domain::fault::catalogue;
use domain::{
    Authority, Change, Fault, IdClaims, IdFault, IdProvider, Identity, Invite, InviteStatus, Order,
    PageQuery, PeopleChange, Permission, Role, SignIn, SignInChange, SignUp, User, UserId,
};
use serde_json::json;

use super::CameBack;
use crate::Control;
use crate::people::built_in;
use crate::sign_in::Visitor;
use crate::transact::{Stale, Write, store_fault};

const WHAT: &str = "the account";

impl Control {
    pub(super) async fn person_of(
        &self,
        visitor: &Visitor,
        provider: &IdProvider,
        claims: IdClaims,
        links: Option<UserId>,
        back: String,
    ) -> Result<CameBack, Fault> {
        let (issuer, subject) = (provider.issuer.clone(), claims.subject.clone());
        let found = self.accounts.user_by_identity(issuer, subject).await;
        let found = found.map_err(|error| store_fault(error, WHAT))?;
        if let Some(id) = links {
            return self.link(visitor, provider, &claims, &id).await;
        }
        if let Some((user, _)) = found {
            let opened = self.open_session(visitor, &user, Vec::new()).await?;
            return Ok(CameBack::In(opened, back));
        }
        let email = claims.email.clone().unwrap_or_default();
        let known = self.accounts.user_by_email(email).await;
        let opened = match known.map_err(|error| store_fault(error, WHAT))? {
            Some((user, ways)) => {
                may_link(&ways)?;
                let change = self.identity(provider, &claims, &user.id);
                self.open_session(visitor, &user, vec![change]).await?
            }
            None => self.newcomer(visitor, provider, &claims).await?,
        };
        Ok(CameBack::In(opened, back))
    }

    async fn link(
        &self,
        visitor: &Visitor,
        provider: &IdProvider,
        claims: &IdClaims,
        id: &UserId,
    ) -> Result<CameBack, Fault> {
        let change = self.identity(provider, claims, id);
        let payload = json!({
            "id": id.as_str(),
            "changes_requested": { "identity": provider.name },
        });
        let author = visitor.author(id, nobody());
        let write = Write {
            audit: vec![self.audit(&author, "user.updated", None, &payload)],
            changes: vec![change],
            stale: Stale::Nothing,
        };
        self.commit("the identity", write).await?;
        Ok(CameBack::Linked)
    }

    /// Somebody without an account: by their invitation, or by an open door.
    async fn newcomer(
        &self,
        visitor: &Visitor,
        provider: &IdProvider,
        claims: &IdClaims,
    ) -> Result<crate::NewSession, Fault> {
        let email = claims.email.clone().unwrap_or_default();
        let at = self.clock.now();
        let mut user = User {
            id: UserId::mint(vault::random()),
            name: name_of(claims, &email),
            email,
            role: Role::None,
            created_at: at,
            technical_level: None,
            developer_persona: None,
        };
        let mut changes = Vec::new();
        if let Some(invite) = self.invitation_of(&user.email).await? {
            user.role = invite.role;
            user.email = invite.email;
            let accept = PeopleChange::AcceptInvite { id: invite.id, user: user.clone(), at };
            changes.push(Change::People(accept));
        } else if self.sign_up_policy().await? == SignUp::Open {
            let project = self.default_project().await?;
            changes.push(Change::CreateUser(user.clone()));
            if project.archived_at.is_none() {
                let place = Some(project.id);
                let role = built_in(place.as_ref(), Role::Member);
                let id = user.id.clone();
                let member = PeopleChange::PutRole { user: id, project: place, role, at };
                changes.push(Change::People(member));
            }
        } else {
            return Err(Fault::new(&catalogue::SIGN_UP_CLOSED));
        }
        changes.push(Change::SignIn(SignInChange::SetEmail {
            user: user.id.clone(),
            email: user.email.clone(),
            checked_at: Some(at),
        }));
        changes.push(self.identity(provider, claims, &user.id));
        let added = json!({ "id": user.id.as_str(), "data": { "role": user.role.as_str() } });
        let author = visitor.author(&user.id, nobody());
        let audit = vec![self.audit(&author, "user.added", None, &added)];
        self.open_session_with(visitor, &user, changes, audit).await
    }

    fn identity(&self, provider: &IdProvider, claims: &IdClaims, user: &UserId) -> Change {
        Change::SignIn(SignInChange::LinkIdentity(Identity {
            issuer: provider.issuer.clone(),
            subject: claims.subject.clone(),
            user: user.clone(),
            email: claims.email.clone().unwrap_or_default(),
            created_at: self.clock.now(),
        }))
    }

    /// The newest invitation of an address that still waits.
    async fn invitation_of(&self, email: &str) -> Result<Option<Invite>, Fault> {
        let now = self.clock.now();
        let mut after = None;
        loop {
            let page = PageQuery { limit: 100, after, order: Order::Descending };
            let listed = self.list_invites(page).await?;
            let waits = |invite: &&Invite| {
                invite.email.eq_ignore_ascii_case(email)
                    && invite.status(now) == InviteStatus::Pending
            };
            if let Some(invite) = listed.rows.iter().find(waits) {
                return Ok(Some(invite.clone()));
            }
            after = listed.rows.last().map(|invite| invite.id.as_str().to_owned());
            if !listed.has_more {
                return Ok(None);
            }
        }
    }
}

/// An account whose address nobody has shown to be theirs is not given to whoever has the address
/// elsewhere: its owner links it themselves, signed in.
fn may_link(ways: &SignIn) -> Result<(), Fault> {
    match ways.email_checked_at {
        Some(_) => Ok(()),
        None => Err(Fault::because(
            &catalogue::OAUTH_EMAIL_UNVERIFIED,
            "There is an account with this address here, and nobody has shown yet that the \
             address is theirs. Sign in with its password, and link the provider on the page of \
             your account.",
        )),
    }
}

fn name_of(claims: &IdClaims, email: &str) -> String {
    let name: String =
        claims.name.as_deref().unwrap_or("").chars().filter(|c| !c.is_control()).collect();
    match name.trim() {
        "" => email.split('@').next().unwrap_or(email).to_owned(),
        name => name.chars().take(100).collect(),
    }
}

fn nobody() -> Arc<Authority> {
    Arc::new(Authority::new(Vec::new(), Permission::All))
}

pub(super) fn refused(bad: IdFault, provider: &IdProvider) -> Fault {
    let entry = match bad {
        IdFault::Email => &catalogue::OAUTH_EMAIL_UNVERIFIED,
        _ => &catalogue::OAUTH_TOKEN_INVALID,
    };
    let label = &provider.label;
    let why = match bad {
        IdFault::Issuer => "its token names another issuer",
        IdFault::Audience => "its token is for another program",
        IdFault::Expired => "its token has ended, or begins later: are both clocks right?",
        IdFault::Nonce => "its token answers another question than ours",
        IdFault::Subject => "its token names nobody",
        IdFault::Email => "it has no address of yours that it has checked",
    };
    Fault::because(entry, format!("{label} cannot sign you in: {why}."))
}
