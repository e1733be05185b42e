//! A password that is lost is set anew over a link in a mail.

use domain::{Change, Fault, LinkPurpose, Secret, SignInChange, TryRule};
use serde_json::json;

use crate::Control;
use crate::letters::{Leads, Letter};
use crate::links::or_used;
use crate::secrets::token_hash;
use crate::sign_in::{NewSession, Visitor};
use crate::transact::{Stale, Write, not_found, store_fault};

const LIVES_SECONDS: i64 = 1800;
/// Mails for one address, and by one place.
const MAILS: TryRule = TryRule { tries: 5, seconds: 3600 };
const ASKS: TryRule = TryRule { tries: 20, seconds: 3600 };

const WHAT: &str = "the link";

impl Control {
    /// Sends a link to whoever has the address, if somebody does. The answer is the same for an
    /// address that nobody has, and takes as long: as much is written (case 135).
    ///
    /// # Errors
    /// 429 after too many asks; 503 when the store is away.
    pub async fn ask_for_reset(&self, visitor: &Visitor, email: &str) -> Result<(), Fault> {
        let email = email.trim();
        self.count_asks(visitor, email)?;
        let found = self.accounts.user_by_email(email.to_owned()).await;
        let user = found.map_err(|error| store_fault(error, WHAT))?.map(|(user, _)| user);
        let leads = Leads {
            purpose: LinkPurpose::Reset,
            user: user.as_ref().map(|user| user.id.clone()),
            subject: None,
            seconds: LIVES_SECONDS,
        };
        let known = user.is_some();
        let letter = Letter {
            to: user.as_ref().map_or(email, |user| &user.email),
            subject: "Set a new password for Tollgate",
            text: "Somebody asked for a new password for your account on Tollgate. If that was \
                   you, choose one here:\n\n  {link}\n\nThe link works once, for 30 minutes. If it \
                   was not you, do nothing: your password stays.\n"
                .to_owned(),
        };
        let mut changes = self.send(letter, Some(leads));
        if !known {
            // The link leads nowhere, and there is nobody to write to.
            changes.truncate(1);
        }
        self.commit(WHAT, Write { audit: Vec::new(), changes, stale: Stale::Nothing }).await
    }

    /// Sets the password of whoever a link is for, ends all their sessions, and signs them in here.
    ///
    /// # Errors
    /// 400 for a link that does not work, and for a password that cannot be taken: the link goes
    /// on working then.
    pub async fn reset_password(
        &self,
        visitor: &Visitor,
        link: &Secret,
        password: Secret,
    ) -> Result<NewSession, Fault> {
        let leads = self.look_at_link(LinkPurpose::Reset, link).await?;
        let user = leads.user.ok_or(&domain::fault::catalogue::LINK_INVALID)?;
        let user = self.records.user(user).await.map_err(|error| store_fault(error, WHAT))?;
        let user = user.ok_or_else(|| or_used(not_found(WHAT)))?;
        self.check_password(&password, &user).await?;
        let password = self.hashers.hash(password).await?;
        let (id, at) = (user.id.clone(), self.clock.now());
        let purpose = LinkPurpose::Reset;
        let changes = vec![
            SignInChange::UseLink { hash: token_hash(&self.vault, link), at },
            SignInChange::DropLinks { purpose, user: Some(id.clone()) },
            SignInChange::SetPassword { user: id.clone(), password, at },
            // Whoever reads the address's mail has shown that it is theirs.
            SignInChange::SetEmail {
                user: id.clone(),
                email: user.email.clone(),
                checked_at: Some(at),
            },
            SignInChange::EndSessionsOf { user: id.clone(), but: None },
        ];
        let mut changes: Vec<Change> = changes.into_iter().map(Change::SignIn).collect();
        changes.extend(self.send(changed_letter(&user.email), None));
        let payload = json!({ "id": id.as_str(), "changes_requested": { "password": true } });
        let author = visitor.author(
            &id,
            std::sync::Arc::new(domain::Authority::new(Vec::new(), domain::Permission::All)),
        );
        let audit = self.audit(&author, "user.updated", None, &payload);
        let opened = self.open_session_with(visitor, &user, changes, vec![audit]).await;
        opened.map_err(or_used)
    }

    /// Counts a mail that somebody asks for, whether it is sent or not.
    pub(crate) fn count_asks(&self, visitor: &Visitor, email: &str) -> Result<(), Fault> {
        self.take_tries(&[
            (format!("asks {}", visitor.place()), ASKS),
            (format!("mail {}", email.to_lowercase()), MAILS),
        ])
    }
}

/// For whoever did not do it themselves.
pub(crate) fn changed_letter(to: &str) -> Letter<'_> {
    Letter {
        to,
        subject: "Your password for Tollgate was changed",
        text: "The password of your account on Tollgate was changed just now, and all other \
               sessions were ended. If that was not you, ask for a new password on the sign-in \
               page, and tell an owner of the organization.\n"
            .to_owned(),
    }
}
