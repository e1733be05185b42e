//! Passwords: which are taken, and where they are hashed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use domain::fault::catalogue;
use domain::ports::StolenPasswords;
use domain::{Fault, PasswordHash, Secret, User};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

use crate::{Control, secrets};

/// Hashes at once: each takes 19 MiB and a core for some 50 ms.
const AT_ONCE: usize = 2;
/// Whoever waits longer than this for a turn is sent away: more than 200 stand before them.
const PATIENCE: Duration = Duration::from_secs(5);

/// Characters of a password, at least; and bytes, at most.
pub(crate) const SHORTEST: usize = 12;
pub(crate) const LONGEST: usize = 256;

/// The few threads that hash passwords.
pub(crate) struct Hashers {
    turns: Semaphore,
    done: AtomicU64,
}

impl Hashers {
    pub(crate) fn new() -> Self {
        Self { turns: Semaphore::new(AT_ONCE), done: AtomicU64::new(0) }
    }

    pub(crate) async fn hash(&self, password: Secret) -> Result<PasswordHash, Fault> {
        let made = self.aside(move || vault::password::hash(&password)).await?;
        made.ok_or_else(|| Fault::new(&catalogue::OVERLOADED))
    }

    /// Whether it is the one that is kept. Where none is kept, it takes as long and is not (case
    /// 135).
    pub(crate) async fn fits(
        &self,
        password: Secret,
        kept: Option<PasswordHash>,
    ) -> Result<bool, Fault> {
        self.aside(move || match kept {
            Some(kept) => vault::password::verify(&password, &kept),
            None => {
                drop(vault::password::hash(&password));
                false
            }
        })
        .await
    }

    async fn aside<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let overloaded = || Fault::new(&catalogue::OVERLOADED);
        let turn = tokio::time::timeout(PATIENCE, self.turns.acquire()).await;
        let _turn = turn.map_err(|_| overloaded())?.map_err(|_| overloaded())?;
        self.done.fetch_add(1, Ordering::Relaxed);
        spawn_blocking(work).await.map_err(|_| Fault::new(&catalogue::INTERNAL_ERROR))
    }
}

impl Control {
    /// With lists of stolen passwords that are asked as well.
    #[must_use]
    pub fn with_stolen_passwords(mut self, lists: Arc<dyn StolenPasswords>) -> Self {
        self.stolen = Some(lists);
        self
    }

    /// Passwords that were hashed or compared since the start.
    #[must_use]
    pub fn passwords_hashed(&self) -> u64 {
        self.hashers.done.load(Ordering::Relaxed)
    }

    /// Whether somebody may take a password; asked once more of the lists of stolen ones. Where they
    /// do not answer, what we know ourselves is enough: a password must be changed when it must.
    pub(crate) async fn check_password(&self, password: &Secret, user: &User) -> Result<(), Fault> {
        check(password, user)?;
        let Some(lists) = &self.stolen else { return Ok(()) };
        let (first, rest) = vault::password::range(password);
        let Some(lines) = lists.range(&first).await else { return Ok(()) };
        match vault::password::is_listed(&rest, &lines) {
            false => Ok(()),
            true => {
                let why = "This password was stolen somewhere before, and stands in lists that are \
                           tried. Take another one: four or five words in a row are good.";
                Err(Fault::because(&catalogue::PASSWORD_REFUSED, why).param("password"))
            }
        }
    }
}

/// Whether somebody may take a password: long enough, none of the common ones, and not made of
/// what everybody knows of them.
fn check(password: &Secret, user: &User) -> Result<(), Fault> {
    let refuse = |why: &str| {
        Err(Fault::because(&catalogue::PASSWORD_REFUSED, why.to_owned()).param("password"))
    };
    if secrets::characters(password) < SHORTEST {
        return refuse(
            "A password needs at least 12 characters. Four or five words in a row are easy to keep \
             in mind.",
        );
    }
    if secrets::is_longer(password, LONGEST) {
        return refuse("A password may have 256 bytes at most.");
    }
    if secrets::is_common(password, &[&user.name, &user.email, "tollgate"]) {
        return refuse(
            "This password is one of those that are tried first: it is common, repeats itself, or \
             is made of your name or address. Four or five words in a row are better.",
        );
    }
    Ok(())
}
