//! Showing that a phone is one's own: a code goes to it, and is typed here. Who sends it is behind a
//! port; without one that is configured, nobody is asked for a phone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use domain::fault::catalogue;
use domain::ports::{PhoneCheck, PhoneFailure};
use domain::{
    Actor, Change, CheckedPhone, Fault, PhoneNumber, PhonePolicy, SecretHash, SignInChange,
    Timestamp, TryRule, UserId,
};
use serde_json::json;

use crate::letters::KeptMail;
use crate::sign_in::{SignedIn, Visitor};
use crate::transact::{Stale, Write, invalid, store_fault};
use crate::{Author, Control};

/// The small value that the store keeps the policy under.
const POLICY: &str = "phone_check";
/// A code works this long: 10 minutes.
const LIVES_SECONDS: i64 = 600;
/// Codes that wait at once; above it, who has asked first asks anew.
const MOST: usize = 10_000;

/// Messages for one person, from one place, to one number, and in all: each one costs money, and
/// rings at somebody's.
const FOR_ONE: TryRule = TryRule { tries: 5, seconds: 3600 };
const FROM_PLACE: TryRule = TryRule { tries: 10, seconds: 3600 };
const TO_NUMBER: TryRule = TryRule { tries: 5, seconds: 3600 };
const IN_ALL: TryRule = TryRule { tries: 300, seconds: 3600 };
/// Codes that are typed: by one person, for one number, from one place.
const GUESSES: TryRule = TryRule { tries: 5, seconds: 900 };
const GUESSES_FROM: TryRule = TryRule { tries: 30, seconds: 900 };

const WHAT: &str = "the phone";

/// Who brings codes to phones.
#[derive(Clone, Default)]
pub enum PhoneDesk {
    /// Nobody: phones are not asked for.
    #[default]
    Off,
    /// For development: the message is kept where mail is kept that does not leave.
    Console,
    Provider(Arc<dyn PhoneCheck>),
}

/// The desk, and whose code is on its way.
#[derive(Default)]
pub(crate) struct Phones {
    desk: PhoneDesk,
    asked: Mutex<HashMap<UserId, Asked>>,
}

#[derive(Clone)]
struct Asked {
    number: PhoneNumber,
    ends_at: Timestamp,
    /// The code, where it is ours and not a provider's.
    code: Option<SecretHash>,
}

impl Control {
    /// With somebody who brings codes to phones.
    #[must_use]
    pub fn with_phones(mut self, desk: PhoneDesk) -> Self {
        self.phones = Phones { desk, ..Phones::default() };
        self
    }

    /// Whether phones can be checked here at all.
    #[must_use]
    pub fn checks_phones(&self) -> bool {
        !matches!(self.phones.desk, PhoneDesk::Off)
    }

    /// Whether everybody must have a checked phone.
    ///
    /// # Errors
    /// 503 when the store is away, as every method here.
    pub async fn phone_policy(&self) -> Result<PhonePolicy, Fault> {
        let kept = self.records.meta(POLICY).await.map_err(|error| store_fault(error, WHAT))?;
        let kept = kept.and_then(|text| PhonePolicy::parse(&String::from_utf8_lossy(&text)));
        Ok(kept.unwrap_or_default())
    }

