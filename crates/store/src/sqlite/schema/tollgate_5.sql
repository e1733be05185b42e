-- One row a limit that is set. A scope is a key, or a project; `model` is '' for the limits over all
-- of a scope's calls. No foreign keys: a scope is ended, never deleted, and its limits with it.
CREATE TABLE rate_limits (
    scope_kind TEXT NOT NULL,
    scope_id   TEXT NOT NULL,
    model      TEXT NOT NULL,
    measure    TEXT NOT NULL,
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (scope_kind, scope_id, model, measure)
) STRICT, WITHOUT ROWID;
