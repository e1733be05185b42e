use domain::bound::{Bound, Limits, NoBound, bound};
use domain::price::{Priced, Rates, Reach, Tier, Unit};

use super::*;
use crate::surface::OPERATIONS;

mod forms;
mod json;

/// Input costs 1 nano-dollar a token, output 2; twice that with priority, half with flex; sound ten
/// times, made images three times.
struct Book;

impl Priced for Book {
    fn dearest(&self, reach: &Reach) -> Option<Rates> {
        let half_nanos = match reach.tier {
            Tier::Default => 2,
            Tier::Flex | Tier::Batch => 1,
            Tier::Priority => 4,
        };
        let heard = if reach.audio_in { 10 } else { 1 };
        let made = if reach.audio_out { 10 } else { 1 } * if reach.image_out { 3 } else { 1 };
        Some(Rates {
            input_picos: 500 * half_nanos * heard,
            output_picos: 1_000 * half_nanos * made,
        })
    }

    fn unit(&self, unit: Unit) -> Option<u64> {
        Some(
            1_000
                * match unit {
                    Unit::Image => 5_000,
                    Unit::Character => 10,
                    Unit::InputSecond => 100,
                    Unit::OutputSecond => 200,
                    Unit::VideoSecond => 1_000,
                    Unit::WebSearchCall => 10_000,
                    Unit::FileSearchCall => 2_500,
                    Unit::TrainedToken => 0,
                    Unit::CodeInterpreterSession => 30_000,
                },
        )
    }
}

const MODEL: Limits<'static> = Limits { name: "m", window: Some(100_000), max_output: Some(1_000) };

/// What is expected of a call.
#[derive(Debug, PartialEq)]
enum Expected {
    Free,
    Lines,
    /// Nano-dollars.
    Costs(u64),
    /// Nano-dollars besides one for each byte of the body.
    BytesAnd(u64),
    /// No bound, by this field or by the operation itself.
    Unbounded(Option<&'static str>),
    Bad(&'static str),
}

use Expected::{BytesAnd, Costs, Free, Lines};

fn bad(field: &'static str) -> Expected {
    Expected::Bad(field)
}

fn unbounded(field: &'static str) -> Expected {
    Expected::Unbounded(Some(field))
}

const NEVER: Expected = Expected::Unbounded(None);

fn operation(id: &str) -> &'static Operation {
    OPERATIONS.iter().find(|row| row.id == id).unwrap()
}

fn found(demand: Result<Demand, Bad>, bytes: Option<usize>) -> Expected {
    let demand = match demand {
        Ok(demand) => demand,
        Err(bad) => return Expected::Bad(bad.field),
    };
    match (&demand, bound(&demand, &Book, &MODEL)) {
        (Demand::Free, _) => Free,
        (Demand::Lines, _) => Lines,
        (_, Ok(line)) => cost(&line, bytes),
        (_, Err(NoBound::Unbounded(why))) => Expected::Unbounded(why.field),
        (_, Err(NoBound::Unpriced)) => panic!("the book has all prices"),
        (_, Err(NoBound::NoMaximum)) => panic!("the model has a maximum"),
    }
}

fn cost(line: &Bound, bytes: Option<usize>) -> Expected {
    let nanos = u64::try_from(line.whole().0).unwrap();
    match bytes {
        Some(bytes) => BytesAnd(nanos - bytes as u64),
        None => Costs(nanos),
    }
}

fn json(id: &str, body: &str, expected: &Expected) {
    let view = View::of(body.as_bytes()).unwrap();
    let demand = of_json(operation(id), &view, body.as_bytes());
    let bytes = matches!(expected, BytesAnd(_)).then_some(body.len());
    assert_eq!(found(demand, bytes), *expected, "{id}: {body}");
}

/// A new paid path without a row here fails, and so does one that has no bound by mistake.
#[test]
fn case_57_every_paid_operation_has_a_demand() {
    let tested: Vec<&str> =
        json::rows().iter().map(|row| row.0).chain(forms::rows().iter().map(|row| row.0)).collect();
    for row in OPERATIONS.iter().filter(|row| row.meter != Meter::Free) {
        assert!(
            tested.contains(&row.id),
            "{} ({:?}) has no demand that is tested",
            row.id,
            row.meter
        );
        // Without a look at its body nothing that is paid for is let through.
        let unread = of_unread(row);
        let free = row.meter == Meter::Moderations;
        assert_eq!(unread == Demand::Free, free, "{}: {unread:?}", row.id);
        assert!(!matches!(unread, Demand::Metered(_)), "{}", row.id);
    }
    assert!(tested.len() >= 60, "{}", tested.len());
}

#[test]
fn what_is_free_is_free_but_for_what_is_kept() {
    let free = OPERATIONS.iter().filter(|row| row.meter == Meter::Free);
    let kept: Vec<&str> =
        free.filter(|row| of_unread(row) != Demand::Free).map(|row| row.id).collect();
    let expected = [
        "createVectorStore",
        "createVectorStoreFileBatch",
        "createVectorStoreFile",
        "CreateContainer",
        "CreateContainerFile",
        "resumeFineTuningJob",
        "createVoice",
        "CreateVideoCharacter",
        "Createcontentprovenancecheck",
    ];
    assert_eq!(kept.len(), expected.len(), "{kept:?}");
    assert!(expected.iter().all(|id| kept.contains(id)), "{kept:?}");
}

#[test]
fn a_line_of_a_batch_is_bounded_as_it_stands() {
    let line = |url: &str, body: &str| {
        let view = View::of(body.as_bytes()).unwrap();
        found(of_batch_line(url, &view, body.as_bytes()), None)
    };
    // 49 bytes, 16 and 256 tokens around them, and the model's maximum; half the price.
    let chat = r#"{"model":"m","messages":[{"role":"user"}],"n":3}"#;
    assert_eq!(line("/v1/chat/completions", chat), Costs((48 + 272 + 3 * 2_000) / 2));
    let asked = r#"{"model":"m","max_tokens":10,"service_tier":"priority"}"#;
    assert_eq!(line("/v1/chat/completions", asked), Costs((55 + 256 + 20_u64).div_ceil(2)));
    let search = r#"{"model":"m","input":"x","tools":[{"type":"web_search"}]}"#;
    assert_eq!(line("/v1/responses", search), unbounded("max_tool_calls"));
    let bounded = search.replacen('{', r#"{"max_tool_calls":2,"#, 1);
    assert_eq!(line("/v1/responses", &bounded), Costs((4 * 100_000 + 2_000) / 2 + 2 * 10_000));
    assert_eq!(line("/v1/none", chat), unbounded("url"));
    assert_eq!(line("/v1/chat/completions", r#"{"model":"m","n":0}"#), bad("n"));
    assert_eq!(line("/v1/moderations", r#"{"model":"m"}"#), Free);
}

#[test]
fn a_maximum_that_makes_no_sense_has_a_code_of_its_own() {
    let told = |body: &str| {
        let view = View::of(body.as_bytes()).unwrap();
        of_json(operation("createChatCompletion"), &view, body.as_bytes()).unwrap_err()
    };
    assert!(told(r#"{"model":"m","max_tokens":-1}"#).maximum);
    assert!(!told(r#"{"model":"m","n":-1}"#).maximum);
}
