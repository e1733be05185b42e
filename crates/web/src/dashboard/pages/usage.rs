//! Usage and Costs: what was used, by what one asks; a chart, its table, and the table as a file.

mod question;

use std::collections::HashMap;

use askama::Template;
use domain::{Fault, UsageRow};

use super::super::chart::{Series, Stacked, Unit};
use super::super::figures::{count, money};
use super::super::form::Form;
use super::super::frame::Frame;
use super::super::page::Page;
use super::super::visit::{Shown, Visit};
use question::{By, Measure, Names, Question, Range};

/// Rows of the table by what was asked for; the file has all.
const MOST_PARTS: usize = 100;

#[derive(Template)]
#[template(path = "usage.html")]
struct UsagePage<'a> {
    frame: &'a Frame,
    lead: &'static str,
    /// Where the form goes.
    here: String,
    ranges: Vec<Choice>,
    bys: Vec<Choice>,
    /// None on Costs, which shows money only.
    measures: Vec<Choice>,
    model: String,
    key: String,
    totals: Vec<(&'static str, String)>,
    chart: Stacked,
    parts: Vec<Part>,
    /// Rows that the page leaves out; the file has them.
    more: usize,
    file: String,
    unpriced: String,
    estimated: String,
}

/// One of the choices in a form.
struct Choice {
    value: &'static str,
    label: &'static str,
    chosen: bool,
}

/// A row of the table by what was asked for.
struct Part {
    name: String,
    requests: String,
    input: String,
    cached: String,
    output: String,
    cost: String,
}

pub(crate) async fn show(visit: &Visit<'_>) -> Shown {
    page(visit, "Usage", "Requests, tokens and what they cost, in UTC days.", false).await
}

pub(crate) async fn costs(visit: &Visit<'_>) -> Shown {
    page(visit, "Costs", "What was posted, to the nano-dollar, in UTC days.", true).await
}

async fn page(visit: &Visit<'_>, title: &str, lead: &'static str, money_only: bool) -> Shown {
    let question = Question::of(&visit.query, visit.control.now(), money_only);
    let days = question.ask(visit).await?;
    let sums = sums(&question, &days);
    let names = Names::of(visit, &question, &sums).await?;
    let mut all = UsageRow::default();
    sums.iter().for_each(|sum| add(&mut all, &sum.whole));
    let frame = visit.frame(title);
    let path = if money_only { "costs" } else { "usage" };
    visit.show(&UsagePage {
        frame: &frame,
        lead,
        here: visit.href(path),
        ranges: choices(Range::ALL.map(|it| (it.as_str(), it.label(), it == question.range))),
        bys: choices(By::ALL.map(|it| (it.as_str(), it.label(), it == question.by))),
        measures: if money_only {
            Vec::new()
        } else {
            choices(Measure::ALL.map(|it| (it.as_str(), it.label(), it == question.measure)))
        },
        model: question.model.clone().unwrap_or_default(),
        key: question.key.clone().unwrap_or_default(),
        totals: totals(&all),
        chart: chart(&question, &days, &sums, &names),
        more: sums.len().saturating_sub(MOST_PARTS),
        parts: sums.iter().take(MOST_PARTS).map(|sum| part(sum, &names)).collect(),
        file: format!("{}.csv?{}", visit.href(path), question.query()),
        unpriced: count(all.unpriced),
        estimated: count(all.estimated),
    })
}

fn choices<const N: usize>(all: [(&'static str, &'static str, bool); N]) -> Vec<Choice> {
    all.map(|(value, label, chosen)| Choice { value, label, chosen }).into_iter().collect()
}

/// A day, and its rows by what was asked for.
struct Day {
    name: String,
    rows: Vec<UsageRow>,
}

/// All that one model, project, key or user came to, and day by day.
struct Sum {
    id: String,
    whole: UsageRow,
    /// One a day, of what the chart shows.
    values: Vec<i64>,
}

