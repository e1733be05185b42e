//! `organization.project`.

use serde::Serialize;

use super::Listed;

/// The words OpenAI takes for a project's data residency. The first is the default.
pub const RESIDENCIES: [&str; 12] = [
    "GLOBAL",
    "US_STORAGE_PROCESSING",
    "EU_STORAGE_PROCESSING",
    "JP_STORAGE",
    "KR_STORAGE",
    "CA_STORAGE",
    "SG_STORAGE",
    "IN_STORAGE",
    "AU_STORAGE",
    "GB_STORAGE",
    "AE_STORAGE",
    "AE_STORAGE_PROCESSING",
];

#[derive(Serialize)]
pub struct Project<'a> {
    id: &'a str,
    object: &'static str,
    name: &'a str,
    created_at: i64,
    archived_at: Option<i64>,
    status: &'static str,
    external_key_id: Option<&'a str>,
    residency: &'a str,
}

impl<'a> From<&'a domain::Project> for Project<'a> {
    fn from(project: &'a domain::Project) -> Self {
        Self {
            id: project.id.as_str(),
            object: "organization.project",
            name: &project.name,
            created_at: project.created_at.seconds(),
            archived_at: project.archived_at.map(domain::Timestamp::seconds),
            status: if project.archived_at.is_some() { "archived" } else { "active" },
            external_key_id: project.external_key_id.as_deref(),
            residency: project.residency.as_deref().unwrap_or(RESIDENCIES[0]),
        }
    }
}

impl Listed for Project<'_> {
    fn id(&self) -> &str {
        self.id
    }
}
