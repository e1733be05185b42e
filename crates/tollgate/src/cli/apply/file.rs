//! Reading the file. What it says and we do not know is a mistake: a misspelt limit must not pass
//! for one that is set.

use control::DeclaredRoute;
use domain::{PhonePolicy, SignUp};
use serde_json::{Map, Value};
use toml_edit::{Document, Item, Table};

use crate::cli::failure::Failure;
use crate::config::{self, Environment, UpstreamConfig};

const ROOT: &[&str] = &["organization", "projects", "upstreams", ROUTES];
const ROUTES: &str = "routes";
const ORGANIZATION: &[&str] = &["retention", "limits_usd", "sign_in"];
const SIGN_IN: &[&str] = &["sign_up", "phone_check"];
const PROJECT: &[&str] = &["models", "tools", "retention", "limits_usd", "rate_limits", "keys"];
const KEY: &[&str] = &["permission", "scopes", "models", "networks"];
const MODELS: &[&str] = &["mode", "model_ids"];
const TOOLS: &[&str] =
    &["file_search", "web_search", "image_generation", "mcp", "code_interpreter"];
const PERIODS: &[&str] = &["day", "month", "total"];

/// What the file says.
pub(super) struct Wanted {
    /// All but the routes, as JSON.
    pub(super) value: Value,
    /// The values of `upstreams`, their secrets resolved.
    pub(super) upstreams: Vec<UpstreamConfig>,
    pub(super) routes: Vec<DeclaredRoute>,
}

pub(super) fn read(text: &str, name: &str, environment: &Environment) -> Result<Wanted, Failure> {
    let document = Document::parse(text.to_owned())
        .map_err(|error| Failure::new(format!("{name}: {error}")))?;
    let value = table(document.as_table()).map_err(|why| Failure::new(format!("{name}: {why}")))?;
    check(&value).map_err(|why| {
        Failure::new(format!("{name}: {why}")).next("`tollgate export` shows what a file may say.")
    })?;
    let places = config::places(text, name, environment);
    let (upstreams, routes) = places.map_err(|mistakes| Failure::new(mistakes.to_string()))?;
    Ok(Wanted { value, upstreams, routes })
}

fn table(table: &Table) -> Result<Value, String> {
    // Routes are read as the config file's are.
    let members = table.iter().filter(|(name, item)| *name != ROUTES || !item.is_array_of_tables());
    let members = members.map(|(name, item)| Ok((name.to_owned(), of_item(item)?)));
    members.collect::<Result<Map<_, _>, String>>().map(Value::Object)
}

fn of_item(item: &Item) -> Result<Value, String> {
    match item {
        Item::Table(inner) => table(inner),
        Item::Value(value) => of_value(value),
        Item::None | Item::ArrayOfTables(_) => Err("expected a table or a value".to_owned()),
    }
}

fn of_value(value: &toml_edit::Value) -> Result<Value, String> {
    Ok(match value {
        toml_edit::Value::String(text) => Value::from(text.value().as_str()),
        toml_edit::Value::Integer(number) => Value::from(*number.value()),
        toml_edit::Value::Boolean(flag) => Value::from(*flag.value()),
        toml_edit::Value::Array(all) => {
            Value::Array(all.iter().map(of_value).collect::<Result<_, _>>()?)
        }
        toml_edit::Value::InlineTable(inner) => {
            let members = inner.iter().map(|(name, value)| Ok((name.to_owned(), of_value(value)?)));
            Value::Object(members.collect::<Result<_, String>>()?)
        }
        // Money is text, so that it is never a float.
        other => return Err(format!("{other} is no text, whole number, true, false or list")),
    })
}

