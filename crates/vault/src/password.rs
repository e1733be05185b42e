//! Passwords: argon2id, at the costs that OWASP names. Slow on purpose, about 50 ms and 19 MiB each:
//! never on a thread that serves calls, and never more than a few at once.

use argon2::password_hash::phc::{PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use domain::{PasswordHash, Secret};

const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of a new password, with a salt of its own. `None`: no memory for it.
#[must_use]
pub fn hash(password: &Secret) -> Option<PasswordHash> {
    let salt = Salt::new(&crate::random::<16>()).ok()?;
    let made = argon2().hash_password_with_salt(password.expose().as_bytes(), &salt).ok()?;
    Some(PasswordHash(made.to_string()))
}

/// Whether a password is the one that was hashed.
#[must_use]
pub fn verify(password: &Secret, kept: &PasswordHash) -> bool {
    let Ok(kept) = Phc::new(&kept.0) else { return false };
    argon2().verify_password(password.expose().as_bytes(), &kept).is_ok()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_alone() {
        let (one, other) = (Secret::from("correct horse battery"), Secret::from("correct horse"));
        let kept = hash(&one).unwrap();
        assert!(kept.0.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", kept.0);
        assert!(verify(&one, &kept) && !verify(&other, &kept));
        assert_ne!(hash(&one), Some(kept), "each hash has a salt of its own");
        assert!(!verify(&one, &PasswordHash("nonsense".into())));
    }
}
