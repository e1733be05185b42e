//! Another address of mail for one's own account: asked for by whoever is signed in, and taken once
//! they have shown, over a link in a mail to it, that the new address is theirs.

use domain::fault::catalogue;
use domain::{Change, Fault, LinkPurpose, Secret, SignInChange, TryRule};
use serde_json::json;

use crate::Control;
use crate::letters::{Leads, Letter};
use crate::links::or_used;
use crate::secrets::token_hash;
use crate::setup::email_address;
use crate::sign_in::{SignedIn, Visitor};
use crate::transact::{Stale, Write, invalid, store_fault};

const LIVES_SECONDS: i64 = 1800;
/// Addresses that one person may write to in this way.
const ASKS: TryRule = TryRule { tries: 5, seconds: 3600 };

const WHAT: &str = "the address";

impl Control {
    /// Sends a link to the new address, and word of it to the one from before. An address that is
    /// somebody else's gets a mail without a link: the answer is the same (case 135).
    ///
    /// # Errors
    /// 400 for what is no address, or is the one they have; 429 after too many asks.
    pub async fn ask_for_email(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        email: &str,
    ) -> Result<(), Fault> {
        let email = email_address(email)?;
        let user = &who.user;
        if email.to_lowercase() == user.email.to_lowercase() {
            return Err(invalid("email", "This is your address already.".to_owned()));
        }
        self.take_tries(&[(format!("address {}", user.id), ASKS)])?;
        self.count_asks(visitor, &email)?;
        let found = self.accounts.user_by_email(email.clone()).await;
        let taken = found.map_err(|error| store_fault(error, WHAT))?.map(|(user, _)| user);
        let purpose = LinkPurpose::Email;
        // Only the newest link works.
        let drop = SignInChange::DropLinks { purpose, user: Some(user.id.clone()) };
        let mut changes = vec![Change::SignIn(drop)];
        changes.extend(match taken {
            Some(other) => self.send(taken_letter(&other.email), None),
            None => {
                let leads = Leads {
                    purpose,
                    user: Some(user.id.clone()),
                    subject: Some(email.clone()),
                    seconds: LIVES_SECONDS,
                };
                self.send(link_letter(&email), Some(leads))
            }
        });
        changes.extend(self.send(asked_letter(&user.email), None));
        let payload = json!({ "id": user.id.as_str() });
        let author = who.author(visitor);
        let audit = vec![self.audit(&author, "user.email_change_requested", None, &payload)];
        self.commit(WHAT, Write { audit, changes, stale: Stale::Nothing }).await
    }

    /// The new address that a link is about. Looking does not use it (case 137).
    ///
    /// # Errors
    /// 400 `link_invalid`, also for somebody else than whoever asked: a mail that went to a wrong
    /// address must not make its reader the owner of an account.
    pub async fn new_email(&self, who: &SignedIn, link: &Secret) -> Result<String, Fault> {
        let leads = self.look_at_link(LinkPurpose::Email, link).await?;
        let theirs = leads.user.as_ref() == Some(&who.user.id);
        let email = leads.subject.filter(|_| theirs);
        email.ok_or_else(|| Fault::new(&catalogue::LINK_INVALID))
    }

    /// Takes the new address, and ends the other sessions. Links that went to the old address for a
    /// lost password stop.
    ///
    /// # Errors
    /// As [`Control::new_email`]; 409 where somebody has the address by now.
    pub async fn change_email(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        link: &Secret,
    ) -> Result<String, Fault> {
        let email = self.new_email(who, link).await?;
        let (user, at) = (who.user.id.clone(), self.clock.now());
        let but = Some(who.session.id.clone());
        let of = |purpose| SignInChange::DropLinks { purpose, user: Some(user.clone()) };
        let changes = vec![
            SignInChange::UseLink { hash: token_hash(&self.vault, link), at },
            of(LinkPurpose::Email),
            of(LinkPurpose::Reset),
            SignInChange::SetEmail {
                user: user.clone(),
                email: email.clone(),
                checked_at: Some(at),
            },
            SignInChange::EndSessionsOf { user: user.clone(), but },
        ];
        let mut changes: Vec<Change> = changes.into_iter().map(Change::SignIn).collect();
        changes.extend(self.send(changed_letter(&who.user.email), None));
        let payload = json!({
            "id": user.as_str(),
            "changes_requested": { "email": email },
        });
        let audit = vec![self.audit(&who.author(visitor), "user.updated", None, &payload)];
        let done = self.commit(WHAT, Write { audit, changes, stale: Stale::Nothing }).await;
        done.map(|()| email).map_err(or_used)
    }
}

fn link_letter(to: &str) -> Letter<'_> {
    Letter {
        to,
        subject: "Your new address for Tollgate",
        text: "Somebody wants this to be the address of their account on Tollgate. If that is \
               you, go on here, signed in:\n\n  {link}\n\nThe link works once, for 30 minutes. If \
               it was not you, do nothing.\n"
            .to_owned(),
    }
}

fn taken_letter(to: &str) -> Letter<'_> {
    Letter {
        to,
        subject: "Your new address for Tollgate",
        text: "Somebody wants this to be the address of their account on Tollgate, but there is \
               an account with it already: yours. Nothing was changed. If it was you, sign in to \
               that account.\n"
            .to_owned(),
    }
}

/// For whoever did not ask themselves: there is time to do something.
fn asked_letter(to: &str) -> Letter<'_> {
    Letter {
        to,
        subject: "Another address for your account on Tollgate?",
        text: "Somebody who is signed in to your account on Tollgate asked for another address of \
               mail for it. Nothing is changed before the new address was shown to be theirs. If \
               that was not you, choose a new password now, and tell an owner of the \
               organization.\n"
            .to_owned(),
    }
}

/// The new address is not in it: whoever reads the old one's mail need not learn it.
fn changed_letter(to: &str) -> Letter<'_> {
    Letter {
        to,
        subject: "Your address for Tollgate was changed",
        text: "The address of your account on Tollgate was changed just now: this one lets nobody \
               in any more. All other sessions were ended. If that was not you, tell an owner of \
               the organization at once.\n"
            .to_owned(),
    }
}
