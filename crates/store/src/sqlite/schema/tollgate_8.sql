-- Work that goes on at a provider after its creating call was answered. The money that is held for
-- it is the lease of the holder 'job:<id>'. A job that has ended has no row.
CREATE TABLE jobs (
    id               TEXT PRIMARY KEY,
    kind             TEXT NOT NULL,
    target           TEXT NOT NULL,
    operation        TEXT NOT NULL,
    family           TEXT NOT NULL,
    request          TEXT NOT NULL,
    attempt          INTEGER NOT NULL,
    admitted_at      INTEGER NOT NULL,
    project          TEXT NOT NULL,
    api_key          TEXT NOT NULL,
    user             TEXT NOT NULL,
    organization     TEXT NOT NULL,
    user_label       TEXT,
    model            TEXT,
    largest_input    INTEGER NOT NULL,
    upstream         TEXT NOT NULL,
    upstream_request TEXT,
    status           INTEGER NOT NULL,
    hold             INTEGER NOT NULL CHECK (hold >= 0),
    given_up_at      INTEGER NOT NULL,
    polls            INTEGER NOT NULL,
    next_poll_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX jobs_due ON jobs (next_poll_at);
CREATE INDEX jobs_of_object ON jobs (target, upstream);
