//! LiteLLM's config.yaml. Each name in it is either taken or left with a reason: nothing is passed
//! over in silence but what only describes.

use providers::Provider;
use providers::catalogue::{self, PROVIDERS};

use super::made::{Account, Led, Made, Place};
use super::reasons::{self, DESCRIPTIONS};
use super::yaml::{Kind, Node};
use crate::config::Environment;

mod settings;

/// How the file writes a variable's name.
const VARIABLE: &str = "os.environ/";
/// Names of providers that are others here.
const OTHERWISE: [(&str, &str); 7] = [
    ("ollama_chat", "ollama"),
    ("hosted_vllm", "vllm"),
    ("lm_studio", "lmstudio"),
    ("openai_like", "compatible"),
    ("custom_openai", "compatible"),
    ("text-completion-openai", "openai"),
    ("azure_text", "azure"),
];
/// How the names of OpenAI's models begin, for those that name no provider.
const OPENAIS: [&str; 12] = [
    "gpt-",
    "o1",
    "o3",
    "o4",
    "chatgpt-",
    "text-embedding-",
    "dall-e-",
    "whisper-",
    "tts-",
    "ft:gpt-",
    "omni-moderation-",
    "codex-",
];
/// What people write where a server wants no key.
const PLACEHOLDERS: [&str; 8] =
    ["none", "empty", "dummy", "fake", "fake-key", "not-needed", "no-key", "anything"];
/// Headers that hold a secret.
const SECRET_HEADERS: [&str; 5] =
    ["authorization", "api-key", "x-api-key", "cookie", "proxy-authorization"];

pub(super) fn read(root: &Node, environment: &Environment) -> Made {
    let mut reader = Reader { made: Made::default(), environment };
    for (name, node) in root.map() {
        match name.as_str() {
            "model_list" => reader.models(node),
            // After the models, to which they belong.
            "router_settings" | "litellm_settings" => {}
            "general_settings" => reader.leave_all(name, node),
            "environment_variables" => reader.variables(name, node),
            _ => reader.leave(name, name, node),
        }
    }
    for (name, node) in root.map() {
        match name.as_str() {
            "router_settings" | "litellm_settings" => reader.settings(name, node),
            _ => {}
        }
    }
    if root.get("model_list").is_none() {
        reader.made.leave(root.line, "model_list", "the file names no models");
    }
    reader.made
}

struct Reader<'e> {
    made: Made,
    environment: &'e Environment,
}

