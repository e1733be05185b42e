//! Those who come to the pages: people with every role there is, programs, and what is left of a
//! session that is over.

use serde_json::json;
use testkit::{Answer, Key};

use super::rows::Gate;
use crate::house::{House, PASSWORD, Person, encoded};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    Nobody,
    /// A browser whose session has ended by itself.
    Expired,
    /// A program with a key of the project.
    ProjectKey,
    /// A program with an admin key: for the API, not for pages.
    AdminKey,
    /// The owner of another project, with nothing in the organization.
    Stranger,
    Viewer,
    Member,
    /// The owner of the project.
    Manager,
    /// Of the organization: sees all of it.
    Reader,
    Owner,
    /// The owner, whose proof of who they are is an hour old.
    Stale,
}

impl Who {
    pub const SIGNED_IN: [Self; 6] =
        [Self::Stranger, Self::Viewer, Self::Member, Self::Manager, Self::Reader, Self::Owner];
    pub const ALL: [Self; 11] = [
        Self::Nobody,
        Self::Expired,
        Self::ProjectKey,
        Self::AdminKey,
        Self::Stranger,
        Self::Viewer,
        Self::Member,
        Self::Manager,
        Self::Reader,
        Self::Owner,
        Self::Stale,
    ];

    pub fn is_signed_in(self) -> bool {
        Self::SIGNED_IN.contains(&self) || self == Self::Stale
    }

    fn is_owner(self) -> bool {
        matches!(self, Self::Owner | Self::Stale)
    }

    /// Whether they may, but for a proof that is too old.
    fn has_role(self, gate: Gate, in_project: bool) -> bool {
        match gate {
            Gate::Door => true,
            Gate::Own | Gate::OwnProved => self.is_signed_in(),
            Gate::See => {
                let of_project = matches!(self, Self::Viewer | Self::Member | Self::Manager);
                self.is_owner() || self == Self::Reader || (in_project && of_project)
            }
            Gate::Call => self.is_owner() || matches!(self, Self::Member | Self::Manager),
            Gate::Manage | Gate::ManageProved => {
                self.is_owner() || (in_project && self == Self::Manager)
            }
        }
    }

    /// What comes of it.
    pub fn fate(self, gate: Gate, path: &str) -> Fate {
        let in_project = path.starts_with("/projects/{project}/");
        let proved = matches!(gate, Gate::OwnProved | Gate::ManageProved);
        match self.has_role(gate, in_project) {
            true if proved && self == Self::Stale => Fate::Asked,
            true => Fate::Passes,
            false if !self.is_signed_in() => Fate::SignIn,
            // What they may not look at is not there for them.
            false if in_project && self == Self::Stranger => Fate::Missing,
            false => Fate::Forbidden,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Passes,
    SignIn,
    /// For the password, once more.
    Asked,
    Forbidden,
    Missing,
    /// Anything else.
    Other(u16),
}

impl Fate {
    /// What an answer is, by what a person would see.
    pub fn of(method: &str, answer: &Answer) -> Self {
        let to = answer.header("location").unwrap_or_default();
        match answer.status {
            303 if method == "GET" && to.starts_with("/sign-in?back=") => Self::SignIn,
            401 if answer.text().contains("Sign in") => Self::SignIn,
            403 if answer.text().contains("action=\"/prove\"") => Self::Asked,
            403 if answer.text().contains("role_required") => Self::Forbidden,
            404 => Self::Missing,
            200 | 303 => Self::Passes,
            status => Self::Other(status),
        }
    }
}

/// One of them at the door, with what they hold in hand.
pub struct Caller<'a> {
    house: &'a House,
    pub person: Person<'a>,
    bearer: Option<String>,
    proof: String,
}

impl<'a> Caller<'a> {
    pub fn signed_in(house: &'a House, who: Who) -> Self {
        let person = house.signed_in(&email(who), PASSWORD);
        let proof = person.proof();
        Self { house, person, bearer: None, proof }
    }

    pub fn without(house: &'a House, bearer: Option<String>) -> Self {
        Self { house, person: house.person(), bearer, proof: "nothing".to_owned() }
    }

    pub fn ask(&self, method: &str, path: &str, sent: &[(String, String)]) -> Answer {
        let pairs: Vec<_> = sent.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
        let mut text = encoded(&pairs);
        let (cookie, origin) = (self.person.cookie(), self.house.gateway.url());
        let mut headers = vec![("Accept", "text/html"), ("Cookie", cookie.as_str())];
        let bearer = self.bearer.as_ref().map(|key| format!("Bearer {key}"));
        headers.extend(bearer.as_ref().map(|text| ("Authorization", text.as_str())));
        if method == "GET" {
            let path = if text.is_empty() { path.to_owned() } else { format!("{path}?{text}") };
            return self.house.gateway.request(method, &path, &headers, "");
        }
        text.push_str(&format!("&_proof={}", self.proof));
        headers.push(("Origin", &origin));
        headers.push(("Content-Type", "application/x-www-form-urlencoded"));
        self.house.gateway.request(method, path, &headers, text)
    }
}

pub fn email(who: Who) -> String {
    match who {
        Who::Owner | Who::Expired | Who::Stale => crate::house::EMAIL.to_owned(),
        who => format!("{who:?}@example.com").to_lowercase(),
    }
}

/// Invites somebody, lets them in by the link of the mail, and gives them their place; gives their id.
pub fn settle(house: &House, who: Who, project: &str) -> String {
    let invite = json!({ "email": email(who), "role": "reader", "projects": [] });
    house.gateway.admin("POST", "/v1/organization/invites", &invite);
    let link = house.link_to(&email(who));
    let fields = [("token", link.as_str()), ("name", "Somebody"), ("password", PASSWORD)];
    let answer = house.person().send("/invite", &fields);
    assert_eq!(answer.status, 303, "{}", answer.text());
    let found = format!("/v1/organization/users?emails={}", email(who).replace('@', "%40"));
    let found = house.gateway.admin("GET", &found, &json!(null));
    let id = found["data"][0]["id"].as_str().unwrap().to_owned();
    let role = match who {
        Who::Reader => return id,
        Who::Viewer => "viewer",
        Who::Member => "member",
        _ => "owner",
    };
    let member = json!({ "user_id": id, "role": role });
    house.gateway.admin("POST", &format!("/v1/organization/projects/{project}/users"), &member);
    let reader = format!("/v1/organization/users/{id}/roles/role-api-organization-reader");
    house.gateway.admin("DELETE", &reader, &json!(null));
    id
}

/// An hour passes for the newest session: it lives, and its proof is too old.
pub fn age_proof(house: &House) {
    alter_newest_session(house, "proved_at = proved_at - 3600000");
}

/// Nobody used the newest session for a day: it is over.
pub fn expire(house: &House) {
    alter_newest_session(house, "seen_at = seen_at - 86400000");
}

fn alter_newest_session(house: &House, set: &str) {
    let db = rusqlite::Connection::open(house.gateway.data_dir().join("tollgate.db")).unwrap();
    db.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
    let newest = "seq = (SELECT max(seq) FROM sessions)";
    let changed = db.execute(&format!("UPDATE sessions SET {set} WHERE {newest}"), []).unwrap();
    assert_eq!(changed, 1);
}

pub fn bearer(who: Who, house: &House, key: &Key) -> Option<String> {
    match who {
        Who::ProjectKey => Some(key.value.clone()),
        Who::AdminKey => Some(house.gateway.admin_key().to_owned()),
        _ => None,
    }
}
