//! What a place comes to this month: the figures that people see first.

use std::collections::HashMap;

use domain::{
    AttemptFilter, AttemptQuery, Bucket, BucketWidth, Fault, GroupBy, LoggedAttempt, Nanos,
    PageQuery, Project, ProjectId, ScopeId, ScopeKind, UsageFilter, UsageQuery,
};

use crate::calendar::month_of;
use crate::transact::store_fault;
use crate::{Control, LimitState};

/// Usage of some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    pub cost: Nanos,
    pub requests: u64,
    /// Requests that had no price here.
    pub unpriced: u64,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// A place's month so far.
#[derive(Clone, Debug, Default)]
pub struct Overview {
    /// Of this calendar month (UTC).
    pub month: Figures,
    /// Of this day (UTC).
    pub today: Figures,
    /// The place's own limits, with what was spent.
    pub limits: Vec<LimitState>,
    /// The newest calls that came to nothing.
    pub failures: Vec<LoggedAttempt>,
}

const FAILURES: u32 = 5;

impl Control {
    /// The month of a project, or of the organization.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn overview(&self, project: Option<&ProjectId>) -> Result<Overview, Fault> {
        let (month, today) = self.figures_of(project).await?;
        let scope = match project {
            Some(id) => ScopeId { kind: ScopeKind::Project, id: id.as_str().to_owned() },
            None => self.organization_scope().await?,
        };
        let page = PageQuery { limit: 10, after: None, order: domain::Order::Ascending };
        let limits = self.list_limits(Some(scope), page).await?.rows;
        let filter = AttemptFilter {
            project: project.map(|id| id.as_str().to_owned()),
            status: Some((400, 599)),
            ..Default::default()
        };
        let query = AttemptQuery { filter, before: None, limit: FAILURES };
        let failures = self.list_attempts(query).await?.rows;
        Ok(Overview { month, today, limits, failures })
    }

    /// This month's figures and this day's.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn figures_of(
        &self,
        project: Option<&ProjectId>,
    ) -> Result<(Figures, Figures), Fault> {
        let projects = project.map(|id| id.as_str().to_owned()).into_iter().collect();
        let buckets = self.days_of_month(projects, GroupBy::default()).await?;
        let day = BucketWidth::Day.start_of(self.clock.now());
        let (mut month, mut today) = (Figures::default(), Figures::default());
        for bucket in &buckets {
            for row in &bucket.rows {
                month.add(row);
                if bucket.start == day {
                    today.add(row);
                }
            }
        }
        Ok((month, today))
    }

    /// What this month came to, by the ids of projects; one without calls is not there.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn months_of(&self, projects: &[Project]) -> Result<HashMap<String, Nanos>, Fault> {
        if projects.is_empty() {
            return Ok(HashMap::new());
        }
        let ids = projects.iter().map(|project| project.id.as_str().to_owned()).collect();
        let group = GroupBy { project: true, ..GroupBy::default() };
        let mut months: HashMap<String, Figures> = HashMap::new();
        for row in self.days_of_month(ids, group).await?.iter().flat_map(|bucket| &bucket.rows) {
            months.entry(row.project.clone().unwrap_or_default()).or_default().add(row);
        }
        Ok(months.into_iter().map(|(id, figures)| (id, figures.cost)).collect())
    }

    /// Of some projects; none named: of all.
    async fn days_of_month(
        &self,
        projects: Vec<String>,
        group: GroupBy,
    ) -> Result<Vec<Bucket>, Fault> {
        let (start, end) = month_of(self.clock.now().seconds());
        let filter = UsageFilter { projects, ..UsageFilter::default() };
        let (families, width) = (Vec::new(), BucketWidth::Day);
        let query = UsageQuery { families, width, start, end, group, filter };
        self.usage.report(query).await.map_err(|error| store_fault(error, "the report"))
    }
}

impl Figures {
    fn add(&mut self, row: &domain::UsageRow) {
        self.cost = Nanos(self.cost.0.saturating_add(row.cost.total().0));
        self.requests += row.requests;
        self.unpriced += row.unpriced;
        self.input_tokens = self.input_tokens.saturating_add(row.tokens.input);
        self.output_tokens = self.output_tokens.saturating_add(row.tokens.output);
    }
}
