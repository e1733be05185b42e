-- Answers of two models to the same call, for a person to compare. `seq` is their age.
CREATE TABLE comparisons (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    project_id TEXT NOT NULL,
    model TEXT NOT NULL,
    request TEXT NOT NULL,
    shadow_request TEXT NOT NULL,
    shadow_status INTEGER NOT NULL,
    sealed BLOB
);
CREATE INDEX comparisons_by_project ON comparisons (project_id, seq);
