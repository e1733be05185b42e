-- Leaks: which secrets others have seen, who said so, and what was done.
ALTER TABLE key_secrets ADD COLUMN leaked_at INTEGER;
-- A suspended key is refused until it is resumed.
ALTER TABLE api_keys ADD COLUMN suspended_as TEXT;
ALTER TABLE api_keys ADD COLUMN suspended_at INTEGER;
ALTER TABLE api_keys ADD COLUMN suspended_note TEXT;
ALTER TABLE api_keys ADD COLUMN resumed_at INTEGER;

CREATE TABLE leaks (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    at          INTEGER NOT NULL,
    secret_hash BLOB NOT NULL,
    key_id      TEXT NOT NULL,
    project_id  TEXT,
    display     TEXT NOT NULL,
    reporter    TEXT NOT NULL,
    source      TEXT NOT NULL,
    url         TEXT NOT NULL,
    action      TEXT NOT NULL,
    UNIQUE (secret_hash, reporter, url)
) STRICT;

CREATE TABLE honeytokens (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    secret_hash  BLOB NOT NULL UNIQUE,
    display      TEXT NOT NULL,
    name         TEXT NOT NULL,
    project_id   TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER
) STRICT;

-- How the keys of a project are looked after; '' is the organization. NULL is: what the
-- organization says, or nothing.
CREATE TABLE key_rules (
    project_id       TEXT NOT NULL PRIMARY KEY,
    leak_response    TEXT,
    max_age_days     INTEGER,
    idle_days        INTEGER,
    remind_days      INTEGER,
    unusual_network  TEXT,
    unusual_model    TEXT,
    unusual_spend    TEXT,
    unusual_requests TEXT,
    recipients       TEXT NOT NULL DEFAULT '[]',
    webhook_url      TEXT,
    webhook_secret   BLOB
) STRICT, WITHOUT ROWID;

-- What was told, so that it is told once.
CREATE TABLE told (
    mark TEXT NOT NULL PRIMARY KEY,
    at   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX told_age ON told (at);
