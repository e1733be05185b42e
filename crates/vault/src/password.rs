//! Passwords: argon2id, at the costs that OWASP names. Slow on purpose, about 50 ms and 19 MiB each:
//! never on a thread that serves calls, and never more than a few at once.

use argon2::password_hash::phc::{PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use domain::{PasswordHash, Secret};
use sha1::{Digest, Sha1};

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

/// By what lists of stolen passwords know one: the first five digits of its SHA-1 hash, which they
/// are asked by, and the other 35, which stay here.
#[must_use]
pub fn range(password: &Secret) -> (String, Secret) {
    let hash = Sha1::digest(password.expose().as_bytes());
    let digits: String = hash.iter().map(|byte| format!("{byte:02X}")).collect();
    let (first, rest) = digits.split_at(5);
    (first.to_owned(), Secret::from(rest))
}

/// Whether one of these lines, each the rest of a hash and how often it was seen, is of this rest.
/// One that was seen 0 times is there so that answers are of one length.
#[must_use]
pub fn is_listed(rest: &Secret, lines: &str) -> bool {
    lines.lines().filter_map(|line| line.trim().split_once(':')).any(|(hash, seen)| {
        hash.eq_ignore_ascii_case(rest.expose()) && !seen.trim().trim_start_matches('0').is_empty()
    })
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

    #[test]
    fn a_list_is_asked_by_five_digits_and_read_to_the_letter() {
        // printf 'password' | sha1sum
        let (first, rest) = range(&Secret::from("password"));
        assert_eq!(first, "5BAA6");
        assert_eq!(rest.expose(), "1E4C9B93F3F0682250B6CF8331B7EE68FD8");
        let line = |seen: &str| format!("00\r\n1e4c9b93f3f0682250b6cf8331b7ee68fd8:{seen}\r\nFF:1");
        assert!(is_listed(&rest, &line("7")) && is_listed(&rest, &line("10")));
        for padding in ["0", "", " 00 "] {
            assert!(!is_listed(&rest, &line(padding)), "{padding:?}");
        }
        assert!(!is_listed(&rest, "") && !is_listed(&rest, "<html>1E4C9</html>"));
    }
}
