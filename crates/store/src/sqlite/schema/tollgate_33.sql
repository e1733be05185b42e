-- Questions that were near one asked before. `common` is null where the provider was not asked.
CREATE TABLE near_matches (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    model      TEXT NOT NULL,
    request    TEXT NOT NULL,
    key        BLOB NOT NULL,
    similarity INTEGER NOT NULL,
    given      INTEGER NOT NULL,
    common     INTEGER,
    sealed     BLOB
) STRICT;
CREATE INDEX near_matches_by_project ON near_matches (project_id, seq);
