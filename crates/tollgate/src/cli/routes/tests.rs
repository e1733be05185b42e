use super::*;
use crate::cli::fake::{Fake, Route};

const LIST: &str = "GET /tollgate/v1/routes?limit=100";
const ROUTE: &str = r#"{"id":"route_1","project_id":null,"model":"fast","aliases":["quick"],
    "targets":[{"upstream":"groq","model":"llama","weight":3,"step":0,"broken":false},
        {"upstream":"gone","model":null,"weight":1,"step":1,"broken":true}],
    "deny":false,"deny_upstreams":[],"source":"api"}"#;

#[tokio::test]
async fn a_route_is_made_or_put_in_its_place() {
    let one: &'static str = Box::leak(format!("{{\"data\":[{ROUTE}]}}").into_boxed_str());
    let routes: &'static [Route] = Box::leak(Box::new([
        (LIST, 200, one),
        ("POST /tollgate/v1/routes/route_1", 200, ROUTE),
        ("POST /tollgate/v1/routes", 200, ROUTE),
    ]));
    for (model, place) in [("fast", "/tollgate/v1/routes/route_1"), ("new", "/tollgate/v1/routes")]
    {
        let fake = Fake::start(routes).await;
        let set = Set {
            model: model.to_owned(),
            targets: vec!["groq=llama,weight=3,on=price+context,max-output-price=2.5".to_owned()],
            aliases: vec![],
            deny: false,
            deny_upstreams: vec![],
            cache: Some("enabled=on,ttl-seconds=60,replay=at-once".to_owned()),
            project: None,
            json: false,
        };
        let said = put(&fake.api, &set).await.unwrap().into_parts();
        assert!(said.0.contains("gone (not in use)  step 1  weight 1"), "{}", said.0);
        let sent = format!("{:?}", fake.seen().last().unwrap()).replace('\\', "");
        assert!(sent.contains(place), "{sent}");
        for part in [
            r#""upstream":"groq""#,
            r#""model":"llama""#,
            r#""weight":3"#,
            r#""on":["price","context"]"#,
            r#""max_output_price":"2.5""#,
        ] {
            assert!(sent.contains(part), "{part} in {sent}");
        }
    }
}

#[test]
fn a_target_that_cannot_be_read_is_told() {
    for text in ["a,weight", "a,weight=x", "a,wait=1"] {
        assert!(target(text).is_err(), "{text}");
    }
    let plain = json!({ "upstream": "a", "model": null });
    assert_eq!(target("a").ok().unwrap(), plain);
}

#[tokio::test]
async fn a_test_says_the_order_and_why() {
    const ROUTES: &[Route] = &[(
        "POST /tollgate/v1/routes/test",
        200,
        r#"{"denied":false,"route_id":"route_1","places":[
            {"upstream":"groq","model":"llama","step":0,"weight":3,"on":["failing"],"passed_over":null},
            {"upstream":"gone","model":"m","step":1,"weight":1,"on":[],"passed_over":"no such upstream"}]}"#,
    )];
    let fake = Fake::start(ROUTES).await;
    let said = test(&fake.api, "fast", None, false).await.unwrap().into_parts();
    let lines: Vec<&str> = said.0.lines().collect();
    assert!(lines[1].contains("groq") && lines[1].contains("failing"), "{}", said.0);
    assert!(lines[2].contains("passed over: no such upstream"), "{}", said.0);
    assert!(said.1.contains("route_1"));
}
