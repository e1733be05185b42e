-- Zones. A limit may have days and months of its own; absent, the organization's, which is the row
-- `time_zone` of `meta`.
ALTER TABLE spend_limits ADD COLUMN time_zone TEXT;
ALTER TABLE spend_limits ADD COLUMN anchor_day INTEGER NOT NULL DEFAULT 1
    CHECK (anchor_day BETWEEN 1 AND 31);

-- The periods of limits that have begun, and do not move any more. No two of a scope and kind
-- overlap. `opened` is the entry that opened the account of one that is no whole day or month of
-- UTC; the period of such an account is 'day_own' or 'month_own'.
CREATE TABLE limit_periods (
    scope_kind TEXT NOT NULL,
    scope_id   TEXT NOT NULL,
    period     TEXT NOT NULL,
    start_at   INTEGER NOT NULL,
    end_at     INTEGER NOT NULL CHECK (end_at > start_at),
    opened     INTEGER,
    PRIMARY KEY (scope_kind, scope_id, period, start_at)
) STRICT, WITHOUT ROWID;
CREATE INDEX limit_periods_end ON limit_periods (end_at);

-- The quarter of an hour that an entry's calls were admitted in, and where the period of an entry
-- of one such account alone ends. Of older entries only the day is known: they count as its last.
ALTER TABLE ledger_entries ADD COLUMN quarter INTEGER NOT NULL DEFAULT -1;
ALTER TABLE ledger_entries ADD COLUMN until INTEGER;
UPDATE ledger_entries SET quarter = day + 85500 WHERE day >= 0 AND month >= 0;
CREATE INDEX ledger_entries_quarter ON ledger_entries (quarter) WHERE quarter >= 0;
