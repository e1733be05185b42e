//! Overview leads to what went wrong, whoever said no.

use std::time::{Duration, Instant};

use crate::office::Office;

#[test]
fn a_refused_call_is_on_the_overview_and_leads_to_why() {
    let office = Office::open();
    let busy = office.busy();
    let to_why = format!("main a[href$='refused?request={}']", busy.refused);
    // Refused calls are written in groups, behind the answer.
    let begun = Instant::now();
    loop {
        office.go("/overview");
        if office.browser.has(&to_why) {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{}", office.browser.text("main"));
    }
    office.browser.submit(&to_why);
    let why = office.browser.text("main");
    assert!(why.contains("Refused here") && why.contains("api_key_spend_limit_exceeded"), "{why}");
}

#[test]
fn without_a_limit_the_overview_leads_to_where_one_is_set() {
    let office = Office::open();
    office.go("/overview");
    assert!(office.browser.text(".care").contains("No spend limit is set"));
    office.browser.submit(".empty a.button");
    assert_eq!(office.browser.path(), "/limits");
    // A page that is not there speaks to a person, not to a program.
    office.go("/keys/nothing");
    let said = office.browser.text("main");
    assert!(said.contains("Check the address") && !said.contains("base URL"), "{said}");
}

/// A query may name no `key` (case 8), so no form of ours does.
#[test]
fn the_filters_of_usage_costs_and_logs_are_answered() {
    let office = Office::open();
    for (path, title) in [("/usage", "Usage"), ("/costs", "Costs"), ("/logs", "Logs")] {
        office.go(path);
        office.browser.fill("#api_key_id", "key_of_nobody");
        office.browser.submit("form.filters button");
        assert_eq!(office.browser.text("h1"), title, "{}", office.browser.text("main"));
        assert!(office.browser.path().contains("api_key_id=key_of_nobody"));
    }
}
