//! What a project may use, whichever key of it calls: models, tools that run at the provider, and
//! how much is kept of its calls.

use crate::ModelPattern;

/// Whether a list names what may be used, or what may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelMode {
    AllowList,
    DenyList,
}

impl ModelMode {
    pub const ALL: [Self; 2] = [Self::AllowList, Self::DenyList];

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AllowList => "allow_list",
            Self::DenyList => "deny_list",
        }
    }
}

/// A project's list of models.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelPermissions {
    pub mode: ModelMode,
    pub models: Vec<ModelPattern>,
}

impl ModelPermissions {
    #[must_use]
    pub fn allows(&self, model: &str) -> bool {
        let named = self.models.iter().any(|pattern| pattern.matches(model));
        match self.mode {
            ModelMode::AllowList => named,
            ModelMode::DenyList => !named,
        }
    }
}

/// A tool that runs at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostedTool {
    FileSearch = 0,
    WebSearch = 1,
    ImageGeneration = 2,
    Mcp = 3,
    CodeInterpreter = 4,
}

impl HostedTool {
    pub const ALL: [Self; 5] = [
        Self::FileSearch,
        Self::WebSearch,
        Self::ImageGeneration,
        Self::Mcp,
        Self::CodeInterpreter,
    ];

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FileSearch => "file_search",
            Self::WebSearch => "web_search",
            Self::ImageGeneration => "image_generation",
            Self::Mcp => "mcp",
            Self::CodeInterpreter => "code_interpreter",
        }
    }
}

/// Some of the hosted tools, a bit for each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostedTools(pub u8);

impl HostedTools {
    #[must_use]
    pub fn with(self, tool: HostedTool) -> Self {
        Self(self.0 | 1 << tool as u8)
    }

    #[must_use]
    pub fn has(self, tool: HostedTool) -> bool {
        self.0 & 1 << tool as u8 != 0
    }

    #[must_use]
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The first that is in both.
    #[must_use]
    pub fn first_common(self, other: Self) -> Option<HostedTool> {
        HostedTool::ALL.into_iter().find(|tool| self.has(*tool) && other.has(*tool))
    }
}

/// The tools that a body asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HostedAsk {
    pub tools: HostedTools,
    /// There may be others: one that is not known or says twice what it is, or a prompt that the
    /// provider keeps, which may bring its own.
    pub others: bool,
}

/// How much is kept of calls. OpenAI's words; what they mean here is in `docs/project-rules.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retention {
    Zero,
    ModifiedAbuseMonitoring,
    EnhancedZero,
    EnhancedModifiedAbuseMonitoring,
    /// A project's own word against what the organization has.
    None,
}

impl Retention {
    pub const ALL: [Self; 5] = [
        Self::Zero,
        Self::ModifiedAbuseMonitoring,
        Self::EnhancedZero,
        Self::EnhancedModifiedAbuseMonitoring,
        Self::None,
    ];
    /// Of an organization that has said nothing.
    pub const DEFAULT: Self = Self::ModifiedAbuseMonitoring;

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|retention| retention.as_str() == text)
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Zero => "zero_data_retention",
            Self::ModifiedAbuseMonitoring => "modified_abuse_monitoring",
            Self::EnhancedZero => "enhanced_zero_data_retention",
            Self::EnhancedModifiedAbuseMonitoring => "enhanced_modified_abuse_monitoring",
            Self::None => "none",
        }
    }

    /// Whether nothing may be kept that came out of a body.
    #[must_use]
    pub fn is_zero(self) -> bool {
        matches!(self, Self::Zero | Self::EnhancedZero)
    }
}

/// What is set of a project, or of the organization.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectRules {
    /// `None`: any model.
    pub models: Option<ModelPermissions>,
    pub denied_tools: HostedTools,
    /// `None` of a project: as its organization.
    pub retention: Option<Retention>,
}

/// One of them set anew; the others stay.
#[derive(Clone, Debug)]
pub enum ProjectRule {
    Models(Option<ModelPermissions>),
    /// What is in neither stays as it is.
    Tools {
        allow: HostedTools,
        deny: HostedTools,
    },
    Retention(Option<Retention>),
}

impl ProjectRules {
    pub fn set(&mut self, rule: ProjectRule) {
        match rule {
            ProjectRule::Models(models) => self.models = models,
            ProjectRule::Tools { allow, deny } => {
                self.denied_tools = HostedTools((self.denied_tools.0 | deny.0) & !allow.0);
            }
            ProjectRule::Retention(retention) => self.retention = retention,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_allows_or_denies_what_it_names() {
        let list = |mode| ModelPermissions {
            mode,
            models: vec![ModelPattern("gpt-4o".into()), ModelPattern("o3*".into())],
        };
        for (model, named) in
            [("gpt-4o", true), ("gpt-4o-mini", false), ("o3-pro", true), ("", false)]
        {
            assert_eq!(list(ModelMode::AllowList).allows(model), named, "{model}");
            assert_eq!(list(ModelMode::DenyList).allows(model), !named, "{model}");
        }
    }

    #[test]
    fn tools_are_set_one_by_one() {
        let some = |tools: &[HostedTool]| {
            tools.iter().fold(HostedTools::default(), |set, tool| set.with(*tool))
        };
        let mut rules = ProjectRules::default();
        let deny = some(&[HostedTool::Mcp, HostedTool::WebSearch]);
        rules.set(ProjectRule::Tools { allow: HostedTools::default(), deny });
        let allow = some(&[HostedTool::Mcp, HostedTool::FileSearch]);
        rules.set(ProjectRule::Tools { allow, deny: HostedTools::default() });
        assert_eq!(rules.denied_tools, some(&[HostedTool::WebSearch]));
        assert_eq!(rules.denied_tools.first_common(deny), Some(HostedTool::WebSearch));
        assert_eq!(rules.denied_tools.first_common(allow), None);
    }
}
