-- Ways out of the house that were made through the API, their proxies, and who takes which.
CREATE TABLE egresses (
    name           TEXT PRIMARY KEY,
    choice         TEXT NOT NULL,
    session        TEXT NOT NULL,
    allow_direct   INTEGER NOT NULL,
    is_default     INTEGER NOT NULL,
    -- Host names with a space between them.
    proxy_resolves TEXT NOT NULL,
    health_url     TEXT,
    created_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE egress_proxies (
    egress            TEXT NOT NULL,
    position          INTEGER NOT NULL,
    url               TEXT NOT NULL,
    sealed_credential BLOB,
    PRIMARY KEY (egress, position)
) STRICT, WITHOUT ROWID;
-- `kind` is upstream or project, `id` the id of one. The egress may stand in the config file.
CREATE TABLE egress_uses (
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    egress TEXT NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
