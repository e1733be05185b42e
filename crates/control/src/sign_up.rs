//! Making an account: over an address that is shown to be one's own, or by an invitation.

use std::sync::Arc;

use domain::fault::catalogue;
use domain::{
    Authority, Change, Fault, Invite, InviteId, InviteStatus, LinkPurpose, PeopleChange,
    Permission, Role, Secret, SignInChange, SignUp, User, UserId,
};
use serde_json::json;

use crate::letters::{Leads, Letter};
use crate::links::or_used;
use crate::people::built_in;
use crate::secrets::token_hash;
use crate::setup::{email_address, person_name};
use crate::sign_in::{NewSession, Visitor};
use crate::transact::{Stale, Write, store_fault};
use crate::{Author, Control};

/// A day: mail may be slow, and people too.
const LIVES_SECONDS: i64 = 86_400;
/// The small value that the store keeps the policy under.
const SIGN_UP: &str = "sign_up";

const WHAT: &str = "the account";

/// Who somebody says that they are.
pub struct AccountDraft {
    pub name: String,
    pub password: Secret,
}

impl Control {
    /// Who may make an account without an invitation.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn sign_up_policy(&self) -> Result<SignUp, Fault> {
        let kept = self.records.meta(SIGN_UP).await.map_err(|error| store_fault(error, WHAT))?;
        let kept = kept.and_then(|text| SignUp::parse(&String::from_utf8_lossy(&text)));
        Ok(kept.unwrap_or_default())
    }

    /// # Errors
    /// 503 when the store is away.
    pub async fn set_sign_up_policy(&self, author: &Author, policy: SignUp) -> Result<(), Fault> {
        let organization = self.organization().await?.organization.id;
        let payload = json!({
            "id": organization.as_str(),
            "changes_requested": { "sign_up": policy.as_str() },
        });
        let value = policy.as_str().as_bytes().to_vec();
        let write = Write {
            audit: vec![self.audit(author, "organization.updated", None, &payload)],
            changes: vec![Change::PutMeta { name: SIGN_UP, value }],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Sends a link by which the sign-up goes on; to somebody who has an account, word of that. The
    /// answer is the same for both (case 135).
    ///
    /// # Errors
    /// 403 where nobody may; 400 for what is no address; 429 after too many asks.
    pub async fn ask_for_account(&self, visitor: &Visitor, email: &str) -> Result<(), Fault> {
        self.need_open().await?;
        let email = email_address(email)?;
        self.count_asks(visitor, &email)?;
        let found = self.accounts.user_by_email(email.clone()).await;
        let known = found.map_err(|error| store_fault(error, WHAT))?.is_some();
        let leads = Leads {
            purpose: if known { LinkPurpose::Reset } else { LinkPurpose::SignUp },
            user: None,
            subject: Some(email.clone()),
            seconds: LIVES_SECONDS,
        };
        let text = match known {
            false => "Go on with your account on Tollgate here:\n\n  {link}\n\nThe link works \
                      once, for a day. If you did not ask for an account, do nothing.\n"
                .to_owned(),
            true => format!(
                "Somebody asked for an account on Tollgate with your address, and you have one \
                 already. Sign in at {}/sign-in, or choose a new password there. If it was not \
                 you, do nothing.\n",
                self.base_url(),
            ),
        };
        let changes = self
            .send(Letter { to: &email, subject: "Your account on Tollgate", text }, Some(leads));
        self.commit(WHAT, Write { audit: Vec::new(), changes, stale: Stale::Nothing }).await
    }

    /// Makes the account of whoever has a sign-up's link, as a member of the default project, and
    /// signs them in.
    ///
    /// # Errors
    /// 400 for a link that does not work, and for a name or password that cannot be taken; 403
    /// where sign-up was closed meanwhile; 409 where somebody has the address by now.
    pub async fn sign_up(
        &self,
        visitor: &Visitor,
        link: &Secret,
        draft: AccountDraft,
    ) -> Result<NewSession, Fault> {
        self.need_open().await?;
        let leads = self.look_at_link(LinkPurpose::SignUp, link).await?;
        let email = leads.subject.ok_or(&catalogue::LINK_INVALID)?;
        let user = self.new_person(&draft.name, email, Role::None)?;
        let project = self.default_project().await?;
        let at = self.clock.now();
        let place = Some(project.id.clone());
        let role = built_in(place.as_ref(), Role::Member);
        let member = PeopleChange::PutRole { user: user.id.clone(), project: place, role, at };
        let mut changes = vec![Change::CreateUser(user.clone())];
        if project.archived_at.is_none() {
            changes.push(Change::People(member));
        }
        self.welcome(visitor, link, (user, draft.password), changes, Vec::new()).await
    }

    /// The invitation that a link leads to.
    ///
    /// # Errors
    /// 400 `link_invalid`, also for one that was withdrawn or accepted.
    pub async fn invited(&self, link: &Secret) -> Result<Invite, Fault> {
        let leads = self.look_at_link(LinkPurpose::Invite, link).await?;
        let id: InviteId = leads.subject.unwrap_or_default().into();
        let invite = self.invite(&id).await.map_err(or_used)?;
        match invite.status(self.clock.now()) {
            InviteStatus::Pending => Ok(invite),
            InviteStatus::Accepted | InviteStatus::Expired => {
                Err(Fault::new(&catalogue::LINK_INVALID))
            }
        }
    }

    /// Makes the account of somebody who was invited, with the roles that they were invited for,
    /// and signs them in.
    ///
    /// # Errors
    /// As [`Control::sign_up`], but for the policy.
    pub async fn accept_invitation(
        &self,
        visitor: &Visitor,
        link: &Secret,
        draft: AccountDraft,
    ) -> Result<NewSession, Fault> {
        let invite = self.invited(link).await?;
        let user = self.new_person(&draft.name, invite.email.clone(), invite.role)?;
        let author = visitor.author(&user.id, nobody());
        let accepted = json!({ "id": invite.id.as_str() });
        let accept =
            PeopleChange::AcceptInvite { id: invite.id, user: user.clone(), at: self.clock.now() };
        let audit = vec![self.audit(&author, "invite.accepted", None, &accepted)];
        let changes = vec![Change::People(accept)];
        self.welcome(visitor, link, (user, draft.password), changes, audit).await
    }

    /// A new link for an invitation, to be handed on by whoever invited; links from before stop.
    ///
    /// # Errors
    /// 404 for an unknown invitation, 409 for one that was accepted or has expired; 403 for one into
    /// a role that is more than the author's: whoever has its link can take it.
    pub async fn invitation_link(&self, author: &Author, id: &InviteId) -> Result<Secret, Fault> {
        let invite = self.invite(id).await?;
        self.may_give_invite(author, &invite).await?;
        let now = self.clock.now();
        if invite.status(now) != InviteStatus::Pending {
            let why = "The invitation was accepted or has expired. Make a new one.";
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        let secret = vault::token::mint();
        let link = domain::Link {
            purpose: LinkPurpose::Invite,
            user: None,
            subject: Some(id.as_str().to_owned()),
            ends_at: invite.expires_at,
        };
        let hash = token_hash(&self.vault, &secret);
        let payload = json!({ "id": id.as_str() });
        let write = Write {
            audit: vec![self.audit(author, "invite.link_created", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::PutLink { link, hash })],
            stale: Stale::Nothing,
        };
        self.commit(id.as_str(), write).await?;
        Ok(self.link_for(LinkPurpose::Invite, &secret))
    }

    /// What an account begins with, in one transaction: the person, their password, their session.
    async fn welcome(
        &self,
        visitor: &Visitor,
        link: &Secret,
        (user, password): (User, Secret),
        people: Vec<Change>,
        mut audit: Vec<domain::AuditEntry>,
    ) -> Result<NewSession, Fault> {
        self.check_password(&password, &user).await?;
        let password = self.hashers.hash(password).await?;
        let (id, at) = (user.id.clone(), self.clock.now());
        let hash = token_hash(&self.vault, link);
        let mut changes = vec![Change::SignIn(SignInChange::UseLink { hash, at })];
        changes.extend(people);
        let own = [
            SignInChange::SetPassword { user: id.clone(), password, at },
            SignInChange::SetEmail {
                user: id.clone(),
                email: user.email.clone(),
                checked_at: Some(at),
            },
        ];
        changes.extend(own.into_iter().map(Change::SignIn));
        let added = json!({ "id": id.as_str(), "data": { "role": user.role.as_str() } });
        let author = visitor.author(&id, nobody());
        audit.push(self.audit(&author, "user.added", None, &added));
        self.open_session_with(visitor, &user, changes, audit).await.map_err(or_used)
    }

    fn new_person(&self, name: &str, email: String, role: Role) -> Result<User, Fault> {
        Ok(User {
            id: UserId::mint(vault::random()),
            name: person_name(name)?,
            email,
            role,
            created_at: self.clock.now(),
            technical_level: None,
            developer_persona: None,
        })
    }

    async fn need_open(&self) -> Result<(), Fault> {
        match self.sign_up_policy().await? {
            SignUp::Open => Ok(()),
            SignUp::Invited => Err(Fault::new(&catalogue::SIGN_UP_CLOSED)),
        }
    }
}

/// Somebody who may nothing yet.
fn nobody() -> Arc<Authority> {
    Arc::new(Authority::new(Vec::new(), Permission::All))
}
