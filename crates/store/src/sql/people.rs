//! Queries of people, their roles and invitations.

use domain::{Order, PageQuery};

const USERS: &str = "SELECT id, name, email, role, created_at, technical_level, developer_persona
    FROM users WHERE deleted_at IS NULL";
pub(crate) const USER_BY_EMAIL: &str =
    "SELECT 1 FROM users WHERE LOWER(email) = LOWER($1) AND deleted_at IS NULL";
pub(crate) const UPDATE_TECHNICAL_LEVEL: &str =
    "UPDATE users SET technical_level = $1 WHERE id = $2";
pub(crate) const UPDATE_PERSONA: &str = "UPDATE users SET developer_persona = $1 WHERE id = $2";
pub(crate) const DELETE_USER: &str =
    "UPDATE users SET deleted_at = $1 WHERE id = $2 AND deleted_at IS NULL";
pub(crate) const REVOKE_KEYS_OF_USER: &str = "UPDATE api_keys SET revoked_at = $1
    WHERE owner_id = $2 AND owner_type = 'user' AND revoked_at IS NULL";
pub(crate) const REVOKE_KEYS_OF_MEMBER: &str = "UPDATE api_keys SET revoked_at = $1
    WHERE owner_id = $2 AND owner_type = 'user' AND project_id = $3 AND revoked_at IS NULL";
pub(crate) const UNASSIGN_ALL: &str = "DELETE FROM role_assignments WHERE principal_id = $1";
pub(crate) const UNASSIGN_IN_PROJECT: &str =
    "DELETE FROM role_assignments WHERE principal_id = $1 AND project_id = $2";

/// A role that can be given in a project (`$2`), or with '' in the organization.
pub(crate) const ROLE_FOR: &str = "SELECT rank FROM roles WHERE id = $1
    AND (resource_type = 'api.organization') = ($2 = '') AND project_id IN ('', $2)";
/// The built-in role of a resource type by its name.
pub(crate) const BUILT_IN_ROLE: &str = "SELECT id FROM roles
    WHERE resource_type = $1 AND name = $2 AND project_id = '' AND rank IS NOT NULL";
pub(crate) const ASSIGN: &str = "INSERT INTO role_assignments
    (principal_type, principal_id, project_id, role_id, created_at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT (principal_id, project_id, role_id) DO NOTHING";
/// Takes the built-in roles of a place but the oldest, which is changed next: so the time since
/// when somebody is there stays.
pub(crate) const UNASSIGN_LATER_BUILT_IN: &str = "DELETE FROM role_assignments
    WHERE principal_id = $1 AND project_id = $2
      AND role_id IN (SELECT id FROM roles WHERE rank IS NOT NULL)
      AND seq > (SELECT MIN(a.seq) FROM role_assignments a JOIN roles r ON r.id = a.role_id
                 WHERE a.principal_id = $1 AND a.project_id = $2 AND r.rank IS NOT NULL)";
pub(crate) const CHANGE_BUILT_IN: &str = "UPDATE role_assignments SET role_id = $1
    WHERE principal_id = $2 AND project_id = $3
      AND role_id IN (SELECT id FROM roles WHERE rank IS NOT NULL)";
/// The column that lists show follows what is assigned.
pub(crate) const FOLLOW_ROLE: &str = "UPDATE users SET role = COALESCE(
        (SELECT r.name FROM role_assignments a JOIN roles r ON r.id = a.role_id
         WHERE a.principal_id = $1 AND a.project_id = '' AND r.rank IS NOT NULL
         ORDER BY r.rank LIMIT 1), 'none')
    WHERE id = $1";
pub(crate) const NO_OWNER: &str = "SELECT 1 WHERE NOT EXISTS
    (SELECT 1 FROM users WHERE role = 'owner' AND deleted_at IS NULL)";
pub(crate) const ADMIN_KEY_WITHOUT_OWNER: &str = "SELECT 1 FROM api_keys k
    JOIN users u ON u.id = k.owner_id
    WHERE k.kind = 'admin' AND k.revoked_at IS NULL
      AND (u.role <> 'owner' OR u.deleted_at IS NOT NULL) LIMIT 1";
