//! Upstreams and routes: who may change which, and what is in use after it.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests fail by panicking")]

#[path = "support/world.rs"]
#[allow(dead_code, reason = "other tests use the rest")]
mod world;

use control::{
    Author, CredentialDraft, DeclaredRoute, DeclaredUpstream, RouteDraft, Unowned, UpstreamDraft,
};
use domain::route::Target;
use domain::{Secret, UpstreamSource};
use world::{World, block_on};

fn file(name: &str) -> DeclaredUpstream {
    DeclaredUpstream {
        name: name.into(),
        provider: "openai".into(),
        base_url: "https://a.example/v1".into(),
        credentials: vec![
            Secret::from("sk-one-0123456789abc"),
            Secret::from("sk-two-0123456789abc"),
        ],
        source: UpstreamSource::File,
        unowned: Unowned::Nobody,
        enabled: true,
        api_version: None,
        headers: vec![],
    }
}

fn to(model: &str, upstream: &str) -> RouteDraft {
    let target = Target::at(upstream);
    RouteDraft {
        project: None,
        model: model.into(),
        aliases: vec![],
        targets: vec![target],
        deny: false,
        deny_upstreams: vec![],
        cache: domain::RouteCache::default(),
    }
}

fn declared(model: &str) -> DeclaredRoute {
    DeclaredRoute { place: "tollgate.toml:7".into(), project: None, draft: to(model, "a") }
}

#[test]
fn what_the_file_names_the_file_owns_and_takes_away() {
    let (world, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let author = Author::system();
    let names = |world: &World| -> Vec<String> {
        world.state().routes_in_use.iter().map(|route| route.model.clone()).collect()
    };
    let declare = |upstreams, routes| block_on(control.declare_places(upstreams, routes));
    declare(vec![file("b"), file("a")], vec![declared("m"), declared("n")]).unwrap();
    assert_eq!(names(&world), ["m", "n"]);
    assert_eq!(world.state().in_use, [("b".to_owned(), 2), ("a".to_owned(), 2)], "in their order");
    let before = world.state().audit.len();
    declare(vec![file("b"), file("a")], vec![declared("m"), declared("n")]).unwrap();
    assert_eq!(world.state().audit.len(), before, "nothing has changed, nothing is written");

    let of_file = world.state().routes[0].id.clone();
    let change = block_on(control.update_route(&author, &of_file, to("x", "a")));
    assert_eq!(change.err().unwrap().entry.code, "managed_by_file");
    let removal = block_on(control.remove_route(&author, &of_file));
    assert_eq!(removal.unwrap_err().entry.code, "managed_by_file");
    let taken = block_on(control.create_route(&author, to("m", "a")));
    assert_eq!(taken.err().unwrap().entry.code, "conflict");
    let own = block_on(control.create_route(&author, to("own", "gone"))).ok().unwrap();
    assert_eq!(own.missing, ["gone"]);

    // A name that the API has is not the file's to take, and the old places stay.
    let fault = declare(vec![file("a")], vec![declared("own")]).unwrap_err();
    assert_eq!(fault.entry.code, "conflict");
    assert!(fault.message.starts_with("tollgate.toml:7: "), "{}", fault.message);
    assert_eq!(names(&world), ["m", "n", "own"]);
    // Under another name now: what was there goes first.
    declare(vec![file("a")], vec![declared("n")]).unwrap();
    assert_eq!(names(&world), ["n", "own"]);
    assert_eq!(world.state().in_use, [("a".to_owned(), 2)]);
    assert_eq!(world.state().upstreams.len(), 2, "its objects keep their owners");
}

#[test]
fn an_upstream_of_the_api_keeps_its_credentials_to_itself() {
    let (world, control) = World::new();
    block_on(control.first_start(false)).unwrap();
    let author = Author::system();
    let draft = |name: &str, url: &str| UpstreamDraft {
        name: name.into(),
        provider: "openai".into(),
        base_url: Some(url.into()),
        credentials: vec![CredentialDraft {
            secret: Secret::from("sk-provider-hidden-wxyz"),
            weight: 2,
        }],
        enabled: true,
        api_version: None,
        headers: vec![],
        unowned_project: None,
    };
    let made = block_on(control.create_upstream(&author, draft("a", "https://a.example/v1")));
    let made = made.ok().unwrap().upstream;
    assert_eq!(made.credentials[0].last_four, "wxyz");
    let again = block_on(control.create_upstream(&author, draft("a", "https://b.example/v1")));
    assert_eq!(again.err().unwrap().entry.code, "conflict");
    let inside = block_on(control.create_upstream(&author, draft("c", "https://10.0.0.1/v1")));
    assert_eq!(inside.err().unwrap().entry.code, "upstream_address_not_allowed");
    let bad = CredentialDraft { secret: Secret::from("with space"), weight: 1 };
    let refused = block_on(control.add_credential(&author, "a", bad));
    assert_eq!(refused.err().unwrap().entry.code, "invalid_value");
    let second = CredentialDraft { secret: Secret::from("sk-provider-hidden-abcd"), weight: 1 };
    let two = block_on(control.add_credential(&author, "a", second)).ok().unwrap().upstream;
    assert_eq!(world.state().in_use, [("a".to_owned(), 2)]);
    let first = two.credentials[0].id.clone();
    block_on(control.remove_credential(&author, "a", &first)).ok().unwrap();
    let gone = block_on(control.remove_credential(&author, "a", &first));
    assert_eq!(gone.err().unwrap().entry.code, "not_found");
    block_on(control.remove_upstream(&author, made.id.as_str())).unwrap();
    assert!(world.state().in_use.is_empty());
    let state = world.state();
    let kept = format!("{:?} {:?}", state.upstreams, state.audit);
    assert!(!kept.contains("hidden"), "{kept}");
    assert!(kept.contains("upstream.credential.deleted"));
}
