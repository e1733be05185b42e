//! The clients: one row each. What they need is in their own documents; the pitfalls are ours to
//! know (`docs/key-hygiene.md`).

use toml_edit::{DocumentMut, Item, Table, value};

use super::{json_file, yaml_file};

pub(super) struct Client {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// What `tollgate exec` starts.
    pub(super) program: &'static str,
    /// From the home directory.
    pub(super) file: &'static str,
    /// Its old text, the base URL with `/v1`, the model: its new text.
    pub(super) edit: fn(&str, &str, &str) -> Result<String, String>,
    pub(super) form: Form,
    /// Why it cannot be connected.
    pub(super) refused: Option<&'static str>,
}

/// How a client calls.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A stream of `/responses`.
    Responses,
    /// A stream of `/chat/completions`, with its usage asked for.
    Chat,
}

pub(super) const CLIENTS: [Client; 6] = [
    Client {
        id: "codex",
        name: "Codex",
        program: "codex",
        file: ".codex/config.toml",
        edit: codex,
        form: Form::Responses,
        refused: None,
    },
    Client {
        id: "aider",
        name: "aider",
        program: "aider",
        file: ".aider.conf.yml",
        edit: aider,
        form: Form::Chat,
        refused: None,
    },
    Client {
        id: "continue",
        name: "Continue",
        program: "code",
        file: ".continue/config.yaml",
        edit: yaml_file::add_continue_model,
        form: Form::Chat,
        refused: None,
    },
    Client {
        id: "opencode",
        name: "opencode",
        program: "opencode",
        file: ".config/opencode/opencode.json",
        edit: json_file::add_opencode_provider,
        form: Form::Chat,
        refused: None,
    },
    Client {
        id: "langchain",
        name: "LangChain",
        program: "python",
        file: "",
        edit: |_, _, _| Err(String::new()),
        form: Form::Chat,
        refused: Some(
            "LangChain has no settings file: run the program by `tollgate exec -- python …`, which \
             sets OPENAI_API_KEY, OPENAI_API_BASE and OPENAI_BASE_URL, or write a .env with \
             `tollgate env`; `tollgate snippets --for langchain` shows the code",
        ),
    },
    Client {
        id: "claude-code",
        name: "Claude Code",
        program: "claude",
        file: "",
        edit: |_, _, _| Err(String::new()),
        form: Form::Chat,
        refused: Some(
            "Claude Code speaks Anthropic's dialect only, and Tollgate speaks OpenAI's as of today: \
             each of its calls would be refused; nothing was changed",
        ),
    },
];

pub(super) fn find(name: &str) -> Option<&'static Client> {
    let name = name.to_ascii_lowercase();
    CLIENTS.iter().find(|client| client.id == name)
}

/// A provider of its own: the names `openai`, `ollama` and `lmstudio` are taken, and Codex speaks
/// Responses alone.
fn codex(before: &str, url: &str, model: &str) -> Result<String, String> {
    let mut document: DocumentMut =
        before.parse().map_err(|error: toml_edit::TomlError| error.to_string())?;
    let mut provider = Table::new();
    for (name, text) in [
        ("name", "Tollgate"),
        ("base_url", url),
        ("env_key", "TOLLGATE_API_KEY"),
        ("wire_api", "responses"),
    ] {
        provider.insert(name, value(text));
    }
    // It tries a WebSocket first otherwise, and then waits for it to fail.
    provider.insert("supports_websockets", value(false));
    // Put in the place of what is there, a comment before it stays.
    document["model_provider"] = value("tollgate");
    document["model"] = value(model);
    let providers = document
        .entry("model_providers")
        .or_insert_with(|| {
            let mut providers = Table::new();
            providers.set_implicit(true);
            Item::Table(providers)
        })
        .as_table_mut()
        .ok_or("model_providers is no table")?;
    providers.insert("tollgate", Item::Table(provider));
    Ok(document.to_string())
}

/// aider wants the provider before the model's name.
fn aider(before: &str, url: &str, model: &str) -> Result<String, String> {
    let lines = [
        format!("openai-api-base: {}", yaml_file::quoted(url)),
        format!("model: {}", yaml_file::quoted(&format!("openai/{model}"))),
    ];
    yaml_file::set_top_level(before, &lines)
}
