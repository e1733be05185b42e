-- Lists of what lives pass over what has ended, however much of it there is; and one kind of event
-- is found among all of them.
CREATE INDEX projects_live ON projects (seq) WHERE archived_at IS NULL;
CREATE INDEX users_live ON users (seq) WHERE deleted_at IS NULL;
CREATE INDEX audit_log_event ON audit_log (event, seq);
CREATE INDEX group_users_of_group ON group_users (group_id, seq);
