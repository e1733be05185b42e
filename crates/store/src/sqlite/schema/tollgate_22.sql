-- What a project says of its answer cache. What was asked for at or before `purged_at` (ms) is not
-- given again.
CREATE TABLE project_cache (
    project_id    TEXT NOT NULL PRIMARY KEY,
    enabled       INTEGER NOT NULL,
    by_header     INTEGER NOT NULL,
    ttl_seconds   INTEGER NOT NULL,
    stale_seconds INTEGER NOT NULL,
    replay        TEXT NOT NULL,
    purged_at     INTEGER
) STRICT, WITHOUT ROWID;
