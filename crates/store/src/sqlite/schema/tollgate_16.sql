-- The audit log is read, and each line holds the hash of the one before it. Lines that are older
-- than this get theirs with the first line that follows.
ALTER TABLE audit_log ADD COLUMN resource_id TEXT;
ALTER TABLE audit_log ADD COLUMN hash BLOB;
UPDATE audit_log SET resource_id = json_extract(payload, '$.id') WHERE json_valid(payload);
CREATE INDEX audit_log_resource ON audit_log (resource_id, seq);
CREATE INDEX audit_log_project ON audit_log (project_id, seq);
