//! Every page, as it looks: three widths, two themes, nothing serious that axe finds.

use crate::office::Office;

/// Name of the pictures, and path; `{project}` is the default project's id. One line a page.
const PAGES: &[(&str, &str)] = &[
    ("overview", "/overview"),
    ("overview-of-project", "/projects/{project}/overview"),
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
    office.busy();
    for (name, path) in PAGES {
        office.go(&path.replace("{project}", &office.key.project));
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
