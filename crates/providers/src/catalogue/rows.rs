//! The rows. `docs/providers.md` has them for people; a test holds the two together.

use super::{Auth, DEMO, Paths, Provider};

/// What OpenAI refuses before a model has run, or takes back.
const OPENAI_UNBILLED: &[u16] = &[400, 401, 403, 404, 409, 413, 415, 422, 429, 500, 503];
/// What was made was found wanting: a picture or a text that its own filter kept back.
const FILTERED: &[&str] = &["content_filter", "content_policy_violation", "moderation_blocked"];
/// What others refuse before a model has run. A 5xx of theirs may come after the work.
const UNBILLED: &[u16] = &[400, 401, 402, 403, 404, 409, 413, 415, 422, 429];
/// Not all others put an `error` into their refusals; of these statuses none is for work done.
const BARE: &[u16] = &[401, 402, 403, 404, 422, 429];

const CHAT: &str = "/chat/completions";
const TEXT: &str = "/completions";
const EMBED: &str = "/embeddings";
const MODELS: &str = "/models";
const RESPONSES: &str = "/responses";

/// OpenAI, and what most others differ from.
const OPENAI: Provider = Provider {
    name: "openai",
    base_url: "https://api.openai.com/v1",
    auth: Auth::Bearer,
    paths: Paths::Plain,
    keyless: false,
    key_variables: &["OPENAI_API_KEY"],
    url_variables: &["OPENAI_BASE_URL"],
    version_variable: None,
    stream_usage: true,
    offers: &[],
    prices: "",
    openai_models: true,
    stops_at_cancel: false,
    unbilled: OPENAI_UNBILLED,
    unbilled_bare: &[],
    billed_codes: FILTERED,
};

/// A vendor of other models over OpenAI's dialect.
const OTHER: Provider = Provider {
    key_variables: &[],
    url_variables: &[],
    openai_models: false,
    unbilled: UNBILLED,
    unbilled_bare: BARE,
    ..OPENAI
};

/// A server of the operator's own.
const OWN: Provider = Provider { keyless: true, ..OTHER };

