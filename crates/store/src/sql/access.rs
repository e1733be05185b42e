//! Queries of roles and groups.

use domain::PageQuery;

use super::people::ordered;

const COLUMNS: &str = "r.id, r.resource_type, r.project_id, r.name, r.description, r.permissions,
        r.rank, r.created_at, r.updated_at, r.created_by";
pub(crate) const CREATE_ROLE: &str = "INSERT INTO roles
    (id, resource_type, project_id, name, description, permissions, created_at, updated_at,
     created_by)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
pub(crate) const ROLE_BY_ID: &str =
    "SELECT resource_type, project_id, rank FROM roles WHERE id = $1";
pub(crate) const ROLE_BY_NAME: &str = "SELECT 1 FROM roles
    WHERE resource_type = $1 AND project_id IN ('', $2) AND name = $3 AND id <> $4";
pub(crate) const NAME_ROLE: &str = "UPDATE roles SET name = $1 WHERE id = $2";
pub(crate) const DESCRIBE_ROLE: &str = "UPDATE roles SET description = $1 WHERE id = $2";
pub(crate) const SET_PERMISSIONS: &str = "UPDATE roles SET permissions = $1 WHERE id = $2";
pub(crate) const TOUCH_ROLE: &str = "UPDATE roles SET updated_at = $1 WHERE id = $2";
pub(crate) const ROLE_IN_USE: &str = "SELECT 1 FROM role_assignments WHERE role_id = $1 LIMIT 1";
pub(crate) const DELETE_ROLE: &str = "DELETE FROM roles WHERE id = $1";
pub(crate) const UNASSIGN: &str = "DELETE FROM role_assignments
    WHERE principal_id = $1 AND project_id = $2 AND role_id = $3";
pub(crate) const HAS_ROLE_IN: &str = "SELECT 1 FROM role_assignments
    WHERE principal_id = $1 AND project_id = $2 LIMIT 1";
/// A user's own, and those of their groups; nothing of somebody who was deleted.
pub(crate) const GRANTS_OF_USER: &str = "SELECT a.project_id, a.role_id, r.permissions
    FROM role_assignments a JOIN roles r ON r.id = a.role_id
    WHERE (a.principal_id = $1
           OR a.principal_id IN (SELECT group_id FROM group_users WHERE user_id = $1))
      AND EXISTS (SELECT 1 FROM users WHERE id = $1 AND deleted_at IS NULL)";
pub(crate) const GRANTS_OF_GROUP: &str = "SELECT a.project_id, a.role_id, r.permissions
    FROM role_assignments a JOIN roles r ON r.id = a.role_id WHERE a.principal_id = $1";

const GROUPS: &str = "SELECT id, name, created_at FROM user_groups WHERE 1 = 1";
pub(crate) const GROUP: &str = "SELECT id, name, created_at FROM user_groups WHERE id = $1";
pub(crate) const CREATE_GROUP: &str =
    "INSERT INTO user_groups (id, name, created_at) VALUES ($1, $2, $3)";
pub(crate) const NAME_GROUP: &str = "UPDATE user_groups SET name = $1 WHERE id = $2";
pub(crate) const EMPTY_GROUP: &str = "DELETE FROM group_users WHERE group_id = $1";
pub(crate) const DELETE_GROUP: &str = "DELETE FROM user_groups WHERE id = $1";
pub(crate) const ADD_TO_GROUP: &str = "INSERT INTO group_users (group_id, user_id, added_at)
    VALUES ($1, $2, $3) ON CONFLICT (group_id, user_id) DO NOTHING";
pub(crate) const REMOVE_FROM_GROUP: &str =
    "DELETE FROM group_users WHERE group_id = $1 AND user_id = $2";
pub(crate) const LEAVE_GROUPS: &str = "DELETE FROM group_users WHERE user_id = $1";
const GROUP_USERS: &str = "SELECT u.id, u.name, u.email, u.role, u.created_at, u.technical_level,
        u.developer_persona
    FROM group_users m CROSS JOIN users u
    WHERE m.group_id = $1 AND u.id = m.user_id AND u.deleted_at IS NULL";
const PROJECT_GROUPS: &str = "SELECT g.id, g.name, g.created_at, a.created_at
    FROM role_assignments a CROSS JOIN user_groups g
    WHERE a.project_id = $1 AND a.principal_type = 'group' AND g.id = a.principal_id
      AND NOT EXISTS (SELECT 1 FROM role_assignments e
                      WHERE e.principal_id = a.principal_id AND e.project_id = $1
                        AND e.seq < a.seq)";

/// `$1` the resource type, `$2` the project or ''.
fn roles_of() -> String {
    format!("SELECT {COLUMNS} FROM roles r WHERE r.resource_type = $1 AND r.project_id IN ('', $2)")
}

pub(crate) fn roles(page: &PageQuery) -> String {
    let cursor = "(SELECT c.seq FROM roles c
        WHERE c.resource_type = $1 AND c.project_id IN ('', $2) AND c.id = $3)";
    ordered(&roles_of(), "r.seq", cursor, page, 3)
}

pub(crate) fn role() -> String {
    format!("{} AND r.id = $3", roles_of())
}

/// `$1` who has them, `$2` the project or ''.
fn assigned_to() -> String {
    format!(
        "SELECT {COLUMNS} FROM role_assignments a JOIN roles r ON r.id = a.role_id
        WHERE a.principal_id = $1 AND a.project_id = $2"
    )
}

pub(crate) fn assigned(page: &PageQuery) -> String {
    let cursor = "(SELECT c.seq FROM role_assignments c
        WHERE c.principal_id = $1 AND c.project_id = $2 AND c.role_id = $3)";
    ordered(&assigned_to(), "a.seq", cursor, page, 3)
}

pub(crate) fn assigned_role() -> String {
    format!("{} AND r.id = $3", assigned_to())
}

pub(crate) fn groups(page: &PageQuery) -> String {
    super::page(GROUPS, "user_groups", page, 1)
}

pub(crate) fn group_users(page: &PageQuery) -> String {
    let cursor = "(SELECT c.seq FROM group_users c WHERE c.group_id = $1 AND c.user_id = $2)";
    ordered(GROUP_USERS, "m.seq", cursor, page, 2)
}

pub(crate) fn group_user() -> String {
    format!("{GROUP_USERS} AND u.id = $2")
}

pub(crate) fn project_groups(page: &PageQuery) -> String {
    let cursor = "(SELECT MIN(c.seq) FROM role_assignments c
        WHERE c.project_id = $1 AND c.principal_id = $2)";
    ordered(PROJECT_GROUPS, "a.seq", cursor, page, 2)
}

pub(crate) fn project_group() -> String {
    format!("{PROJECT_GROUPS} AND g.id = $2")
}
