-- New secrets on their way to a key's handler, sealed until they are there.
CREATE TABLE handovers (
    key_id     TEXT NOT NULL PRIMARY KEY REFERENCES api_keys (id),
    sealed     BLOB NOT NULL,
    begun_at   INTEGER NOT NULL,
    attempts   INTEGER NOT NULL,
    next_at    INTEGER NOT NULL,
    last_error TEXT
) STRICT, WITHOUT ROWID;
