//! Cost reports: what was spent, by project, key and line item.

use domain::{BucketWidth, CostPart, Fault, GroupBy, Nanos, UsageFilter, UsageRow};

use crate::{Control, UsageQuestion};

/// A cost report as it is asked for; times are Unix seconds, `[start, end)`.
#[derive(Clone, Debug, Default)]
pub struct CostQuestion {
    pub start: i64,
    /// Now, when absent.
    pub end: Option<i64>,
    /// Days a page.
    pub limit: i64,
    /// What an earlier page gave as its `next_page`.
    pub page: Option<String>,
    pub by_project: bool,
    pub by_key: bool,
    pub by_line_item: bool,
    /// Only these, where any are named.
    pub projects: Vec<String>,
    pub keys: Vec<String>,
}

/// One result inside a day. Dimensions that were not asked for are `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostRow {
    pub project: Option<String>,
    pub key: Option<String>,
    pub line: Option<CostLine>,
    pub amount: Nanos,
    /// The share of `amount` that rests on our own counts, not on the provider's.
    pub estimated: Nanos,
    /// Requests that may have cost something, but had no price here. They count at the model's
    /// input line.
    pub unpriced: u64,
    /// Tokens of a line that is counted in tokens.
    pub tokens: Option<u64>,
}

/// What money was spent on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CostLine {
    /// `None` for what was done without a model.
    pub model: Option<String>,
    pub part: CostPart,
}

/// Every day of a page, those without costs too.
#[derive(Clone, Debug)]
pub struct CostReport {
    /// Start, end, results.
    pub buckets: Vec<(i64, i64, Vec<CostRow>)>,
    pub next_page: Option<String>,
}

impl Control {
    /// An empty or reversed range gives an empty page. The rows of a day sum to what the day cost,
    /// however they are grouped.
    ///
    /// # Errors
    /// 400 for a page token that is not ours, 503 when the store is away.
    pub async fn cost_report(&self, question: CostQuestion) -> Result<CostReport, Fault> {
        let by_line_item = question.by_line_item;
        let report = self
            .usage_report(UsageQuestion {
                report: "costs",
                families: Some(Vec::new()),
                width: BucketWidth::Day,
                start: question.start,
                end: question.end,
                limit: question.limit,
                page: question.page,
                group: GroupBy {
                    project: question.by_project,
                    key: question.by_key,
                    model: by_line_item,
                    ..GroupBy::default()
                },
                filter: UsageFilter {
                    projects: question.projects,
                    keys: question.keys,
                    ..UsageFilter::default()
                },
            })
            .await?;
        let rows = |row| if by_line_item { lines(&row) } else { whole(&row) };
        let buckets = report.buckets.into_iter();
        Ok(CostReport {
            buckets: buckets
                .map(|(start, end, found)| (start, end, found.into_iter().flat_map(rows).collect()))
                .collect(),
            next_page: report.next_page,
        })
    }
}

fn whole(row: &UsageRow) -> Vec<CostRow> {
    let row = CostRow {
        project: row.project.clone(),
        key: row.key.clone(),
        line: None,
        amount: row.cost.total(),
        estimated: row.estimated_cost.total(),
        unpriced: row.unpriced,
        tokens: None,
    };
    Vec::from_iter(Some(row).filter(CostRow::says_something))
}

fn lines(row: &UsageRow) -> Vec<CostRow> {
    let tokens = &row.tokens;
    let line = |part| CostRow {
        project: row.project.clone(),
        key: row.key.clone(),
        line: Some(CostLine { model: row.model.clone(), part }),
        amount: row.cost.part(part),
        estimated: row.estimated_cost.part(part),
        unpriced: if part == CostPart::Input { row.unpriced } else { 0 },
        tokens: match part {
            CostPart::Input => Some(tokens.input.saturating_sub(tokens.input_cached)),
            CostPart::InputCached => Some(tokens.input_cached),
            CostPart::Output => Some(tokens.output),
            CostPart::Other => None,
        },
    };
    CostPart::ALL.into_iter().map(line).filter(CostRow::says_something).collect()
}

impl CostRow {
    /// A line that cost nothing, for sure, is none.
    fn says_something(&self) -> bool {
        self.amount != Nanos(0) || self.estimated != Nanos(0) || self.unpriced > 0
    }
}

#[cfg(test)]
mod tests {
    use domain::{Cost, Tokens};

    use super::*;

    #[test]
    fn lines_sum_to_the_whole_and_what_cost_nothing_has_none() {
        let cost = |input, output, other| Cost {
            input: Nanos(input),
            output: Nanos(output),
            other: Nanos(other),
            ..Cost::default()
        };
        let row = UsageRow {
            model: Some("gpt, new".to_owned()),
            unpriced: 2,
            cost: cost(5, 0, 7),
            estimated_cost: cost(5, 0, 0),
            tokens: Tokens { input: 10, input_cached: 4, ..Tokens::default() },
            ..UsageRow::default()
        };
        let lines = lines(&row);
        let parts: Vec<_> = lines.iter().map(|row| row.line.as_ref().unwrap().part).collect();
        assert_eq!(parts, [CostPart::Input, CostPart::Other]);
        assert_eq!((lines[0].tokens, lines[1].tokens), (Some(6), None));
        let [whole] = whole(&row).try_into().unwrap();
        let sum = |of: fn(&CostRow) -> i64| lines.iter().map(of).sum::<i64>();
        assert_eq!(sum(|row| row.amount.0), whole.amount.0);
        assert_eq!(sum(|row| row.estimated.0), whole.estimated.0);
        assert_eq!(sum(|row| row.unpriced.cast_signed()), 2);
        assert!(super::whole(&UsageRow { requests: 9, ..UsageRow::default() }).is_empty());
    }
}
