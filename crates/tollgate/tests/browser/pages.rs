//! Every page, as it looks: three widths, two themes, nothing serious that axe finds.

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
    ("logs", "/logs"),
    ("logs-none", "/logs?status=5xx"),
    ("log", "/logs/{request}"),
    ("refused", "/refused"),
    ("refused-why", "/refused?request={refused}"),
    ("refused-code", "/refused?request=rate_limit_exceeded"),
    ("account", "/account"),
    ("second-factor", "/account/second-factor"),
    ("second-factor-off", "/account/second-factor/off"),
    ("settings-sign-in", "/settings/sign-in"),
    ("not-found", "/nothing-is-here"),
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
