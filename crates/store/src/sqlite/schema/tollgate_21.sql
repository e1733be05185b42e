-- Calls that were refused before anything was sent: the newest only, for whoever asks why.
CREATE TABLE refused_calls (
    id           INTEGER PRIMARY KEY,
    request_id   TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    stage        TEXT NOT NULL,
    operation    TEXT,
    project_id   TEXT,
    key_id       TEXT,
    model        TEXT,
    code         TEXT NOT NULL,
    status       INTEGER NOT NULL,
    message      TEXT NOT NULL,
    param        TEXT,
    -- One line a limit: scope, what, unit, limit, used, asked, reset, passed; between tabs.
    figures      TEXT NOT NULL,
    total_us     INTEGER NOT NULL
) STRICT;
CREATE INDEX refused_calls_by_request ON refused_calls (request_id);
