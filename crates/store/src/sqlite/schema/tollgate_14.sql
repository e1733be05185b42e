-- People: who is in the organization and its projects, by which role, and who is invited.
ALTER TABLE users ADD COLUMN technical_level TEXT;
ALTER TABLE users ADD COLUMN developer_persona TEXT;
ALTER TABLE users ADD COLUMN deleted_at INTEGER;
CREATE UNIQUE INDEX users_email ON users (LOWER(email)) WHERE deleted_at IS NULL;

-- Every role, the built-in ones included. `project_id` is '' for the organization's roles and for
-- the built-in ones of all projects. `rank` orders the built-in roles of a kind: the lowest that
-- somebody has is the one that is shown as their role.
CREATE TABLE roles (
    seq           INTEGER PRIMARY KEY,
    id            TEXT NOT NULL UNIQUE,
    resource_type TEXT NOT NULL CHECK (resource_type IN ('api.organization', 'api.project')),
    project_id    TEXT NOT NULL,
    name          TEXT NOT NULL,
    description   TEXT,
    permissions   TEXT NOT NULL,
    rank          INTEGER,
    created_at    INTEGER,
    updated_at    INTEGER,
    created_by    TEXT,
    UNIQUE (resource_type, project_id, name)
) STRICT;
CREATE INDEX roles_of ON roles (resource_type, project_id, seq);

INSERT INTO roles (id, resource_type, project_id, name, description, permissions, rank) VALUES
    ('role-api-organization-owner', 'api.organization', '', 'owner',
     'Manages the organization and everything in it',
     '["api.management.read","api.management.write","api.usage.read"]', 0),
    ('role-api-organization-reader', 'api.organization', '', 'reader',
     'Sees the organization and its usage',
     '["api.management.read","api.usage.read"]', 1),
    ('role-api-project-owner', 'api.project', '', 'owner',
     'Manages the project and uses it',
     '["api.management.read","api.management.write","api.usage.read","api.model.request"]', 0),
    ('role-api-project-member', 'api.project', '', 'member',
     'Uses the project',
     '["api.management.read","api.usage.read","api.model.request"]', 1),
    ('role-api-project-viewer', 'api.project', '', 'viewer',
     'Sees the project',
     '["api.management.read","api.usage.read"]', 2);

-- Who has which role where: `project_id` is '' for the organization.
CREATE TABLE role_assignments (
    seq            INTEGER PRIMARY KEY,
    principal_type TEXT NOT NULL CHECK (principal_type IN ('user', 'group')),
    principal_id   TEXT NOT NULL,
    project_id     TEXT NOT NULL,
    role_id        TEXT NOT NULL REFERENCES roles (id),
    created_at     INTEGER NOT NULL,
    UNIQUE (principal_id, project_id, role_id)
) STRICT;
CREATE INDEX role_assignments_of_project ON role_assignments (project_id, principal_type);
CREATE INDEX role_assignments_of_role ON role_assignments (role_id);

INSERT INTO role_assignments (principal_type, principal_id, project_id, role_id, created_at)
SELECT 'user', u.id, '', r.id, u.created_at
FROM users u JOIN roles r ON r.resource_type = 'api.organization' AND r.name = u.role;

-- `projects` is a JSON list of [project id, role].
CREATE TABLE invites (
    seq         INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    email       TEXT NOT NULL,
    role        TEXT NOT NULL,
    projects    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    accepted_at INTEGER
) STRICT;