    /// # Errors
    /// 409 where nobody brings codes to phones, and for a person who has no checked phone
    /// themselves: they would lock themselves out if no code arrived.
    pub async fn set_phone_policy(
        &self,
        author: &Author,
        policy: PhonePolicy,
    ) -> Result<(), Fault> {
        if policy == PhonePolicy::Required {
            self.need_desk()?;
            self.need_own_phone(author).await?;
        }
        let organization = self.organization().await?.organization.id;
        let payload = json!({
            "id": organization.as_str(),
            "changes_requested": { "phone_check": policy.as_str() },
        });
        let value = policy.as_str().as_bytes().to_vec();
        let write = Write {
            audit: vec![self.audit(author, "organization.updated", None, &payload)],
            changes: vec![Change::PutMeta { name: POLICY, value }],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    /// Whether somebody must show a phone before they see anything else.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn lacks_phone(&self, who: &SignedIn) -> Result<bool, Fault> {
        // Where nobody can send a code any more, nobody can be asked for one.
        if !self.checks_phones() || self.phone_policy().await? == PhonePolicy::Optional {
            return Ok(false);
        }
        Ok(self.ways_in(who).await?.phone.is_none())
    }

    /// Sends a code to a phone; what can be shown of its number is returned. Nothing of the account
    /// changes before the code was shown.
    ///
    /// # Errors
    /// 400 for what is no number, or one that nothing is sent to; 429 after too many messages; 502
    /// where the provider is away.
    pub async fn ask_for_phone(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        number: &str,
    ) -> Result<String, Fault> {
        self.need_desk()?;
        let number = PhoneNumber::parse(number).ok_or_else(|| {
            let why = "Write the number with its country: +49 171 1234567.";
            invalid("phone", why.to_owned())
        })?;
        self.take_tries(&[
            (format!("message {}", who.user.id), FOR_ONE),
            (format!("message {}", visitor.place()), FROM_PLACE),
            (format!("message {}", number.whole()), TO_NUMBER),
            ("message".to_owned(), IN_ALL),
        ])?;
        let now = self.clock.now();
        let code = match &self.phones.desk {
            PhoneDesk::Off => None,
            PhoneDesk::Console => Some(self.keep_code(&number, now)),
            PhoneDesk::Provider(provider) => {
                provider.send(&number).await.map_err(refused)?;
                None
            }
        };
        let shown = number.shown();
        let asked = Asked { number, ends_at: now.plus_seconds(LIVES_SECONDS), code };
        self.phones.put(who.user.id.clone(), asked, now);
        Ok(shown)
    }

    /// What can be shown of the number that somebody's code went to, while it works.
    #[must_use]
    pub fn asked_phone(&self, who: &SignedIn) -> Option<String> {
        self.phones.asked(&who.user.id, self.clock.now()).map(|asked| asked.number.shown())
    }

    /// Takes the phone whose code somebody shows.
    ///
    /// # Errors
    /// 400 `code_wrong`, also for a code that was shown before or waited too long; 409 for a phone
    /// that is another account's; 429 after too many tries; 502 where the provider is away.
    pub async fn take_phone(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        code: &str,
    ) -> Result<(), Fault> {
        let user = &who.user.id;
        let place = format!("phone code {}", visitor.place());
        let rules = [(format!("phone code {user}"), GUESSES), (place, GUESSES_FROM)];
        self.take_tries(&rules)?;
        let asked = self.phones.asked(user, self.clock.now()).ok_or_else(wrong)?;
        self.take_tries(&[(format!("phone code {}", asked.number.whole()), GUESSES)])?;
        if !self.is_code_of(&asked, code).await? {
            return Err(wrong());
        }
        // Whoever takes it out first has shown the code; for everybody else it was used.
        self.phones.take(user, &asked).ok_or_else(wrong)?;
        let number = asked.number;
        let phone = CheckedPhone {
            shown: number.shown(),
            hash: self.vault.hash(&format!("phone {}", number.whole())),
            checked_at: self.clock.now(),
        };
        let shown = phone.shown.clone();
        self.set_phone(visitor, who, Some(phone), &shown).await?;
        for of in [user.as_str(), number.whole()] {
            self.forget_try(&format!("phone code {of}"));
        }
        Ok(())
    }

    /// # Errors
    /// 409 where everybody must have one.
    pub async fn remove_phone(&self, visitor: &Visitor, who: &SignedIn) -> Result<(), Fault> {
        if self.checks_phones() && self.phone_policy().await? == PhonePolicy::Required {
            let why = "Everybody must have a checked phone here. Check another one in its place.";
            return Err(Fault::because(&catalogue::CONFLICT, why));
        }
        self.set_phone(visitor, who, None, "none").await
    }

    async fn set_phone(
        &self,
        visitor: &Visitor,
        who: &SignedIn,
        phone: Option<CheckedPhone>,
        shown: &str,
    ) -> Result<(), Fault> {
        let user = who.user.id.clone();
        let payload = json!({ "id": user.as_str(), "changes_requested": { "phone": shown } });
        let write = Write {
            audit: vec![self.audit(&who.author(visitor), "user.updated", None, &payload)],
            changes: vec![Change::SignIn(SignInChange::SetPhone { user, phone })],
            stale: Stale::Nothing,
        };
        self.commit(WHAT, write).await
    }

    async fn is_code_of(&self, asked: &Asked, code: &str) -> Result<bool, Fault> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        // Providers have codes of 4 to 10 digits; nothing else is worth a question.
        let sound = (4..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit());
        if !sound {
            return Ok(false);
        }
        match &self.phones.desk {
            PhoneDesk::Off => Ok(false),
            PhoneDesk::Console => Ok(asked.code == Some(self.code_hash(&asked.number, &code))),
            PhoneDesk::Provider(provider) => {
                provider.fits(&asked.number, &code).await.map_err(refused)
            }
        }
    }

