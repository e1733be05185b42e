use super::*;

const CONFIG: &str = r#"
defaults: &defaults
  timeout: 30
model_list:
  - model_name: gpt-4o
    litellm_params:
      model: openai/gpt-4o
      api_key: os.environ/OPENAI_API_KEY
      rpm: 480
    model_info:
      mode: chat
      input_cost_per_token: 0.0000025
  - model_name: gpt-4o
    litellm_params:
      <<: *defaults
      model: azure/my-gpt-4o
      api_base: https://mine.openai.azure.com
      api_version: "2024-10-21"
      api_key: os.environ/AZURE_KEY
      weight: 3
  - model_name: fast
    litellm_params: {model: groq/llama-3.3-70b-versatile, api_key: os.environ/GROQ_API_KEY}
  - model_name: "groq/*"
    litellm_params: {model: "groq/*", api_key: os.environ/GROQ_API_KEY}
  - model_name: local
    litellm_params:
      model: openai/qwen3
      api_base: os.environ/GPU_URL
      api_key: none
  - model_name: claude
    litellm_params: {model: anthropic/claude-sonnet-4-5, api_key: os.environ/ANTHROPIC_API_KEY}
router_settings:
  routing_strategy: simple-shuffle
  model_group_alias: {"gpt-4": "gpt-4o", "nobody": "none"}
  fallbacks: [{"gpt-4o": ["fast", "absent"]}]
  context_window_fallbacks: [{"fast": ["gpt-4o"]}]
  num_retries: 2
litellm_settings:
  max_budget: 100.50
  budget_duration: 30d
  drop_params: true
general_settings:
  master_key: sk-1234
  database_url: os.environ/DATABASE_URL
"#;

fn environment() -> Environment {
    Environment::of(&[("GPU_URL", "http://gpu:8000/v1/")])
}

fn made() -> made::Made {
    read(CONFIG, "config.yaml", &environment()).unwrap()
}

#[test]
fn models_become_upstreams_and_routes_by_reference() {
    let toml = made().toml("config.yaml");
    for part in [
        "[organization.limits_usd]\nmonth = \"100.50\"\n",
        "[upstreams.openai]\nprovider = \"openai\"\ncredential = \"env:OPENAI_API_KEY\"\n",
        "[upstreams.azure]\nprovider = \"azure\"\nbase_url = \"https://mine.openai.azure.com\"\n\
         credential = \"env:AZURE_KEY\"\napi_version = \"2024-10-21\"\n",
        "[upstreams.compatible]\nprovider = \"compatible\"\nbase_url = \"http://gpu:8000/v1\"\n",
        "model = \"gpt-4o\"\naliases = [\"gpt-4\"]\ntargets = [\n    \
         { upstream = \"openai\", model = \"gpt-4o\" },\n    \
         { upstream = \"azure\", model = \"my-gpt-4o\", weight = 3 },\n    \
         { upstream = \"groq\", model = \"llama-3.3-70b-versatile\", step = 1 },\n]\n",
        "model = \"fast\"\ntargets = [\n    \
         { upstream = \"groq\", model = \"llama-3.3-70b-versatile\" },\n    \
         { upstream = \"openai\", model = \"gpt-4o\", step = 1, on = [\"context\"] },\n    \
         { upstream = \"azure\", model = \"my-gpt-4o\", weight = 3, step = 1, on = [\"context\"] },\n]",
        "model = \"groq/*\"\ntargets = [\n    { upstream = \"groq\", model = \"*\" },\n]\n",
    ] {
        assert!(toml.contains(part), "{part}\nis not in\n{toml}");
    }
    assert_eq!(toml.matches("[upstreams.").count(), 4, "one a key and address\n{toml}");
}

