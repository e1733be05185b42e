//! What people type on several pages, and the pages of their tables.

use std::borrow::Cow;

use domain::fault::catalogue;
use domain::{Fault, Nanos, Order, PageQuery, Timestamp};

use super::super::figures::{instant, when};
use super::super::form::{Form, encode};
use super::super::visit::Visit;

/// Rows of a page of a table.
pub(super) const ROWS: u32 = 50;
const LONGEST_NAME: usize = 256;

/// An instant for `<time>`, and in words.
pub(super) type When = (String, String);

pub(super) fn both(at: Timestamp) -> When {
    (instant(at), when(at))
}

pub(super) fn invalid(field: &'static str, why: impl Into<Cow<'static, str>>) -> Fault {
    Fault::because(&catalogue::INVALID_VALUE, why).param(field)
}

/// A name as the API takes it: 1 to 256 characters that can be printed.
pub(super) fn name(form: &Form, field: &'static str) -> Result<String, Fault> {
    let name = form.text(field);
    let length = name.chars().count();
    if length == 0 || length > LONGEST_NAME || name.contains(char::is_control) {
        return Err(invalid(field, "Give a name of 1 to 256 characters, on one line."));
    }
    Ok(name.to_owned())
}

pub(super) fn dollars(form: &Form, field: &'static str) -> Result<Nanos, Fault> {
    let text = form.text(field).trim_start_matches('$').replace(',', "");
    let amount = Nanos::from_dollars(&text).filter(|amount| amount.0 >= 0);
    amount.ok_or_else(|| invalid(field, "Enter an amount in US dollars, such as 50 or 0.25."))
}

/// Words between commas, blanks or lines.
pub(super) fn words(text: &str) -> Vec<&str> {
    text.split([',', ' ', '\n', '\r', '\t']).filter(|word| !word.is_empty()).collect()
}

/// A fault of the form that a page shows again; one that is about none of its fields is shown at
/// its head.
pub(super) fn onto(mut fault: Fault, fields: &[&str]) -> Fault {
    if fault.param.as_deref().is_some_and(|param| !fields.contains(&param)) {
        fault.param = None;
    }
    fault
}

/// The rows that the query asks for.
pub(super) fn rows(visit: &Visit<'_>, order: Order) -> PageQuery {
    PageQuery { limit: ROWS, after: visit.query.some("after").map(str::to_owned), order }
}

/// All rows of what is short.
pub(super) fn all() -> PageQuery {
    PageQuery { limit: 1_000, after: None, order: Order::Ascending }
}

/// The link to the rows after the last one.
pub(super) fn older(visit: &Visit<'_>, page: &str, more: bool, last: Option<&str>) -> String {
    match last.filter(|_| more) {
        Some(last) => visit.href(&format!("{page}?after={}", encode(last))),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_12_names_are_one_line_of_1_to_256_characters() {
        let name_of = |text: &str| name(&Form::parse(&format!("n={text}")).unwrap(), "n");
        assert_eq!(name_of("+Blue+").unwrap(), "Blue");
        for bad in ["", "+++", "a%0Ab", &"x".repeat(257)] {
            assert_eq!(name_of(bad).unwrap_err().param.as_deref(), Some("n"), "{bad}");
        }
    }

    #[test]
    fn a_fault_about_no_field_of_the_page_stands_at_its_head() {
        assert_eq!(onto(invalid("name", ""), &["name"]).param.as_deref(), Some("name"));
        assert_eq!(onto(invalid("project_id", ""), &["name"]).param, None);
    }
}
