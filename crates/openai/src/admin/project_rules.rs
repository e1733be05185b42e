//! `project.model_permissions`, hosted-tool permissions, and data retention.

use domain::{HostedTool, HostedTools, ModelMode, ModelPermissions, Retention};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

/// A project's list of models. None at all reads as a list that denies nothing.
#[derive(Serialize)]
pub struct ProjectModelPermissions<'a> {
    object: &'static str,
    mode: &'static str,
    model_ids: Vec<&'a str>,
}

impl<'a> From<Option<&'a ModelPermissions>> for ProjectModelPermissions<'a> {
    fn from(list: Option<&'a ModelPermissions>) -> Self {
        Self {
            object: "project.model_permissions",
            mode: list.map_or(ModelMode::DenyList, |it| it.mode).as_str(),
            model_ids: list.iter().flat_map(|it| &it.models).map(|it| it.0.as_str()).collect(),
        }
    }
}

/// The answer to their deletion: they have no id.
#[derive(Serialize)]
pub struct ModelPermissionsDeleted {
    object: &'static str,
    deleted: bool,
}

impl Default for ModelPermissionsDeleted {
    fn default() -> Self {
        Self { object: "project.model_permissions.deleted", deleted: true }
    }
}

/// Each tool that runs at the provider, and whether the project may use it.
pub struct ProjectHostedTools {
    pub denied: HostedTools,
}

#[derive(Serialize)]
struct Enabled {
    enabled: bool,
}

impl Serialize for ProjectHostedTools {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(HostedTool::ALL.len()))?;
        for tool in HostedTool::ALL {
            map.serialize_entry(tool.as_str(), &Enabled { enabled: !self.denied.has(tool) })?;
        }
        map.end()
    }
}

/// How much is kept of calls.
#[derive(Serialize)]
pub struct DataRetention {
    object: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl DataRetention {
    /// What a project says that follows its organization.
    pub const OF_ORGANIZATION: &str = "organization_default";

    #[must_use]
    pub fn organization(retention: Retention) -> Self {
        Self { object: "organization.data_retention", kind: retention.as_str() }
    }

    #[must_use]
    pub fn project(retention: Option<Retention>) -> Self {
        let kind = retention.map_or(Self::OF_ORGANIZATION, Retention::as_str);
        Self { object: "project.data_retention", kind }
    }
}
