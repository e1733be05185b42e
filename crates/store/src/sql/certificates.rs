//! The queries of certificates. In each, `''` is the organization's place.

use domain::PageQuery;

pub(crate) const CERTIFICATE: &str = "SELECT id, name, created_at, valid_at, expires_at,
        is_authority, content, der
    FROM certificates WHERE id = $1";
/// With whether each is active in a place, which is `$1`.
const PLACED: &str = "SELECT id, name, created_at, valid_at, expires_at,
        EXISTS (SELECT 1 FROM active_certificates a
                WHERE a.project_id = $1 AND a.certificate_id = certificates.id)
    FROM certificates WHERE 1 = 1";
pub(crate) const PLACES: &str =
    "SELECT project_id FROM active_certificates WHERE certificate_id = $1 ORDER BY project_id";
/// What a call of a project is held against, the organization's first.
pub(crate) const TRUSTED: &str = "SELECT c.der, c.valid_at, c.expires_at, c.is_authority
    FROM active_certificates a JOIN certificates c ON c.id = a.certificate_id
    WHERE a.project_id IN ('', $1) ORDER BY a.project_id, a.certificate_id";
/// One beyond the most adds no row.
pub(crate) const UPLOAD: &str = "INSERT INTO certificates
    (id, name, created_at, valid_at, expires_at, is_authority, content, der)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8
    WHERE (SELECT COUNT(*) FROM certificates) < $9";
pub(crate) const RENAME: &str = "UPDATE certificates SET name = $1 WHERE id = $2";
pub(crate) const DELETE: &str = "DELETE FROM certificates WHERE id = $1";
pub(crate) const ACTIVATE: &str = "INSERT INTO active_certificates (project_id, certificate_id)
    VALUES ($1, $2) ON CONFLICT (project_id, certificate_id) DO NOTHING";
pub(crate) const DEACTIVATE: &str =
    "DELETE FROM active_certificates WHERE project_id = $1 AND certificate_id = $2";
pub(crate) const DEACTIVATE_ALL: &str = "DELETE FROM active_certificates WHERE project_id = $1";

pub(crate) fn page(page: &PageQuery) -> String {
    super::page(PLACED, "certificates", page, 2)
}

/// `$2` is the id.
pub(crate) fn named() -> String {
    format!("{PLACED} AND id = $2")
}
