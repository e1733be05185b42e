//! Queries of how people sign in.

pub(crate) const SESSION: &str = "SELECT s.id, s.user_id, s.created_at, s.seen_at, s.proved_at,
        s.ends_at, s.address, s.agent, s.half
    FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
    WHERE s.hash = $1";
pub(crate) const SESSIONS_OF: &str = "SELECT id, user_id, created_at, seen_at, proved_at, ends_at,
        address, agent, half
    FROM sessions WHERE user_id = $1 ORDER BY seq DESC";
pub(crate) const OPEN_SESSION: &str = "INSERT INTO sessions
    (id, hash, user_id, created_at, seen_at, proved_at, ends_at, address, agent, half)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
pub(crate) const SEE_SESSION: &str = "UPDATE sessions SET seen_at = $1 WHERE id = $2";
/// Whose session it is was here at this instant.
pub(crate) const SEE_USER: &str = "UPDATE users SET last_seen_at = $1
    WHERE id = (SELECT s.user_id FROM sessions s WHERE s.id = $2 AND s.half = 0)";
pub(crate) const LAST_SEEN: &str = "SELECT last_seen_at FROM users
    WHERE id = $1 AND last_seen_at IS NOT NULL";
pub(crate) const PROVE_SESSION: &str =
    "UPDATE sessions SET hash = $1, proved_at = $2, seen_at = $2 WHERE id = $3";
pub(crate) const VOID_PROOFS: &str = "UPDATE sessions SET proved_at = 0 WHERE user_id = $1";
pub(crate) const END_SESSION: &str = "DELETE FROM sessions WHERE id = $1";
pub(crate) const END_SESSIONS_OF: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
pub(crate) const SWEEP_SESSIONS: &str = "DELETE FROM sessions WHERE ends_at <= $1 OR seen_at <= $2";

pub(crate) const SIGN_IN: &str =
    "SELECT password, email_checked_at, totp, totp_step, phone, phone_hash, phone_checked_at,
        (SELECT COUNT(*) FROM recovery_codes r WHERE r.user_id = $1)
    FROM sign_ins WHERE user_id = $1";
pub(crate) const USER_BY_EMAIL: &str = "SELECT id, name, email, role, created_at, technical_level,
        developer_persona
    FROM users WHERE LOWER(email) = LOWER($1) AND deleted_at IS NULL";
pub(crate) const ANYONE: &str = "SELECT 1 FROM sign_ins s
    JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
    WHERE s.password IS NOT NULL OR EXISTS
        (SELECT 1 FROM identities i WHERE i.user_id = s.user_id) LIMIT 1";
pub(crate) const SET_NAME: &str = "UPDATE users SET name = $1 WHERE id = $2 AND deleted_at IS NULL";
/// An address that is somebody else's changes nothing.
pub(crate) const SET_EMAIL: &str = "UPDATE users SET email = $1
    WHERE id = $2 AND deleted_at IS NULL AND NOT EXISTS
        (SELECT 1 FROM users o WHERE LOWER(o.email) = LOWER($1) AND o.id <> $2
            AND o.deleted_at IS NULL)";
pub(crate) const CHECK_EMAIL: &str = "INSERT INTO sign_ins (user_id, email_checked_at)
    VALUES ($1, $2) ON CONFLICT (user_id) DO UPDATE SET email_checked_at = excluded.email_checked_at";
pub(crate) const SET_PASSWORD: &str = "INSERT INTO sign_ins (user_id, password, password_at)
    VALUES ($1, $2, $3) ON CONFLICT (user_id)
    DO UPDATE SET password = excluded.password, password_at = excluded.password_at";

pub(crate) const LINK: &str =
    "SELECT purpose, user_id, ends_at, subject FROM one_time_links WHERE hash = $1";
pub(crate) const PUT_LINK: &str = "INSERT INTO one_time_links
    (hash, purpose, user_id, ends_at, subject)
    VALUES ($1, $2, $3, $4, $5)";
pub(crate) const USE_LINK: &str = "DELETE FROM one_time_links WHERE hash = $1 AND ends_at > $2";
pub(crate) const DROP_LINKS: &str =
    "DELETE FROM one_time_links WHERE purpose = $1 AND ($2 IS NULL OR user_id = $2)";
pub(crate) const SWEEP_LINKS: &str = "DELETE FROM one_time_links WHERE ends_at <= $1";

pub(crate) const COMPLETE_SESSION: &str = "UPDATE sessions SET hash = $1, proved_at = $2, seen_at = $2, half = 0 WHERE id = $3 AND half = 1";
/// For somebody who may never have had a way in.
pub(crate) const BEGIN: &str =
    "INSERT INTO sign_ins (user_id) VALUES ($1) ON CONFLICT (user_id) DO NOTHING";
pub(crate) const SET_TOTP: &str =
    "UPDATE sign_ins SET totp = $1, totp_step = $2 WHERE user_id = $3";
pub(crate) const USE_STEP: &str =
    "UPDATE sign_ins SET totp_step = $1 WHERE user_id = $2 AND totp IS NOT NULL AND totp_step < $1";
pub(crate) const DROP_CODES: &str = "DELETE FROM recovery_codes WHERE user_id = $1";
pub(crate) const PUT_CODE: &str = "INSERT INTO recovery_codes (user_id, hash) VALUES ($1, $2)";
pub(crate) const USE_CODE: &str = "DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2";
/// Another account's phone changes nothing.
pub(crate) const SET_PHONE: &str = "UPDATE sign_ins
    SET phone = $1, phone_hash = $2, phone_checked_at = $3
    WHERE user_id = $4 AND NOT EXISTS
        (SELECT 1 FROM sign_ins o JOIN users u ON u.id = o.user_id AND u.deleted_at IS NULL
            WHERE o.phone_hash = $2 AND o.user_id <> $4)";

pub(crate) const USER_BY_IDENTITY: &str = "SELECT u.id, u.name, u.email, u.role, u.created_at,
        u.technical_level, u.developer_persona
    FROM identities i JOIN users u ON u.id = i.user_id AND u.deleted_at IS NULL
    WHERE i.issuer = $1 AND i.subject = $2";
pub(crate) const IDENTITIES_OF: &str = "SELECT issuer, subject, user_id, email, created_at
    FROM identities WHERE user_id = $1 ORDER BY created_at, issuer";
/// Another user's identity changes nothing; one's own takes the new address.
pub(crate) const LINK_IDENTITY: &str = "INSERT INTO identities
    (issuer, subject, user_id, email, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (issuer, subject) DO UPDATE SET email = excluded.email
    WHERE identities.user_id = excluded.user_id";
pub(crate) const UNLINK_IDENTITY: &str =
    "DELETE FROM identities WHERE user_id = $1 AND issuer = $2";
