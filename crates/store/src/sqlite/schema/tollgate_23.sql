-- Answers to calls with an idempotency key. `seq` is their age; one without bytes is a key alone.
CREATE TABLE kept_answers (
    seq INTEGER PRIMARY KEY,
    project_id TEXT NOT NULL,
    name BLOB NOT NULL,
    call BLOB NOT NULL,
    request TEXT NOT NULL,
    kept_at INTEGER NOT NULL,
    ends_at INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sealed BLOB,
    UNIQUE (project_id, name)
);
CREATE INDEX kept_answers_by_project ON kept_answers (project_id, seq);
CREATE INDEX kept_answers_by_end ON kept_answers (ends_at);
CREATE INDEX kept_answers_with_bytes ON kept_answers (seq) WHERE bytes > 0;
CREATE INDEX kept_answers_with_bytes_by_project ON kept_answers (project_id, seq) WHERE bytes > 0;

-- What a project's answers come to; under no name, all projects'.
CREATE TABLE kept_answer_totals (
    project_id TEXT PRIMARY KEY,
    answers INTEGER NOT NULL,
    bytes INTEGER NOT NULL
) WITHOUT ROWID;
