//! The first owner: whoever follows the one-time setup link.

use domain::{Change, Fault, Link, LinkPurpose, Secret, SignInChange};
use serde_json::json;

use crate::authority::need_owner;
use crate::links::or_used;
use crate::secrets::token_hash;
use crate::sign_in::{NewSession, Visitor};
use crate::transact::{Stale, Write, invalid, store_fault};
use crate::{Author, Control};

/// How long a setup link works: 30 minutes.
pub const SETUP_LINK_SECONDS: i64 = 1800;
/// The longest address that mail knows, and a name that fits a page.
const LONGEST_EMAIL: usize = 254;
const LONGEST_NAME: usize = 100;

const WHAT: &str = "the setup link";

/// Who the first owner is.
pub struct SetupDraft {
    pub name: String,
    pub email: String,
    pub password: Secret,
}

impl Control {
    /// Whether the first owner is still to come.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn needs_setup(&self) -> Result<bool, Fault> {
        let found = self.accounts.anyone_signs_in().await;
        found.map(|anyone| !anyone).map_err(|error| store_fault(error, WHAT))
    }

    /// A new setup link's secret; the one before it is dead. `None`: there is an owner already.
    /// Without an author it is the start's own.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn make_setup_link(&self, author: Option<&Author>) -> Result<Option<Secret>, Fault> {
        if !self.needs_setup().await? {
            return Ok(None);
        }
        let secret = vault::token::mint();
        let ends_at = self.clock.now().plus_seconds(SETUP_LINK_SECONDS);
        let link = Link { purpose: LinkPurpose::Setup, user: None, subject: None, ends_at };
        let hash = token_hash(&self.vault, &secret);
        // The one of a start is no news: each start makes one.
        let audit = author.map(|a| self.audit(a, "setup_link.created", None, &json!({})));
        let write = Write {
            audit: audit.into_iter().collect(),
            changes: vec![
                Change::SignIn(SignInChange::DropLinks { purpose: LinkPurpose::Setup, user: None }),
                Change::SignIn(SignInChange::PutLink { link, hash }),
            ],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await?;
        Ok(Some(secret))
    }

    /// The same as a whole address, for whoever asked.
    ///
    /// # Errors
    /// 403 for whoever may less than an owner: the link makes one. 503 when the store is away.
    pub async fn setup_address(&self, author: &Author) -> Result<Option<Secret>, Fault> {
        need_owner(author, "the setup link")?;
        let secret = self.make_setup_link(Some(author)).await?;
        Ok(secret.map(|secret| self.link_for(LinkPurpose::Setup, &secret)))
    }

    /// Whether a setup link still works. Looking does not use it (case 137).
    ///
    /// # Errors
    /// 400 `link_invalid`; 503 when the store is away.
    pub async fn check_setup_link(&self, secret: &Secret) -> Result<(), Fault> {
        self.look_at_link(LinkPurpose::Setup, secret).await.map(drop)
    }

    /// Makes the built-in owner a person with a name, an address and a password, and signs them in.
    ///
    /// # Errors
    /// 400 for a link that does not work, and for a password or address that cannot be taken: the
    /// link goes on working then.
    pub async fn set_up(
        &self,
        visitor: &Visitor,
        link: &Secret,
        draft: SetupDraft,
    ) -> Result<NewSession, Fault> {
        self.check_setup_link(link).await?;
        let name = person_name(&draft.name)?;
        let email = email_address(&draft.email)?;
        let mut owner = self.built_in_owner().await?;
        owner.name.clone_from(&name);
        owner.email.clone_from(&email);
        self.check_password(&draft.password, &owner).await?;
        let password = self.hashers.hash(draft.password).await?;
        let at = self.clock.now();
        let user = owner.id.clone();
        let changes = [
            // First: whoever comes second finds no link, and changes nothing.
            SignInChange::UseLink { hash: token_hash(&self.vault, link), at },
            SignInChange::SetName { user: user.clone(), name },
            SignInChange::SetEmail { user: user.clone(), email, checked_at: None },
            SignInChange::SetPassword { user, password, at },
        ];
        let changes = changes.into_iter().map(Change::SignIn).collect();
        let opened = self.open_session(visitor, &owner, changes).await;
        opened.map_err(or_used)
    }
}

pub(crate) fn person_name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(invalid("name", "A name has 1 to 100 characters.".to_owned()));
    }
    Ok(name.to_owned())
}

pub(crate) fn email_address(email: &str) -> Result<String, Fault> {
    let email = email.trim();
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"<>,;:\"()[]\\".contains(c);
    let sound = email.split_once('@').is_some_and(|(local, host)| {
        !local.is_empty() && !host.is_empty() && !host.contains('@') && !host.starts_with('.')
    });
    if !sound || email.len() > LONGEST_EMAIL || !email.chars().all(plain) {
        return Err(invalid("email", "This is no e-mail address.".to_owned()));
    }
    Ok(email.to_owned())
}
