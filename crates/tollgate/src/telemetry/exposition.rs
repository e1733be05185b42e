//! Prometheus' text format 0.0.4, and OpenMetrics 1.0 for who asks for it.

use std::fmt::{self, Display, Write};

use super::histogram::Histogram;
use super::registry::Family;

/// Which of the two formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    OpenMetrics,
}

impl Format {
    /// By the `Accept` header.
    #[must_use]
    pub fn asked(accept: Option<&str>) -> Self {
        match accept.is_some_and(|accept| accept.contains("application/openmetrics-text")) {
            true => Self::OpenMetrics,
            false => Self::Text,
        }
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }
}

/// A page of metrics in the making. Families come in the order of the table, each once.
pub struct Page {
    out: String,
    format: Format,
}

impl Page {
    pub fn new(format: Format) -> Self {
        Self { out: String::with_capacity(16 * 1024), format }
    }

    /// Writes one family: its head, and the samples that `write` adds.
    pub fn family(&mut self, family: &'static Family, write: impl FnOnce(&mut Samples<'_>)) {
        // OpenMetrics names a counter without its `_total`.
        let name = match self.format {
            Format::OpenMetrics => family.name.strip_suffix("_total").unwrap_or(family.name),
            Format::Text => family.name,
        };
        let (kind, help) = (family.kind.as_str(), family.help);
        let _ = writeln!(self.out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        write(&mut Samples { out: &mut self.out, family });
    }

    /// A family of one number without labels.
    pub fn one(&mut self, family: &'static Family, value: impl Display) {
        self.family(family, |samples| samples.value(&[], value));
    }

    pub fn finish(mut self) -> String {
        if self.format == Format::OpenMetrics {
            self.out.push_str("# EOF\n");
        }
        self.out
    }
}

/// The samples of one family.
pub struct Samples<'a> {
    out: &'a mut String,
    family: &'static Family,
}

impl Samples<'_> {
    /// One sample; `labels` are the values of the family's labels, in its order.
    pub fn value(&mut self, labels: &[&str], value: impl Display) {
        self.line("", labels, None, value);
    }

    pub fn histogram(&mut self, labels: &[&str], histogram: &Histogram) {
        let seconds = self.family.name.ends_with("_seconds");
        let number = |n: u64| if seconds { Number::Micros(n) } else { Number::Whole(n) };
        let mut count = 0;
        for (bound, up_to) in histogram.cumulative() {
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |b| number(b).to_string());
            self.line("_bucket", labels, Some(&bound), up_to);
            count = up_to;
        }
        self.line("_sum", labels, None, number(histogram.sum()));
        self.line("_count", labels, None, count);
    }

    fn line(&mut self, suffix: &str, labels: &[&str], bound: Option<&str>, value: impl Display) {
        debug_assert_eq!(labels.len(), self.family.labels.len(), "{}", self.family.name);
        let _ = write!(self.out, "{}{suffix}", self.family.name);
        let named = self.family.labels.iter().zip(labels);
        let named = named.map(|(name, value)| (*name, *value));
        let mut begin = '{';
        for (name, value) in named.chain(bound.map(|bound| ("le", bound))) {
            let _ = write!(self.out, "{begin}{name}=\"{}\"", Escaped(value));
            begin = ',';
        }
        let end = if begin == ',' { "}" } else { "" };
        let _ = writeln!(self.out, "{end} {value}");
    }
}

/// A number as the formats write it; time in seconds, made without a float.
pub enum Number {
    Whole(u64),
    /// Microseconds.
    Micros(u64),
    /// A share: so many of so many.
    Share(u64, u64),
}

impl Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = match *self {
            Self::Whole(n) => return write!(f, "{n}"),
            Self::Micros(n) => (n / 1_000_000, n % 1_000_000),
            Self::Share(some, all) => {
                let share = u128::from(some) * 1_000_000 / u128::from(all.max(1));
                let share = u64::try_from(share).unwrap_or(u64::MAX);
                (share / 1_000_000, share % 1_000_000)
            }
        };
        if rest == 0 {
            return write!(f, "{whole}");
        }
        let digits = format!("{rest:06}");
        write!(f, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

struct Escaped<'a>(&'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            match c {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::registry;
    use super::*;

    #[test]
    fn seconds_are_written_without_a_float() {
        for (number, text) in [
            (Number::Micros(0), "0"),
            (Number::Micros(50), "0.00005"),
            (Number::Micros(10_000), "0.01"),
            (Number::Micros(81_920_000), "81.92"),
            (Number::Micros(60_000_000), "60"),
            (Number::Share(1, 8), "0.125"),
            (Number::Share(8, 8), "1"),
            (Number::Share(0, 0), "0"),
        ] {
            assert_eq!(number.to_string(), text);
        }
    }

    #[test]
    fn a_page_is_what_the_formats_say() {
        let write = |format| {
            let mut page = Page::new(format);
            page.family(&registry::REFUSALS, |samples| samples.value(&["a\"\\\n"], 3));
            let mut histogram = Histogram::new(super::super::histogram::OVERHEAD);
            histogram.observe(60);
            histogram.observe(2_000_000);
            page.family(&registry::OVERHEAD_SECONDS, |s| s.histogram(&[], &histogram));
            page.finish()
        };
        let text = write(Format::Text);
        assert!(text.contains("# TYPE tollgate_refusals_total counter\n"));
        assert!(text.contains("tollgate_refusals_total{code=\"a\\\"\\\\\\n\"} 3\n"), "{text}");
        assert!(text.contains("tollgate_overhead_seconds_bucket{le=\"0.0001\"} 1\n"));
        assert!(text.contains("tollgate_overhead_seconds_bucket{le=\"+Inf\"} 2\n"));
        assert!(text.contains("tollgate_overhead_seconds_sum 2.00006\n"));
        assert!(text.contains("tollgate_overhead_seconds_count 2\n"));
        let open = write(Format::OpenMetrics);
        assert!(open.contains("# TYPE tollgate_refusals counter\n"));
        assert!(open.contains("tollgate_refusals_total{code=") && open.ends_with("# EOF\n"));
    }
}
