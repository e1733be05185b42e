//! Queries of how people sign in.

pub(crate) const SESSION: &str = "SELECT s.id, s.user_id, s.created_at, s.seen_at, s.proved_at,
        s.ends_at, s.address, s.agent
    FROM sessions s JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
    WHERE s.hash = $1";
pub(crate) const SESSIONS_OF: &str = "SELECT id, user_id, created_at, seen_at, proved_at, ends_at,
        address, agent
    FROM sessions WHERE user_id = $1 ORDER BY seq DESC";
pub(crate) const OPEN_SESSION: &str = "INSERT INTO sessions
    (id, hash, user_id, created_at, seen_at, proved_at, ends_at, address, agent)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(crate) const SEE_SESSION: &str = "UPDATE sessions SET seen_at = $1 WHERE id = $2";
pub(crate) const PROVE_SESSION: &str =
    "UPDATE sessions SET hash = $1, proved_at = $2, seen_at = $2 WHERE id = $3";
pub(crate) const END_SESSION: &str = "DELETE FROM sessions WHERE id = $1";
pub(crate) const END_SESSIONS_OF: &str = "DELETE FROM sessions WHERE user_id = $1 AND id <> $2";
pub(crate) const SWEEP_SESSIONS: &str = "DELETE FROM sessions WHERE ends_at <= $1 OR seen_at <= $2";

pub(crate) const SIGN_IN: &str =
    "SELECT password, email_checked_at FROM sign_ins WHERE user_id = $1";
pub(crate) const USER_BY_EMAIL: &str = "SELECT id, name, email, role, created_at, technical_level,
        developer_persona
    FROM users WHERE LOWER(email) = LOWER($1) AND deleted_at IS NULL";
pub(crate) const ANYONE: &str = "SELECT 1 FROM sign_ins s
    JOIN users u ON u.id = s.user_id AND u.deleted_at IS NULL
    WHERE s.password IS NOT NULL LIMIT 1";
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
    "SELECT purpose, user_id, ends_at FROM one_time_links WHERE hash = $1";
pub(crate) const PUT_LINK: &str =
    "INSERT INTO one_time_links (hash, purpose, user_id, ends_at) VALUES ($1, $2, $3, $4)";
pub(crate) const USE_LINK: &str = "DELETE FROM one_time_links WHERE hash = $1 AND ends_at > $2";
pub(crate) const DROP_LINKS: &str =
    "DELETE FROM one_time_links WHERE purpose = $1 AND ($2 IS NULL OR user_id = $2)";
pub(crate) const SWEEP_LINKS: &str = "DELETE FROM one_time_links WHERE ends_at <= $1";
