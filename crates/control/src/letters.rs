//! Mail to people. Its links begin with the address that the operator named, never with what a
//! request says of itself (case 137), and are sealed until the mail leaves.

use domain::{
    Change, Delivery, DeliveryId, Fault, Link, LinkPurpose, Message, Secret, SignInChange,
    Timestamp, UserId,
};
use serde_json::json;

use crate::authority::need_owner;
use crate::secrets::{link_text, token_hash};
use crate::sign_in::{SignedIn, Visitor};
use crate::transact::{Stale, Write};
use crate::{Author, Control};

/// Mail that is kept in memory where none leaves: for whoever tries Tollgate out.
const KEPT: usize = 50;

/// A mail that did not leave, as `tollgate mail` shows it.
#[derive(Clone)]
pub struct KeptMail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub at: Timestamp,
}

/// The server that takes mail: what people may know of it.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// Its host and port.
    pub address: String,
    pub from: String,
    /// Whether nothing goes to it in the clear.
    pub encrypted: bool,
}

/// What a mail is made of; `text` has `{link}` where its link goes.
pub(crate) struct Letter<'a> {
    pub(crate) to: &'a str,
    pub(crate) subject: &'static str,
    pub(crate) text: String,
}

/// What the link of a mail leads to.
pub(crate) struct Leads {
    pub(crate) purpose: LinkPurpose,
    pub(crate) user: Option<UserId>,
    pub(crate) subject: Option<String>,
    pub(crate) seconds: i64,
}

impl Control {
    /// Says by which address people reach this Tollgate: `https://tollgate.example.com`. The first
    /// word stands.
    pub fn reached_at(&self, base: String) {
        // A second word is no news.
        let _ = self.base_url.set(base);
    }

    /// The address that people use, without a slash at its end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        self.base_url.get().map_or("", String::as_str)
    }

    /// Says which server takes mail. The first word stands.
    pub fn mails_by(&self, server: MailServer) {
        // A second word is no news.
        let _ = self.mail_server.set(server);
    }

    /// The server that takes mail; without one, mail stays here.
    #[must_use]
    pub fn mail_server(&self) -> Option<&MailServer> {
        self.mail_server.get()
    }

    /// Sends a mail to whoever asks, to see whether mail arrives.
    ///
    /// # Errors
    /// 403 for whoever may less than an owner; 429 after many of them.
    pub async fn send_test_mail(&self, visitor: &Visitor, who: &SignedIn) -> Result<(), Fault> {
        let author = who.author(visitor);
        need_owner(&author, "a test of the mail server")?;
        self.count_asks(visitor, &who.user.email)?;
        let letter = Letter {
            to: &who.user.email,
            subject: "A test of Tollgate's mail",
            text: "You asked Tollgate for this mail under its settings. Since it arrived, mail \
                   leaves: invitations, links for new passwords, and spend alerts come the same \
                   way.\n"
                .to_owned(),
        };
        let payload = json!({ "id": who.user.id.as_str() });
        let audit = vec![self.audit(&author, "mail.tested", None, &payload)];
        let changes = self.send(letter, None);
        self.commit("the outbox", Write { changes, audit, stale: Stale::Nothing }).await
    }

    /// A mail with no link, or with one that is made for it; as changes of one transaction.
    pub(crate) fn send(&self, letter: Letter<'_>, leads: Option<Leads>) -> Vec<Change> {
        let id = DeliveryId::mint(vault::random());
        let now = self.clock.now();
        let mut changes = Vec::new();
        let sealed_link = leads.map(|leads| {
            let secret = vault::token::mint();
            let path = path_of(leads.purpose);
            let hash = token_hash(&self.vault, &secret);
            let link = Link {
                purpose: leads.purpose,
                user: leads.user,
                subject: leads.subject,
                ends_at: now.plus_seconds(leads.seconds),
            };
            changes.push(Change::SignIn(SignInChange::PutLink { link, hash }));
            self.vault.seal(id.as_str(), &link_text(self.base_url(), path, &secret))
        });
        let Letter { to, subject, text } = letter;
        let (to, subject) = (to.to_owned(), subject.to_owned());
        let message = Message::Email { to, subject, text, sealed_link };
        changes.push(Change::SignIn(SignInChange::Send(Delivery { id, message, created_at: now })));
        changes
    }

    /// The whole address of a link that somebody hands on themselves.
    pub(crate) fn link_for(&self, purpose: LinkPurpose, secret: &Secret) -> Secret {
        link_text(self.base_url(), path_of(purpose), secret)
    }

    /// Keeps a mail that has no server to go to.
    pub fn keep_mail(&self, mail: KeptMail) {
        if let Ok(mut kept) = self.kept_mail.lock() {
            kept.truncate(KEPT - 1);
            kept.push_front(mail);
        }
    }

    /// The mail that was kept since the start, the newest first.
    ///
    /// # Errors
    /// 403 for whoever may less than an owner: with a link in it, they could become one.
    pub fn kept_mail(&self, author: &Author) -> Result<Vec<KeptMail>, Fault> {
        need_owner(author, "other people's mail")?;
        let kept = self.kept_mail.lock();
        Ok(kept.map(|kept| kept.iter().cloned().collect()).unwrap_or_default())
    }
}

fn path_of(purpose: LinkPurpose) -> &'static str {
    match purpose {
        LinkPurpose::Setup => "/setup",
        LinkPurpose::Reset => "/reset/new",
        LinkPurpose::SignUp => "/sign-up/go-on",
        LinkPurpose::Invite => "/invite",
        LinkPurpose::Email => "/account/email/new",
    }
}
