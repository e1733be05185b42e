-- What a project may use at providers, and what is kept of its calls; '' is the organization.
-- `denied_tools` has a bit for each hosted tool; no mode is no list of models.
CREATE TABLE project_rules (
    project_id   TEXT NOT NULL PRIMARY KEY,
    model_mode   TEXT,
    models       TEXT NOT NULL DEFAULT '[]',
    denied_tools INTEGER NOT NULL DEFAULT 0,
    retention    TEXT
) STRICT, WITHOUT ROWID;
