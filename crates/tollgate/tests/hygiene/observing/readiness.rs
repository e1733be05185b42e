//! `/readyz` tells balancers to go elsewhere while the listener still serves those that come.

use crate::support::{Stage, has_ended, hello, passed, signal, until};

#[test]
fn a_stop_is_announced_before_the_listener_closes() {
    let mut stage = Stage::configured("[timeouts]\ndrain_delay_seconds = 2\n");
    let ready = |stage: &Stage| stage.gateway.request("GET", "/readyz", &[], "");
    assert_eq!((ready(&stage).status, ready(&stage).text().as_str()), (200, "ok\n"));
    signal(stage.gateway.pid(), "TERM");
    until("it says so", || ready(&stage).status == 503);
    assert_eq!(ready(&stage).text(), "stopping\n");
    assert_eq!(stage.gateway.request("GET", "/healthz", &[], "").status, 200);
    passed(&stage.chat(&hello()));
    until("it ends", || has_ended(stage.gateway.pid()));
    assert_eq!(stage.gateway.terminate(), 0);
}

#[test]
fn the_parts_are_named_to_whoever_may_see_figures() {
    let stage = Stage::new();
    let parts = stage.gateway.request("GET", "/readyz?verbose", &[], "").text();
    for line in ["store: ok", "settled attempts not posted: 0", "upstreams: openai"] {
        assert!(parts.contains(line), "{parts}");
    }
    assert!(parts.starts_with("ok\n") && parts.contains("attempt slots in use: 0 of "), "{parts}");
}
