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
}