#[test]
fn what_is_not_taken_is_told_with_its_line_and_why() {
    let told = made().told("config.yaml");
    for (place, why) in [
        ("line 2: defaults", "no counterpart"),
        ("line 9: model_list[0] gpt-4o: rpm", "rate-limits"),
        ("line 12: model_list[0] gpt-4o: model_info.input_cost_per_token", "prices set"),
        ("timeout", "[timeouts]"),
        ("line 31: model_list[5] claude", "no provider of 'anthropic/"),
        ("router_settings.model_group_alias.nobody", "no such model"),
        ("router_settings.fallbacks.gpt-4o", "no model 'absent'"),
        ("router_settings.num_retries", "[retries]"),
        ("litellm_settings.max_budget (its 30 days)", "calendar month"),
        ("litellm_settings.drop_params", "as it came"),
        ("general_settings.master_key", "admin.key"),
        ("general_settings.database_url", "data directory"),
    ] {
        let line = told.lines().find(|line| line.contains(place));
        assert!(line.is_some_and(|line| line.contains(why)), "{place}: {why}\n{told}");
    }
    assert!(!told.contains("routing_strategy") && !told.contains("model_info.mode"), "{told}");
    assert!(!told.contains("sk-1234"), "a secret is never repeated\n{told}");
}

#[test]
fn a_literal_key_is_refused_with_its_place_and_never_shown() {
    let text = "model_list:\n  - model_name: a\n    litellm_params:\n      model: gpt-4o\n      \
                api_key: sk-very-secret\n  - model_name: b\n    litellm_params:\n      \
                model: bedrock/x\n      aws_secret_access_key: very-secret\n\
                environment_variables:\n  GROQ_API_KEY: very-secret\n  REGION: eu\n";
    let made = read(text, "c.yaml", &Environment::default()).unwrap();
    let refusal = made.refusal("c.yaml");
    assert!(refusal.contains("model_list[0] a: api_key (line 5)"), "{refusal}");
    assert!(refusal.contains("aws_secret_access_key (line 9)"), "{refusal}");
    assert!(refusal.contains("environment_variables.GROQ_API_KEY (line 11)"), "{refusal}");
    let all = [refusal, made.told("c.yaml"), made.toml("c.yaml")].concat();
    assert!(!all.contains("very-secret"), "{all}");
}

#[test]
fn a_key_that_is_not_named_is_the_providers_usual_one() {
    let text = "model_list:\n- {model_name: a, litellm_params: {model: together_ai/m}}\n\
                - {model_name: b, litellm_params: {model: ollama_chat/llama3}}\n";
    let toml = read(text, "c.yaml", &Environment::default()).unwrap().toml("c.yaml");
    assert!(
        toml.contains("provider = \"together\"\ncredential = \"env:TOGETHER_API_KEY\""),
        "{toml}"
    );
    assert!(toml.contains("[upstreams.ollama]\nprovider = \"ollama\"\n\n"), "{toml}");
    let other = Environment::of(&[("TOGETHERAI_API_KEY", "x")]);
    assert!(
        read(text, "c.yaml", &other).unwrap().toml("c.yaml").contains("env:TOGETHERAI_API_KEY")
    );
}

#[test]
fn yaml_that_cannot_be_is_refused_with_its_line() {
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let below = format!("*a{}", level - 1);
        let row = vec![below; 10].join(", ");
        bomb.push_str(&format!("a{level}: &a{level} [{row}]\n"));
    }
    let deep = "[".repeat(200);
    for (text, why) in [
        ("a: b: c", "line 1"),
        ("a: 1\nb: *gone\n", "line 2"),
        ("a: 1\na: 2\n", "line 2: 'a' stands there twice"),
        ("[a]: 1\n", "must be a name"),
        (bomb.as_str(), "more than 100000"),
        (deep.as_str(), "levels"),
    ] {
        let failure = read(text, "c.yaml", &Environment::default()).err();
        let failure = failure.unwrap_or_else(|| panic!("{why} was read")).render(false);
        assert!(failure.contains(why), "{failure}");
    }
    // What is empty, or something else than a map, names no models.
    for text in ["", "- a\n", "just words"] {
        let made = read(text, "c.yaml", &Environment::default()).unwrap();
        assert!(made.upstreams.is_empty() && made.told("c").contains("names no models"));
    }
}
