//! The upstreams and routes of an export: those that may be changed by the API.

use std::fmt::Write as _;

use domain::RouteCache;
use domain::route::Target;
use serde_json::Value;

use crate::cli::api::{Api, path};
use crate::cli::failure::Failure;
use crate::cli::shapes::Project;
use crate::config::TARGET_FIELDS;

/// Without credentials: nobody can tell where the secret of one is kept.
pub(super) async fn upstreams(api: &Api, text: &mut String) -> Result<(), Failure> {
    for row in api.list(&path(&["tollgate", "v1", "upstreams"]), &[]).await? {
        let name = row["name"].as_str().unwrap_or_default();
        if row["source"] != "api" {
            let _ =
                writeln!(text, "\n# The upstream {name} is the server's own ({}).", source(&row));
            continue;
        }
        let _ = writeln!(text, "\n[upstreams.{}]", row["name"]);
        let _ = writeln!(text, "provider = {}\nbase_url = {}", row["provider"], row["base_url"]);
        let kept = row["credentials"].as_array().into_iter().flatten();
        let kept: Vec<&str> = kept.filter_map(|one| one["last_four"].as_str()).collect();
        if !kept.is_empty() {
            let kept = kept.join(" and …");
            let _ = writeln!(text, "# credential = \"env:NAME\"  (it has …{kept})");
        }
        let _ = writeln!(text, "enabled = {}", row["enabled"]);
        for field in ["api_version", "unowned_project"] {
            if !row[field].is_null() {
                let _ = writeln!(text, "{field} = {}", row[field]);
            }
        }
        let headers = row["headers"].as_object().into_iter().flatten();
        let headers: Vec<String> = headers
            .map(|(name, value)| format!("{} = {value}", Value::from(name.as_str())))
            .collect();
        if !headers.is_empty() {
            let _ = writeln!(text, "headers = {{ {} }}", headers.join(", "));
        }
        let target = path(&["tollgate", "v1", "upstreams", name, "egress"]);
        let egress: Value = api.get_as(&target).await?;
        if !egress["egress"].is_null() {
            let _ = writeln!(text, "egress = {}", egress["egress"]);
        }
    }
    Ok(())
}

fn source(row: &Value) -> &str {
    match row["source"].as_str() {
        Some("environment") => "environment",
        _ => "config file",
    }
}

pub(super) async fn routes(
    api: &Api,
    text: &mut String,
    projects: &[Project],
) -> Result<(), Failure> {
    for row in api.list(&path(&["tollgate", "v1", "routes"]), &[]).await? {
        let project = projects.iter().find(|project| row["project_id"] == *project.id);
        // Those of the config file are there, and those of an archived project of no use.
        if row["source"] != "api" || (project.is_none() && !row["project_id"].is_null()) {
            continue;
        }
        let _ = writeln!(text, "\n[[routes]]\nmodel = {}", row["model"]);
        if let Some(project) = project {
            let _ = writeln!(text, "project = {}", Value::from(project.name.as_str()));
        }
        let cache = RouteCache::FIELDS.iter().filter(|field| !row["cache"][**field].is_null());
        let cache: Vec<String> =
            cache.map(|field| format!("{field} = {}", row["cache"][*field])).collect();
        if !cache.is_empty() {
            let _ = writeln!(text, "cache = {{ {} }}", cache.join(", "));
        }
        for field in ["aliases", "deny_upstreams"] {
            if row[field].as_array().is_some_and(|all| !all.is_empty()) {
                let _ = writeln!(text, "{field} = {}", row[field]);
            }
        }
        if row["deny"] == true {
            text.push_str("deny = true\n");
        }
        let targets: Vec<&Value> = row["targets"].as_array().into_iter().flatten().collect();
        if !targets.is_empty() {
            text.push_str("targets = [\n");
            targets.into_iter().for_each(|one| target(text, one));
            text.push_str("]\n");
        }
    }
    Ok(())
}

fn target(text: &mut String, target: &Value) {
    let usual = serde_json::json!({
        "weight": Target::WEIGHT, "step": 0, "on": Target::ON.names().collect::<Vec<_>>(),
    });
    let said = TARGET_FIELDS.iter().filter(|field| !target[**field].is_null());
    let said = said.filter(|field| target[**field] != usual[**field]);
    let said: Vec<String> = said.map(|field| format!("{field} = {}", target[*field])).collect();
    let _ = writeln!(text, "    {{ {} }},", said.join(", "));
}
