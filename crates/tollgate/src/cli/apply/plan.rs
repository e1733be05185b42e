//! What differs between a file and an installation.

use domain::rate::UNLIMITED;
use domain::{Nanos, Secret};
use serde_json::{Map, Value, json};

use super::file::{Wanted, members};
use super::{places, told};
use crate::cli::api::{Api, path};
use crate::cli::failure::Failure;
use crate::cli::project;
use crate::cli::shapes::Project;

/// One value that differs.
pub(super) struct Step {
    pub(super) what: String,
    pub(super) before: String,
    pub(super) after: String,
    /// `None`: of the organization.
    pub(super) project: Option<Whose>,
    pub(super) act: Act,
}

/// A project, which may have to be made first.
#[derive(Clone)]
pub(super) enum Whose {
    There(String),
    New(String),
}

/// How it is set.
pub(super) enum Act {
    Make(String),
    /// The body for `/tollgate/v1/sign_in`.
    SignIn(Value),
    /// The operation's last word, and its body.
    Post(&'static str, Value),
    Key(String, Value),
    Rates(Value),
    /// A limit's body without its scope.
    Limit(Value),
    /// An upstream to be made: its name, its body, its credentials.
    Upstream(String, Value, Vec<Secret>),
    /// By name.
    ChangeUpstream(String, Value),
    /// `remove`: the ids of those that the file does not have.
    Credentials {
        upstream: String,
        add: Vec<Secret>,
        remove: Vec<String>,
    },
    /// An upstream's name, and the body.
    Egress(String, Value),
    /// The id of the one that is there, and the whole route without its project.
    Route(Option<String>, Value),
}

/// Collects the differences of one scope.
struct Scope<'a> {
    api: &'a Api,
    name: String,
    whose: Option<Whose>,
    steps: Vec<Step>,
}

pub(super) async fn differences(api: &Api, wanted: &Wanted) -> Result<Vec<Step>, Failure> {
    let known = project::all(api, false).await?;
    // What calls go to comes before what leads there.
    let mut steps = places::upstreams(api, wanted, &known).await?;
    let wanted_projects = members(&wanted.value["projects"], "projects").map_err(Failure::new)?;
    let name = "organization".to_owned();
    let mut scope = Scope { api, name, whose: None, steps: Vec::new() };
    let organization = &wanted.value["organization"];
    scope.retention(&organization["retention"]).await?;
    scope.limits(&organization["limits_usd"]).await?;
    scope.sign_in(&organization["sign_in"]).await?;
    steps.append(&mut scope.steps);
    for (name, project) in &wanted_projects {
        let whose = match of_name(&known, name)? {
            Some(id) => Whose::There(id),
            None => Whose::New((*name).to_owned()),
        };
        let mut scope =
            Scope { api, name: (*name).to_owned(), whose: Some(whose.clone()), steps: Vec::new() };
        if let Whose::New(name) = whose {
            scope.step("project", &Value::Null, &json!(name), Act::Make(name.clone()));
        }
        scope.rules(project).await?;
        scope.retention(&project["retention"]).await?;
        scope.limits(&project["limits_usd"]).await?;
        scope.rates(&project["rate_limits"]).await?;
        scope.keys(&project["keys"]).await?;
        steps.append(&mut scope.steps);
    }
    let new: Vec<&str> = wanted_projects.iter().map(|(name, _)| *name).collect();
    steps.append(&mut places::routes(api, wanted, &known, &new).await?);
    Ok(steps)
}

/// The id of the one project that is called so.
pub(super) fn of_name(known: &[Project], name: &str) -> Result<Option<String>, Failure> {
    let mut found = known.iter().filter(|project| project.name == name);
    match (found.next(), found.next()) {
        (Some(_), Some(_)) => Err(Failure::new(format!("two projects are called '{name}'"))
            .next("Rename or archive one of them; a file knows projects by name.")),
        (found, _) => Ok(found.map(|project| project.id.clone())),
    }
}

