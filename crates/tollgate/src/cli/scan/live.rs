//! Whether found keys of ours work. Only Tollgate's own keys are asked about, and only the Tollgate
//! that the process's environment names: neither the scanned folder nor its `.env` has a say in
//! where anything is sent.

use std::collections::HashMap;
use std::io::IsTerminal;

use domain::Secret;
use scan::{Find, Report, Standing};
use serde::Deserialize;
use serde_json::json;

use super::super::api::{Api, path};
use super::super::confirm::answer;
use super::super::failure::Failure;
use super::super::said::Said;
use super::super::{Env, reveal};

const CHECK: &str = "/tollgate/v1/leaks/check";
const REVOKE: &str = "/tollgate/v1/leaks/revoke";
/// More different keys than these are not asked about.
const MOST: usize = 50;
/// Seconds that a found secret works on when its key gets a new one.
const GRACE: i64 = 3600;

/// A Tollgate that answers, with our own key to it where there is one.
pub(super) struct Gate {
    admin: Option<Api>,
}

#[derive(Deserialize)]
struct Checked {
    ours: bool,
    live: bool,
    api_key_id: Option<String>,
    project_id: Option<String>,
}

#[derive(Deserialize)]
struct Me {
    id: String,
}

/// Puts to each find of ours what its Tollgate says. `None` where none answers.
pub(super) async fn ask(env: &Env, report: &mut Report) -> Option<Gate> {
    if report.finds.iter().all(|find| find.ours.is_none()) {
        return None;
    }
    let gate = Gate { admin: Api::connect(env).ok() };
    let mut known: HashMap<String, Standing> = HashMap::new();
    for find in &mut report.finds {
        let Some(secret) = &find.ours else { continue };
        if !known.contains_key(&find.fingerprint) {
            if known.len() >= MOST {
                continue;
            }
            let standing = gate.standing(env, find, secret).await.ok()?;
            known.insert(find.fingerprint.clone(), standing);
        }
        find.standing = known.get(&find.fingerprint).cloned();
    }
    Some(gate)
}

impl Gate {
    /// By the value, where we may ask so: then even a key that is watched for is not used.
    async fn standing(&self, env: &Env, find: &Find, secret: &Secret) -> Result<Standing, Failure> {
        if let Some(api) = &self.admin {
            match api.post(CHECK, &reveal::token_body(secret)).await {
                Ok(reply) => {
                    let checked: Checked = reply.read()?;
                    return Ok(match (checked.ours, checked.live) {
                        (true, true) => Standing::Live(checked.api_key_id),
                        (true, false) => Standing::Ended,
                        (false, _) => Standing::Unknown,
                    });
                }
                // A Tollgate that does not know the question, or does not know us.
                Err(failure) if failure.is("not_found") || failure.is("invalid_api_key") => {}
                Err(failure) => return Err(failure),
            }
        }
        self.standing_by_use(env, find, secret).await
    }

    async fn standing_by_use(
        &self,
        env: &Env,
        find: &Find,
        secret: &Secret,
    ) -> Result<Standing, Failure> {
        let as_it = Env { admin_key: Some(secret.clone()), ..env.clone() };
        let api = Api::connect(&as_it)?;
        let target = match find.masked.starts_with("sk-admin-") {
            true => "/v1/organization/projects?limit=1",
            false => "/tollgate/v1/me",
        };
        match api.get(target).await {
            Ok(reply) => Ok(Standing::Live(reply.read::<Me>().ok().map(|me| me.id))),
            Err(failure) if failure.is("invalid_api_key") => Ok(Standing::Unknown),
            Err(failure) if failure.is("key_revoked") || failure.is("key_expired") => {
                Ok(Standing::Ended)
            }
            // It was recognised, and may not do this or not from here.
            Err(failure)
                if failure.is("permission_denied") || failure.is("address_not_allowed") =>
            {
                Ok(Standing::Live(None))
            }
            Err(failure) => Err(failure),
        }
    }

    /// Says how live keys are ended, and asks a person at a terminal whether to.
    pub(super) async fn offer(&self, mut said: Said, report: &Report) -> Result<Said, Failure> {
        // Each key once, in the order of their places. A file that git ignores is where a key may
        // well be: `.env`, our own admin.key.
        let mut live: Vec<&Find> = Vec::new();
        for find in &report.finds {
            let is_live = matches!(find.standing, Some(Standing::Live(_)));
            if is_live
                && !find.ignored
                && live.iter().all(|other| other.fingerprint != find.fingerprint)
            {
                live.push(find);
            }
        }
        if live.is_empty() {
            return Ok(said);
        }
        let person = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
        if let (true, Some(api)) = (person, &self.admin) {
            let tell = |said: Said| said.print(&mut std::io::stdout(), &mut std::io::stderr());
            tell(said)?;
            for find in live {
                if let Some(secret) = &find.ours {
                    tell(ask_what_to_do(api, find, secret).await?)?;
                }
            }
            return Ok(Said::default());
        }
        for find in live {
            let id = match &find.standing {
                Some(Standing::Live(Some(id))) => id.as_str(),
                _ => "KEY_ID",
            };
            said = said.add_talk(format!(
                "{find} WORKS. End it: `tollgate keys revoke {id}`; or give its users a new one \
                 first: `tollgate keys rotate {id} --grace 1h`."
            ));
        }
        Ok(said)
    }
}

/// Asks about one live key, and does what the person says.
async fn ask_what_to_do(api: &Api, find: &Find, secret: &Secret) -> Result<Said, Failure> {
    let checked: Checked = api.post(CHECK, &reveal::token_body(secret)).await?.read()?;
    let key = checked.project_id.zip(checked.api_key_id);
    let rotate = match key {
        Some(_) => "[n] make a new one and end this in an hour, ",
        // An admin key is replaced by hand.
        None => "",
    };
    let question = format!("{find} works. [r] revoke it now, {rotate}[Return] leave it: ");
    match (answer(&question).as_str(), key) {
        ("r", _) => {
            api.post(REVOKE, &reveal::token_body(secret)).await?;
            Ok(Said::talk(format!("Revoked: {find}.")))
        }
        ("n", Some((project, id))) => {
            let keys = ["tollgate", "v1", "projects", &project, "api_keys", &id, "rotate"];
            let reply = api.post(&path(&keys), &json!({ "grace_seconds": GRACE })).await?;
            let new = reveal::made_value(&reply.text)
                .ok_or_else(|| Failure::new(format!("{id} came without its new secret")))?;
            let talk = format!("{id} has a new secret, shown this once. {find} ends in an hour.");
            Ok(reveal::only_key(&new).and_talk(talk))
        }
        _ => Ok(Said::talk(format!("Left as it is: {find}."))),
    }
}
