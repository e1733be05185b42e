//! How people sign in: reads, and the changes of it.

use domain::ports::{Accounts, StoreError, StoreResult};
use domain::{
    CheckedPhone, Identity, Link, LinkPurpose, PasswordHash, SESSION_IDLE_SECONDS, SecretHash,
    Session, SessionId, SignIn, SignInChange, Timestamp, Totp, User, UserId,
};
use rusqlite::{Connection, Row, params};

use super::Store;
use super::apply::{conflict, run, touch};
use super::apply_limits::put_delivery;
use super::apply_people::live_user;
use super::failure::Failure;
use super::query::{all, id, one, optional_id, optional_time, text, time};
use super::records::read_user;
use crate::columns::unreadable;
use crate::sql::{USER, sign_in as sql};

type Done = Result<(), Failure>;

impl Accounts for Store {
    fn session(&self, hash: SecretHash) -> StoreResult<'_, Option<(Session, User)>> {
        self.lookups.ask(move |db| {
            let Some(session) = one(db, sql::SESSION, params![hash.0], read_session)? else {
                return Ok(None);
            };
            let user = one(db, USER, params![session.user.as_str()], read_user)?;
            Ok(user.map(|user| (session, user)))
        })
    }

    fn sessions_of(&self, user: UserId) -> StoreResult<'_, Vec<Session>> {
        self.lookups.ask(move |db| all(db, sql::SESSIONS_OF, params![user.as_str()], read_session))
    }

    fn last_seen(&self, users: Vec<UserId>) -> StoreResult<'_, Vec<(UserId, Timestamp)>> {
        self.lookups.ask(move |db| {
            let mut seen = Vec::new();
            for user in users {
                let at = one(db, sql::LAST_SEEN, params![user.as_str()], |row| time(row, 0))?;
                seen.extend(at.map(|at| (user, at)));
            }
            Ok(seen)
        })
    }

    fn sign_in_of(&self, user: UserId) -> StoreResult<'_, SignIn> {
        self.lookups.ask(move |db| sign_in(db, &user))
    }

    fn user_by_email(&self, email: String) -> StoreResult<'_, Option<(User, SignIn)>> {
        self.lookups.ask(move |db| {
            let Some(user) = one(db, sql::USER_BY_EMAIL, params![email], read_user)? else {
                return Ok(None);
            };
            let ways = sign_in(db, &user.id)?;
            Ok(Some((user, ways)))
        })
    }

    fn user_by_identity(
        &self,
        issuer: String,
        subject: String,
    ) -> StoreResult<'_, Option<(User, SignIn)>> {
        self.lookups.ask(move |db| {
            let of = params![issuer, subject];
            let Some(user) = one(db, sql::USER_BY_IDENTITY, of, read_user)? else {
                return Ok(None);
            };
            let ways = sign_in(db, &user.id)?;
            Ok(Some((user, ways)))
        })
    }

    fn identities_of(&self, user: UserId) -> StoreResult<'_, Vec<Identity>> {
        self.lookups
            .ask(move |db| all(db, sql::IDENTITIES_OF, params![user.as_str()], read_identity))
    }

    fn link(&self, hash: SecretHash) -> StoreResult<'_, Option<Link>> {
        self.lookups.ask(move |db| one(db, sql::LINK, params![hash.0], read_link))
    }

    fn anyone_signs_in(&self) -> StoreResult<'_, bool> {
        self.lookups.ask(|db| Ok(one(db, sql::ANYONE, [], |_| Ok(()))?.is_some()))
    }
}

