//! What a Tollgate tells of itself: the variables that OpenTelemetry's exporters read, and ours.

use std::time::Duration;

use dataplane::Sampler;
use http::{HeaderName, HeaderValue};

use super::Environment;
use super::file::File;
use crate::telemetry::{Access, Encoding, Traces, sampler};

/// Metrics are always there; traces and lines of log are as they are set.
#[derive(Default)]
pub struct Observe {
    /// Absent: nothing is traced.
    pub traces: Option<Traces>,
    pub access: Access,
    /// After the order to stop, `/readyz` says so for this long before the listener closes.
    pub drain_delay: Duration,
}

impl Observe {
    /// What is wrong goes to `mistakes`.
    pub(super) fn read(environment: &Environment, file: &File, mistakes: &mut Vec<String>) -> Self {
        let access = environment.get("TOLLGATE_ACCESS_LOG").and_then(|text| {
            let access = Access::parse(&text);
            if access.is_none() {
                mistakes.push("TOLLGATE_ACCESS_LOG must be off, sampled or all".to_owned());
            }
            access
        });
        Self {
            access: access.or(file.log.access).unwrap_or_default(),
            drain_delay: file.times.drain_delay.unwrap_or_default(),
            traces: traces(environment, mistakes),
        }
    }
}

fn traces(environment: &Environment, mistakes: &mut Vec<String>) -> Option<Traces> {
    let get = |name: &str| environment.get(name);
    if get("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true")) {
        return None;
    }
    match get("OTEL_TRACES_EXPORTER").as_deref() {
        None | Some("otlp") => {}
        Some("none") => return None,
        Some(_) => {
            mistakes.push("OTEL_TRACES_EXPORTER must be otlp or none".to_owned());
            return None;
        }
    }
    // A signal's own variable is used as it is.
    let own = |name: &str| {
        get(&format!("OTEL_EXPORTER_OTLP_TRACES_{name}"))
            .or_else(|| get(&format!("OTEL_EXPORTER_OTLP_{name}")))
    };
    let endpoint = get("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| {
        let base = get("OTEL_EXPORTER_OTLP_ENDPOINT")?;
        Some(format!("{}/v1/traces", base.trim_end_matches('/')))
    })?;
    let encoding = match own("PROTOCOL").as_deref() {
        None | Some("http/protobuf") => Encoding::Protobuf,
        Some("http/json") => Encoding::Json,
        Some(_) => {
            mistakes.push(
                "OTEL_EXPORTER_OTLP_PROTOCOL must be http/protobuf or http/json; gRPC is not \
                 spoken, collectors take HTTP on port 4318"
                    .to_owned(),
            );
            Encoding::default()
        }
    };
    if !matches!(own("COMPRESSION").as_deref(), None | Some("none")) {
        mistakes.push("OTEL_EXPORTER_OTLP_COMPRESSION must be none".to_owned());
    }
    let chosen =
        sampler(get("OTEL_TRACES_SAMPLER").as_deref(), get("OTEL_TRACES_SAMPLER_ARG").as_deref());
    let sampler = chosen.unwrap_or_else(|why| {
        mistakes.push(why);
        Sampler { parent_based: true, below: 0 }
    });
    let headers = own("HEADERS").map_or_else(Vec::new, |text| headers(&text, mistakes));
    let mut number = |name: &str, default: u64| match get(name).map(|text| text.parse::<u64>()) {
        None => default,
        Some(Ok(number)) if number > 0 => number,
        Some(_) => {
            mistakes.push(format!("{name} must be a whole number above 0"));
            default
        }
    };
    let timeout = number("OTEL_EXPORTER_OTLP_TIMEOUT", 10_000);
    let timeout = number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", timeout);
    let batch = number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", 512).min(65_536);
    let queue = number("OTEL_BSP_MAX_QUEUE_SIZE", 2_048).clamp(batch, 1 << 20);
    let every = number("OTEL_BSP_SCHEDULE_DELAY", 5_000);
    let size = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    Some(Traces {
        endpoint,
        headers,
        encoding,
        timeout: Duration::from_millis(timeout),
        sampler,
        resource: resource(environment),
        queue: size(queue),
        batch: size(batch),
        every: Duration::from_millis(every),
    })
}

