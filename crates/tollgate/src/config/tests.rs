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
    assert!(file.upstreams[0].credential.is_some());
    assert_eq!(file.upstreams[0].unowned, UnownedProject::Project("proj_1".into()));
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
                clamp_output = false\nunbounded = \"allow\"\ndefault_max_output = 512\n";
    let (file, mistakes) = parse_for_test(text, &nothing());
    assert!(mistakes.is_empty(), "{mistakes:?}");
    let limit = &file.limits[0];
    assert!(matches!(limit.scope, control::DeclaredScope::Organization));
    assert_eq!((limit.period, limit.amount), (domain::PeriodKind::Total, domain::Nanos(0)));
    let rules = limit.rules;
    assert_eq!((rules.clamp_output, rules.allow_unbounded), (false, true));
    assert_eq!(rules.default_max_output, Some(512));
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