pub(crate) fn apply(db: &Connection, change: &SignInChange) -> Done {
    match change {
        SignInChange::SetName { user, name } => {
            touch(db, sql::SET_NAME, params![name, user.as_str()])
        }
        SignInChange::SetEmail { user, email, checked_at } => {
            live_user(db, user)?;
            if db.prepare_cached(sql::SET_EMAIL)?.execute(params![email, user.as_str()])? == 0 {
                return conflict("the address is somebody else's");
            }
            run(db, sql::CHECK_EMAIL, params![user.as_str(), checked_at.map(|at| at.0)])
        }
        SignInChange::SetPassword { user, password, at } => {
            live_user(db, user)?;
            run(db, sql::SET_PASSWORD, params![user.as_str(), password.0, at.0])
        }
        SignInChange::OpenSession { session, hash } => {
            open(db, session, hash)?;
            run(db, sql::SEE_USER, params![session.seen_at.0, session.id.as_str()])
        }
        SignInChange::SeeSession { id, at } => {
            run(db, sql::SEE_SESSION, params![at.0, id.as_str()])?;
            run(db, sql::SEE_USER, params![at.0, id.as_str()])
        }
        SignInChange::ProveSession { id, hash, at } => {
            touch(db, sql::PROVE_SESSION, params![hash.0, at.0, id.as_str()])
        }
        SignInChange::CompleteSession { id, hash, at } => {
            touch(db, sql::COMPLETE_SESSION, params![hash.0, at.0, id.as_str()])?;
            run(db, sql::SEE_USER, params![at.0, id.as_str()])
        }
        SignInChange::EndSession(id) => run(db, sql::END_SESSION, params![id.as_str()]),
        SignInChange::EndSessionsOf { user, but } => {
            let but = but.as_ref().map_or("", SessionId::as_str);
            run(db, sql::END_SESSIONS_OF, params![user.as_str(), but])
        }
        SignInChange::PutLink { link, hash } => {
            let user = link.user.as_ref().map(UserId::as_str);
            let (purpose, ends) = (link.purpose.as_str(), link.ends_at.0);
            run(db, sql::PUT_LINK, params![hash.0, purpose, user, ends, link.subject])
        }
        SignInChange::UseLink { hash, at } => touch(db, sql::USE_LINK, params![hash.0, at.0]),
        SignInChange::DropLinks { purpose, user } => {
            let user = user.as_ref().map(UserId::as_str);
            run(db, sql::DROP_LINKS, params![purpose.as_str(), user])
        }
        SignInChange::Send(delivery) => put_delivery(db, delivery),
        SignInChange::Sweep { at } => {
            run(db, sql::SWEEP_LINKS, params![at.0])?;
            run(db, sql::SWEEP_SESSIONS, params![at.0, at.plus_seconds(-SESSION_IDLE_SECONDS).0])
        }
        of_factor => apply_factor(db, of_factor),
    }
}

fn apply_factor(db: &Connection, change: &SignInChange) -> Done {
    match change {
        SignInChange::SetTotp { user, totp } => {
            begin(db, user)?;
            let (sealed, step) =
                (totp.as_ref().map(|it| &it.sealed), totp.as_ref().map(|it| it.step));
            run(db, sql::SET_TOTP, params![sealed, step.unwrap_or(0), user.as_str()])?;
            match totp {
                Some(_) => Ok(()),
                None => run(db, sql::DROP_CODES, params![user.as_str()]),
            }
        }
        SignInChange::UseTotpStep { user, step } => {
            touch(db, sql::USE_STEP, params![step, user.as_str()])
        }
        SignInChange::PutRecoveryCodes { user, hashes } => {
            run(db, sql::DROP_CODES, params![user.as_str()])?;
            hashes
                .iter()
                .try_for_each(|hash| run(db, sql::PUT_CODE, params![user.as_str(), hash.0]))
        }
        SignInChange::UseRecoveryCode { user, hash } => {
            touch(db, sql::USE_CODE, params![user.as_str(), hash.0])
        }
        SignInChange::SetPhone { user, phone } => {
            begin(db, user)?;
            let phone = phone.as_ref();
            let (shown, hash) = (phone.map(|it| &it.shown), phone.map(|it| it.hash.0));
            let row = params![shown, hash, phone.map(|it| it.checked_at.0), user.as_str()];
            match db.prepare_cached(sql::SET_PHONE)?.execute(row)? {
                0 => conflict("it is the phone of another account"),
                _ => Ok(()),
            }
        }
        SignInChange::LinkIdentity(it) => {
            begin(db, &it.user)?;
            let row = params![it.issuer, it.subject, it.user.as_str(), it.email, it.created_at.0];
            match db.prepare_cached(sql::LINK_IDENTITY)?.execute(row)? {
                0 => conflict("it is somebody else's"),
                _ => Ok(()),
            }
        }
        SignInChange::UnlinkIdentity { user, issuer } => {
            touch(db, sql::UNLINK_IDENTITY, params![user.as_str(), issuer])
        }
        other => conflict(&format!("no change of a way in: {other:?}")),
    }
}

