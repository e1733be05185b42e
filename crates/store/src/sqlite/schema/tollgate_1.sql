-- Times are integer milliseconds since 1970, but for `usage_rollup`, whose buckets are whole seconds.

CREATE TABLE organization (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    email      TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

-- `seq` is the order of every list: ids are random, and two rows may share a millisecond.
CREATE TABLE projects (
    seq             INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    name            TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    archived_at     INTEGER,
    external_key_id TEXT,
    residency       TEXT
) STRICT;

CREATE TABLE service_accounts (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    project_id TEXT NOT NULL REFERENCES projects (id),
    name       TEXT NOT NULL,
    role       TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    deleted_at INTEGER
) STRICT;
CREATE INDEX service_accounts_live ON service_accounts (project_id, seq) WHERE deleted_at IS NULL;

CREATE TABLE api_keys (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    project_id TEXT REFERENCES projects (id),
    owner_type TEXT NOT NULL,
    owner_id   TEXT NOT NULL,
    name       TEXT NOT NULL,
    permission TEXT NOT NULL CHECK (permission IN ('all', 'read_only', 'restricted')),
    scopes     TEXT,
    models     TEXT,
    networks   TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    CHECK ((kind = 'admin') = (project_id IS NULL))
) STRICT;
CREATE INDEX api_keys_live ON api_keys (project_id, seq) WHERE revoked_at IS NULL;
CREATE INDEX api_keys_owner ON api_keys (owner_id) WHERE revoked_at IS NULL;

-- `ordinal` counts a key's secrets: a rotation within the millisecond of the key's making must
-- still know which secret is the newer.
CREATE TABLE key_secrets (
    hash         BLOB NOT NULL PRIMARY KEY,
    key_id       TEXT NOT NULL REFERENCES api_keys (id),
    ordinal      INTEGER NOT NULL,
    display      TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    ends_at      INTEGER,
    last_used_at INTEGER,
    UNIQUE (key_id, ordinal)
) STRICT, WITHOUT ROWID;

CREATE TABLE upstreams (
    seq               INTEGER PRIMARY KEY,
    id                TEXT NOT NULL UNIQUE,
    name              TEXT NOT NULL UNIQUE,
    provider          TEXT NOT NULL,
    base_url          TEXT NOT NULL,
    sealed_credential BLOB,
    source            TEXT NOT NULL,
    unowned_project   TEXT,
    created_at        INTEGER NOT NULL
) STRICT;

-- No foreign keys: a claim is on the way of a paid call, and a record outlives its upstream, so
-- that nobody else can take the object while the operator re-makes it.
CREATE TABLE objects (
    upstream_id TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    project_id  TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (upstream_id, object_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX objects_owned ON objects (project_id, upstream_id, kind);

CREATE TABLE audit_log (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    at         INTEGER NOT NULL,
    event      TEXT NOT NULL,
    actor_type TEXT NOT NULL,
    actor_id   TEXT,
    project_id TEXT,
    payload    TEXT NOT NULL,
    request_id TEXT,
    address    TEXT
) STRICT;

-- One row a bucket and set of dimensions. An absent dimension is '', because NULLs are distinct
-- in a key. The key's prefix (width_s, start_s) is the index of every time range.
CREATE TABLE usage_rollup (
    width_s                  INTEGER NOT NULL,
    start_s                  INTEGER NOT NULL,
    family                   TEXT NOT NULL,
    project_id               TEXT NOT NULL,
    user_id                  TEXT NOT NULL,
    key_id                   TEXT NOT NULL,
    model                    TEXT NOT NULL,
    batch                    INTEGER NOT NULL,
    service_tier             TEXT NOT NULL,
    requests                 INTEGER NOT NULL,
    estimated                INTEGER NOT NULL,
    input_tokens             INTEGER NOT NULL,
    input_cached_tokens      INTEGER NOT NULL,
    input_cache_write_tokens INTEGER NOT NULL,
    input_audio_tokens       INTEGER NOT NULL,
    input_image_tokens       INTEGER NOT NULL,
    output_tokens            INTEGER NOT NULL,
    output_reasoning_tokens  INTEGER NOT NULL,
    output_audio_tokens      INTEGER NOT NULL,
    output_image_tokens      INTEGER NOT NULL,
    images                   INTEGER NOT NULL,
    media_ms                 INTEGER NOT NULL,
    characters               INTEGER NOT NULL,
    cost_nanos               INTEGER NOT NULL,
    PRIMARY KEY (width_s, start_s, family, project_id, user_id, key_id, model, batch, service_tier)
) STRICT, WITHOUT ROWID;
