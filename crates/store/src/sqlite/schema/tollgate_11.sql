-- An upstream has any number of credentials. What `upstreams` held of one moves over, and is kept
-- up to date with the first for a version that knows no others.
CREATE TABLE upstream_credentials (
    id          TEXT NOT NULL PRIMARY KEY,
    upstream_id TEXT NOT NULL,
    ordinal     INTEGER NOT NULL,
    sealed      BLOB NOT NULL,
    last_four   TEXT NOT NULL,
    weight      INTEGER NOT NULL CHECK (weight >= 0),
    created_at  INTEGER NOT NULL,
    UNIQUE (upstream_id, ordinal)
) STRICT, WITHOUT ROWID;
INSERT INTO upstream_credentials (id, upstream_id, ordinal, sealed, last_four, weight, created_at)
    SELECT 'cred_' || id, id, 0, sealed_credential, '', 1, created_at
    FROM upstreams WHERE sealed_credential IS NOT NULL;

ALTER TABLE upstreams ADD COLUMN enabled INTEGER NOT NULL DEFAULT 1;
ALTER TABLE upstreams ADD COLUMN api_version TEXT;
-- A JSON list of [name, value].
ALTER TABLE upstreams ADD COLUMN headers TEXT NOT NULL DEFAULT '[]';

-- `project_id` is '' for the organization's: NULLs would never be alike.
CREATE TABLE routes (
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    project_id     TEXT NOT NULL,
    model          TEXT NOT NULL,
    aliases        TEXT NOT NULL,
    targets        TEXT NOT NULL,
    deny           INTEGER NOT NULL,
    deny_upstreams TEXT NOT NULL,
    source         TEXT NOT NULL,
    created_at     INTEGER NOT NULL,
    UNIQUE (project_id, model)
) STRICT;
