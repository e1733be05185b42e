-- An account is a scope in one period. `end_at` is absent for the period without one.
CREATE TABLE accounts (
    scope_kind TEXT NOT NULL,
    scope_id   TEXT NOT NULL,
    period     TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    end_at     INTEGER,
    posted     INTEGER NOT NULL CHECK (posted >= 0),
    leased     INTEGER NOT NULL CHECK (leased >= 0),
    overage    INTEGER NOT NULL CHECK (overage >= 0),
    PRIMARY KEY (scope_kind, scope_id, period, start_at)
) STRICT, WITHOUT ROWID;

-- Who holds which part of an account's `leased`: the sum over holders is the account's.
CREATE TABLE leases (
    holder     TEXT NOT NULL,
    scope_kind TEXT NOT NULL,
    scope_id   TEXT NOT NULL,
    period     TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    amount     INTEGER NOT NULL CHECK (amount >= 0),
    PRIMARY KEY (holder, scope_kind, scope_id, period, start_at)
) STRICT, WITHOUT ROWID;

-- The last batch of settlements of each holder that was posted: what makes posting exactly-once.
CREATE TABLE posted_batches (
    holder TEXT PRIMARY KEY,
    batch  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every change of `posted`. Ordinary settlements of one key in one batch share a line.
CREATE TABLE ledger_entries (
    seq          INTEGER PRIMARY KEY,
    at           INTEGER NOT NULL,
    kind         TEXT NOT NULL,
    attempts     INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    overage      INTEGER NOT NULL,
    api_key      TEXT NOT NULL,
    user         TEXT NOT NULL,
    project      TEXT NOT NULL,
    organization TEXT NOT NULL,
    day          INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    request      TEXT
) STRICT;
CREATE INDEX ledger_entries_kind ON ledger_entries (kind, seq) WHERE kind <> 'settled';
