//! The price book: found, set, taken back, and what was called without a price.

use serde_json::json;

use crate::office::Office;

#[test]
fn case_25_a_model_without_a_price_is_listed_and_gets_one() {
    let office = Office::open();
    let browser = &office.browser;
    let hello = json!({
        "model": "unpriced-model",
        "messages": [{ "role": "user", "content": "Hello" }],
    });
    let call = || {
        let path = "/v1/chat/completions";
        let answer = office.gateway.json(&office.key.value, "POST", path, &hello);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("x-tollgate-cost").map(str::to_owned)
    };
    assert_eq!(call(), None);
    office.go("/prices");
    browser.look("prices");
    browser.submit("main section table tbody a");
    assert_eq!(browser.text("h1"), "unpriced-model");
    browser.fill("#input", "-1");
    browser.submit("main form button.main");
    assert!(browser.text("#input-fault").contains("US dollars"));
    browser.fill("#input", "1,000");
    browser.fill("#output", "2000.50");
    browser.fill("#others", "made_up_cost 3");
    browser.submit("main form button.main");
    // Every mistake is told, and what was typed is still there.
    assert!(browser.text("main").contains("made_up_cost"), "{}", browser.text("main"));
    browser.fill("#others", "search_context_cost_per_query 0.01");
    browser.submit("main form button.main");
    assert!(browser.text(".flash").contains("is set"), "{}", browser.text("main"));
    assert!(browser.text("main").contains("search_context_cost_per_query"));
    browser.look("price");
    assert!(call().is_some_and(|cost| cost != "0"));

    office.go("/prices?find=UNPRICED&source=set");
    assert!(browser.text("tbody").contains("$2000.5"), "{}", browser.text("tbody"));
    office.go("/prices?find=gpt-4o-mini");
    assert!(browser.text("tbody").contains("Built in"));
    office.go("/prices/model?model=unpriced-model");
    browser.submit("main a.danger");
    browser.look("price-remove");
    browser.submit("main form button.danger");
    assert!(browser.text(".flash").contains("removed"));
    assert!(browser.has(".head .state.bad"));
    assert_eq!(call(), None);
}