impl Scope<'_> {
    fn step(&mut self, what: &str, before: &Value, after: &Value, act: Act) {
        self.steps.push(Step {
            what: format!("{}: {what}", self.name),
            before: told(before),
            after: told(after),
            project: self.whose.clone(),
            act,
        });
    }

    /// What an operation of the Administration API shows now; `null` of a project to be made.
    async fn now(&self, what: &str) -> Result<Value, Failure> {
        match &self.whose {
            None => self.api.get_as(&path(&["v1", "organization", what])).await,
            Some(Whose::New(_)) => Ok(Value::Null),
            Some(Whose::There(id)) => {
                self.api.get_as(&path(&["v1", "organization", "projects", id, what])).await
            }
        }
    }

    async fn rules(&mut self, wanted: &Value) -> Result<(), Failure> {
        let models = &wanted["models"];
        if !models.is_null() {
            let now = self.now("model_permissions").await?;
            let shown = json!({ "mode": now["mode"], "model_ids": now["model_ids"] });
            if shown != *models {
                let act = Act::Post("model_permissions", models.clone());
                self.step("models", &shown, models, act);
            }
        }
        let tools = members(&wanted["tools"], "tools").map_err(Failure::new)?;
        if tools.is_empty() {
            return Ok(());
        }
        let now = self.now("hosted_tool_permissions").await?;
        for (tool, wanted) in tools {
            let enabled = now[tool]["enabled"].as_bool().unwrap_or(true);
            if *wanted != json!(enabled) {
                let mut body = json!({});
                body[tool] = json!({ "enabled": wanted });
                let act = Act::Post("hosted_tool_permissions", body);
                self.step(&format!("tools.{tool}"), &json!(enabled), wanted, act);
            }
        }
        Ok(())
    }

    async fn retention(&mut self, wanted: &Value) -> Result<(), Failure> {
        if wanted.is_null() {
            return Ok(());
        }
        let now = self.now("data_retention").await?["type"].take();
        if now != *wanted {
            let act = Act::Post("data_retention", json!({ "retention_type": wanted }));
            self.step("retention", &now, wanted, act);
        }
        Ok(())
    }

    /// Who may make an account, and what everybody must have shown.
    async fn sign_in(&mut self, wanted: &Value) -> Result<(), Failure> {
        let wanted = members(wanted, "sign_in").map_err(Failure::new)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let now: Value = self.api.get_as(&path(&["tollgate", "v1", "sign_in"])).await?;
        for (name, word) in wanted {
            if now[name] != *word {
                let act = Act::SignIn(json!({ name: word }));
                self.step(&format!("sign_in.{name}"), &now[name], word, act);
            }
        }
        Ok(())
    }

    /// Amounts alone are the file's; a limit's other rules stay as they are.
    async fn limits(&mut self, wanted: &Value) -> Result<(), Failure> {
        let wanted = members(wanted, "limits_usd").map_err(Failure::new)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let asked = match &self.whose {
            Some(Whose::New(_)) => None,
            Some(Whose::There(id)) => {
                Some(vec![("scope_type", "project"), ("scope_id", id.as_str())])
            }
            None => Some(vec![("scope_type", "organization")]),
        };
        let rows = match asked {
            Some(asked) => self.api.list(&path(&["tollgate", "v1", "limits"]), &asked).await?,
            None => Vec::new(),
        };
        for (period, amount) in wanted {
            let row = rows.iter().find(|row| row["period"] == *period);
            let now = row.map_or(Value::Null, |row| row["amount_usd"].clone());
            let nanos = |value: &Value| value.as_str().and_then(Nanos::from_dollars);
            if nanos(&now) == nanos(amount) {
                continue;
            }
            let mut body = json!({ "period": period, "amount_usd": amount });
            for rule in ["clamp_output", "unbounded", "default_max_output"] {
                if let Some(kept) = row.map(|row| &row[rule]).filter(|rule| !rule.is_null()) {
                    body[rule] = kept.clone();
                }
            }
            self.step(&format!("limits_usd.{period}"), &now, amount, Act::Limit(body));
        }
        Ok(())
    }

    /// The table is the whole: what it does not name is lifted.
    async fn rates(&mut self, wanted: &Value) -> Result<(), Failure> {
        if wanted.is_null() {
            return Ok(());
        }
        let mut now = match &self.whose {
            Some(Whose::There(id)) => {
                let target = path(&["tollgate", "v1", "projects", id, "rate_limits"]);
                self.api.get_as::<Map<String, Value>>(&target).await?
            }
            _ => Map::new(),
        };
        now.retain(|_, limit| limit.as_u64().is_some_and(|limit| limit != UNLIMITED));
        let now = Value::Object(now);
        if now != *wanted {
            self.step("rate_limits", &now, wanted, Act::Rates(wanted.clone()));
        }
        Ok(())
    }

    async fn keys(&mut self, wanted: &Value) -> Result<(), Failure> {
        let wanted = members(wanted, "keys").map_err(Failure::new)?;
        if wanted.is_empty() {
            return Ok(());
        }
        let rows = match &self.whose {
            Some(Whose::There(id)) => {
                let target = path(&["v1", "organization", "projects", id, "api_keys"]);
                self.api.list(&target, &[]).await?
            }
            _ => Vec::new(),
        };
        for (name, policy) in wanted {
            let mut found = rows.iter().filter(|row| row["name"] == *name);
            let (Some(row), None) = (found.next(), found.next()) else {
                let why = format!("{}: there is not exactly one key called '{name}'", self.name);
                let next = "A file sets what a key may do; `tollgate keys create` makes it, and \
                            shows its secret once.";
                return Err(Failure::new(why).next(next));
            };
            let id = row["id"].as_str().unwrap_or_default();
            for (field, value) in members(policy, name).map_err(Failure::new)? {
                if row[field] != *value {
                    let mut body = json!({});
                    body[field] = value.clone();
                    // Scopes and their permission mean something together only.
                    for other in ["permission", "scopes"] {
                        if ["permission", "scopes"].contains(&field) && !policy[other].is_null() {
                            body[other] = policy[other].clone();
                        }
                    }
                    let act = Act::Key(id.to_owned(), body);
                    self.step(&format!("keys.{name}.{field}"), &row[field], value, act);
                }
            }
        }
        Ok(())
    }
}