/// The dearest first.
fn sums(question: &Question, days: &[Day]) -> Vec<Sum> {
    let mut found: HashMap<&str, Sum> = HashMap::new();
    for (at, day) in days.iter().enumerate() {
        for row in &day.rows {
            let id = question.by.of(row);
            let sum = found.entry(id).or_insert_with(|| Sum {
                id: id.to_owned(),
                whole: UsageRow::default(),
                values: vec![0; days.len()],
            });
            add(&mut sum.whole, row);
            sum.values[at] = sum.values[at].saturating_add(question.measure.of(row));
        }
    }
    let mut sums: Vec<Sum> = found.into_values().collect();
    sums.sort_by(|a, b| {
        let dearest = (b.whole.cost.total(), b.whole.requests);
        dearest.cmp(&(a.whole.cost.total(), a.whole.requests)).then_with(|| a.id.cmp(&b.id))
    });
    sums
}

fn add(sum: &mut UsageRow, row: &UsageRow) {
    sum.requests += row.requests;
    sum.unpriced += row.unpriced;
    sum.estimated += row.estimated;
    sum.tokens.input += row.tokens.input;
    sum.tokens.input_cached += row.tokens.input_cached;
    sum.tokens.output += row.tokens.output;
    sum.cost = sum.cost.plus(&row.cost);
}

fn totals(all: &UsageRow) -> Vec<(&'static str, String)> {
    vec![
        ("Cost", money(all.cost.total())),
        ("Requests", count(all.requests)),
        ("Input tokens", count(all.tokens.input)),
        ("Cached input", count(all.tokens.input_cached)),
        ("Output tokens", count(all.tokens.output)),
    ]
}

fn chart(question: &Question, days: &[Day], sums: &[Sum], names: &Names) -> Stacked {
    let named = |sum: &Sum| Series { name: names.name(&sum.id), values: sum.values.clone() };
    let columns = days.iter().map(|day| day.name.clone()).collect();
    let unit = if question.measure == Measure::Cost { Unit::Money } else { Unit::Count };
    Stacked::new(question.measure.label(), unit, columns, sums.iter().map(named).collect())
}

fn part(sum: &Sum, names: &Names) -> Part {
    let row = &sum.whole;
    Part {
        name: names.name(&sum.id),
        requests: count(row.requests),
        input: count(row.tokens.input),
        cached: count(row.tokens.input_cached),
        output: count(row.tokens.output),
        cost: money(row.cost.total()),
    }
}

/// The rows as they are asked for, one a line; money in decimal dollars.
pub(crate) async fn file(visit: &Visit<'_>) -> Shown {
    let question = Question::of(&visit.query, visit.control.now(), false);
    let days = question.ask(visit).await?;
    let sums = sums(&question, &days);
    let names = Names::of(visit, &question, &sums).await?;
    let mut text = String::from(
        "day,name,requests,input_tokens,input_cached_tokens,output_tokens,cost_usd\r\n",
    );
    for day in &days {
        for row in &day.rows {
            let tokens = &row.tokens;
            text.push_str(&format!(
                "{},{},{},{},{},{},{}\r\n",
                day.name,
                cell(&names.name(question.by.of(row))),
                row.requests,
                tokens.input,
                tokens.input_cached,
                tokens.output,
                row.cost.total(),
            ));
        }
    }
    Ok(Page::file("text/csv; charset=utf-8", "tollgate-usage.csv", text))
}

/// A text in quotes; one that a spreadsheet would take for a formula is made plain text.
pub(super) fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

/// What a query says of a page's rows; `Err` never: what is not understood is the usual.
fn asked<T: Copy>(query: &Form, name: &str, of: impl Fn(&str) -> Option<T>, usual: T) -> T {
    query.some(name).and_then(of).unwrap_or(usual)
}

type Days = Result<Vec<Day>, Fault>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_is_no_formula_and_its_quotes_are_doubled() {
        assert_eq!(cell("gpt-4o"), "\"gpt-4o\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("a\"b"), "\"a\"\"b\"");
    }
}