fn check(value: &Value) -> Result<(), String> {
    known(value, "the file", ROOT)?;
    check_scope(&value["organization"], "organization", ORGANIZATION)?;
    check_sign_in(&value["organization"]["sign_in"])?;
    for (name, project) in members(&value["projects"], "projects")? {
        let at = format!("projects.{name}");
        check_scope(project, &at, PROJECT)?;
        known(&project["models"], &format!("{at}.models"), MODELS)?;
        known(&project["tools"], &format!("{at}.tools"), TOOLS)?;
        for (tool, flag) in members(&project["tools"], &at)? {
            if !flag.is_boolean() {
                return Err(format!("{at}.tools.{tool}: expected true or false"));
            }
        }
        members(&project["rate_limits"], &format!("{at}.rate_limits"))?;
        for (key, policy) in members(&project["keys"], &format!("{at}.keys"))? {
            known(policy, &format!("{at}.keys.{key}"), KEY)?;
        }
    }
    Ok(())
}

fn check_sign_in(value: &Value) -> Result<(), String> {
    let at = "organization.sign_in";
    known(value, at, SIGN_IN)?;
    let words = |name: &str| match name {
        "sign_up" => SignUp::ALL.map(SignUp::as_str).to_vec(),
        _ => PhonePolicy::ALL.map(PhonePolicy::as_str).to_vec(),
    };
    for (name, word) in members(value, at)? {
        let words = words(name);
        if !word.as_str().is_some_and(|word| words.contains(&word)) {
            return Err(format!("{at}.{name}: expected {}", words.join(" or ")));
        }
    }
    Ok(())
}

fn check_scope(scope: &Value, at: &str, names: &[&str]) -> Result<(), String> {
    known(scope, at, names)?;
    let at = format!("{at}.limits_usd");
    known(&scope["limits_usd"], &at, PERIODS)?;
    for (period, amount) in members(&scope["limits_usd"], &at)? {
        if amount.as_str().and_then(domain::Nanos::from_dollars).is_none() {
            return Err(format!("{at}.{period}: expected US dollars as text, such as \"50.00\""));
        }
    }
    Ok(())
}

fn known(value: &Value, at: &str, names: &[&str]) -> Result<(), String> {
    match members(value, at)?.into_iter().find(|(name, _)| !names.contains(name)) {
        Some((name, _)) => {
            Err(format!("{at}: '{name}' is not known; expected {}", names.join(", ")))
        }
        None => Ok(()),
    }
}

/// What is not there has none.
pub(super) fn members<'a>(value: &'a Value, at: &str) -> Result<Vec<(&'a str, &'a Value)>, String> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Object(members) => Ok(members.iter().map(|(k, v)| (k.as_str(), v)).collect()),
        _ => Err(format!("{at}: expected a table")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_what_is_not_known_is_refused_with_its_place() {
        let text = "[projects.Web]\nretention = 'none'\nlimits_usd = { month = '50.00' }\n\
                    [projects.Web.keys.ci]\nmodels = ['gpt-4o']\n";
        let none = Environment::default();
        let wanted = read(text, "f", &none).unwrap();
        assert_eq!(wanted.value["projects"]["Web"]["keys"]["ci"]["models"][0], "gpt-4o");
        for (text, place) in [
            ("project = 1", "'project'"),
            ("[projects.Web]\nlimit = 1", "projects.Web: 'limit'"),
            ("[projects.Web.limits_usd]\nweek = '1'", "limits_usd: 'week'"),
            ("[projects.Web.limits_usd]\nday = 1.5", "1.5"),
            ("[projects.Web.limits_usd]\nday = 1", "limits_usd.day"),
            ("[projects.Web.tools]\nmcp = 'no'", "tools.mcp"),
            ("[projects.Web.keys.ci]\nsecret = 'sk'", "keys.ci: 'secret'"),
            ("projects = 1", "projects"),
            ("[[projects]]", "table"),
            ("[", "f:"),
            ("[upstreams.a]\nprovider = 'groq'\nkey = 1", "f:3: unknown key `upstreams.a.key`"),
            ("[upstreams.groq]\ncredential = 'sk-1'", "must not stand in the config file"),
            ("[upstreams.groq]\ncredential = 'env:NO'", "the environment has no NO"),
            ("[[routes]]\nmodel = 'a'", "f:1: `targets`"),
            ("routes = 1", "[[routes]]"),
        ] {
            let failure = read(text, "f", &none).err().unwrap().render(false);
            assert!(failure.contains(place), "{text}: {failure}");
        }
    }
}