fn begin(db: &Connection, user: &UserId) -> Done {
    live_user(db, user)?;
    run(db, sql::BEGIN, params![user.as_str()])
}

/// Whose roles were changed has what they allow now at the next call; before anything that matters
/// they show anew who they are, and get a new secret for it (case 132).
pub(crate) fn void_proofs(db: &Connection, user: &UserId) -> Done {
    run(db, sql::VOID_PROOFS, params![user.as_str()])
}

/// Who was taken out of the organization is signed out at once (case 133).
pub(crate) fn end_sessions(db: &Connection, user: &UserId) -> Done {
    run(db, sql::END_SESSIONS_OF, params![user.as_str(), ""])
}

fn open(db: &Connection, session: &Session, hash: &SecretHash) -> Done {
    live_user(db, &session.user)?;
    let row = params![
        session.id.as_str(),
        hash.0,
        session.user.as_str(),
        session.created_at.0,
        session.seen_at.0,
        session.proved_at.0,
        session.ends_at.0,
        session.address,
        session.agent,
        session.half,
    ];
    run(db, sql::OPEN_SESSION, row)
}

fn sign_in(db: &Connection, user: &UserId) -> Result<SignIn, Failure> {
    let found = one(db, sql::SIGN_IN, params![user.as_str()], |row| {
        let password: Option<String> = row.get(0)?;
        let sealed: Option<Vec<u8>> = row.get(2)?;
        let step = row.get(3)?;
        Ok(SignIn {
            password: password.map(PasswordHash),
            email_checked_at: optional_time(row, 1)?,
            totp: sealed.map(|sealed| Totp { sealed, step }),
            recovery_codes: row.get(7)?,
            phone: read_phone(row)?,
        })
    })?;
    Ok(found.unwrap_or_default())
}

fn read_phone(row: &Row<'_>) -> Result<Option<CheckedPhone>, Failure> {
    let (shown, hash): (Option<String>, Option<[u8; 32]>) = (row.get(4)?, row.get(5)?);
    let checked = optional_time(row, 6)?;
    Ok(shown.zip(hash).zip(checked).map(|((shown, hash), checked_at)| CheckedPhone {
        shown,
        hash: SecretHash(hash),
        checked_at,
    }))
}

fn read_session(row: &Row<'_>) -> Result<Session, Failure> {
    Ok(Session {
        id: id(row, 0)?,
        user: id(row, 1)?,
        created_at: time(row, 2)?,
        seen_at: time(row, 3)?,
        proved_at: time(row, 4)?,
        ends_at: time(row, 5)?,
        address: row.get(6)?,
        agent: row.get(7)?,
        half: row.get(8)?,
    })
}

fn read_link(row: &Row<'_>) -> Result<Link, Failure> {
    let purpose = LinkPurpose::parse(text(row, 0)?);
    let purpose: Result<_, StoreError> = purpose.ok_or_else(|| unreadable("link"));
    Ok(Link {
        purpose: purpose?,
        user: optional_id(row, 1)?,
        subject: row.get(3)?,
        ends_at: time(row, 2)?,
    })
}

fn read_identity(row: &Row<'_>) -> Result<Identity, Failure> {
    Ok(Identity {
        issuer: row.get(0)?,
        subject: row.get(1)?,
        user: id(row, 2)?,
        email: row.get(3)?,
        created_at: time(row, 4)?,
    })
}
