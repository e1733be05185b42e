//! Projects, people, service accounts, the audit log and settings, as an owner manages them.

use serde_json::{Value, json};
use testkit::Browser;

use crate::office::{EMAIL, Office};

/// Something of everything that can be managed; ids in the places of the paths' braces.
fn furnished(office: &Office) -> Vec<(&'static str, String)> {
    let made = |path: &str, body: Value| office.gateway.admin("POST", path, &body);
    let id = |value: &Value| value["id"].as_str().unwrap_or_default().to_owned();
    let project = &office.key.project;
    let account = made(
        &format!("/v1/organization/projects/{project}/service_accounts"),
        json!({ "name": "Nightly job" }),
    );
    if let Some(secret) = account["api_key"]["value"].as_str() {
        office.gateway.plant(secret);
    }
    let invite =
        made("/v1/organization/invites", json!({ "email": "grace@example.com", "role": "reader" }));
    let grace = made(
        &format!("/tollgate/v1/invites/{}/accept", id(&invite)),
        json!({ "name": "Grace Hopper" }),
    );
    made("/v1/organization/invites", json!({ "email": "edsger@example.com", "role": "reader" }));
    let role = made(
        "/v1/organization/roles",
        json!({ "role_name": "Bookkeeper", "permissions": ["api.usage.read", "api.groups.read"] }),
    );
    let group = made("/v1/organization/groups", json!({ "name": "Platform" }));
    let (group, user) = (id(&group), id(&grace));
    let member = json!({ "user_id": user, "role": "member" });
    made(&format!("/v1/organization/projects/{project}/users"), member);
    made(&format!("/v1/organization/groups/{group}/users"), json!({ "user_id": user }));
    let alert = made(
        "/v1/organization/spend_alerts",
        json!({
            "threshold_amount": 5000, "currency": "USD", "interval": "month",
            "notification_channel": { "type": "email", "recipients": ["books@example.com"] },
        }),
    );
    made(
        &format!("/v1/organization/projects/{project}/groups"),
        json!({ "group_id": group, "role": "role-api-project-viewer" }),
    );
    vec![
        ("{project}", project.clone()),
        ("{account}", id(&account)),
        ("{user}", user),
        ("{role}", id(&role)),
        ("{group}", group),
        ("{alert}", id(&alert)),
    ]
}

/// Name of the pictures, and path.
const PAGES: &[(&str, &str)] = &[
    ("projects", "/projects"),
    ("projects-archive", "/projects/{project}/archive"),
    ("service-accounts", "/projects/{project}/service-accounts"),
    ("service-account", "/projects/{project}/service-accounts/{account}"),
    ("service-account-delete", "/projects/{project}/service-accounts/{account}/delete"),
    ("members", "/members"),
    ("member", "/members/{user}"),
    ("member-remove", "/members/{user}/remove"),
    ("members-of-project", "/projects/{project}/members"),
    ("member-of-project", "/projects/{project}/members/{user}"),
    ("groups", "/groups"),
    ("group", "/groups/{group}"),
    ("roles", "/roles"),
    ("role", "/roles/{role}"),
    ("role-built-in", "/roles/role-api-organization-reader"),
    ("role-new", "/projects/{project}/roles/new"),
    ("audit", "/audit"),
    ("audit-none", "/audit?email=nobody%40example.com"),
    ("settings", "/settings"),
    ("settings-of-project", "/projects/{project}/settings"),
    ("alerts", "/alerts"),
    ("alerts-of-project", "/projects/{project}/alerts"),
    ("alert", "/alerts/{alert}"),
    ("alert-delete", "/alerts/{alert}/delete"),
    ("admin-keys", "/admin-keys"),
];

#[test]
fn every_page_of_managing_is_fit_to_be_seen() {
    let office = Office::open();
    let ids = furnished(&office);
    for (name, path) in PAGES {
        let path = ids.iter().fold((*path).to_owned(), |path, (name, id)| path.replace(name, id));
        office.go(&path);
        assert!(office.browser.source().len() < 100_000, "{path} is above 100 KB");
        office.browser.look(name);
    }
}

fn flash(browser: &Browser) -> String {
    browser.text(".flash")
}

