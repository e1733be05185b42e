-- No foreign keys to the scopes: a limit outlives an archived project or a revoked key.
CREATE TABLE spend_limits (
    scope_kind         TEXT NOT NULL,
    scope_id           TEXT NOT NULL,
    period             TEXT NOT NULL,
    amount_nanos       INTEGER NOT NULL CHECK (amount_nanos >= 0),
    clamp_output       INTEGER NOT NULL,
    allow_unbounded    INTEGER NOT NULL,
    default_max_output INTEGER CHECK (default_max_output > 0),
    updated_at         INTEGER NOT NULL,
    PRIMARY KEY (scope_kind, scope_id, period)
) STRICT, WITHOUT ROWID;

-- `fired_start` is the beginning (Unix seconds) of the latest period that the alert fired in: the
-- mark by which it fires once.
CREATE TABLE spend_alerts (
    seq                   INTEGER PRIMARY KEY,
    id                    TEXT NOT NULL UNIQUE,
    scope_kind            TEXT NOT NULL,
    scope_id              TEXT NOT NULL,
    period                TEXT NOT NULL,
    threshold_nanos       INTEGER NOT NULL CHECK (threshold_nanos >= 0),
    recipients            TEXT NOT NULL,
    subject_prefix        TEXT,
    webhook_url           TEXT,
    webhook_sealed_secret BLOB,
    created_at            INTEGER NOT NULL,
    fired_start           INTEGER,
    CHECK ((webhook_url IS NULL) = (webhook_sealed_secret IS NULL))
) STRICT;
CREATE INDEX spend_alerts_of_scope ON spend_alerts (scope_kind, scope_id, seq);

-- Messages that have neither arrived nor been given up.
CREATE TABLE outbox (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    channel       TEXT NOT NULL CHECK (channel IN ('webhook', 'email')),
    target        TEXT NOT NULL,
    subject       TEXT NOT NULL,
    body          TEXT NOT NULL,
    sealed_secret BLOB,
    created_at    INTEGER NOT NULL,
    attempts      INTEGER NOT NULL,
    next_at       INTEGER NOT NULL
) STRICT;
CREATE INDEX outbox_next ON outbox (next_at);