pub static PROVIDERS: &[Provider] = &[
    OPENAI,
    Provider {
        name: "azure",
        base_url: "",
        auth: Auth::ApiKey,
        paths: Paths::Azure,
        key_variables: &["AZURE_OPENAI_API_KEY"],
        url_variables: &["AZURE_OPENAI_ENDPOINT"],
        version_variable: Some("OPENAI_API_VERSION"),
        prices: "azure/",
        unbilled: UNBILLED,
        unbilled_bare: BARE,
        ..OPENAI
    },
    Provider {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        key_variables: &["OPENROUTER_API_KEY"],
        url_variables: &["OPENROUTER_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, MODELS],
        prices: "openrouter/",
        ..OTHER
    },
    Provider {
        name: "groq",
        base_url: "https://api.groq.com/openai/v1",
        key_variables: &["GROQ_API_KEY"],
        url_variables: &["GROQ_BASE_URL"],
        offers: &[CHAT, RESPONSES, "/audio", "/batches", "/files", MODELS],
        prices: "groq/",
        ..OTHER
    },
    Provider {
        name: "mistral",
        base_url: "https://api.mistral.ai/v1",
        key_variables: &["MISTRAL_API_KEY"],
        url_variables: &["MISTRAL_BASE_URL"],
        // It refuses the field (422 extra_forbidden), and counts in the last chunk unasked.
        stream_usage: false,
        offers: &[CHAT, EMBED, "/moderations", "/files", "/audio/transcriptions", MODELS],
        prices: "mistral/",
        ..OTHER
    },
    Provider {
        name: "deepseek",
        base_url: "https://api.deepseek.com/v1",
        key_variables: &["DEEPSEEK_API_KEY"],
        url_variables: &["DEEPSEEK_BASE_URL"],
        offers: &[CHAT, TEXT, MODELS],
        prices: "deepseek/",
        ..OTHER
    },
    Provider {
        name: "xai",
        base_url: "https://api.x.ai/v1",
        key_variables: &["XAI_API_KEY"],
        url_variables: &["XAI_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, "/images/generations", "/images/edits", MODELS],
        prices: "xai/",
        ..OTHER
    },
    Provider {
        name: "together",
        base_url: "https://api.together.xyz/v1",
        key_variables: &["TOGETHER_API_KEY", "TOGETHERAI_API_KEY"],
        url_variables: &["TOGETHER_BASE_URL"],
        // Counts in the last chunk unasked.
        stream_usage: false,
        offers: &[CHAT, TEXT, EMBED, "/images/generations", "/audio", MODELS],
        prices: "together_ai/",
        ..OTHER
    },
    Provider {
        name: "fireworks",
        base_url: "https://api.fireworks.ai/inference/v1",
        key_variables: &["FIREWORKS_API_KEY", "FIREWORKS_AI_API_KEY"],
        url_variables: &["FIREWORKS_BASE_URL"],
        stream_usage: false,
        offers: &[CHAT, TEXT, RESPONSES, EMBED, MODELS],
        prices: "fireworks_ai/",
        ..OTHER
    },
    Provider {
        name: "perplexity",
        base_url: "https://api.perplexity.ai",
        key_variables: &["PERPLEXITY_API_KEY", "PERPLEXITYAI_API_KEY"],
        url_variables: &["PERPLEXITY_BASE_URL"],
        // Counts in every chunk unasked.
        stream_usage: false,
        offers: &[CHAT],
        prices: "perplexity/",
        ..OTHER
    },
    Provider {
        name: "gemini",
        base_url: "https://generativelanguage.googleapis.com/v1beta/openai",
        key_variables: &["GEMINI_API_KEY"],
        url_variables: &["GEMINI_BASE_URL"],
        offers: &[CHAT, EMBED, "/images/generations", "/files", "/batches", MODELS],
        prices: "gemini/",
        ..OTHER
    },
    Provider {
        name: "cerebras",
        base_url: "https://api.cerebras.ai/v1",
        key_variables: &["CEREBRAS_API_KEY"],
        url_variables: &["CEREBRAS_BASE_URL"],
        stream_usage: false,
        offers: &[CHAT, TEXT, MODELS],
        prices: "cerebras/",
        ..OTHER
    },
    Provider {
        name: "deepinfra",
        base_url: "https://api.deepinfra.com/v1/openai",
        key_variables: &["DEEPINFRA_API_KEY", "DEEPINFRA_TOKEN"],
        url_variables: &["DEEPINFRA_BASE_URL"],
        offers: &[CHAT, TEXT, EMBED, "/images/generations", "/audio", MODELS],
        prices: "deepinfra/",
        ..OTHER
    },
    Provider {
        name: "moonshot",
        base_url: "https://api.moonshot.ai/v1",
        key_variables: &["MOONSHOT_API_KEY"],
        url_variables: &["MOONSHOT_BASE_URL"],
        offers: &[CHAT, "/files", "/batches", MODELS],
        prices: "moonshot/",
        ..OTHER
    },
    Provider {
        name: "ollama",
        base_url: "http://localhost:11434/v1",
        url_variables: &["OLLAMA_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, "/images/generations", "/audio", MODELS],
        prices: "ollama/",
        ..OWN
    },
    Provider {
        name: "vllm",
        base_url: "http://localhost:8000/v1",
        key_variables: &["VLLM_API_KEY"],
        url_variables: &["VLLM_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, "/audio", MODELS],
        prices: "vllm/",
        stops_at_cancel: true,
        ..OWN
    },
    Provider {
        name: "llamacpp",
        base_url: "http://localhost:8080/v1",
        key_variables: &["LLAMACPP_API_KEY"],
        url_variables: &["LLAMACPP_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, MODELS],
        prices: "llamacpp/",
        ..OWN
    },
    Provider {
        name: "lmstudio",
        base_url: "http://localhost:1234/v1",
        key_variables: &["LM_STUDIO_API_KEY"],
        url_variables: &["LM_STUDIO_BASE_URL"],
        offers: &[CHAT, TEXT, RESPONSES, EMBED, MODELS],
        prices: "lmstudio/",
        ..OWN
    },
    // Any other server that speaks OpenAI's dialect.
    Provider { name: "compatible", base_url: "", prices: "compatible/", ..OWN },
    Provider {
        name: DEMO,
        base_url: "http://demo.invalid/v1",
        auth: Auth::None,
        keyless: true,
        key_variables: &[],
        url_variables: &[],
        ..OPENAI
    },
];
