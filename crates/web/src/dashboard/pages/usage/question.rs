//! What a person asks of usage: how long, by what, of which model and key.

use std::collections::HashMap;

use control::UsageQuestion;
use domain::{BucketWidth, Fault, GroupBy, Order, PageQuery, Timestamp, UsageFilter, UsageRow};

use super::super::super::form::{Form, encode};
use super::super::super::visit::Visit;
use super::{Day, Days, MOST_PARTS, Sum, asked};

const DAY: i64 = 86_400;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Range {
    Week,
    Month,
    Quarter,
}

impl Range {
    pub(super) const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Week => "7d",
            Self::Month => "30d",
            Self::Quarter => "90d",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Week => "7 days",
            Self::Month => "30 days",
            Self::Quarter => "90 days",
        }
    }

    fn days(self) -> i64 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Model,
    Project,
    Key,
    User,
}

impl By {
    pub(super) const ALL: [Self; 4] = [Self::Model, Self::Project, Self::Key, Self::User];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Model => "model",
            Self::Project => "project",
            Self::Key => "key",
            Self::User => "user",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Model => "Model",
            Self::Project => "Project",
            Self::Key => "API key",
            Self::User => "User",
        }
    }

    fn group(self) -> GroupBy {
        let mut group = GroupBy::default();
        match self {
            Self::Model => group.model = true,
            Self::Project => group.project = true,
            Self::Key => group.key = true,
            Self::User => group.user = true,
        }
        group
    }

    /// A row's id; empty where it has none.
    pub(super) fn of(self, row: &UsageRow) -> &str {
        let id = match self {
            Self::Model => &row.model,
            Self::Project => &row.project,
            Self::Key => &row.key,
            Self::User => &row.user,
        };
        id.as_deref().unwrap_or("")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    Cost,
    Requests,
    Input,
    Output,
}

impl Measure {
    pub(super) const ALL: [Self; 4] = [Self::Cost, Self::Requests, Self::Input, Self::Output];

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Cost => "cost",
            Self::Requests => "requests",
            Self::Input => "input",
            Self::Output => "output",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Cost => "Cost",
            Self::Requests => "Requests",
            Self::Input => "Input tokens",
            Self::Output => "Output tokens",
        }
    }

    pub(super) fn of(self, row: &UsageRow) -> i64 {
        let counted = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
        match self {
            Self::Cost => row.cost.total().0,
            Self::Requests => counted(row.requests),
            Self::Input => counted(row.tokens.input),
            Self::Output => counted(row.tokens.output),
        }
    }
}

/// A question; its link says the same again.
pub(super) struct Question {
    pub(super) range: Range,
    pub(super) by: By,
    pub(super) measure: Measure,
    pub(super) model: Option<String>,
    pub(super) key: Option<String>,
    now: Timestamp,
}

impl Question {
    pub(super) fn of(query: &Form, now: Timestamp, money_only: bool) -> Self {
        let usual = if money_only { Measure::Cost } else { Measure::Requests };
        let measure = |text: &str| Measure::ALL.into_iter().find(|it| it.as_str() == text);
        Self {
            range: asked(
                query,
                "range",
                |text| Range::ALL.into_iter().find(|it| it.as_str() == text),
                Range::Month,
            ),
            by: asked(
                query,
                "by",
                |text| By::ALL.into_iter().find(|it| it.as_str() == text),
                By::Model,
            ),
            measure: if money_only { usual } else { asked(query, "show", measure, usual) },
            model: query.some("model").map(str::to_owned),
            key: query.some("api_key_id").map(str::to_owned),
            now,
        }
    }

    pub(super) fn query(&self) -> String {
        let mut text = format!("range={}&by={}", self.range.as_str(), self.by.as_str());
        for (name, value) in [("model", &self.model), ("api_key_id", &self.key)] {
            if let Some(value) = value {
                text.push_str(&format!("&{name}={}", encode(value)));
            }
        }
        text
    }

    /// Every day of the range, those without calls too.
    pub(super) async fn ask(&self, visit: &Visit<'_>) -> Days {
        let today = self.now.seconds().div_euclid(DAY) * DAY;
        let project = visit.project_id().map(|id| id.as_str().to_owned());
        let question = UsageQuestion {
            report: "dashboard",
            families: Some(Vec::new()),
            width: BucketWidth::Day,
            start: today - (self.range.days() - 1) * DAY,
            end: Some(today + DAY),
            limit: self.range.days(),
            page: None,
            group: self.by.group(),
            filter: UsageFilter {
                projects: project.into_iter().collect(),
                keys: self.key.clone().into_iter().collect(),
                models: self.model.clone().into_iter().collect(),
                ..UsageFilter::default()
            },
        };
        let report = visit.control.usage_report(question).await?;
        let day = |(start, _, rows): (i64, i64, Vec<UsageRow>)| {
            let (year, month, day) = domain::calendar::civil(start.div_euclid(DAY));
            Day { name: format!("{year:04}-{month:02}-{day:02}"), rows }
        };
        Ok(report.buckets.into_iter().map(day).collect())
    }
}

/// What ids are called by people, as far as they have names.
pub(super) struct Names {
    known: HashMap<String, String>,
    /// What calls are called that have no such id.
    without: &'static str,
}

/// Projects and users whose names are read for one page.
const MOST: u32 = 100;

impl Names {
    /// Of what a page shows: the first of these.
    pub(super) async fn of(
        visit: &Visit<'_>,
        question: &Question,
        sums: &[Sum],
    ) -> Result<Self, Fault> {
        let page = || PageQuery { limit: MOST, after: None, order: Order::Ascending };
        let mut known = HashMap::new();
        match question.by {
            _ if sums.is_empty() => {}
            By::Model => {}
            By::Project => {
                for project in visit.control.list_projects(page(), true).await?.rows {
                    known.insert(project.id.as_str().to_owned(), project.name);
                }
            }
            By::Key => {
                for sum in sums.iter().take(MOST_PARTS) {
                    if let Some(name) = visit.control.key_name(&sum.id.as_str().into()).await? {
                        known.insert(sum.id.clone(), name);
                    }
                }
            }
            By::User => {
                for user in visit.control.list_users(Vec::new(), page()).await?.rows {
                    known.insert(user.id.as_str().to_owned(), user.name);
                }
            }
        }
        let without = match question.by {
            By::Model => "without a model, such as lists",
            By::Project => "without a project",
            By::Key => "without a key",
            By::User => "of nobody's key",
        };
        Ok(Self { known, without })
    }

    pub(super) fn name(&self, id: &str) -> String {
        match self.known.get(id) {
            // Two keys may have one name.
            Some(name) if !name.is_empty() => {
                let tail = id.char_indices().rev().nth(3).map_or(id, |(at, _)| &id[at..]);
                format!("{name} (…{tail})")
            }
            _ if id.is_empty() => self.without.to_owned(),
            _ => id.to_owned(),
        }
    }
}