#[test]
fn a_service_account_is_made_with_a_key_gets_another_and_ends_with_both() {
    let office = Office::open();
    let browser = &office.browser;
    let accounts = format!("/projects/{}/service-accounts", office.key.project);
    office.go(&accounts);
    browser.fill("#name", "<i>Job</i>");
    browser.submit("main form button.main");
    let first = browser.text("#copy-secret");
    office.gateway.plant(&first);
    assert_eq!(crate::keys::call(&office, &first), 200);
    office.go(&accounts);
    browser.submit("main tbody a");
    let page = browser.path();
    assert_eq!(browser.text("h1"), "<i>Job</i>");
    browser.fill("#key_name", "Second");
    browser.submit("form[action$='/keys'] button");
    let second = browser.text("#copy-secret");
    office.gateway.plant(&second);
    assert_eq!(crate::keys::call(&office, &second), 200);

    office.go(&format!("{page}/delete"));
    browser.fill("#typed", "Job");
    browser.submit("main form button.danger");
    assert!(browser.text("#typed-fault").contains("as it stands above"));
    browser.fill("#typed", "<i>Job</i>");
    browser.submit("main form button.danger");
    assert!(flash(browser).contains("keys are ended"));
    assert_eq!(crate::keys::call(&office, &first), 401);
    assert_eq!(crate::keys::call(&office, &second), 401);
}

#[test]
fn a_project_is_made_renamed_narrowed_and_archived() {
    let office = Office::open();
    let browser = &office.browser;
    office.go("/projects");
    browser.fill("#name", "Blue");
    browser.submit("main form button.main");
    assert!(flash(browser).contains("Blue is made"));
    let settings = browser.path().replace("/keys", "/settings");
    office.go(&settings);
    browser.fill("#name", "Red <b>");
    browser.submit("form[action$='/name'] button");
    assert!(flash(browser).contains("new name"));
    browser.click("input[value='allow_list']");
    browser.submit("form[action$='/models'] button");
    assert!(browser.text("#models-fault").contains("at least one"));
    browser.fill("#models", "gpt-4o*");
    browser.submit("form[action$='/models'] button");
    assert!(flash(browser).contains("next call"));
    browser.click("input[value='web_search']");
    browser.submit("form[action$='/tools'] button");
    assert!(browser.has("input[value='web_search']:not(:checked)"));
    browser.choose("#retention", "zero_data_retention");
    browser.submit("form[action$='/retention'] button");
    assert!(browser.has("#retention option[value='zero_data_retention'][selected]"));

    browser.submit("main a.danger");
    browser.fill("#typed", "Red <b>");
    browser.submit("main form button.danger");
    assert!(flash(browser).contains("archived"));
    office.go(&settings);
    assert!(!browser.has("form[action$='/name']"));
    office.go("/projects?archived=1");
    assert!(
        browser.source().contains("Red &lt;b&gt;") || browser.source().contains("Red &#60;b&#62;")
    );
}

#[test]
fn somebody_is_invited_given_a_role_and_removed_and_the_last_owner_stays() {
    let office = Office::open();
    let browser = &office.browser;
    let ids = furnished(&office);
    let id = |name: &str| ids.iter().find(|(it, _)| *it == name).unwrap().1.clone();
    office.go("/members");
    browser.fill("#email", EMAIL);
    browser.submit("form[action$='/invite'] button");
    assert!(browser.has("#email-fault") || browser.has(".flash.bad"));
    assert_eq!(browser.script("return document.querySelector('#email').value", &[]), json!(EMAIL));
    browser.fill("#email", "barbara@example.com");
    browser.submit("form[action$='/invite'] button");
    assert!(flash(browser).contains("barbara@example.com is invited"));
    browser.submit("form[action$='/withdraw'] button");
    assert!(flash(browser).contains("withdrawn"));

    let person = format!("/members/{}", id("{user}"));
    office.go(&person);
    browser.choose("#role_id", &id("{role}"));
    browser.submit("form[action$='/roles'] button");
    assert!(flash(browser).contains("Bookkeeper"));
    // A role that somebody has is not deleted.
    office.go(&format!("/roles/{}/delete", id("{role}")));
    browser.submit("main form button.danger");
    assert!(browser.has(".flash.bad"));
    office.go(&person);
    browser.submit("form[action$='/roles/remove'] button");
    assert!(flash(browser).contains("taken away"));
    browser.submit("main a.danger");
    browser.fill("#typed", "Grace Hopper");
    browser.submit("main form button.danger");
    assert!(flash(browser).contains("removed"));

    office.go("/members");
    let owner = "return [...document.querySelectorAll('main tbody a')].find(a => a.textContent == 'Ada Lovelace').getAttribute('href')";
    let owner = browser.script(owner, &[]).as_str().unwrap().to_owned();
    office.go(&owner);
    browser.click("input[value='reader']");
    browser.submit("main form button.main");
    assert!(browser.has(".flash.bad"), "the last owner is no reader");
    office.go(&format!("{owner}/remove"));
    browser.fill("#typed", "Ada Lovelace");
    browser.submit("main form button.danger");
    assert!(browser.has(".flash.bad"), "the last owner is not removed");
    office.go(&owner);
    assert!(browser.has("input[value='owner'][checked]"));
}

