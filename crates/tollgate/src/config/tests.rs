use domain::route::Reasons;

use super::file::parse_for_test;
use super::*;

fn nothing() -> Environment {
    Environment::of(&[])
}

#[test]
fn all_mistakes_are_told_at_once_with_their_lines() {
    let text = "listen = 5\nnonsense = 1\n[timeouts]\ngap_seconds = -1\n[tls]\ncert = \"a\"\n\
                [upstreams.x]\nprovider = \"nobody\"\n";
    let (_, mistakes) = parse_for_test(text, &nothing());
    assert_eq!(mistakes.len(), 5, "{mistakes:#?}");
    assert!(mistakes.iter().any(|m| m.starts_with("tollgate.toml:2: unknown key `nonsense`")));
    assert!(mistakes.iter().any(|m| m.starts_with("tollgate.toml:4: `gap_seconds`")));
}

#[test]
fn the_ledger_is_verified_as_often_as_is_said() {
    let (file, mistakes) = parse_for_test("[ledger]\nverify_seconds = 5\n", &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(file.verify_every, Some(Duration::from_secs(5)));
    let (_, mistakes) = parse_for_test("[ledger]\nverify_seconds = 0\n", &nothing());
    assert_eq!(mistakes.len(), 1, "never is not offered: {mistakes:?}");
}

#[test]
fn retries_are_as_often_and_as_soon_as_is_said() {
    let text = "[retries]\nrepeats = 0\nwait_seconds = 3\nhedge_after_ms = 250\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let Retries { repeats, wait, hedge_after } = file.retries;
    assert_eq!((repeats, wait), (Some(0), Some(Duration::from_secs(3))));
    assert_eq!(hedge_after, Some(Duration::from_millis(250)));
    let text = "[retries]\nrepeats = 11\nwait_seconds = 0\nhedge_after_ms = -1\n";
    let (_, mistakes) = parse_for_test(text, &nothing());
    assert_eq!(mistakes.len(), 3, "{mistakes:?}");
}

#[test]
fn a_literal_secret_in_the_file_is_refused_with_advice() {
    let text = "[upstreams.openai]\ncredential = \"sk-abcdefghijklmnop\"\n";
    let (_, mistakes) = parse_for_test(text, &nothing());
    assert_eq!(mistakes.len(), 1);
    assert!(mistakes[0].contains("env:NAME"), "{}", mistakes[0]);
    assert!(!mistakes[0].contains("abcdefghijklmnop"), "the secret is not repeated");
}

#[test]
fn references_are_resolved() {
    let environment = Environment::of(&[("MY_KEY", "sk-mine")]);
    let text = "[upstreams.second]\nprovider = \"openai\"\ncredential = \"env:MY_KEY\"\nunowned_project = \"proj_1\"\n";
    let (file, mistakes) = parse_for_test(text, &environment);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(file.upstreams[0].base_url, "https://api.openai.com/v1");
    assert_eq!(file.upstreams[0].credentials.len(), 1);
    assert_eq!(file.upstreams[0].unowned, UnownedProject::Project("proj_1".into()));
}

#[test]
fn every_providers_usual_names_make_its_upstream_and_openai_is_first() {
    let environment = Environment::of(&[
        ("GROQ_API_KEY", "gsk-x"),
        ("AZURE_OPENAI_API_KEY", "az-x"),
        ("AZURE_OPENAI_ENDPOINT", "https://r.openai.azure.com/"),
        ("OLLAMA_BASE_URL", "http://gpu:11434/v1"),
        ("TOGETHERAI_API_KEY", "tg-x"),
        ("OPENAI_API_KEY", "sk-x"),
    ]);
    let config = Config::read(&Flags::default(), &environment).unwrap_or_else(|m| panic!("{m}"));
    let made: Vec<_> = config.upstreams.iter().map(|u| (&*u.name, &*u.base_url)).collect();
    assert_eq!(
        made,
        [
            ("openai", "https://api.openai.com/v1"),
            ("azure", "https://r.openai.azure.com/openai/v1"),
            ("groq", "https://api.groq.com/openai/v1"),
            ("together", "https://api.together.xyz/v1"),
            ("ollama", "http://gpu:11434/v1"),
        ]
    );
    let counts: Vec<_> = config.upstreams.iter().map(|u| u.credentials.len()).collect();
    assert_eq!(counts, [1, 1, 1, 1, 0]);
    // Which resource Azure's key is for cannot be guessed.
    let half = Environment::of(&[("AZURE_OPENAI_API_KEY", "az-x")]);
    let mistakes = Config::read(&Flags::default(), &half).err().unwrap();
    assert!(mistakes.to_string().contains("AZURE_OPENAI_ENDPOINT"), "{mistakes}");
}

#[test]
fn an_upstreams_mistakes_are_told_all_at_once() {
    let environment = Environment::of(&[("A", "key-a"), ("B", "key b")]);
    let text = r#"
[upstreams.one]
provider = "openrouter"
credentials = ["env:A", "env:MISSING", "sk-literal", 7]
api_version = "preview"
headers = { "HTTP-Referer" = "https://us.example", Authorization = "x" }

[upstreams.two]
provider = "nobody"

[upstreams.three]
provider = "azure"
credential = "env:B"

[[routes]]
model = "fast*"
aliases = ["quick"]
targets = [{ upstream = "one", on = ["bored"], wait = 1 }, { model = "x" }, 5]

[[routes]]
targets = []

[[routes]]
model = "kept"
targets = [{ upstream = "one" }]
cache = { enabled = "on", ttl_seconds = 0, near = 1 }
"#;
    let (file, mistakes) = parse_for_test(text, &environment);
    for (line, words) in [
        (4, "env:NAME"),
        (4, "the environment has no MISSING"),
        (4, "it must be a string"),
        (5, "no api-version"),
        (6, "`Authorization` cannot be set"),
        (9, "no provider `nobody`"),
        (11, "every account has its own"),
        (13, "printable ASCII"),
        (17, "aliases"),
        (18, "`targets.wait`"),
        (18, "throttled, failing, context, price"),
        (18, "`upstream` must be the name"),
        (18, "a target is such as"),
        (20, "a route needs a `model`"),
        (26, "`cache.enabled` must be true or false"),
        (26, "`cache.ttl_seconds` must be seconds"),
        (26, "unknown key `routes.cache.near`"),
    ] {
        let is = |mistake: &&String| mistake.contains(words);
        let found = mistakes.iter().find(is);
        let found = found.unwrap_or_else(|| panic!("{words} in {mistakes:#?}"));
        assert!(found.starts_with(&format!("tollgate.toml:{line}:")), "{line}: {found}");
    }
    let all = mistakes.join("");
    assert!(!all.contains("key-a") && !all.contains("literal"), "no secret is repeated");
    assert_eq!(file.upstreams.len(), 3);
}

#[test]
fn routes_are_read_in_both_spellings() {
    let text = r#"
[egress]
private_hosts = ["VLLM.lan"]

[upstreams.gpu]
provider = "vllm"
base_url = "http://vllm.lan:8000/v1/"
enabled = false

[[routes]]
model = "fast"
project = "Default project"
aliases = ["quick"]
targets = [
    { upstream = "gpu", model = "llama", weight = 3 },
    { upstream = "openai", step = 1, on = ["failing", "price"], max_output_price = "2.50" },
]

[[routes]]
model = "slow*"
cache = { enabled = false, ttl_seconds = 60 }
[[routes.targets]]
upstream = "openai"
model = "*"
[[routes]]
model = "o1*"
deny = true
"#;
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(file.private_upstreams, ["vllm.lan"]);
    let gpu = &file.upstreams[0];
    assert!(!gpu.enabled && gpu.credentials.is_empty());
    assert_eq!(gpu.base_url, "http://vllm.lan:8000/v1");
    let [fast, slow, none] = &file.routes[..] else { panic!("three routes") };
    assert_eq!(
        (fast.project.as_deref(), fast.place.as_str()),
        (Some("Default project"), "tollgate.toml:10")
    );
    let [first, second] = &fast.draft.targets[..] else { panic!("two targets") };
    assert_eq!((first.weight, first.step, first.model.as_deref()), (3, 0, Some("llama")));
    assert_eq!((second.on, second.step), (Reasons::FAILING | Reasons::PRICE, 1));
    assert_eq!(second.max_price.unwrap().output, Some(2_500_000), "pico-dollars a token");
    assert_eq!(slow.draft.targets[0].model.as_deref(), Some("*"));
    assert_eq!((slow.draft.cache.enabled, slow.draft.cache.ttl_seconds), (Some(false), Some(60)));
    assert!(none.draft.deny && none.draft.targets.is_empty());
}

#[test]
fn the_environment_makes_the_upstream_and_the_command_line_wins() {
    let environment = Environment::of(&[
        ("OPENAI_API_KEY", "sk-x"),
        ("OPENAI_BASE_URL", "http://127.0.0.1:9/v1"),
        ("TOLLGATE_LISTEN", "127.0.0.1:1"),
    ]);
    let flags = Flags { listen: Some("127.0.0.1:2".into()), ..Flags::default() };
    let config = Config::read(&flags, &environment).unwrap_or_else(|m| panic!("{m}"));
    assert_eq!(config.listen, "127.0.0.1:2");
    assert_eq!(config.upstreams.len(), 1);
    assert_eq!(config.upstreams[0].base_url, "http://127.0.0.1:9/v1");
}

#[test]
fn settings_that_would_be_ignored_are_refused() {
    let environment = Environment::of(&[("TOLLGATE_DATABASE_URL", "postgres://x")]);
    assert!(Config::read(&Flags::default(), &environment).is_err());
}

#[test]
fn the_example_file_is_sound() {
    let environment = Environment::of(&[("OPENAI_API_KEY", "sk-example")]);
    let text = include_str!("../../../../tollgate.example.toml");
    let (file, mistakes) = parse_for_test(text, &environment);
    assert!(mistakes.is_empty(), "{mistakes:#?}");
    assert_eq!(file.upstreams.len(), 1);
    assert_eq!(file.limits.len(), 2);
    assert_eq!(file.limits[0].amount, domain::Nanos(50_000_000_000));
    assert!(file.smtp.is_none() && file.private_webhooks.is_empty());
}

#[test]
fn case_55_bad_limits_are_told_with_their_lines() {
    for (text, line, said) in [
        ("[[limits]]\nproject = \"x\"\nperiod = \"month\"\namount_usd = \"1e9\"\n", 4, "decimal"),
        ("[[limits]]\nproject = \"x\"\nperiod = \"month\"\namount_usd = \"-1\"\n", 4, "decimal"),
        ("[[limits]]\nproject = \"x\"\nperiod = \"month\"\namount_usd = 5\n", 4, "a string"),
        ("[[limits]]\nproject = \"x\"\nperiod = \"month\"\n", 1, "amount_usd"),
        ("[[limits]]\nproject = \"x\"\nperiod = \"year\"\namount_usd = \"1\"\n", 3, "one of day"),
        ("[[limits]]\nproject = \"x\"\namount_usd = \"1\"\n", 1, "period"),
        ("[[limits]]\nperiod = \"day\"\namount_usd = \"1\"\n", 1, "needs one of"),
        (
            "[[limits]]\nproject = \"x\"\nuser = \"y\"\nperiod = \"day\"\namount_usd = \"1\"\n",
            1,
            "needs one of",
        ),
        (
            "[[limits]]\norganization = true\nperiod = \"day\"\namount_usd = \"1\"\nhard = 1\n",
            5,
            "unknown key",
        ),
        ("limits = 5\n", 1, "[[limits]]"),
        ("[organization]\ntime_zone = \"Mars/Olympus\"\n", 2, "IANA database"),
    ] {
        let (file, mistakes) = parse_for_test(text, &nothing());
        assert_eq!(mistakes.len(), 1, "{text}{mistakes:#?}");
        let start = format!("tollgate.toml:{line}: ");
        assert!(mistakes[0].starts_with(&start) && mistakes[0].contains(said), "{}", mistakes[0]);
        assert!(file.limits.is_empty() || said == "unknown key");
    }
}

#[test]
fn a_limit_is_read_with_its_rules() {
    let text = "[[limits]]\norganization = true\nperiod = \"total\"\namount_usd = \"0\"\n\
                clamp_output = false\nunbounded = \"allow\"\ndefault_max_output = 512\n\
                elastic = true\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let limit = &file.limits[0];
    assert!(matches!(limit.scope, control::DeclaredScope::Organization));
    assert_eq!((limit.period, limit.amount), (domain::PeriodKind::Total, domain::Nanos(0)));
    let rules = limit.rules;
    assert_eq!((rules.clamp_output, rules.allow_unbounded), (false, true));
    assert_eq!((rules.default_max_output, rules.elastic), (Some(512), true));
    assert_eq!(limit.calendar, domain::Calendar::default());
}

#[test]
fn case_69_zones_are_read_by_name() {
    let text = "[organization]\ntime_zone = \"Asia/Tokyo\"\n[[limits]]\norganization = true\n\
                period = \"month\"\namount_usd = \"1\"\ntime_zone = \"Europe/Zurich\"\n\
                anchor_day = 31\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    assert_eq!(file.time_zone, domain::Zone::named("Asia/Tokyo"));
    let calendar = &file.limits[0].calendar;
    assert_eq!((&calendar.zone, calendar.anchor_day), (&domain::Zone::named("Europe/Zurich"), 31));
    for (period, key, said) in [
        ("total", "time_zone = \"UTC\"", "says nothing"),
        ("day", "anchor_day = 1", "says nothing"),
        ("month", "anchor_day = 32", "1 to 31"),
        ("month", "time_zone = \"+02:00\"", "IANA database"),
    ] {
        let text = format!(
            "[[limits]]\norganization = true\nperiod = \"{period}\"\namount_usd = \"1\"\n{key}\n"
        );
        let (_, mistakes) = parse_for_test(&text, &nothing());
        assert!(matches!(&mistakes[..], [one] if one.contains(said)), "{mistakes:?}");
    }
}

#[test]
fn proxies_are_trusted_by_address_or_network_and_never_all_of_the_internet() {
    let text = "trusted_proxies = [\"10.0.0.0/8\", \"192.0.2.1\", \"2001:db8::/32\"]\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let read: Vec<String> = file.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(read, ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]);
    for (text, said) in [
        ("trusted_proxies = \"10.0.0.1\"\n", "must be a list"),
        ("trusted_proxies = [\"proxy.example\"]\n", "addresses and networks"),
        ("trusted_proxies = [\"0.0.0.0/0\"]\n", "whole internet"),
        ("trusted_proxies = [\"::/0\"]\n", "whole internet"),
    ] {
        let (_, mistakes) = parse_for_test(text, &nothing());
        assert!(matches!(&mistakes[..], [one] if one.contains(said)), "{mistakes:?}");
    }
}

#[test]
fn a_mail_server_is_read_and_its_password_is_a_reference() {
    let environment = Environment::of(&[("MAIL", "pw")]);
    let text = "[smtp]\nhost = \"mail\"\nfrom = \"a@b\"\nuser = \"u\"\npassword = \"env:MAIL\"\n\
                security = \"starttls\"\n[webhooks]\nprivate_hosts = [\"Hooks.Internal\"]\n";
    let (file, mistakes) = parse_for_test(text, &environment);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let smtp = file.smtp.unwrap();
    assert_eq!((smtp.host.as_str(), smtp.port, smtp.login.is_some()), ("mail", 587, true));
    assert_eq!(file.private_webhooks, ["hooks.internal"]);
    let (_, mistakes) = parse_for_test("[smtp]\nhost = \"h\"\nuser = \"u\"\n", &environment);
    assert_eq!(mistakes.len(), 2, "{mistakes:?}");
}

#[test]
fn a_price_is_read_digit_for_digit() {
    let text = "[[prices]]\nmodel = \"mine\"\ninput_cost_per_token = 0.000_002_5\n\
                output_cost_per_token = 1e-5\n\
                search_context_cost_per_query = { search_context_size_high = 0.03 }\n\
                [[prices]]\nmodel = \"gratis\"\nfree = true\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let [(mine, price), (gratis, free)] = &file.prices[..] else { panic!("two prices") };
    assert_eq!((mine.as_str(), gratis.as_str()), ("mine", "gratis"));
    let picos: Vec<u64> = price.cells().map(|cell| cell.picos).collect();
    assert_eq!(picos, [2_500_000, 10_000_000]);
    let units: Vec<_> = price.units().collect();
    assert_eq!(units, [(domain::price::Unit::WebSearchCall, 30_000_000_000)]);
    assert!(free.free);
}

#[test]
fn case_26_every_mistake_in_a_price_is_told_with_its_line() {
    let text = "[[prices]]\nmodel = \"a\"\ninput_cost_per_token = -1e-6\n\
                output_cost_per_token = nan\ncolour = 1\n\
                [[prices]]\nfree = true\n[[prices]]\nmodel = \"b\"\ninput_cost_per_tokem = 1e-6\n\
                [[prices]]\nmodel = \"c\"\nfree = true\n[[prices]]\nmodel = \"c\"\nfree = true\n";
    let (_, mistakes) = parse_for_test(text, &nothing());
    let wanted = [
        "tollgate.toml:5: unknown key `prices.colour`",
        "tollgate.toml:1: a: `input_cost_per_token` is negative",
        "tollgate.toml:1: a: `output_cost_per_token` is no number: prices are US dollars",
        "tollgate.toml:6: a price needs a `model`",
        "tollgate.toml:8: b: `input_cost_per_tokem` is not understood",
        "tollgate.toml:8: b: has no price",
        "tollgate.toml:14: `c` has a price already",
    ];
    assert_eq!(mistakes.len(), wanted.len(), "{mistakes:#?}");
    for (mistake, wanted) in mistakes.iter().zip(wanted) {
        assert!(mistake.starts_with(wanted), "{mistake} / {wanted}");
    }
}

#[test]
fn an_egress_is_read_with_its_proxies_and_users() {
    let environment =
        Environment::of(&[("ALL", "joe:pw"), ("OWN", "ann:pw"), ("KEY", "sk-0123456789")]);
    let text = "[egress.out]\ncredential = \"env:ALL\"\nchoice = \"sticky\"\nsession = \"project\"\n\
                default = true\nproxy_resolves = [\"API.Example\"]\n\
                proxies = [\"socks5://P.example:1\", { url = \"http://10.0.0.1:2\", credential = \"env:OWN\" }]\n\
                [upstreams.openai]\ncredential = \"env:KEY\"\negress = \"out\"\n\
                [upstreams.second]\ncredential = \"env:KEY\"\nprovider = \"openai\"\negress = \"direct\"\n";
    let (file, mistakes) = parse_for_test(text, &environment);
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let [egress] = &file.egresses.egresses[..] else { panic!("one egress") };
    assert_eq!((egress.choice.as_str(), egress.session.as_str()), ("sticky", "project"));
    assert_eq!((egress.default, egress.allow_direct), (true, false));
    assert_eq!(egress.proxy_resolves, ["api.example"]);
    let proxies: Vec<_> = egress.proxies.iter().map(|p| p.address.to_string()).collect();
    assert_eq!(proxies, ["socks5://p.example:1", "http://10.0.0.1:2"]);
    assert!(egress.proxies.iter().all(|proxy| proxy.credential.is_some()));
    let uses: Vec<_> =
        file.egresses.uses.iter().map(|(user, name)| format!("{user}: {name}")).collect();
    assert_eq!(uses, ["upstream openai: out", "upstream second: direct"]);
}

#[test]
fn case_110_every_mistake_in_an_egress_is_told_and_no_login_repeated() {
    let text = "[egress.a]\nproxies = [\"http://joe:hunter2@p:1\"]\ncolour = 1\n\
                [egress.b]\nproxies = [\"http://p:1\", \"http://p:1\"]\nchoice = \"best\"\n\
                credential = \"joe:hunter2\"\n\
                [egress.direct]\nproxies = []\n[egress.c]\ndefault = true\n\
                proxies = [{ url = \"http://p:1\", password = \"hunter2\" }]\n\
                [egress.d]\ndefault = true\nproxies = [5]\nhealth_url = \"ftp://x\"\n\
                [upstreams.openai]\negress = \"missing\"\n";
    let (_, mistakes) = parse_for_test(text, &nothing());
    let all = mistakes.join("\n");
    for wanted in [
        "tollgate.toml:2: a proxy's URL is refused: it must not hold",
        "tollgate.toml:3: unknown key `egress.a.colour`",
        "tollgate.toml:5: the proxy http://p:1 is named twice",
        "tollgate.toml:6: `choice` must be one of round_robin, least_busy, sticky",
        "tollgate.toml:7: `credential`: a secret must not stand in the config file",
        "is not `direct`",
        "an egress needs `proxies`",
        "unknown key `password` of a proxy",
        "a proxy is a URL, or",
        "`health_url`: it must begin with http",
        "only one egress can be the `default`",
        "tollgate.toml:18: no [egress.missing] is in this file",
    ] {
        assert!(all.contains(wanted), "{wanted} is not in\n{all}");
    }
    assert!(!all.contains("hunter2"), "{all}");
}
