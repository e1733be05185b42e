-- What each key was first used with: networks and models.
CREATE TABLE key_traits (
    key_id   TEXT NOT NULL,
    kind     TEXT NOT NULL,
    value    TEXT NOT NULL,
    first_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, kind, value)
) STRICT, WITHOUT ROWID;