#[test]
fn the_audit_log_tells_who_and_what_and_its_chain_is_looked_at() {
    let office = Office::open();
    let browser = &office.browser;
    furnished(&office);
    office.go("/audit?event=group.created");
    assert!(browser.text("main tbody").contains("Platform"));
    browser.fill("#event", "group.exploded");
    browser.submit("form.filters button");
    assert!(browser.text("#event-fault").contains("no event"));
    browser.submit("form[action='/audit/verify'] button");
    assert!(flash(browser).contains("The chain holds"));
}

#[test]
fn an_alert_is_set_and_its_webhooks_secret_is_shown_once() {
    let office = Office::open();
    let browser = &office.browser;
    office.go("/alerts");
    browser.fill("#threshold", "25");
    browser.submit("main form button.main");
    assert!(browser.text("#recipients-fault").contains("e-mail address"));
    // Case 143: not into this network, and what was typed stays.
    browser.fill("#webhook", "http://10.0.0.1/hook");
    browser.submit("main form button.main");
    assert!(browser.has("#webhook-fault"));
    assert_eq!(
        browser.script("return document.querySelector('#threshold').value", &[]),
        json!("25")
    );
    browser.fill("#webhook", "https://hooks.example.com/T0/token");
    browser.submit("main form button.main");
    let secret = browser.text("#copy-secret");
    assert!(secret.len() > 20, "{secret}");
    office.gateway.plant(&secret);
    browser.submit("main a.main");
    assert!(browser.text("main tbody").contains("hooks.example.com"));
    assert!(!browser.source().contains("T0/token") && !browser.source().contains(&secret));
    browser.submit("main tbody a");
    browser.submit("main a.danger");
    browser.submit("main form button.danger");
    assert!(flash(browser).contains("deleted"));
}

#[test]
fn an_admin_key_is_made_shown_once_and_deleted() {
    let office = Office::open();
    let browser = &office.browser;
    office.go("/admin-keys");
    browser.fill("#name", "Terraform");
    browser.click("input[value='read_only']");
    browser.submit("main form button.main");
    let secret = browser.text("#copy-secret");
    office.gateway.plant(&secret);
    let call = |method: &str, path: &str| {
        office.gateway.json(&secret, method, path, &json!({ "name": "x" })).status
    };
    let list =
        || office.gateway.json(&secret, "GET", "/v1/organization/projects", &Value::Null).status;
    assert_eq!((call("POST", "/v1/organization/projects"), list()), (401, 200));
    browser.submit("main a.main");
    assert!(!browser.source().contains(&secret));
    browser.submit("a[aria-label='Delete… Terraform']");
    browser.fill("#typed", "Terraform");
    browser.submit("main form button.danger");
    assert!(flash(browser).contains("deleted"));
    assert_eq!(list(), 401);
}

#[test]
fn the_organization_is_renamed_and_gets_its_name_back() {
    let office = Office::open();
    let browser = &office.browser;
    let name = || {
        let shown = office.gateway.admin("GET", "/tollgate/v1/organization", &Value::Null);
        shown["name"].as_str().unwrap().to_owned()
    };
    let before = name();
    office.go("/settings");
    browser.fill("#name", " ");
    browser.submit("main section form[action='/settings/name'] button");
    assert!(browser.has("#name-fault"));
    browser.fill("#name", "Lovelace & <b>Sons</b>");
    browser.submit("main section form[action='/settings/name'] button");
    assert_eq!(name(), "Lovelace & <b>Sons</b>");
    assert!(flash(browser).contains("new name"));
    browser.submit(".flash form button");
    assert_eq!(name(), before);
    office.go("/audit?event=organization.updated");
    assert!(browser.text("main tbody").contains("Lovelace & <b>Sons</b>"));

    // Who was here is seen among the members; whoever never came is seen as that.
    furnished(&office);
    office.go("/members");
    let row = |name: &str| {
        let script = "return [...document.querySelectorAll('main tbody tr')]
            .find(row => row.textContent.includes(arguments[0])).lastElementChild.textContent";
        browser.script(script, &[json!(name)]).as_str().unwrap().to_owned()
    };
    assert_eq!(row("Grace Hopper"), "never");
    assert!(row("Ada Lovelace").contains(":"), "{}", row("Ada Lovelace"));
}
