//! The first start, the operator's admin key, and the environment's upstream.

#![allow(clippy::unwrap_used, reason = "tests")]

#[path = "support/world.rs"]
#[allow(dead_code, reason = "shared by several tests")]
mod world;

use std::net::IpAddr;
use std::sync::LazyLock;
use std::sync::atomic::Ordering;

use control::{AdminKeyDraft, Attempt, Author, DeclaredUpstream, Expiry, KeyDraft, Unowned};
use domain::{KeyPolicy, RequestId, Scope, Secret, UpstreamSource};
use world::{World, block_on};

const READ: Scope = Scope::read("management");
const OPERATORS: &str = "sk-admin-tg-chosen by the operator, with spaces";

fn attempt() -> Attempt<'static> {
    static REQUEST: LazyLock<RequestId> = LazyLock::new(|| "req_1".into());
    let address = IpAddr::from([127, 0, 0, 1]);
    Attempt { method: "GET", path: "/v1/organization", request: &REQUEST, address }
}

#[test]
fn a_first_start_makes_the_house_once() {
    let (world, control) = World::new();
    let secret = block_on(control.first_start(true)).unwrap().unwrap();
    assert!(secret.expose().starts_with("sk-admin-tg-"));
    let state = world.state();
    assert!(state.organization.is_some());
    assert_eq!(state.projects[0].name, "Default project");
    assert_eq!(state.users[0].email, "owner@localhost");
    drop(state);
    block_on(control.authenticate_admin(Some(secret.expose()), READ, None, attempt())).unwrap();
    assert!(block_on(control.first_start(true)).unwrap().is_none());
    assert_eq!(world.state().projects.len(), 1);
    assert_eq!(world.events(), ["project.created", "api_key.created"]);
}

#[test]
fn an_operators_key_is_any_printable_text_and_registered_again_without_error() {
    let (world, control) = World::new();
    assert!(block_on(control.first_start(false)).unwrap().is_none());
    for _ in 0..2 {
        block_on(control.register_admin_key(Secret::from(OPERATORS))).unwrap();
    }
    assert_eq!(world.state().keys.len(), 1);
    let caller =
        block_on(control.authenticate_admin(Some(OPERATORS), READ, None, attempt())).unwrap();
    let fault = block_on(control.delete_admin_key(&Author::system(), &caller.key)).unwrap_err();
    assert_eq!(fault.entry.code, "managed_by_file");
}

#[test]
fn a_short_or_unprintable_admin_key_is_refused_by_name() {
    let (_, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let newline = format!("{OPERATORS}\n");
    let bell = format!("{OPERATORS}\u{7}{OPERATORS}");
    for text in ["", "short", &"x".repeat(31), &newline, &bell] {
        let fault = block_on(control.register_admin_key(Secret::from(text))).unwrap_err();
        assert_eq!(fault.param.as_deref(), Some("TOLLGATE_ADMIN_KEY"), "{text:?}");
        assert!(text.is_empty() || !fault.message.contains(text.trim_end()));
    }
    block_on(control.register_admin_key(Secret::from("ü".repeat(32).as_str()))).unwrap();
}

#[test]
fn a_projects_key_or_a_deleted_one_cannot_be_registered() {
    let (world, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let author = Author::system();
    let project = world.state().projects[0].id.clone();
    let draft = KeyDraft { name: "k".into(), policy: KeyPolicy::default(), expiry: None };
    let made = block_on(control.create_key(&author, &project, draft)).unwrap();
    let fault = block_on(control.register_admin_key(made.secret)).unwrap_err();
    assert_eq!(fault.entry.code, "conflict");

    let (name, permission) = ("a".into(), domain::Permission::All);
    let draft = AdminKeyDraft { name, permission, expiry: Some(Expiry::InSeconds(5)) };
    let made = block_on(control.create_admin_key(&author, draft)).unwrap();
    block_on(control.delete_admin_key(&author, &made.owned.key.id)).unwrap();
    let fault = block_on(control.register_admin_key(made.secret)).unwrap_err();
    assert_eq!(fault.entry.code, "conflict");
}

#[test]
fn case_2_a_mistyped_key_costs_no_look_up() {
    let (world, control) = World::new();
    let secret = block_on(control.first_start(true)).unwrap().unwrap();
    let mut typo = secret.expose().to_owned();
    typo.pop();
    typo.push('!');
    let before = world.lookups.load(Ordering::SeqCst);
    let long = "k".repeat(1 << 20);
    for wrong in [typo.as_str(), "sk-tg-short", &long] {
        let fault =
            block_on(control.authenticate_admin(Some(wrong), READ, None, attempt())).unwrap_err();
        assert_eq!(fault.entry.code, "invalid_api_key");
        assert!(!fault.message.contains(wrong) && fault.message.len() < 100);
    }
    assert_eq!(world.lookups.load(Ordering::SeqCst), before);
}

#[test]
fn case_48_a_store_that_is_away_is_503_and_says_no_path() {
    let (world, control) = World::new();
    let secret = block_on(control.first_start(true)).unwrap().unwrap();
    world.down.store(true, Ordering::SeqCst);
    let fault = block_on(control.authenticate_admin(Some(secret.expose()), READ, None, attempt()));
    let fault = fault.unwrap_err();
    assert_eq!((fault.entry.status, fault.entry.code), (503, "ledger_unavailable"));
    assert!(fault.retry_after_ms.is_some() && !fault.message.contains("path"));
    world.down.store(false, Ordering::SeqCst);
}

#[test]
fn the_environments_upstream_is_replaced_under_its_id_and_only_when_it_differs() {
    let (world, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let put = |url: &str, secret: &str| {
        let upstream = declared(url, vec![Secret::from(secret)]);
        block_on(control.declare_places(vec![upstream], vec![])).unwrap();
        world.state().upstreams[0].id.clone()
    };
    let id = put("https://api.openai.com/v1/", "sk-provider-one-1234");
    assert_eq!(put("https://api.openai.com/v1", "sk-provider-one-1234"), id);
    assert_eq!(world.events(), ["project.created", "upstream.created"]);
    let kept = world.state().upstreams[0].credentials[0].clone();
    assert_eq!(kept.last_four, "1234");
    assert_eq!(put("https://api.openai.com/v1", "sk-provider-two-5678"), id);
    assert_eq!(world.events().last(), Some(&"upstream.updated"));
    assert_ne!(world.state().upstreams[0].credentials[0].id, kept.id);
    assert_eq!(world.state().in_use, [("openai".to_owned(), 1)]);

    let state = world.state();
    assert_eq!(state.upstreams.len(), 1);
    assert_eq!(state.upstreams[0].unowned_project, Some(state.projects[0].id.clone()));
    assert_eq!(state.upstreams[0].base_url, "https://api.openai.com/v1");
    let kept = format!("{:?} {:?}", state.upstreams, state.audit);
    assert!(!kept.contains("sk-provider"), "P11: {kept}");
}

#[test]
fn an_upstream_of_another_source_keeps_its_name() {
    let (world, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let put = || block_on(control.declare_places(vec![declared("http://u/v1", vec![])], vec![]));
    put().unwrap();
    world.state().upstreams[0].source = UpstreamSource::Api;
    assert_eq!(put().unwrap_err().entry.code, "conflict");
}

fn declared(url: &str, credentials: Vec<Secret>) -> DeclaredUpstream {
    DeclaredUpstream {
        name: "openai".into(),
        provider: "openai".into(),
        base_url: url.into(),
        credentials,
        source: UpstreamSource::Environment,
        unowned: Unowned::DefaultProject,
        enabled: true,
        api_version: None,
        headers: vec![],
    }
}