pub(crate) const ADMIN_KEY_OF: &str = "SELECT 1 FROM api_keys
    WHERE owner_id = $1 AND owner_type = 'user' AND kind = 'admin' AND revoked_at IS NULL LIMIT 1";

/// By the first built-in role that each was given there, so that a page is read off an index: the
/// joins are told their order.
const MEMBERS: &str = "SELECT u.id, u.name, u.email, u.role, u.created_at, u.technical_level,
        u.developer_persona,
        (SELECT b.name FROM roles b WHERE b.resource_type = 'api.project' AND b.rank =
             (SELECT MIN(hr.rank) FROM role_assignments h JOIN roles hr ON hr.id = h.role_id
              WHERE h.principal_id = a.principal_id AND h.project_id = $1)),
        a.created_at
    FROM role_assignments a CROSS JOIN roles r CROSS JOIN users u
    WHERE a.project_id = $1 AND a.principal_type = 'user' AND r.id = a.role_id
      AND r.rank IS NOT NULL AND u.id = a.principal_id AND u.deleted_at IS NULL
      AND NOT EXISTS (SELECT 1 FROM role_assignments e JOIN roles er ON er.id = e.role_id
                      WHERE e.principal_id = a.principal_id AND e.project_id = $1
                        AND er.rank IS NOT NULL AND e.seq < a.seq)";

const INVITES: &str = "SELECT id, email, role, projects, created_at, expires_at, accepted_at
    FROM invites WHERE 1 = 1";
pub(crate) const INVITE: &str = "SELECT id, email, role, projects, created_at, expires_at,
        accepted_at
    FROM invites WHERE id = $1";
/// An address that is somebody's already gets no row.
pub(crate) const CREATE_INVITE: &str = "INSERT INTO invites
    (id, email, role, projects, created_at, expires_at, accepted_at)
    SELECT $1, $2, $3, $4, $5, $6, NULL
    WHERE NOT EXISTS (SELECT 1 FROM users WHERE LOWER(email) = LOWER($2) AND deleted_at IS NULL)";
pub(crate) const DELETE_INVITE: &str = "DELETE FROM invites WHERE id = $1 AND accepted_at IS NULL";
pub(crate) const ACCEPT_INVITE: &str = "UPDATE invites SET accepted_at = $1
    WHERE id = $2 AND accepted_at IS NULL AND expires_at > $1";

/// Everybody; with addresses, those who have one of them.
pub(crate) fn users(emails: usize) -> String {
    match emails {
        0 => USERS.to_owned(),
        _ => format!("{USERS} AND LOWER(email) IN ({})", super::placeholders(1, emails)),
    }
}

pub(crate) fn members(page: &PageQuery) -> String {
    let cursor = "(SELECT MIN(c.seq) FROM role_assignments c JOIN roles cr ON cr.id = c.role_id
        WHERE c.project_id = $1 AND c.principal_id = $2 AND cr.rank IS NOT NULL)";
    ordered(MEMBERS, "a.seq", cursor, page, 2)
}

pub(crate) fn member() -> String {
    format!("{MEMBERS} AND u.id = $2")
}

pub(crate) fn invites(page: &PageQuery) -> String {
    super::page(INVITES, "invites", page, 1)
}

/// As [`super::page`], for a list whose place is an expression and whose cursor a query.
pub(crate) fn ordered(
    list: &str,
    place: &str,
    cursor: &str,
    page: &PageQuery,
    next: usize,
) -> String {
    let (direction, beyond) = match page.order {
        Order::Ascending => ("ASC", ">"),
        Order::Descending => ("DESC", "<"),
    };
    let (after, limit) = match page.after {
        Some(_) => (format!(" AND {place} {beyond} {cursor}"), next + 1),
        None => (String::new(), next),
    };
    format!("{list}{after} ORDER BY {place} {direction} LIMIT ${limit}")
}
