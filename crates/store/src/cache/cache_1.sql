-- Answers that may be given again. `value` has a checksum over all of it; the other columns are for
-- finding what is to go. Times are ms since the epoch.
CREATE TABLE answers (
    key     BLOB NOT NULL PRIMARY KEY,
    project TEXT NOT NULL,
    model   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    until   INTEGER NOT NULL,
    used    INTEGER NOT NULL,
    raw     INTEGER NOT NULL,
    size    INTEGER NOT NULL,
    value   BLOB NOT NULL
) STRICT;
CREATE INDEX answers_by_use ON answers (used);
CREATE INDEX answers_by_end ON answers (until);
CREATE INDEX answers_by_project ON answers (project, model);
