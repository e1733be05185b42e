//! How the keys of a project are looked after: leaks, age, idleness, unusual use, and who is told.

use crate::{LeakResponse, Webhook};

/// What is done about unusual use of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnusualResponse {
    Off,
    Alert,
    /// The key's calls are refused until somebody resumes it.
    Pause,
}

impl UnusualResponse {
    pub const ALL: [Self; 3] = [Self::Off, Self::Alert, Self::Pause];
    /// Of who has said nothing.
    pub const DEFAULT: Self = Self::Alert;

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Alert => "alert",
            Self::Pause => "pause",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|response| response.as_str() == text)
    }
}

/// What a project, or the organization, has said. `None` in a project is the organization's word;
/// in the organization it is the default, or nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyRules {
    pub leak_response: Option<LeakResponse>,
    /// Days that a secret may be used; then the key is retired.
    pub max_age_days: Option<u32>,
    /// Days without a call after which a key is retired.
    pub idle_days: Option<u32>,
    /// Days before such an end at which the owners are told.
    pub remind_days: Option<u32>,
    pub unusual_network: Option<UnusualResponse>,
    pub unusual_model: Option<UnusualResponse>,
    pub unusual_spend: Option<UnusualResponse>,
    pub unusual_requests: Option<UnusualResponse>,
    /// E-mail addresses that are told of everything here, beside a key's owner. A project's and the
    /// organization's alike.
    pub recipients: Vec<String>,
    /// Told as well, a project's and the organization's alike.
    pub webhook: Option<Webhook>,
}

impl KeyRules {
    /// Days of warning, where none are said.
    pub const REMIND_DAYS: u32 = 7;

    /// What holds for a project's keys: its own word, else the organization's. Whom to tell is each
    /// one's own affair and not part of it.
    #[must_use]
    pub fn over(&self, organization: &Self) -> Self {
        Self {
            leak_response: self.leak_response.or(organization.leak_response),
            max_age_days: self.max_age_days.or(organization.max_age_days),
            idle_days: self.idle_days.or(organization.idle_days),
            remind_days: self.remind_days.or(organization.remind_days),
            unusual_network: self.unusual_network.or(organization.unusual_network),
            unusual_model: self.unusual_model.or(organization.unusual_model),
            unusual_spend: self.unusual_spend.or(organization.unusual_spend),
            unusual_requests: self.unusual_requests.or(organization.unusual_requests),
            recipients: Vec::new(),
            webhook: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_has_its_own_word_and_else_the_organizations() {
        let organization = KeyRules {
            leak_response: Some(LeakResponse::Alert),
            idle_days: Some(90),
            recipients: vec!["a@example.com".into()],
            ..KeyRules::default()
        };
        let project = KeyRules { leak_response: Some(LeakResponse::Rotate), ..KeyRules::default() };
        let holds = project.over(&organization);
        assert_eq!(holds.leak_response, Some(LeakResponse::Rotate));
        assert_eq!((holds.idle_days, holds.max_age_days), (Some(90), None));
        assert!(holds.recipients.is_empty());
    }
}
