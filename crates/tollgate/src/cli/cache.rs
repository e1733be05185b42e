//! `tollgate cache`: a project's stored answers.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::api::{Api, Reply, path};
use super::failure::Failure;
use super::project::or_default;
use super::said::Said;
use super::table::facts;

mod near;

#[derive(clap::Subcommand)]
pub enum Command {
    /// Show what is set of a project's cache, what it did, and what it holds
    Show {
        /// Id or name of a project; else `Default project`, else the oldest
        #[arg(long)]
        project: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Set what is named of a project's cache; it holds from the next call on
    Set {
        /// Id or name of a project; else `Default project`, else the oldest
        #[arg(long)]
        project: Option<String>,
        #[command(flatten)]
        changes: Changes,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Take answers out of a project's cache: all of them, a model's, or one
    Purge {
        /// Id or name of a project; else `Default project`, else the oldest
        #[arg(long)]
        project: Option<String>,
        /// Only those of this model, as it is asked for
        #[arg(long, conflicts_with_all = ["key", "route"])]
        model: Option<String>,
        /// Only those of the models of this route: its id, or the model that it is for
        #[arg(long, conflicts_with = "key")]
        route: Option<String>,
        /// Only the one of this key, as `x-tollgate-cache-key` told it
        #[arg(long)]
        key: Option<String>,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show which questions were near one asked before, newest first
    Matches {
        #[command(flatten)]
        which: near::Which,
        /// How many
        #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=5_000))]
        limit: u32,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Say for each threshold how often a near match would have been the wrong answer
    Evaluate {
        #[command(flatten)]
        which: near::Which,
        /// Answers with so much in common count as the same: thousandths of their words
        #[arg(long, value_name = "N", default_value_t = 500,
              value_parser = clap::value_parser!(u16).range(1..=1_000))]
        same: u16,
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
    /// Show what the caches of all projects did and hold together
    Stats {
        /// Print the API's JSON
        #[arg(long)]
        json: bool,
    },
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Replay {
    /// As fast as the client takes it
    AtOnce,
    /// In the time that it took when it was made
    Paced,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Joiners {
    /// Nothing: whoever asked first pays for all
    Free,
    /// An equal part each, within their own limits
    Share,
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub enum Switch {
    On,
    Off,
}

// Flattened: a doc comment would become the command's description.
#[derive(clap::Args, Default)]
#[group(required = true, multiple = true)]
pub struct Changes {
    /// For every call that does not say otherwise
    #[arg(long)]
    enabled: Option<Switch>,
    /// Calls may turn it on by `x-tollgate-cache: on`
    #[arg(long)]
    by_header: Option<Switch>,
    /// How long an answer is fresh
    #[arg(long, value_name = "N")]
    ttl_seconds: Option<u32>,
    /// For how much longer it may be given while it is asked for anew
    #[arg(long, value_name = "N")]
    stale_seconds: Option<u32>,
    /// How a stored answer is given as a stream
    #[arg(long)]
    replay: Option<Replay>,
    /// What those pay who join an equal call in flight
    #[arg(long)]
    joiners: Option<Joiners>,
}

impl Changes {
    fn fields(&self) -> Value {
        let switch = |switch: Option<Switch>| switch.map(|it| json!(matches!(it, Switch::On)));
        let replay = self.replay.map(|replay| match replay {
            Replay::AtOnce => json!("at_once"),
            Replay::Paced => json!("paced"),
        });
        let joiners = self.joiners.map(|joiners| match joiners {
            Joiners::Free => json!("free"),
            Joiners::Share => json!("share"),
        });
        let all = [
            ("enabled", switch(self.enabled)),
            ("by_header", switch(self.by_header)),
            ("ttl_seconds", self.ttl_seconds.map(Value::from)),
            ("stale_seconds", self.stale_seconds.map(Value::from)),
            ("replay", replay),
            ("joiners", joiners),
        ];
        let given = all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(given.collect::<Map<_, _>>())
    }
}

#[derive(Deserialize)]
struct Shown {
    project_id: String,
    enabled: bool,
    by_header: bool,
    ttl_seconds: u32,
    stale_seconds: u32,
    replay: String,
    joiners: String,
    active: bool,
    figures: Figures,
}

#[derive(Deserialize)]
struct Sum {
    figures: Figures,
}

#[derive(Deserialize)]
struct Figures {
    hits: u64,
    joined: u64,
    misses: u64,
    #[serde(default)]
    near: u64,
    stale: u64,
    unkept: u64,
    saved_usd: String,
    memory: Holding,
    stored: Holding,
    oldest_age_seconds: Option<i64>,
}

#[derive(Deserialize)]
struct Holding {
    entries: u64,
    bytes: u64,
    answer_bytes: u64,
}

#[derive(Deserialize)]
struct Purged {
    purged: u64,
}

pub(super) async fn run(command: Command, api: &Api) -> Result<Said, Failure> {
    match command {
        Command::Show { project, json } => {
            let at = at(api, project.as_deref()).await?;
            shown(api.get(&at).await?, json)
        }
        Command::Set { project, changes, json } => {
            let at = at(api, project.as_deref()).await?;
            shown(api.post(&at, &changes.fields()).await?, json)
        }
        Command::Purge { project, model, route, key, json } => {
            let at = format!("{}/purge", at(api, project.as_deref()).await?);
            let route = match route {
                Some(given) => Some(super::routes::id_of(api, &given, project.as_deref()).await?),
                None => None,
            };
            let what = json!({ "model": model, "key": key, "route": route });
            let reply = api.post(&at, &what).await?;
            if json {
                return Ok(Said::data(reply.text));
            }
            let purged: Purged = reply.read()?;
            Ok(Said::talk(format!("Took {} stored answers out.", purged.purged)))
        }
        Command::Matches { which, limit, json } => near::matches(api, &which, limit, json).await,
        Command::Evaluate { which, same, json } => near::evaluate(api, &which, same, json).await,
        Command::Stats { json } => {
            let reply = api.get(&path(&["tollgate", "v1", "cache"])).await?;
            if json {
                return Ok(Said::data(reply.text));
            }
            Ok(Said::data(facts(&told(&reply.read::<Sum>()?.figures))))
        }
    }
}

async fn at(api: &Api, project: Option<&str>) -> Result<String, Failure> {
    let place = or_default(api, project).await?;
    Ok(path(&["tollgate", "v1", "projects", &place.id, "cache"]))
}

fn shown(reply: Reply, json: bool) -> Result<Said, Failure> {
    if json {
        return Ok(Said::data(reply.text));
    }
    let shown: Shown = reply.read()?;
    let on = |on: bool| if on { "on" } else { "off" }.to_owned();
    let enabled = match (shown.enabled, shown.active) {
        (true, false) => "on, but the project keeps nothing of its calls".to_owned(),
        (enabled, _) => on(enabled),
    };
    let mut lines = vec![
        ("project", shown.project_id.clone()),
        ("enabled", enabled),
        ("by header", on(shown.by_header)),
        ("ttl", format!("{} s", shown.ttl_seconds)),
        ("stale", format!("{} s", shown.stale_seconds)),
        ("replay", shown.replay.clone()),
        ("joiners", shown.joiners.clone()),
    ];
    lines.extend(told(&shown.figures));
    Ok(Said::data(facts(&lines)))
}

fn told(figures: &Figures) -> Vec<(&'static str, String)> {
    let held = |held: &Holding| {
        let Holding { entries, bytes, answer_bytes } = held;
        let share = bytes * 1_000 / (*answer_bytes).max(1);
        let (whole, tenth) = (share / 10, share % 10);
        format!("{entries} answers in {bytes} bytes: {whole}.{tenth} % of {answer_bytes} as given")
    };
    let age = figures.oldest_age_seconds.map_or("-".to_owned(), |age| format!("{age} s"));
    vec![
        ("hits", format!("{} ({} stale)", figures.hits, figures.stale)),
        ("joined", figures.joined.to_string()),
        ("near", figures.near.to_string()),
        ("misses", format!("{} ({} not kept)", figures.misses, figures.unkept)),
        ("saved", format!("${}", figures.saved_usd)),
        ("in memory", held(&figures.memory)),
        ("stored", held(&figures.stored)),
        ("oldest", age),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::fake::{Fake, Route};

    const SHOWN: &str = r#"{"object":"tollgate.project_cache","project_id":"proj_1","enabled":true,
        "by_header":false,"ttl_seconds":60,"stale_seconds":5,"replay":"paced","joiners":"share","purged_at":null,
        "active":true,"figures":{"hits":3,"joined":1,"misses":2,"stale":1,"unkept":0,
        "saved_nanos":1500000,"saved_usd":"0.0015","oldest_age_seconds":7,
        "memory":{"entries":2,"bytes":2000,"answer_bytes":900},
        "stored":{"entries":2,"bytes":400,"answer_bytes":900}}}"#;

    #[tokio::test]
    async fn a_cache_is_set_shown_and_purged() {
        const ROUTES: &[Route] = &[
            ("GET /tollgate/v1/projects/proj_1/cache", 200, SHOWN),
            ("POST /tollgate/v1/projects/proj_1/cache", 200, SHOWN),
            ("POST /tollgate/v1/projects/proj_1/cache/purge", 200, r#"{"purged":2}"#),
        ];
        let fake = Fake::start(ROUTES).await;
        let project = || Some("proj_1".to_owned());
        let show = Command::Show { project: project(), json: false };
        let said = run(show, &fake.api).await.unwrap().into_parts().0;
        assert!(
            said.contains("enabled    on\n") && said.contains("saved      $0.0015\n"),
            "{said}"
        );
        let changes = Changes {
            enabled: Some(Switch::On),
            ttl_seconds: Some(60),
            replay: Some(Replay::Paced),
            ..Changes::default()
        };
        let set = Command::Set { project: project(), changes, json: true };
        run(set, &fake.api).await.unwrap();
        let sent = json!({ "enabled": true, "ttl_seconds": 60, "replay": "paced" });
        assert_eq!(fake.last_body(), sent);
        let purge = Command::Purge {
            project: project(),
            model: Some("gpt-4o".to_owned()),
            route: None,
            key: None,
            json: false,
        };
        let said = run(purge, &fake.api).await.unwrap().into_parts().1;
        assert!(said.contains("Took 2"), "{said}");
        assert_eq!(fake.last_body(), json!({ "model": "gpt-4o", "key": null, "route": null }));
    }
}
