//! `tollgate export`: what `tollgate apply` takes, as it stands now. No secrets are in it.

use std::fmt::Write as _;

use domain::rate::UNLIMITED;
use serde_json::Value;

use super::api::{Api, path};
use super::failure::Failure;
use super::project;
use super::said::Said;

mod places;

pub(super) async fn run(api: &Api) -> Result<Said, Failure> {
    let mut text = "# What stands here, `tollgate apply` sets; what does not, it leaves alone.\n\
                    \n[organization]\n"
        .to_owned();
    let retention: Value = api.get_as(&path(&["v1", "organization", "data_retention"])).await?;
    let _ = writeln!(text, "retention = {}", retention["type"]);
    limits(api, &mut text, "organization", &[("scope_type", "organization")]).await?;
    sign_in(api, &mut text).await?;
    let projects = project::all(api, false).await?;
    for it in &projects {
        // Such a file could not be applied.
        if projects.iter().filter(|other| other.name == it.name).count() > 1 {
            return Err(Failure::new(format!("two projects are called '{}'", it.name))
                .next("Rename or archive one of them; a file knows projects by name."));
        }
        one(api, &mut text, &it.id, &it.name).await?;
    }
    places::upstreams(api, &mut text).await?;
    places::routes(api, &mut text, &projects).await?;
    Ok(Said::data(text))
}

async fn sign_in(api: &Api, text: &mut String) -> Result<(), Failure> {
    let now: Value = api.get_as(&path(&["tollgate", "v1", "sign_in"])).await?;
    let _ = writeln!(text, "\n[organization.sign_in]\nsign_up = {}", now["sign_up"]);
    // Where nobody brings codes to phones, none can be asked for.
    if now["phone_check_available"] == true {
        let _ = writeln!(text, "phone_check = {}", now["phone_check"]);
    }
    Ok(())
}

async fn one(api: &Api, text: &mut String, id: &str, name: &str) -> Result<(), Failure> {
    let table = format!("projects.{}", Value::from(name));
    let _ = writeln!(text, "\n[{table}]");
    let of = |what: &str| path(&["v1", "organization", "projects", id, what]);
    let retention: Value = api.get_as(&of("data_retention")).await?;
    let _ = writeln!(text, "retention = {}", retention["type"]);
    let models: Value = api.get_as(&of("model_permissions")).await?;
    let (mode, ids) = (&models["mode"], &models["model_ids"]);
    let _ = writeln!(text, "models = {{ mode = {mode}, model_ids = {ids} }}");
    let tools: Value = api.get_as(&of("hosted_tool_permissions")).await?;
    let tools = tools.as_object().into_iter().flatten();
    let tools: Vec<String> =
        tools.map(|(tool, state)| format!("{tool} = {}", state["enabled"])).collect();
    let _ = writeln!(text, "tools = {{ {} }}", tools.join(", "));
    limits(api, text, &table, &[("scope_type", "project"), ("scope_id", id)]).await?;

    let rates: Value =
        api.get_as(&path(&["tollgate", "v1", "projects", id, "rate_limits"])).await?;
    let rates = rates.as_object().into_iter().flatten();
    let set = rates.filter(|(_, limit)| limit.as_u64().is_some_and(|limit| limit != UNLIMITED));
    let set: Vec<String> = set.map(|(measure, limit)| format!("{measure} = {limit}\n")).collect();
    if !set.is_empty() {
        let _ = write!(text, "\n[{table}.rate_limits]\n{}", set.concat());
    }
    keys(api, text, &table, &of("api_keys")).await
}

async fn limits(
    api: &Api,
    text: &mut String,
    table: &str,
    asked: &[(&str, &str)],
) -> Result<(), Failure> {
    let rows = api.list(&path(&["tollgate", "v1", "limits"]), asked).await?;
    // The server's config file has its own word on those.
    let rows: Vec<&Value> = rows.iter().filter(|row| row["source"] != "file").collect();
    if !rows.is_empty() {
        let _ = writeln!(text, "\n[{table}.limits_usd]");
    }
    for row in rows {
        let period = row["period"].as_str().unwrap_or_default();
        let _ = writeln!(text, "{period} = {}", row["amount_usd"]);
    }
    Ok(())
}

/// Keys of a name of their own; the others cannot be told apart in a file.
async fn keys(api: &Api, text: &mut String, table: &str, target: &str) -> Result<(), Failure> {
    let rows = api.list(target, &[]).await?;
    for row in &rows {
        if rows.iter().filter(|other| other["name"] == row["name"]).count() > 1 {
            let _ = writeln!(text, "\n# More than one key is called {}.", row["name"]);
            continue;
        }
        let _ = writeln!(text, "\n[{table}.keys.{}]", row["name"]);
        let _ = writeln!(text, "permission = {}", row["permission"]);
        for field in ["scopes", "models", "networks"] {
            let empty = row[field].as_array().is_none_or(Vec::is_empty);
            if !empty {
                let _ = writeln!(text, "{field} = {}", row[field]);
            }
        }
    }
    Ok(())
}
