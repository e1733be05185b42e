//! Every page, as it looks: three widths, two themes, nothing serious that axe finds.

use serde_json::{Value, json};

use crate::office::Office;

/// Name of the pictures, and path; `{project}` is the default project's id. One line a page.
const PAGES: &[(&str, &str)] = &[
    ("overview", "/overview"),
    ("overview-of-project", "/projects/{project}/overview"),
    ("keys-of-organization", "/keys"),
    ("keys", "/projects/{project}/keys"),
    ("key-new", "/projects/{project}/keys/new"),
    ("key", "/projects/{project}/keys/{key}"),
    ("key-revoke", "/projects/{project}/keys/{key}/revoke"),
    ("usage", "/usage"),
    ("usage-by-key", "/usage?range=7d&by=key&show=output"),
    ("usage-empty", "/usage?model=never-asked-for"),
    ("costs", "/projects/{project}/costs"),
    ("limits", "/limits"),
    ("limits-of-project", "/projects/{project}/limits"),
    ("limits-remove", "/limits/remove?scope=organization:{organization}&period=month"),
    ("cache", "/cache"),
    ("cache-of-project", "/projects/{project}/cache"),
    ("logs", "/logs"),
    ("logs-none", "/logs?status=5xx"),
    ("log", "/logs/{request}"),
    ("refused", "/refused"),
    ("advice", "/advice"),
    ("refused-why", "/refused?request={refused}"),
    ("refused-code", "/refused?request=rate_limit_exceeded"),
    ("account", "/account"),
    ("phone", "/account/phone"),
    ("email-stale-link", "/account/email/new?token=nothing"),
    ("second-factor", "/account/second-factor"),
    ("second-factor-off", "/account/second-factor/off"),
    ("settings-sign-in", "/settings/sign-in"),
    ("not-found", "/nothing-is-here"),
];

/// Of providers and of the ways to them. `{upstream}` was added by a person, `{given}` is of the
/// environment.
const PROVIDERS: &[(&str, &str)] = &[
    ("upstreams", "/upstreams"),
    ("upstream-new", "/upstreams/new"),
    ("upstream", "/upstreams/{upstream}"),
    ("upstream-given", "/upstreams/{given}"),
    ("upstream-remove", "/upstreams/{upstream}/remove"),
    ("egress-empty", "/egress"),
    ("egress-new", "/egress/new"),
    ("routes", "/routes"),
    ("routes-tried", "/routes?model=fast"),
    ("routes-of-project", "/projects/{project}/routes?model=gpt-4o"),
    ("route-new", "/routes/new"),
    ("route", "/routes/{route}"),
    ("route-remove", "/routes/{route}/remove"),
    ("playground", "/projects/{project}/playground?user=Say+hello"),
];

/// What is seen without a session.
const OUTSIDE: &[(&str, &str)] = &[("sign-in", "/sign-in"), ("reset", "/reset")];

#[test]
fn every_page_is_fit_to_be_seen() {
    let office = Office::open();
    let busy = office.busy();
    for (name, path) in PAGES {
        let path = path.replace("{project}", &office.key.project);
        let path = path.replace("{key}", &office.key.id);
        let path = path.replace("{request}", &busy.request).replace("{refused}", &busy.refused);
        office.go(&path.replace("{organization}", &busy.organization));
        office.browser.look(name);
    }
    office.browser.forget_cookies();
    for (name, path) in OUTSIDE {
        office.go(path);
        office.browser.look(name);
    }
}

#[test]
fn the_setup_page_is_fit_to_be_seen() {
    let office = Office::empty();
    office.browser.open(&office.setup_link());
    office.browser.look("setup");
}

#[test]
fn every_page_of_providers_is_fit_to_be_seen() {
    let (office, second) = Office::open_to_providers();
    let path = "/tollgate/v1/upstreams";
    let given = office.gateway.admin("GET", path, &Value::Null)["data"][0]["id"].clone();
    let secret = second.credential();
    office.gateway.plant(secret);
    let body = json!({
        "name": "second", "provider": "compatible", "base_url": second.base_url(),
        "credential": secret,
    });
    let made = office.gateway.admin("POST", path, &body);
    let route = json!({
        "model": "fast", "aliases": ["quick"],
        "targets": [
            { "upstream": "second", "model": "gpt-4o-mini", "weight": 3, "step": 0 },
            { "upstream": "gone", "step": 1, "on": ["failing"], "max_input_price": "2.50" },
        ],
    });
    let route = office.gateway.admin("POST", "/tollgate/v1/routes", &route);
    for (name, path) in PROVIDERS {
        let path = path.replace("{project}", &office.key.project);
        let path = path.replace("{route}", route["id"].as_str().unwrap());
        let path = path.replace("{upstream}", made["id"].as_str().unwrap());
        office.go(&path.replace("{given}", given.as_str().unwrap()));
        office.browser.look(name);
    }
    office.go(&format!("/upstreams/{}", made["id"].as_str().unwrap()));
    office.browser.submit("form[action$='/test'] button");
    office.browser.look("upstream-test");
    office.go(&format!("/projects/{}/playground?user=Write+a+haiku", office.key.project));
    office.browser.submit("button[name=show]");
    office.browser.look("playground-code");
    office.browser.click("input[name=stream]");
    office.browser.submit("main form button.main");
    office.browser.look("playground-answer");
}
