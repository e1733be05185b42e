-- Certificates that clients of the data plane are held against.
CREATE TABLE certificates (
    seq          INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    name         TEXT,
    created_at   INTEGER NOT NULL,
    valid_at     INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    is_authority INTEGER NOT NULL,
    content      TEXT NOT NULL,
    der          BLOB NOT NULL
) STRICT;

-- Where each is active; '' is the organization.
CREATE TABLE active_certificates (
    project_id     TEXT NOT NULL,
    certificate_id TEXT NOT NULL REFERENCES certificates (id),
    PRIMARY KEY (project_id, certificate_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX active_certificates_places ON active_certificates (certificate_id);
