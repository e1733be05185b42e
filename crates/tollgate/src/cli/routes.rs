//! `tollgate routes`.

use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Api, path};
use super::failure::Failure;
use super::project::{self, parse};
use super::said::Said;
use super::shapes::{ModelRoute, RouteTarget};
use super::table::{Table, facts};

#[cfg(test)]
mod tests;

mod cache;
mod compare;

#[derive(clap::Subcommand)]
pub enum Command {
    /// List the routes
    List {
        /// Only those of this project: id or name
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one route
    Show {
        /// The route's id, or the model that it is for
        model: String,
        /// The project's own: id or name
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a model's route, or put this one in its place
    #[command(after_help = "--to is UPSTREAM, UPSTREAM=MODEL, and more behind commas:\n\
                            tollgate routes set fast --to groq=llama-3.3-70b-versatile \\\n  \
                            --to openai=gpt-4o-mini,step=1,on=throttled+failing\n\
                            tollgate routes set 'groq/*' --to 'groq=*'\n\
                            tollgate routes set 'o1*' --deny --project research")]
    Set(Set),
    /// Remove a route: its model goes where it would without one
    Remove {
        /// The route's id, or the model that it is for
        model: String,
        /// The project's own: id or name
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what a route's shadow answered beside what callers got
    Compare {
        /// Only this model, as callers write it
        #[arg(long)]
        model: Option<String>,
        /// Only this project: id or name
        #[arg(long)]
        project: Option<String>,
        /// How many, the newest first
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Say which places a model's calls would be tried at, and why; nothing is sent
    Test {
        model: String,
        /// As for a call of this project: id or name
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(clap::Args)]
pub struct Set {
    /// A public name, or its beginning with a * behind it
    model: String,
    /// A place it leads to: UPSTREAM[=MODEL][,weight=N][,step=N][,on=REASON+REASON]
    /// [,max-input-price=USD][,max-output-price=USD][,min-input-tokens=N][,max-input-tokens=N]
    /// [,tools=yes|no][,images=yes|no][,share=PERCENT][,share-by=key|call][,near-limit=PERCENT]
    /// [,shadow=PERCENT]
    #[arg(long = "to", value_name = "TARGET")]
    targets: Vec<String>,
    /// One more public name
    #[arg(long = "alias", value_name = "NAME")]
    aliases: Vec<String>,
    /// The model may not be used
    #[arg(long, conflicts_with = "targets")]
    deny: bool,
    /// An upstream that the model may not go to
    #[arg(long = "deny-upstream", value_name = "NAME")]
    deny_upstreams: Vec<String>,
    /// What it says of the answer cache, the rest is the project's: enabled=on|off, ttl-seconds=N,
    /// stale-seconds=N, replay=at-once|paced, near-model=MODEL, near-threshold=THOUSANDTHS,
    /// near-observe=on|off, with commas between them
    #[arg(long, value_name = "SETTINGS")]
    cache: Option<String>,
    /// Only for this project: id or name
    #[arg(long)]
    project: Option<String>,
    /// Print the API's JSON
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Tested {
    denied: bool,
    route_id: Option<String>,
    places: Vec<Place>,
}

#[derive(Deserialize)]
struct Place {
    upstream: String,
    model: String,
    step: u32,
    weight: u32,
    on: Vec<String>,
    when: Option<String>,
    shadow: Option<u32>,
    input_price: Option<String>,
    output_price: Option<String>,
    passed_over: Option<String>,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::List { project, json } => list(api, project.as_deref(), json).await,
        Command::Show { model, project, json } => {
            let (row, route) = found(api, &model, project.as_deref()).await?;
            if json { Ok(Said::data(row.to_string())) } else { Ok(Said::data(shown(&route))) }
        }
        Command::Set(set) => put(api, &set).await,
        Command::Remove { model, project, json } => {
            let (_, route) = found(api, &model, project.as_deref()).await?;
            let reply = api.delete(&at(&route.id)).await?;
            let said = if json { Said::data(reply.text) } else { Said::default() };
            Ok(said.and_talk(format!("The route of {} is removed.", route.model)))
        }
        Command::Compare { model, project, limit, json } => {
            let project = project_id(api, project.as_deref()).await?;
            compare::run(api, (model.as_deref(), project.as_deref()), limit, json).await
        }
        Command::Test { model, project, json } => test(api, &model, project.as_deref(), json).await,
    }
}

fn all() -> String {
    path(&["tollgate", "v1", "routes"])
}

fn at(id: &str) -> String {
    path(&["tollgate", "v1", "routes", id])
}

async fn project_id(api: &Api, given: Option<&str>) -> Result<Option<String>, Failure> {
    match given {
        Some(given) => Ok(Some(project::named(api, given).await?.id)),
        None => Ok(None),
    }
}

async fn list(api: &Api, project: Option<&str>, json: bool) -> Result<Said, Failure> {
    let project = project_id(api, project).await?;
    let asked: Vec<(&str, &str)> = project.iter().map(|id| ("project_id", id.as_str())).collect();
    let rows = api.list(&all(), &asked).await?;
    if json {
        return Ok(Said::list(&rows));
    }
    if rows.is_empty() {
        return Ok(Said::talk("No route: every model goes to the first upstream."));
    }
    let mut table = Table::new(["MODEL", "PROJECT", "LEADS TO", "FROM", "ID"]);
    for row in &rows {
        let route: ModelRoute = parse(row)?;
        let to = leads_to(&route);
        let project = route.project_id.unwrap_or_else(|| "all".to_owned());
        table.row([route.model, project, to, route.source, route.id]);
    }
    Ok(Said::data(table.render()))
}

fn leads_to(route: &ModelRoute) -> String {
    if route.deny {
        return "denied".to_owned();
    }
    let mut told: Vec<String> = route.targets.iter().map(place).collect();
    told.extend(route.deny_upstreams.iter().map(|name| format!("not {name}")));
    told.join(", ")
}

fn place(target: &RouteTarget) -> String {
    let model = target.model.as_ref().map_or_else(String::new, |model| format!("={model}"));
    let broken = if target.broken { " (not in use)" } else { "" };
    format!("{}{model}{broken}", target.upstream)
}

fn shown(route: &ModelRoute) -> String {
    let project = route.project_id.clone().unwrap_or_else(|| "all".to_owned());
    let mut rows = vec![
        ("id", route.id.clone()),
        ("model", route.model.clone()),
        ("project", project),
        ("from", route.source.clone()),
    ];
    if !route.aliases.is_empty() {
        rows.push(("aliases", route.aliases.join(", ")));
    }
    for target in &route.targets {
        let weights = format!("step {}  weight {}", target.step, target.weight);
        rows.push(("to", format!("{}  {weights}{}", place(target), conditions(target))));
    }
    if let Some(said) = cache::told(&route.cache) {
        rows.push(("cache", said));
    }
    if route.targets.is_empty() || !route.deny_upstreams.is_empty() {
        rows.push(("denies", leads_to(route)));
    }
    facts(&rows)
}

/// For which calls a target is there.
fn conditions(target: &RouteTarget) -> String {
    let yes = |flag: bool| if flag { "yes" } else { "no" }.to_owned();
    let all = [
        ("min-input-tokens", target.min_input_tokens.map(|n| n.to_string())),
        ("max-input-tokens", target.max_input_tokens.map(|n| n.to_string())),
        ("tools", target.tools.map(yes)),
        ("images", target.images.map(yes)),
        ("share", target.share.map(|n| n.to_string())),
        ("share-by", target.share_by.clone()),
        ("near-limit", target.near_limit.map(|n| n.to_string())),
        ("shadow", target.shadow.map(|n| n.to_string())),
    ];
    let told = all.into_iter().filter_map(|(name, value)| Some(format!("  {name}={}", value?)));
    told.collect()
}

/// The route that was named, as its row and read.
async fn found(
    api: &Api,
    given: &str,
    project: Option<&str>,
) -> Result<(Value, ModelRoute), Failure> {
    let project = project_id(api, project).await?;
    existing(api, given, project.as_deref()).await?.ok_or_else(|| {
        Failure::new(format!("'{given}' has no route")).next("`tollgate routes list` shows them.")
    })
}

/// The id of a route that is named by it or by its model: the project's own, else the organization's.
pub(super) async fn id_of(
    api: &Api,
    given: &str,
    project: Option<&str>,
) -> Result<String, Failure> {
    let own = project::or_default(api, project).await?;
    if let Some((_, route)) = existing(api, given, Some(&own.id)).await? {
        return Ok(route.id);
    }
    Ok(found(api, given, None).await?.1.id)
}

async fn existing(
    api: &Api,
    given: &str,
    project: Option<&str>,
) -> Result<Option<(Value, ModelRoute)>, Failure> {
    for row in api.list(&all(), &[]).await? {
        let route: ModelRoute = parse(&row)?;
        let same_project = route.project_id.as_deref() == project;
        if route.id == given || (route.model == given && same_project) {
            return Ok(Some((row, route)));
        }
    }
    Ok(None)
}

async fn put(api: &Api, set: &Set) -> Result<Said, Failure> {
    let targets = set.targets.iter().map(|text| target(text)).collect::<Result<Vec<_>, _>>()?;
    let project = project_id(api, set.project.as_deref()).await?;
    let body = json!({
        "model": set.model, "project_id": project, "aliases": set.aliases, "targets": targets,
        "deny": set.deny, "deny_upstreams": set.deny_upstreams,
        "cache": set.cache.as_deref().map(cache::read).transpose()?,
    });
    let place = match existing(api, &set.model, project.as_deref()).await? {
        Some((_, route)) => at(&route.id),
        None => all(),
    };
    let reply = api.post(&place, &body).await?;
    if set.json {
        return Ok(Said::data(reply.text));
    }
    let talk = "It holds from the next call on.";
    Ok(Said::data(shown(&reply.read()?)).and_talk(talk))
}

/// `UPSTREAM[=MODEL][,weight=N][,step=N][,on=A+B][,max-…-price=USD]`
fn target(text: &str) -> Result<Value, Failure> {
    let bad = |what: &str| {
        Failure::new(format!("--to {text}: {what}"))
            .next("Write it like --to azure=gpt-4o,weight=3,step=1,on=throttled+failing.")
    };
    let mut parts = text.split(',');
    let place = parts.next().unwrap_or_default();
    let (upstream, model) = place.split_once('=').map_or((place, None), |(u, m)| (u, Some(m)));
    let mut body = json!({ "upstream": upstream, "model": model });
    for part in parts {
        let (name, value) = part.split_once('=').ok_or_else(|| bad("a setting has no value"))?;
        let number = || value.parse::<u32>().map_err(|_| bad("a whole number is wanted"));
        match name {
            "weight" | "step" => body[name] = number()?.into(),
            "on" => {
                let reasons = value.split('+').filter(|reason| !reason.is_empty());
                body["on"] = reasons.collect::<Vec<_>>().into();
            }
            "min-input-tokens" | "max-input-tokens" | "share" | "near-limit" | "shadow" => {
                body[name.replace('-', "_")] = number()?.into();
            }
            "tools" | "images" => {
                let yes = match value {
                    "yes" | "true" => true,
                    "no" | "false" => false,
                    _ => return Err(bad("yes or no is wanted")),
                };
                body[name] = yes.into();
            }
            "share-by" => body["share_by"] = value.into(),
            "max-input-price" => body["max_input_price"] = value.into(),
            "max-output-price" => body["max_output_price"] = value.into(),
            _ => return Err(bad("such a setting is not known")),
        }
    }
    Ok(body)
}

async fn test(api: &Api, model: &str, project: Option<&str>, json: bool) -> Result<Said, Failure> {
    let project = project_id(api, project).await?;
    let target = path(&["tollgate", "v1", "routes", "test"]);
    let reply = api.post(&target, &json!({ "model": model, "project_id": project })).await?;
    if json {
        return Ok(Said::data(reply.text));
    }
    let Tested { denied, route_id, places } = reply.read()?;
    if denied {
        return Ok(Said::talk(format!("{model} is denied by a route.")));
    }
    let mut table = Table::new([
        ">STEP",
        ">WEIGHT",
        "UPSTREAM",
        "MODEL",
        ">USD/M IN",
        ">USD/M OUT",
        "COMES HERE ON",
        "NOTE",
    ]);
    for place in places {
        let note = match (place.passed_over, place.when, place.shadow) {
            (_, _, Some(percent)) => format!("a copy of {percent} of 100 answered calls"),
            (Some(why), ..) => format!("passed over: {why}"),
            (None, Some(when), None) => format!("only when {when}"),
            (None, None, None) => String::new(),
        };
        let (step, weight) = (place.step.to_string(), place.weight.to_string());
        let price = |price: Option<String>| price.unwrap_or_else(|| "-".to_owned());
        let (input, output) = (price(place.input_price), price(place.output_price));
        let (at, on) = ((place.upstream, place.model), place.on.join(", "));
        table.row([step, weight, at.0, at.1, input, output, on, note]);
    }
    let talk = match route_id {
        Some(id) => format!("By the route {id}: within a step by weight, then the next."),
        None => "No route is for it: it goes to the first upstream.".to_owned(),
    };
    Ok(Said::data(table.render()).and_talk(talk))
}
