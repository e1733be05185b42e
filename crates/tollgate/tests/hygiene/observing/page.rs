//! A page of metrics, read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use testkit::TestGateway;

/// One sample: its labels and its value as text.
#[derive(Clone, Debug)]
pub struct Sample {
    pub name: String,
    pub labels: BTreeMap<String, String>,
    pub value: String,
}

/// All samples, and each family's type.
pub struct Page {
    pub samples: Vec<Sample>,
    pub kinds: BTreeMap<String, String>,
}

impl Page {
    pub fn of(gateway: &TestGateway) -> Self {
        let answer = gateway.request("GET", "/metrics", &[], "");
        assert_eq!(answer.status, 200);
        Self::parse(&answer.text())
    }

    /// Panics at what is no text of format 0.0.4.
    pub fn parse(text: &str) -> Self {
        let (mut samples, mut kinds, mut seen) = (Vec::new(), BTreeMap::new(), BTreeSet::new());
        for line in text.lines() {
            if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap();
                assert!(kinds.insert(name.to_owned(), kind.to_owned()).is_none(), "twice: {name}");
            } else if !line.starts_with('#') {
                let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("{line}"));
                assert!(seen.insert(series.to_owned()), "twice: {series}");
                assert!(value.parse::<f64>().is_ok(), "{line}");
                samples.push(sample(series, value));
            }
        }
        Self { samples, kinds }
    }

    /// The samples of this name that have these labels.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Vec<&Sample> {
        let has = |sample: &Sample| {
            labels.iter().all(|(name, value)| sample.labels.get(*name).is_some_and(|v| v == value))
        };
        self.samples.iter().filter(|s| s.name == name && has(s)).collect()
    }

    /// The one sample's value.
    #[track_caller]
    pub fn one(&self, name: &str, labels: &[(&str, &str)]) -> String {
        match self.find(name, labels)[..] {
            [sample] => sample.value.clone(),
            ref found => panic!("{name} {labels:?}: {found:?}"),
        }
    }

    /// The sum of whole numbers.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        self.find(name, labels).iter().map(|s| s.value.parse::<u64>().unwrap()).sum()
    }

    /// The family that a sample belongs to.
    pub fn family<'a>(&'a self, name: &'a str) -> &'a str {
        let of_histogram = ["_bucket", "_sum", "_count"].iter().find_map(|end| {
            let family = name.strip_suffix(end)?;
            (self.kinds.get(family)? == "histogram").then_some(family)
        });
        of_histogram.unwrap_or(name)
    }
}

fn sample(series: &str, value: &str) -> Sample {
    let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
    let mut left = labels.strip_suffix('}').unwrap_or_else(|| panic!("{series}"));
    let mut found = BTreeMap::new();
    while !left.is_empty() {
        let (label, rest) = left.split_once("=\"").unwrap_or_else(|| panic!("{series}"));
        let mut value = String::new();
        let mut chars = rest.char_indices();
        let end = loop {
            match chars.next().unwrap_or_else(|| panic!("{series}")) {
                (at, '"') => break at,
                (_, '\\') => match chars.next() {
                    Some((_, 'n')) => value.push('\n'),
                    Some((_, c @ ('"' | '\\'))) => value.push(c),
                    other => panic!("{series}: {other:?}"),
                },
                (_, c) => value.push(c),
            }
        };
        found.insert(label.to_owned(), value);
        left = rest[end + 1..].trim_start_matches(',');
    }
    Sample { name: name.to_owned(), labels: found, value: value.to_owned() }
}
