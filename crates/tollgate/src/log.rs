//! The log: readable lines on a terminal, JSON lines elsewhere, on standard error.

use std::fmt::{self, Debug, Write};
use std::io::IsTerminal;

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;

use crate::config::Log;

/// Begins to log. `beside_text`: the command talks to a person on the same terminal, so what
/// only a log's reader wants stays out unless it is asked for.
pub fn start(log: &Log, beside_text: bool) {
    let usual =
        Targets::new().with_default(LevelFilter::INFO).with_target("hyper", LevelFilter::WARN);
    let quiet = || match beside_text {
        true => usual
            .with_target("tollgate::access", LevelFilter::WARN)
            .with_target("tollgate::app", LevelFilter::WARN),
        false => usual,
    };
    let targets = log.filter.as_deref().and_then(|text| text.parse().ok()).unwrap_or_else(quiet);
    let terminal = std::io::stderr().is_terminal();
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = if log.json.unwrap_or(!terminal) {
        layer.event_format(JsonLines).boxed()
    } else {
        layer.with_ansi(terminal).boxed()
    };
    tracing_subscriber::registry().with(layer.with_filter(targets)).init();
}

/// One object a line: `ts` (RFC 3339, UTC), `level`, `msg`, `target`, then the event's own fields.
struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let mut time = String::with_capacity(32);
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let level = event.metadata().level();
        let (message, target) = (quoted(&fields.message), quoted(event.metadata().target()));
        write!(writer, "{{\"ts\":\"{time}\",\"level\":\"{level}\",\"msg\":{message}")?;
        writeln!(writer, ",\"target\":{target}{}}}", fields.rest)
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    /// As JSON, each behind a comma.
    rest: String,
}

impl Fields {
    fn add(&mut self, field: &Field, json: impl fmt::Display) {
        let _ = write!(self.rest, ",{}:{json}", quoted(field.name()));
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => value.clone_into(&mut self.message),
            _ => self.add(field, quoted(value)),
        }
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