impl Reader<'_> {
    fn leave(&mut self, place: &str, name: &str, node: &Node) {
        self.made.leave(node.line, place, reasons::of(name));
    }

    fn leave_all(&mut self, place: &str, node: &Node) {
        for (name, inner) in node.map() {
            self.leave(&format!("{place}.{name}"), name, inner);
        }
    }

    fn variables(&mut self, place: &str, node: &Node) {
        for (name, inner) in node.map() {
            let at = format!("{place}.{name}");
            match looks_secret(name) {
                true => self.literal_or_left(&at, place, inner),
                false => self.leave(&at, place, inner),
            }
        }
    }

    fn models(&mut self, list: &Node) {
        for (at, row) in list.list().iter().enumerate() {
            let name = row.text_of("model_name").unwrap_or_default().to_owned();
            let place = match name.as_str() {
                "" => format!("model_list[{at}]"),
                name => format!("model_list[{at}] {name}"),
            };
            for (key, node) in row.map() {
                match key.as_str() {
                    "model_name" | "litellm_params" => {}
                    "model_info" => {
                        for (name, inner) in node.map() {
                            if !DESCRIPTIONS.contains(&name.as_str()) {
                                self.leave(&format!("{place}: model_info.{name}"), name, inner);
                            }
                        }
                    }
                    _ => self.leave(&format!("{place}: {key}"), key, node),
                }
            }
            match row.get("litellm_params") {
                Some(params) if !name.is_empty() => self.deployment(&name, &place, params),
                _ => self.made.leave(row.line, &place, "it has no model_name or no litellm_params"),
            }
        }
    }

    /// One row: one target of its name's route.
    fn deployment(&mut self, name: &str, place: &str, params: &Node) {
        let mut account = Account::default();
        let (mut weight, mut step) = (1, 0);
        for (key, node) in params.map() {
            let at = format!("{place}: {key}");
            match key.as_str() {
                "model" | "custom_llm_provider" | "api_base" | "base_url" | "api_key" => {}
                "api_version" => account.api_version = self.value(&at, node),
                "organization" => {
                    let organization = self.value(&at, node);
                    let header = "OpenAI-Organization".to_owned();
                    account.headers.extend(organization.map(|value| (header, value)));
                }
                "extra_headers" | "headers" => self.headers(&at, node, &mut account),
                "weight" => weight = self.number(&at, node).unwrap_or(1),
                "order" => step = self.number(&at, node).unwrap_or(1).saturating_sub(1),
                _ if looks_secret(key) => self.literal_or_left(&at, key, node),
                _ => self.leave(&at, key, node),
            }
        }
        let wanted = params.text_of("model").unwrap_or_default();
        let Some((provider, model)) = provider_of(wanted, params.text_of("custom_llm_provider"))
        else {
            let known: Vec<&str> = PROVIDERS.iter().map(|it| it.name).collect();
            let why = format!(
                "no provider of '{wanted}' is known here; there are {} (docs/providers.md)",
                known
                    .iter()
                    .filter(|it| **it != catalogue::DEMO)
                    .copied()
                    .collect::<Vec<_>>()
                    .join(", ")
            );
            // A secret is one wherever it goes.
            self.credential(None, place, params);
            return self.made.leave(params.line, place, why);
        };
        let base = params.get("api_base").or_else(|| params.get("base_url"));
        let base_url = match base {
            None => None,
            Some(node) => match self.value(&format!("{place}: api_base"), node) {
                Some(url) => Some(url.trim_end_matches('/').to_owned()),
                None => return self.unmade(place, params),
            },
        };
        let provider = match &base_url {
            Some(url) if provider.name == "openai" && !url.contains("://api.openai.com") => {
                catalogue::find("compatible").unwrap_or(provider)
            }
            _ => provider,
        };
        account.credential = self.credential(Some(provider), place, params);
        account.provider = provider.name;
        account.base_url = base_url.filter(|url| url != provider.base_url);
        if account.base_url.is_none() && provider.base_url.is_empty() {
            let why = format!("{} needs an api_base", provider.name);
            return self.made.leave(params.line, place, why);
        }
        let upstream = self.made.account(account);
        let target = Place { upstream, model: model.to_owned(), weight, step, context_only: false };
        self.target(name, target, place, params.line);
    }

    fn unmade(&mut self, place: &str, params: &Node) {
        self.credential(None, place, params);
        self.made.leave(params.line, place, "its address is not known, so it is not made");
    }

    fn target(&mut self, name: &str, target: Place, place: &str, line: usize) {
        let whole = !name.ends_with('*');
        if name.trim_end_matches('*').contains('*') || (whole && target.model.contains('*')) {
            let why = "a * stands at the end of a name, of the route's and then of the model's";
            return self.made.leave(line, place, why);
        }
        let found = self.made.routes.iter_mut().find(|route| route.model == name);
        let Some(route) = found else {
            let (model, aliases) = (name.to_owned(), Vec::new());
            return self.made.routes.push(Led { model, aliases, targets: vec![target] });
        };
        let same = |it: &&mut Place| it.upstream == target.upstream && it.model == target.model;
        match route.targets.iter_mut().find(same) {
            Some(known) => known.weight = known.weight.saturating_add(target.weight),
            None => route.targets.push(target),
        }
    }

    /// A text, or what the variable that it names holds here.
    fn value(&mut self, place: &str, node: &Node) -> Option<String> {
        let text = node.text().unwrap_or_default();
        let Some(variable) = text.strip_prefix(VARIABLE) else {
            return (!text.is_empty()).then(|| text.to_owned());
        };
        let found = self.environment.get(variable);
        if found.is_none() {
            let why = format!("set {variable} here, and import again: it is not a secret");
            self.made.leave(node.line, place, why);
        }
        found
    }

    fn number(&mut self, place: &str, node: &Node) -> Option<u32> {
        let read = node.text().and_then(|text| text.parse().ok());
        if read.is_none() {
            self.made.leave(node.line, place, "expected a whole number");
        }
        read
    }

    fn headers(&mut self, place: &str, node: &Node, account: &mut Account) {
        for (name, inner) in node.map() {
            let at = format!("{place}.{name}");
            if SECRET_HEADERS.contains(&name.to_ascii_lowercase().as_str()) {
                self.literal_or_left(&at, name, inner);
            } else if let Some(value) = self.value(&at, inner) {
                account.headers.push((name.clone(), value));
            }
        }
    }

    /// The reference of a deployment's key. `None`: of one that is not made.
    fn credential(
        &mut self,
        provider: Option<&Provider>,
        place: &str,
        params: &Node,
    ) -> Option<String> {
        let usual = || {
            let names = provider.filter(|it| !it.keyless)?.key_variables;
            let set = names.iter().find(|name| self.environment.has(name));
            set.or(names.first()).map(|name| format!("env:{name}"))
        };
        let Some(node) = params.get("api_key") else { return usual() };
        let text = match &node.kind {
            Kind::Text(text) if !text.is_empty() => text,
            _ => return usual(),
        };
        if let Some(variable) = text.strip_prefix(VARIABLE) {
            return Some(format!("env:{variable}"));
        }
        let placeholder = PLACEHOLDERS.contains(&text.to_ascii_lowercase().as_str());
        if !(placeholder && provider.is_none_or(|it| it.keyless)) {
            self.made.literals.push((node.line, format!("{place}: api_key")));
        }
        None
    }

    /// A secret that we do not need must not stand there either.
    fn literal_or_left(&mut self, place: &str, name: &str, node: &Node) {
        match node.text() {
            Some(text) if !text.starts_with(VARIABLE) => {
                self.made.literals.push((node.line, place.to_owned()));
            }
            _ => self.leave(place, name, node),
        }
    }
}

fn looks_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "password", "token", "credentials", "_key"].iter().any(|end| key.ends_with(end))
        && !key.ends_with("_per_token")
}

/// The provider, and its own name of the model.
fn provider_of<'m>(model: &'m str, named: Option<&str>) -> Option<(&'static Provider, &'m str)> {
    let known = |name: &str| {
        let otherwise = OTHERWISE.iter().find(|(theirs, _)| *theirs == name);
        let name = otherwise.map_or(name, |(_, ours)| ours);
        let prices = |row: &&Provider| row.prices.strip_suffix('/') == Some(name);
        let row = catalogue::find(name).or_else(|| PROVIDERS.iter().find(prices));
        row.filter(|row| row.name != catalogue::DEMO)
    };
    if let Some(named) = named {
        let own = model.strip_prefix(named).and_then(|rest| rest.strip_prefix('/'));
        return Some((known(named)?, own.unwrap_or(model)));
    }
    match model.split_once('/') {
        Some((prefix, rest)) if !rest.is_empty() => Some((known(prefix)?, rest)),
        _ if OPENAIS.iter().any(|start| model.starts_with(start)) => {
            Some((known("openai")?, model))
        }
        _ => None,
    }
}
