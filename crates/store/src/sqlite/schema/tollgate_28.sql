-- How people sign in. Of every secret only a hash is kept.
CREATE TABLE sign_ins (
    user_id          TEXT PRIMARY KEY REFERENCES users (id),
    password         TEXT,
    password_at      INTEGER,
    email_checked_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    hash       BLOB NOT NULL UNIQUE,
    user_id    TEXT NOT NULL REFERENCES users (id),
    created_at INTEGER NOT NULL,
    seen_at    INTEGER NOT NULL,
    proved_at  INTEGER NOT NULL,
    ends_at    INTEGER NOT NULL,
    address    TEXT,
    agent      TEXT NOT NULL
) STRICT;
CREATE INDEX sessions_of_user ON sessions (user_id);

CREATE TABLE one_time_links (
    hash    BLOB PRIMARY KEY,
    purpose TEXT NOT NULL,
    user_id TEXT,
    ends_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