    /// A code of our own, kept where `tollgate mail` shows it.
    fn keep_code(&self, number: &PhoneNumber, at: Timestamp) -> SecretHash {
        let code = vault::token::message_code();
        let hash = self.code_hash(number, &code);
        let text = format!("{code} is your code for Tollgate. It works for 10 minutes.\n");
        let (to, subject) = (number.whole().to_owned(), "A message to a phone".to_owned());
        self.keep_mail(KeptMail { to, subject, text, at });
        hash
    }

    fn code_hash(&self, number: &PhoneNumber, code: &str) -> SecretHash {
        self.vault.hash(&format!("phone code {} {code}", number.whole()))
    }

    fn need_desk(&self) -> Result<(), Fault> {
        if self.checks_phones() {
            return Ok(());
        }
        let why = "Nobody brings codes to phones here: the operator names one under [phone] in \
                   the config file.";
        Err(Fault::because(&catalogue::CONFLICT, why))
    }

    async fn need_own_phone(&self, author: &Author) -> Result<(), Fault> {
        let Actor::User(user) = &author.actor else { return Ok(()) };
        let ways = self.accounts.sign_in_of(user.clone()).await;
        let ways = ways.map_err(|error| store_fault(error, WHAT))?;
        if ways.phone.is_some() {
            return Ok(());
        }
        let why = "Check a phone of your own first, on the page of your account: then you know \
                   that codes arrive.";
        Err(Fault::because(&catalogue::CONFLICT, why))
    }
}

impl Phones {
    fn put(&self, user: UserId, asked: Asked, now: Timestamp) {
        let Ok(mut all) = self.asked.lock() else { return };
        if all.len() >= MOST {
            all.retain(|_, asked| now < asked.ends_at);
        }
        if all.len() >= MOST
            && let Some(first) = all.iter().min_by_key(|(_, asked)| asked.ends_at)
        {
            let first = first.0.clone();
            all.remove(&first);
        }
        all.insert(user, asked);
    }

    fn asked(&self, user: &UserId, now: Timestamp) -> Option<Asked> {
        let all = self.asked.lock().ok()?;
        all.get(user).filter(|asked| now < asked.ends_at).cloned()
    }

    /// Takes out what is still the very same.
    fn take(&self, user: &UserId, asked: &Asked) -> Option<()> {
        let mut all = self.asked.lock().ok()?;
        let same = all
            .get(user)
            .is_some_and(|it| it.ends_at == asked.ends_at && it.number == asked.number);
        same.then(|| all.remove(user)).map(drop)
    }
}

fn wrong() -> Fault {
    let why = "This code is not right, was used before, or is too old. Look again, or ask for a \
               new one.";
    Fault::because(&catalogue::CODE_WRONG, why).param("code")
}

fn refused(failure: PhoneFailure) -> Fault {
    match failure {
        PhoneFailure::Refused => Fault::new(&catalogue::PHONE_REFUSED).param("phone"),
        PhoneFailure::TooMany => {
            let why = "Too many messages went to this phone, or too many codes were tried. Wait \
                       ten minutes, then ask for a new code.";
            Fault::because(&catalogue::TOO_MANY_AUTH_FAILURES, why).retry_after_ms(600_000)
        }
        PhoneFailure::Away => Fault::new(&catalogue::PHONE_PROVIDER_FAILED),
    }
}
