use super::*;
use crate::cli::fake::Fake;

const ROW: &str = r#"{"data":[{"id":"gpt-4o","source":"built_in","price":{
    "input_cost_per_token":0.0000025,"cache_read_input_token_cost":0.00000125,
    "output_cost_per_token":0.00001}},{"id":"free-one","source":"set","price":{"free":true}}],
    "unpriced":[{"model":"new-one","reason":"its model has no price","attempts":3}]}"#;

#[tokio::test]
async fn prices_are_listed_for_a_million_tokens() {
    let fake = Fake::start(&[("GET /tollgate/v1/prices", 200, ROW)]).await;
    let said = run(Command::List { json: false }, &fake.api).await.unwrap().into_parts();
    assert_eq!(
        said.0,
        "MODEL     INPUT  CACHED  OUTPUT  FROM\n\
         gpt-4o      2.5    1.25      10  built_in\n\
         free-one   free                  set\n"
    );
    let told = said.1.strip_prefix("US dollars per million tokens.\n").unwrap();
    assert!(told.starts_with("new-one was called 3 times without a cost: its model has no"));
}

#[test]
fn the_point_moves_and_no_digit_changes() {
    for (price, million) in [
        (r"0.0000025", "2.5"),
        ("2.5e-6", "2.5"),
        ("5e-9", "0.005"),
        ("1e-12", "0.000001"),
        ("0.00015", "150"),
        ("0.01", "10000"),
        ("1", "1000000"),
        ("3e-5", "30"),
    ] {
        let value: Value = serde_json::from_str(price).unwrap();
        assert_eq!(per_million(&value), million, "{price}");
    }
}

#[tokio::test]
async fn a_price_goes_as_it_was_typed() {
    let fake = Fake::start(&[("POST /tollgate/v1/prices", 200, "{}")]).await;
    let set = Command::Set {
        model: "my \"model\"".into(),
        prices: vec!["input_cost_per_token=0.00000250".into(), "mode=embedding".into()],
        free: false,
        json: false,
    };
    run(set, &fake.api).await.unwrap();
    let seen = fake.seen();
    let body = seen[0].split_once("\r\n\r\n").unwrap().1;
    assert_eq!(
        body,
        r#"{"model":"my \"model\"","input_cost_per_token":0.00000250,"mode":"embedding"}"#
    );
}

const HELD: &str = r#"{"status":"held","models":1,"left_out":0,"warnings":[],
    "alarms":["gpt-4o: has no price any more"]}"#;

#[tokio::test]
async fn case_27_a_held_file_is_a_failure_that_says_what_to_do() {
    let fake = Fake::start(&[("POST /tollgate/v1/prices/import", 200, HELD)]).await;
    let file = std::env::temp_dir().join(format!("tollgate-prices-{}", std::process::id()));
    std::fs::write(&file, "{}").unwrap();
    let import =
        Command::Import { file: file.clone(), all_providers: false, approve: false, json: false };
    let failure = run(import, &fake.api).await.err().unwrap().render(false);
    std::fs::remove_file(file).unwrap();
    assert!(failure.contains("gpt-4o: has no price any more"), "{failure}");
    assert!(failure.contains("tollgate prices approve"), "{failure}");
}
