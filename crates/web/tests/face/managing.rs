//! Pages of managing, without a socket: their actions, and what is refused.

use bytes::Bytes;
use domain::{Secret, Session, Timestamp};
use http::{HeaderMap, HeaderValue, Method};
use web::{ApiRequest, Dashboard, DashboardSettings};

use crate::gateway::Gateway;
use crate::world::{NOON, block_on};

const COOKIE: &str = "a-session";

/// The owner at their browser.
struct Desk {
    gateway: Gateway,
    dashboard: Dashboard,
}

struct Seen {
    status: u16,
    to: String,
    html: String,
}

impl Desk {
    fn open() -> Self {
        let gateway = Gateway::start();
        let at = Timestamp::from_seconds(NOON);
        let user = gateway.world.state().users[0].id.clone();
        gateway.world.state().session = Some(Session {
            half: false,
            id: "sess_1".into(),
            user,
            created_at: at,
            seen_at: at,
            proved_at: at,
            ends_at: at.plus_seconds(1_209_600),
            address: None,
            agent: String::new(),
        });
        let dashboard = Dashboard::new(gateway.control.clone(), DashboardSettings::default());
        Self { gateway, dashboard }
    }

    fn send(&self, method: Method, path: &str, body: &str) -> Seen {
        let mut headers = HeaderMap::new();
        let mut put = |name: &'static str, value: &str| {
            headers.insert(name, HeaderValue::from_str(value).unwrap());
        };
        put("cookie", &format!("tollgate_session={COOKIE}"));
        put("host", "127.0.0.1:8655");
        put("origin", "http://127.0.0.1:8655");
        put("content-type", "application/x-www-form-urlencoded");
        let request = ApiRequest {
            method: &method,
            path,
            query: None,
            headers: &headers,
            authority: None,
            body: Bytes::copy_from_slice(body.as_bytes()),
            address: [127, 0, 0, 1].into(),
            request_id: "req_1".into(),
        };
        let reply = block_on(self.dashboard.handle(request));
        let to = reply.headers.iter().find(|(name, _)| *name == "location");
        Seen {
            status: reply.status.as_u16(),
            to: to.map_or("", |(_, value)| value.to_str().unwrap()).to_owned(),
            html: String::from_utf8_lossy(&reply.body).into_owned(),
        }
    }

    fn get(&self, path: &str) -> Seen {
        self.send(Method::GET, path, "")
    }

    fn post(&self, path: &str, fields: &str) -> Seen {
        let proof = self.gateway.control.form_proof(&Secret::from(COOKIE));
        self.send(Method::POST, path, &format!("_proof={proof}&{fields}"))
    }

    fn here(&self, page: &str) -> String {
        format!("/projects/{}/{page}", self.gateway.project)
    }

    fn events(&self) -> Vec<&'static str> {
        self.gateway.world.events().split_off(2)
    }
}

#[test]
fn a_project_is_made_and_archived_only_with_its_name_typed() {
    let desk = Desk::open();
    let made = desk.post("/projects", "name=Blue");
    assert_eq!(made.status, 303, "{}", made.html);
    let again = desk.post("/projects", "name=+");
    assert_eq!((again.status, again.html.contains("name-fault")), (400, true));
    let archive = made.to.replace("/keys", "/archive");
    assert!(desk.get(&archive).html.contains("Archive Blue?"));
    assert_eq!(desk.post(&archive, "typed=Red").status, 400);
    assert_eq!(desk.events(), ["project.created"]);
    assert_eq!(desk.post(&archive, "typed=Blue").to, "/projects");
    assert_eq!(desk.events(), ["project.created", "project.archived"]);
    let settings = made.to.replace("/keys", "/settings/name");
    let refused = desk.post(&settings, "name=Red");
    assert_eq!((refused.status, refused.html.contains("role=\"alert\"")), (400, true));
}

#[test]
fn a_service_accounts_secret_is_on_one_page_and_its_name_is_text() {
    let desk = Desk::open();
    let made = desk.post(&desk.here("service-accounts"), "name=%3Cb%3EJob&_form=1");
    assert!(made.html.contains("sk-svcacct-tg-"), "{}", made.html);
    let listed = desk.get(&desk.here("service-accounts"));
    assert!(!listed.html.contains("<b>Job") && !listed.html.contains("sk-svcacct"));
    let id = desk.gateway.world.state().accounts[0].id.as_str().to_owned();
    let page = desk.here(&format!("service-accounts/{id}"));
    assert_eq!(desk.post(&page, "name=Night&role=owner").to, page);
    assert_eq!(desk.post(&format!("{page}/delete"), "typed=Job").status, 400);
    assert_eq!(desk.post(&format!("{page}/delete"), "typed=Night").status, 303);
    assert_eq!(desk.get(&page).status, 404);
}

#[test]
fn case_131_nothing_is_changed_without_the_forms_proof() {
    let desk = Desk::open();
    for path in ["/projects", "/settings/zone", "/admin-keys", "/alerts", "/groups", "/roles/new"] {
        assert_eq!(desk.send(Method::POST, path, "name=x&time_zone=UTC").status, 403, "{path}");
    }
    assert_eq!(desk.events(), [""; 0]);
}

#[test]
fn settings_say_what_cannot_be_set() {
    let desk = Desk::open();
    let zone = desk.post("/settings/zone", "time_zone=Mars%2FOlympus");
    assert!(zone.status == 400 && zone.html.contains("Mars/Olympus"), "{}", zone.html);
    assert_eq!(desk.post("/settings/retention", "retention=none").status, 400);
    assert_eq!(desk.post("/settings/retention", "retention=zero_data_retention").status, 303);
    let models = desk.here("settings/models");
    assert_eq!(desk.post(&models, "mode=allow_list&models=").status, 400);
    assert_eq!(desk.post(&models, "mode=allow_list&models=o1").status, 303);
    assert_eq!(desk.events(), ["organization.updated", "project.updated"]);
}
