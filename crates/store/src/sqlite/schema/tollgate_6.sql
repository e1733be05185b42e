-- Prices that were set through the API: a JSON object a model, in the field's format.
CREATE TABLE prices (
    model      TEXT PRIMARY KEY,
    body       TEXT NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- The price file that is in use, and the one that waits for approval.
CREATE TABLE price_imports (
    state       TEXT PRIMARY KEY CHECK (state IN ('in_use', 'held')),
    body        TEXT NOT NULL,
    imported_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