/// `name=value,name=value`, values percent-encoded.
fn pairs(text: &str) -> impl Iterator<Item = (String, String)> {
    text.split(',').filter_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        Some((name.trim().to_owned(), decoded(value.trim())))
    })
}

fn decoded(text: &str) -> String {
    openai::target::decode(text).map_or_else(|| text.to_owned(), std::borrow::Cow::into_owned)
}

/// Their values are never repeated: they hold keys.
fn headers(text: &str, mistakes: &mut Vec<String>) -> Vec<(HeaderName, HeaderValue)> {
    let mut found = Vec::new();
    for (name, value) in pairs(text) {
        let name = HeaderName::try_from(name.to_ascii_lowercase());
        let (Ok(name), Ok(mut value)) = (name, HeaderValue::from_str(&value)) else {
            mistakes.push("OTEL_EXPORTER_OTLP_HEADERS has a header that is none".to_owned());
            continue;
        };
        value.set_sensitive(true);
        found.push((name, value));
    }
    found
}

fn resource(environment: &Environment) -> Vec<(String, String)> {
    let given = environment.get("OTEL_RESOURCE_ATTRIBUTES").unwrap_or_default();
    let mut attributes: Vec<_> = pairs(&given).collect();
    let mut name = environment.get("OTEL_SERVICE_NAME");
    if name.is_none() && !attributes.iter().any(|(name, _)| name == "service.name") {
        name = Some("tollgate".to_owned());
    }
    if let Some(name) = name {
        attributes.retain(|(known, _)| known != "service.name");
        attributes.insert(0, ("service.name".to_owned(), name));
    }
    if !attributes.iter().any(|(name, _)| name == "service.version") {
        attributes.push(("service.version".to_owned(), env!("CARGO_PKG_VERSION").to_owned()));
    }
    attributes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> (Option<Traces>, Vec<String>) {
        let mut mistakes = Vec::new();
        let traces = traces(&Environment::of(pairs), &mut mistakes);
        (traces, mistakes)
    }

    const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/");

    #[test]
    fn nothing_is_traced_unless_an_endpoint_is_set() {
        assert!(read(&[]).0.is_none());
        for off in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert!(read(&[BASE, off]).0.is_none());
        }
        let (traces, mistakes) = read(&[BASE]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let traces = traces.unwrap();
        assert_eq!(traces.endpoint, "http://collector:4318/v1/traces");
        assert_eq!((traces.encoding, traces.queue, traces.batch), (Encoding::Protobuf, 2_048, 512));
        assert_eq!(traces.resource[0], ("service.name".to_owned(), "tollgate".to_owned()));
    }

    #[test]
    fn a_signals_own_variables_win() {
        let (traces, mistakes) = read(&[
            BASE,
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://other/x"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "X-Key=a%20b, authorization=Basic eA=="),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "250"),
            ("OTEL_SERVICE_NAME", "mine"),
            ("OTEL_RESOURCE_ATTRIBUTES", "service.name=theirs,deployment.environment.name=a%2Cb"),
        ]);
        assert!(mistakes.is_empty(), "{mistakes:?}");
        let traces = traces.unwrap();
        assert_eq!((traces.endpoint.as_str(), traces.encoding), ("http://other/x", Encoding::Json));
        assert_eq!(traces.timeout, Duration::from_millis(250));
        assert_eq!(traces.headers[0].0.as_str(), "x-key");
        assert_eq!(traces.headers[0].1.to_str().unwrap(), "a b");
        assert_eq!(traces.headers[1].1.to_str().unwrap(), "Basic eA==");
        assert_eq!(traces.resource[0].1, "mine");
        assert_eq!(traces.resource[1].1, "a,b");
    }

    #[test]
    fn what_cannot_be_done_is_told_and_no_value_is_repeated() {
        for (name, value) in [
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
            ("OTEL_TRACES_SAMPLER", "jaeger_remote"),
            ("OTEL_TRACES_EXPORTER", "zipkin"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=se\ncret"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "0"),
        ] {
            let (_, mistakes) = read(&[BASE, (name, value)]);
            assert_eq!(mistakes.len(), 1, "{name}");
            assert!(mistakes[0].starts_with("OTEL_") && !mistakes[0].contains("cret"));
        }
    }
}
