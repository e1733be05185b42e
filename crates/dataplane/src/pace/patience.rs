//! How long a client is willing to wait for its turn.

use std::time::Duration;

use domain::{Fault, fault::catalogue};
use http::{HeaderMap, HeaderName};

pub(super) const MAX_WAIT: HeaderName = HeaderName::from_static("x-tollgate-max-wait");

/// Longer than any client waits for an answer.
const MOST: Duration = Duration::from_secs(3_600);

/// What the client says (`500ms`, `30s`, `2m`, or bare seconds), at most an hour; else `usual`.
///
/// # Errors
/// What cannot be read, and so would not be heeded.
pub(crate) fn patience(headers: &HeaderMap, usual: Duration) -> Result<Duration, Fault> {
    let mut said = headers.get_all(MAX_WAIT).iter();
    let Some(value) = said.next() else { return Ok(usual) };
    let wait =
        value.to_str().ok().and_then(|text| read(text.trim())).filter(|_| said.next().is_none());
    wait.ok_or_else(|| {
        let why =
            "X-Tollgate-Max-Wait is a time such as `30s`, `500ms` or `30` (seconds), said once.";
        Fault::because(&catalogue::INVALID_VALUE, why).param("X-Tollgate-Max-Wait")
    })
}

fn read(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    let ms_in_unit = match unit {
        "ms" => 1,
        "" | "s" => 1_000,
        "m" => 60_000,
        _ => return None,
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 6 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let scale = 10_u64.pow(u32::try_from(part.len()).ok()?);
    let part = part.parse::<u64>().ok()? * ms_in_unit / scale;
    Some(Duration::from_millis(whole.saturating_mul(ms_in_unit).saturating_add(part)).min(MOST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    #[test]
    fn a_time_is_read_as_it_is_written() {
        for (text, ms) in [
            ("30s", Some(30_000)),
            ("500ms", Some(500)),
            ("30", Some(30_000)),
            ("0", Some(0)),
            ("0.25", Some(250)),
            ("1.5s", Some(1_500)),
            ("2m", Some(120_000)),
            ("99999999999", Some(3_600_000)),
            ("", None),
            ("-1", None),
            ("soon", None),
            ("30 s", None),
            ("1.s", None),
            (".5", None),
            ("1e3", None),
            ("5h", None),
            ("99999999999999999999999", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(MAX_WAIT, HeaderValue::from_static(text));
            let told = patience(&headers, Duration::from_secs(7));
            assert_eq!(told.as_ref().ok().map(Duration::as_millis), ms, "{text}");
            if let Err(fault) = told {
                assert_eq!(fault.param.as_deref(), Some("X-Tollgate-Max-Wait"));
            }
            headers.append(MAX_WAIT, HeaderValue::from_static("1"));
            assert!(patience(&headers, Duration::ZERO).is_err(), "said twice");
        }
        let usual = Duration::from_secs(7);
        assert_eq!(patience(&HeaderMap::new(), usual).ok(), Some(usual));
    }
}
