//! Usage reports, in pages of buckets.

use std::collections::HashMap;

use domain::{
    BucketWidth, Fault, GroupBy, Key, KeyId, KeyView, Project, UsageFamily, UsageFilter,
    UsageQuery, UsageRow,
};

use crate::calendar::month_of;
use crate::cursor;
use crate::transact::{invalid, not_found, store_fault};
use crate::{Control, OwnedKey};

/// A report as it is asked for; times are Unix seconds, `[start, end)`.
#[derive(Clone, Debug)]
pub struct UsageQuestion {
    /// The report's name: its pages do not go on in another one's.
    pub report: &'static str,
    /// All where none is named; `None` for what is not metered here, whose buckets are empty.
    pub families: Option<Vec<UsageFamily>>,
    pub width: BucketWidth,
    pub start: i64,
    /// Now, when absent.
    pub end: Option<i64>,
    /// Buckets a page.
    pub limit: i64,
    /// What an earlier page gave as its `next_page`.
    pub page: Option<String>,
    pub group: GroupBy,
    pub filter: UsageFilter,
}

/// Every bucket of a page, those without calls too.
#[derive(Clone, Debug)]
pub struct UsageReport {
    /// Start, end, results.
    pub buckets: Vec<(i64, i64, Vec<UsageRow>)>,
    pub next_page: Option<String>,
}

impl Control {
    /// An empty or reversed range gives an empty page.
    ///
    /// # Errors
    /// 400 for a page token that is not ours, 503 when the store is away.
    pub async fn usage_report(&self, question: UsageQuestion) -> Result<UsageReport, Fault> {
        let width = question.width.seconds();
        let floor = |at: i64| at.div_euclid(width) * width;
        let until = question.end.unwrap_or_else(|| self.clock.now().seconds());
        if until <= question.start {
            return Ok(UsageReport { buckets: Vec::new(), next_page: None });
        }
        let (first, last) = (floor(question.start), floor(until - 1) + width);
        let print = question.fingerprint();
        let from = match &question.page {
            None => first,
            Some(token) => cursor::parse(token, print)
                .filter(|at| (first..last).contains(at) && floor(*at) == *at)
                .ok_or_else(|| {
                    let why = "Invalid 'page': expected the next_page of the same report.";
                    invalid("page", why.to_owned())
                })?,
        };
        let end = last.min(from.saturating_add(question.limit.saturating_mul(width)));
        let found = match question.families {
            None => Vec::new(),
            Some(families) => {
                let UsageQuestion { width, group, filter, .. } = question;
                let query = UsageQuery { families, width, start: from, end, group, filter };
                let found = self.usage.report(query).await;
                found.map_err(|error| store_fault(error, "the report"))?
            }
        };
        let mut rows: HashMap<i64, Vec<UsageRow>> =
            found.into_iter().map(|bucket| (bucket.start, bucket.rows)).collect();
        let starts = (0..).map(|step| from + step * width).take_while(|start| *start < end);
        Ok(UsageReport {
            buckets: starts
                .map(|start| (start, start + width, rows.remove(&start).unwrap_or_default()))
                .collect(),
            next_page: (end < last).then(|| cursor::token(print, end)),
        })
    }

    /// What a key used in this calendar month (UTC), and the month's bounds.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn month_usage(&self, key: &KeyId) -> Result<((i64, i64), UsageRow), Fault> {
        let month = month_of(self.clock.now().seconds());
        let query = UsageQuery {
            families: Vec::new(),
            width: BucketWidth::Day,
            start: month.0,
            end: month.1,
            group: GroupBy::default(),
            filter: UsageFilter { keys: vec![key.as_str().to_owned()], ..Default::default() },
        };
        let found = self.usage.report(query).await;
        let buckets = found.map_err(|error| store_fault(error, "the report"))?;
        let mut sum = UsageRow::default();
        for row in buckets.into_iter().flat_map(|bucket| bucket.rows) {
            sum.requests += row.requests;
            sum.tokens.input = sum.tokens.input.saturating_add(row.tokens.input);
            sum.tokens.output = sum.tokens.output.saturating_add(row.tokens.output);
            sum.cost = sum.cost.plus(&row.cost);
        }
        Ok((month, sum))
    }

    /// What a key is called, a revoked one too.
    ///
    /// # Errors
    /// 503 when the store is away.
    pub async fn key_name(&self, id: &KeyId) -> Result<Option<String>, Fault> {
        let found = self.records.key(id.clone()).await;
        Ok(found.map_err(|error| store_fault(error, id.as_str()))?.map(|key| key.name))
    }

    /// The caller's own key and project, for `GET /tollgate/v1/me`.
    ///
    /// # Errors
    /// 404 when either was deleted between the two reads.
    pub async fn own_key(&self, caller: &KeyView) -> Result<(OwnedKey, Project), Fault> {
        let found = self.records.key(caller.id.clone()).await;
        let key: Key = found
            .map_err(|error| store_fault(error, caller.id.as_str()))?
            .ok_or_else(|| not_found(caller.id.as_str()))?;
        let project = caller.project.as_ref().ok_or_else(|| not_found(caller.id.as_str()))?;
        let project = self.project(project).await?;
        Ok((self.with_owner(key).await?, project))
    }
}

impl UsageQuestion {
    /// The same for all pages of a report: neither the page nor its size, and no end, which is now
    /// where none is given.
    fn fingerprint(&self) -> u64 {
        let mut filter = self.filter.clone();
        let lists = [&mut filter.projects, &mut filter.users, &mut filter.keys, &mut filter.models];
        for list in lists {
            list.sort_unstable();
            list.dedup();
        }
        let same = (self.report, self.width, self.start, self.group, filter);
        cursor::fingerprint(&format!("{same:?}"))
    }
}
