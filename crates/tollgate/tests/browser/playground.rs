//! A call from the playground, with script and without.

use crate::office::Office;

#[test]
fn what_a_model_writes_is_shown_as_it_comes_and_what_it_cost() {
    let office = Office::open();
    let browser = &office.browser;
    office.go(&format!("/projects/{}/playground", office.key.project));
    browser.fill("#user", "Say <b>hello</b>");
    browser.click("main form button.main");
    browser.until("the figures", |it| it.has("[data-came-to]:not([hidden])"));
    assert!(!browser.text("[data-answer]").is_empty());
    assert!(browser.text("[data-figure=cost]").starts_with('$'));
    // A second call by the same form is another call.
    browser.script("document.querySelector('[data-came-to]').hidden = true", &[]);
    browser.click("main form button.main");
    browser.until("the figures", |it| it.has("[data-came-to]:not([hidden])"));
    let records = office.gateway.wait_records(2);
    assert!(records.iter().all(|one| one["project_id"] == office.key.project.as_str()));
    browser.submit("[data-log]");
    assert!(browser.text("main").contains("Completed"));
    // The key of a call is gone with it.
    office.go(&format!("/projects/{}/keys", office.key.project));
    assert!(!browser.text("table").contains("playground"));
    // What is typed wrong is told at its field, and nothing typed is lost.
    office.go(&format!("/projects/{}/playground", office.key.project));
    browser.fill("#user", "hi");
    browser.fill("#temperature", "hot");
    browser.click("main form button.main");
    browser.until("the fault", |it| it.has("#temperature-fault"));
    assert_eq!(browser.script("return document.querySelector('#user').value", &[]), "hi");
}

#[test]
fn case_129_markup_of_a_model_stays_text_without_script_as_well() {
    let office = Office::open();
    let browser = &office.browser;
    let markup = "<img src=x onerror=alert(1)><script>alert(2)</script>";
    let page = format!("/projects/{}/playground", office.key.project);
    for script in [true, false] {
        office.go(&page);
        browser.fill("#user", markup);
        if !script {
            browser.click("input[name=stream]");
        }
        browser.click("main form button.main");
        browser.until("the figures", |it| it.has("[data-came-to]:not([hidden])"));
        assert!(!browser.has("main img") && !browser.has("main script"));
    }
    browser.submit("button[name=show]");
    assert!(browser.text("main").contains("client.chat.completions.create"));
    assert!(!browser.has("main img"));
}
