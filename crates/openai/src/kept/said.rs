//! What an answer says, as one text; and the vector of an embedding.

use domain::Vector;
use serde_json::Value;

use super::stream::to_plain;
use crate::surface::Meter;

/// The text of an answer, whichever form it has; `None` of one that says nothing in words.
#[must_use]
pub fn said(meter: Meter, events: bool, body: &[u8]) -> Option<String> {
    let made = if events { Some(to_plain(meter, body)?) } else { None };
    let answer: Value = serde_json::from_slice(made.as_deref().unwrap_or(body)).ok()?;
    let texts: Vec<&str> = match meter {
        Meter::Chat => {
            let choices = answer["choices"].as_array()?.iter();
            choices.filter_map(|choice| choice["message"]["content"].as_str()).collect()
        }
        Meter::Completion => {
            let choices = answer["choices"].as_array()?.iter();
            choices.filter_map(|choice| choice["text"].as_str()).collect()
        }
        Meter::Responses => {
            let items = answer["output"].as_array()?.iter();
            let parts = items.filter_map(|item| item["content"].as_array()).flatten();
            parts.filter_map(|part| part["text"].as_str()).collect()
        }
        _ => return None,
    };
    (!texts.is_empty()).then(|| texts.join("\n"))
}

/// The first vector of an answer with embeddings, sent as numbers.
#[must_use]
pub fn embedding(body: &[u8]) -> Option<Vector> {
    let answer: Value = serde_json::from_slice(body).ok()?;
    let numbers = answer["data"][0]["embedding"].as_array()?;
    let numbers = numbers.iter().map(|number| number.as_f64().map(|number| number as f32));
    direction(&numbers.collect::<Option<Vec<f32>>>()?)
}

/// Where numbers point to, as whole numbers of which the largest is 127. `None` for what points
/// nowhere.
#[must_use]
pub fn direction(numbers: &[f32]) -> Option<Vector> {
    let largest = numbers.iter().fold(0_f32, |most, number| most.max(number.abs()));
    if !largest.is_finite() || largest <= 0.0 {
        return None;
    }
    let small = |number: &f32| (number / largest * 127.0).round() as i8;
    Vector::of(numbers.iter().map(small).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_say_the_same_in_either_form() {
        let plain = br#"{"choices":[{"message":{"content":"a"}},{"message":{"content":"b"}}]}"#;
        assert_eq!(said(Meter::Chat, false, plain).as_deref(), Some("a\nb"));
        let response = br#"{"output":[{"type":"reasoning"},{"content":[{"text":"a"}]}]}"#;
        assert_eq!(said(Meter::Responses, false, response).as_deref(), Some("a"));
        let call = br#"{"choices":[{"message":{"content":null,"tool_calls":[]}}]}"#;
        assert_eq!(said(Meter::Chat, false, call), None);
        let vector = br#"{"data":[{"embedding":[0.5,-1,2e-3]}]}"#;
        assert_eq!(embedding(vector), Vector::of(vec![64, -127, 0]));
        assert_eq!(embedding(br#"{"data":[{"embedding":"AAAA"}]}"#), None);
    }

    #[test]
    fn small_numbers_cost_next_to_nothing_of_the_similarity() {
        for none in [&[][..], &[0.0], &[f32::NAN, 0.0], &[f32::INFINITY]] {
            assert_eq!(direction(none), None);
        }
        // Two directions of 1,536 numbers, as embeddings have them: small, of both signs.
        let of = |seed: u32| -> Vec<f32> {
            let mut x = seed;
            let mut next = || {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 8) as f32 / 8_388_608.0 - 1.0
            };
            (0..1_536).map(|_| next() * 0.03).collect()
        };
        let (one, noise) = (of(1), of(2));
        for mixed in [0.0, 0.1, 0.3, 0.7, 1.5] {
            let other: Vec<f32> = one.iter().zip(&noise).map(|(a, b)| a + mixed * b).collect();
            let dot: f32 = one.iter().zip(&other).map(|(a, b)| a * b).sum();
            let norm = |v: &[f32]| v.iter().map(|x| x * x).sum::<f32>().sqrt();
            let exact = dot / norm(&one) / norm(&other) * 1_000.0;
            let ours = direction(&one).unwrap().similarity(&direction(&other).unwrap());
            assert!((exact - f32::from(ours)).abs() <= 2.0, "{exact} is told as {ours}");
        }
    }
}
