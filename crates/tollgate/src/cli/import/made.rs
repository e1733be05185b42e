//! What an import comes to: a file for `tollgate apply`, and what was left out of it.

use std::fmt::Write as _;

use serde_json::Value;

#[derive(Default)]
pub(super) struct Made {
    pub(super) upstreams: Vec<Account>,
    pub(super) routes: Vec<Led>,
    /// The period and US dollars of the organization's limit.
    pub(super) limit: Option<(&'static str, String)>,
    /// What was not taken: its line, its place, and why.
    pub(super) left: Vec<(usize, String, String)>,
    /// Where secrets stand: their lines and places, never the secrets.
    pub(super) literals: Vec<(usize, String)>,
}

/// An upstream.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) name: String,
    pub(super) provider: &'static str,
    pub(super) base_url: Option<String>,
    /// `env:NAME`.
    pub(super) credential: Option<String>,
    pub(super) api_version: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

/// A route.
pub(super) struct Led {
    pub(super) model: String,
    pub(super) aliases: Vec<String>,
    pub(super) targets: Vec<Place>,
}

#[derive(Clone)]
pub(super) struct Place {
    pub(super) upstream: String,
    pub(super) model: String,
    pub(super) weight: u32,
    pub(super) step: u32,
    pub(super) context_only: bool,
}

impl Made {
    pub(super) fn leave(&mut self, line: usize, place: &str, why: impl Into<String>) {
        self.left.push((line, place.to_owned(), why.into()));
    }

    /// The upstream that is as this one, made if there is none; its name.
    pub(super) fn account(&mut self, mut wanted: Account) -> String {
        let same = |known: &&Account| Account { name: String::new(), ..(*known).clone() } == wanted;
        if let Some(known) = self.upstreams.iter().find(same) {
            return known.name.clone();
        }
        let count = self.upstreams.iter().filter(|it| it.provider == wanted.provider).count();
        wanted.name = match count {
            0 => wanted.provider.to_owned(),
            more => format!("{}-{}", wanted.provider, more + 1),
        };
        self.upstreams.push(wanted.clone());
        wanted.name
    }

    /// The file.
    pub(super) fn toml(&self, from: &str) -> String {
        let mut text = format!("# Made of {} by `tollgate import litellm`.\n", one_line(from));
        if let Some((period, amount)) = &self.limit {
            let _ = writeln!(text, "\n[organization.limits_usd]\n{period} = {}", quoted(amount));
        }
        for account in &self.upstreams {
            account.write(&mut text);
        }
        for route in &self.routes {
            route.write(&mut text);
        }
        text
    }

    /// What was made and what was not, for a person.
    pub(super) fn told(&self, name: &str) -> String {
        let (ups, routes) = (self.upstreams.len(), self.routes.len());
        let mut text = format!("{name}: {ups} upstreams and {routes} routes.\n");
        let mut left: Vec<_> = self.left.iter().collect();
        left.sort_by_key(|(line, ..)| *line);
        if !left.is_empty() {
            let _ = writeln!(text, "Not taken:");
        }
        for (line, place, why) in left {
            let _ = writeln!(text, "  line {line}: {}: {}", one_line(place), one_line(why));
        }
        text
    }

    pub(super) fn refusal(&self, name: &str) -> String {
        let places = self.literals.iter().map(|(line, place)| format!("{place} (line {line})"));
        let places = places.collect::<Vec<_>>().join(", ");
        format!("{name} has secrets in it, and so nothing was made: {places}")
    }
}

impl Account {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "\n[upstreams.{}]\nprovider = {}", self.name, quoted(self.provider));
        let named = [
            ("base_url", &self.base_url),
            ("credential", &self.credential),
            ("api_version", &self.api_version),
        ];
        for (field, value) in named {
            if let Some(value) = value {
                let _ = writeln!(text, "{field} = {}", quoted(value));
            }
        }
        if !self.headers.is_empty() {
            let all = self.headers.iter().map(|(n, v)| format!("{} = {}", quoted(n), quoted(v)));
            let _ = writeln!(text, "headers = {{ {} }}", all.collect::<Vec<_>>().join(", "));
        }
    }
}

impl Led {
    fn write(&self, text: &mut String) {
        let _ = writeln!(text, "\n[[routes]]\nmodel = {}", quoted(&self.model));
        if !self.aliases.is_empty() {
            let all: Vec<String> = self.aliases.iter().map(|alias| quoted(alias)).collect();
            let _ = writeln!(text, "aliases = [{}]", all.join(", "));
        }
        text.push_str("targets = [\n");
        for place in &self.targets {
            let (upstream, model) = (quoted(&place.upstream), quoted(&place.model));
            let mut line = format!("    {{ upstream = {upstream}, model = {model}");
            for (name, value, usual) in [("weight", place.weight, 1), ("step", place.step, 0)] {
                if value != usual {
                    let _ = write!(line, ", {name} = {value}");
                }
            }
            if place.context_only {
                line.push_str(", on = [\"context\"]");
            }
            let _ = writeln!(text, "{line} }},");
        }
        text.push_str("]\n");
    }
}

/// A TOML string. JSON's escapes are among TOML's, but for the one character that JSON leaves bare.
fn quoted(text: &str) -> String {
    Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
