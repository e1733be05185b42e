-- Groups of people. Their roles are in `role_assignments`.
CREATE TABLE user_groups (
    seq        INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE group_users (
    seq      INTEGER PRIMARY KEY,
    group_id TEXT NOT NULL REFERENCES user_groups (id),
    user_id  TEXT NOT NULL REFERENCES users (id),
    added_at INTEGER NOT NULL,
    UNIQUE (group_id, user_id)
) STRICT;
CREATE INDEX group_users_of_user ON group_users (user_id);
