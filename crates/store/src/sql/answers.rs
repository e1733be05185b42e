//! Queries of the answers that are kept for calls with an idempotency key.

pub(crate) const FIND: &str = "SELECT call, request, kept_at, ends_at, sealed FROM kept_answers
    WHERE project_id = $1 AND name = $2 AND ends_at > $3";
pub(crate) const ADD: &str = "INSERT INTO kept_answers
    (project_id, name, call, request, kept_at, ends_at, bytes, sealed)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
pub(crate) const SAME: &str =
    "SELECT seq, project_id, bytes FROM kept_answers WHERE project_id = $1 AND name = $2";
pub(crate) const DELETE: &str = "DELETE FROM kept_answers WHERE seq = $1";
pub(crate) const STRIP: &str = "UPDATE kept_answers SET bytes = 0, sealed = NULL WHERE seq = $1";

/// Some of those whose time is over.
pub(crate) const ENDED: &str = "SELECT seq, project_id, bytes FROM kept_answers
    WHERE ends_at <= $1 ORDER BY ends_at LIMIT 64";
/// Some of the oldest: of all, or of a project's.
pub(crate) const OLDEST: &str =
    "SELECT seq, project_id, bytes FROM kept_answers ORDER BY seq LIMIT 16";
pub(crate) const OLDEST_OF: &str = "SELECT seq, project_id, bytes FROM kept_answers
    WHERE project_id = $1 ORDER BY seq LIMIT 16";
pub(crate) const OLDEST_WITH_BYTES: &str = "SELECT seq, project_id, bytes FROM kept_answers
    WHERE bytes > 0 ORDER BY seq LIMIT 16";
pub(crate) const OLDEST_WITH_BYTES_OF: &str = "SELECT seq, project_id, bytes FROM kept_answers
    WHERE project_id = $1 AND bytes > 0 ORDER BY seq LIMIT 16";

pub(crate) const TOTAL: &str =
    "SELECT answers, bytes FROM kept_answer_totals WHERE project_id = $1";
pub(crate) const ADD_TO_TOTAL: &str = "INSERT INTO kept_answer_totals (project_id, answers, bytes)
    VALUES ($1, $2, $3) ON CONFLICT (project_id) DO UPDATE SET
    answers = kept_answer_totals.answers + excluded.answers,
    bytes = kept_answer_totals.bytes + excluded.bytes";
