//! Label values: only names that somebody configured or that the price book knows. What a client
//! writes into a request never makes a new series by itself.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use dataplane::UpstreamName;
use domain::attempt::Class;
use domain::price::PriceBook;
use domain::{Outcome, Timestamp, UpstreamId, UsageFamily, UsageRecord};

/// What is not told apart.
pub const OTHER: &str = "other";

/// What names mean at the moment.
pub struct Labels<'a> {
    upstreams: &'a [UpstreamName],
    book: &'a PriceBook,
}

impl<'a> Labels<'a> {
    pub fn new(upstreams: &'a [UpstreamName], book: &'a PriceBook) -> Self {
        Self { upstreams, book }
    }

    /// An upstream in use; one that was taken away meanwhile has no name any more.
    pub fn upstream(&self, id: &UpstreamId) -> Option<&'a UpstreamName> {
        self.upstreams.iter().find(|upstream| upstream.id == *id)
    }

    /// A model as a label: the name where the price book has that very name, else [`OTHER`]; empty
    /// where none was named.
    pub fn model(&self, model: Option<&Arc<str>>, at: Timestamp) -> Arc<str> {
        let Some(model) = model else { return Arc::from("") };
        // A tuned model's name holds an organization's, and there are as many as anybody makes.
        let known = !model.starts_with("ft:") && self.book.find(model, at).is_some();
        if known { Arc::clone(model) } else { Arc::from(OTHER) }
    }
}

/// Series by their labels, at most so many; what comes later shares the last one.
pub struct Series<K, V> {
    places: HashMap<K, usize>,
    all: Vec<(K, V)>,
    most: usize,
}

impl<K: Clone + Eq + Hash, V> Series<K, V> {
    /// `rest` are the labels of what is too much.
    pub fn new(most: usize, rest: K, value: V) -> Self {
        Self { places: HashMap::new(), all: vec![(rest, value)], most }
    }

    /// The place of a series, made where it is new.
    pub fn place(&mut self, key: K, value: impl FnOnce() -> V) -> usize {
        if let Some(&place) = self.places.get(&key) {
            return place;
        }
        if self.all.len() >= self.most {
            return 0;
        }
        self.places.insert(key.clone(), self.all.len());
        self.all.push((key, value()));
        self.all.len() - 1
    }

    pub fn at(&mut self, place: usize) -> Option<&mut V> {
        self.all.get_mut(place).map(|(_, value)| value)
    }

    /// All of them; the one for what is too much comes first, and may be empty.
    pub fn iter(&self) -> impl Iterator<Item = (&K, &V)> {
        self.all.iter().map(|(key, value)| (key, value))
    }
}

/// The convention's name of an operation on a model; `None` for what is none.
pub fn gen_ai_operation(record: &UsageRecord) -> Option<&'static str> {
    match record.family {
        UsageFamily::Completions if record.operation == "createCompletion" => {
            Some("text_completion")
        }
        UsageFamily::Completions => Some("chat"),
        UsageFamily::Embeddings => Some("embeddings"),
        UsageFamily::Images
        | UsageFamily::AudioSpeeches
        | UsageFamily::AudioTranscriptions
        | UsageFamily::Videos => Some("generate_content"),
        UsageFamily::Moderations | UsageFamily::Other => None,
    }
}

/// The convention's name of a provider.
pub fn gen_ai_provider(provider: &'static str) -> &'static str {
    match provider {
        "azure" => "azure.ai.openai",
        "bedrock" => "aws.bedrock",
        "gemini" => "gcp.gemini",
        "vertex" => "gcp.vertex_ai",
        "mistral" => "mistral_ai",
        "moonshot" => "moonshot_ai",
        "xai" => "x_ai",
        other => other,
    }
}

/// The convention's `error.type`: our code, or the provider's status; empty where it went well.
pub fn error_type(record: &UsageRecord) -> &'static str {
    match record.error {
        Some(code) => code,
        None if record.outcome == Outcome::Refused => status_text(record.status),
        None if record.outcome == Outcome::UpstreamFailed => "_OTHER",
        None => "",
    }
}

fn status_text(status: u16) -> &'static str {
    match status {
        400 => "400",
        401 => "401",
        403 => "403",
        404 => "404",
        409 => "409",
        413 => "413",
        415 => "415",
        422 => "422",
        429 => "429",
        500 => "500",
        503 => "503",
        _ => "_OTHER",
    }
}

/// What came of an attempt: it went well, its client left, or a [`Class`] of failures.
pub const CLASSES: [&str; 19] = [
    "completed",
    "client_gone",
    "other",
    "barred",
    "not_sent",
    "throttled",
    "exhausted",
    "bad_credential",
    "no_such_model",
    "too_long",
    "unready",
    "unwell",
    "unusable",
    "caller",
    "ambiguous",
    "silent",
    "interrupted",
    "no_way",
    "forbidden",
];

/// The place of an attempt's class in [`CLASSES`].
pub fn class(outcome: Outcome, class: Option<Class>) -> usize {
    let Some(class) = class else {
        return match outcome {
            Outcome::Completed => 0,
            Outcome::ClientGone => 1,
            Outcome::Refused | Outcome::UpstreamFailed => 2,
        };
    };
    match class {
        Class::Barred => 3,
        Class::NotSent => 4,
        Class::Throttled => 5,
        Class::Exhausted => 6,
        Class::BadCredential => 7,
        Class::NoSuchModel => 8,
        Class::TooLong => 9,
        Class::Unready => 10,
        Class::Unwell => 11,
        Class::Unusable => 12,
        Class::Caller => 13,
        Class::Ambiguous => 14,
        Class::Silent => 15,
        Class::Interrupted => 16,
        Class::NoWay => 17,
        Class::Forbidden => 18,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_has_a_name_of_its_own() {
        let places: std::collections::BTreeSet<_> =
            Class::ALL.into_iter().map(|c| class(Outcome::Refused, Some(c))).collect();
        assert_eq!(places.len(), CLASSES.len() - 3);
        let names: std::collections::BTreeSet<_> = CLASSES.into_iter().collect();
        assert_eq!(names.len(), CLASSES.len());
    }

    #[test]
    fn what_is_too_much_shares_one_series() {
        let mut series = Series::new(3, OTHER.to_owned(), 0);
        for name in ["a", "b", "c", "a", "d", "b"] {
            let place = series.place(name.to_owned(), || 0);
            *series.at(place).unwrap() += 1;
        }
        let all: Vec<_> = series.iter().map(|(name, n)| (name.as_str(), *n)).collect();
        assert_eq!(all, [(OTHER, 2), ("a", 2), ("b", 2)]);
    }
}
